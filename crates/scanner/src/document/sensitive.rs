//! Names of what nobody else may know. What an identifier is stands at its end: a `password_policy` is none.

use super::words::Words;

const SECRET: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "api key",
    "apikey",
    "api secret",
    "access token",
    "accesstoken",
    "refresh token",
    "auth token",
    "client secret",
    "clientsecret",
    "secret key",
    "secretkey",
    "private key",
    "privatekey",
    "secret access key",
    "session token",
];
const STORED: &[&str] = &[
    "password hash",
    "passwordhash",
    "hashed password",
    "password digest",
    "encrypted password",
    "password salt",
    "mfa secret",
    "totp secret",
    "otp secret",
    "2fa secret",
    "signing secret",
    "webhook secret",
    "signing key",
    "security answer",
    "recovery codes",
    "backup codes",
    "connection string",
];
const IDENTITY: &[&str] = &[
    "ssn",
    "social security number",
    "social security no",
    "card number",
    "cardnumber",
    "credit card number",
    "cvv",
    "cvc",
    "cvv2",
    "card cvv",
    "card cvc",
    "security code",
    "card verification value",
    "passport number",
    "national id number",
];
/// Before a secret's name these make it something else.
const ABOUT: &[&str] = &[
    "has", "is", "use", "require", "requires", "public", "reset", "change", "allow", "enable",
    "forgot", "show", "no",
];
/// Of these only the holder's own system keeps a value, or it is no value at all.
const TOKENS: &[&str] = &[
    "access token",
    "accesstoken",
    "refresh token",
    "auth token",
    "session token",
    "api key",
    "apikey",
];

/// True for what proves who somebody is.
pub fn is_secret(words: &Words) -> bool {
    words.ends(SECRET).is_some() && words.starts(ABOUT).is_none()
}

/// True for secrets that an API keeps in order to check them.
pub fn is_stored(words: &Words) -> bool {
    words.ends(STORED).is_some() && words.starts(ABOUT).is_none()
}

/// True for numbers with which one can act or pay in somebody's name.
pub fn is_identity(words: &Words) -> bool {
    words.ends(IDENTITY).is_some() && words.starts(ABOUT).is_none()
}

/// True for credentials that a caller is often meant to be given.
pub fn is_token(words: &Words) -> bool {
    words.ends(TOKENS).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_stands_at_the_end() {
        let secret = |name: &str| is_secret(&Words::of(name));
        assert!(secret("userPassword") && secret("API_KEY") && secret("privateKey"));
        assert!(
            !secret("passwordPolicy")
                && !secret("hasPassword")
                && !secret("public_api_key")
                && !secret("key")
        );
        assert!(
            is_identity(&Words::of("billing_card_number"))
                && !is_identity(&Words::of("card_number_length"))
        );
        assert!(is_stored(&Words::of("primaryConnectionString")));
        assert!(is_stored(&Words::of("password_hash")) && !is_stored(&Words::of("hash")));
        assert!(
            is_token(&Words::of("githubAccessToken")) && !is_token(&Words::of("access_token_url"))
        );
    }
}
