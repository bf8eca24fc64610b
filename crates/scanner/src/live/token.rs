//! Takes a credential apart and makes the false ones that a vendor must refuse. One file per attack.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::request::{Origin, Presented};
use crate::secret::Secret;

pub mod claims;
pub mod confusion;
mod der;
pub mod embedded;
pub mod key;
pub mod key_id;
pub mod opaque;
pub mod remote;
pub mod secret;
mod sign;
pub mod signature;
pub mod unsigned;
mod words;

pub use sign::OwnKey;

/// What stands in evidence for a token that no shell can put together.
const FORGED: &str = "$FORGED_TOKEN";

/// What a false credential tries to get past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Defence {
    /// A token that says of itself that it is unsigned, or a credential that lacks its end.
    Unsigned,
    /// A token whose signature is missing, wrong or another's, or a credential with a wrong character.
    Signature,
    /// A signature of zeroes, which every text fits where they are not looked for.
    Null,
    /// The public key taken as a secret.
    KeyConfusion,
    /// A secret that everybody knows.
    WeakSecret,
    /// A key's name that leads to another key.
    KeyId,
    /// A key that comes with the token.
    EmbeddedKey,
    /// A key that the token says where to find.
    RemoteKey,
    Expiry,
    NotBefore,
    Audience,
    Issuer,
}

/// A false credential.
#[derive(Debug, Clone)]
pub struct Forgery {
    pub defence: Defence,
    /// What was done, for instance `algorithm spelled nOnE`.
    pub what: String,
    pub presented: Presented,
    /// The same without what makes it work. If this is accepted too, then signatures are not
    /// looked at, and the forgery proves nothing of its own.
    pub doubt: Option<Presented>,
    /// How to make more of the kind, with other claims.
    pub forge: Option<Forge>,
}

/// How a token of any claims is made that was seen to be accepted.
#[derive(Debug, Clone)]
pub struct Forge {
    pub header: Map<String, Value>,
    pub signer: Signer,
}

/// What signs a forgery.
#[derive(Debug, Clone)]
pub enum Signer {
    /// HS256, HS384 or HS512 under a secret, with what evidence shows of it.
    Secret { algorithm: String, secret: Key, shown: String },
    /// A key pair of our own.
    Own(std::sync::Arc<OwnKey>),
    /// The signature of the genuine token, which fits nothing else.
    Kept,
}

/// Bytes that may be a secret of the vendor: printable nowhere.
#[derive(Clone)]
pub struct Key(pub zeroize::Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Key(..)")
    }
}

/// A signed JSON Web Token (RFC 7519) in compact form, with what stands around it in its place.
#[derive(Debug)]
pub struct Token {
    before: String,
    after: String,
    /// What stands for it in evidence, for instance `$A`.
    variable: String,
    pub header: Map<String, Value>,
    pub claims: Map<String, Value>,
    signed: Secret,
    payload: Secret,
    signature: Secret,
    signature_bytes: usize,
}

impl Token {
    /// Takes a credential apart that evidence calls `variable`; `None` if no signed token is in it.
    /// A scheme before it, and other cookies around it, stay where they are.
    pub fn read(credential: &Secret, variable: &str) -> Option<Self> {
        let text = credential.expose();
        let start = text.find("eyJ")?;
        let (before, rest) = text.split_at_checked(start)?;
        let inner = |one: char| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.');
        let (token, after) = rest.split_at(rest.find(|one| !inner(one)).unwrap_or(rest.len()));
        let mut parts = token.split('.');
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let signature_bytes = URL_SAFE_NO_PAD.decode(signature).ok()?.len();
        if parts.next().is_some() || signature_bytes == 0 {
            return None;
        }
        let fields = object(header)?;
        fields.get("alg")?.as_str()?;
        Some(Self {
            before: before.to_owned(),
            after: after.to_owned(),
            variable: variable.to_owned(),
            header: fields,
            claims: object(payload)?,
            signed: Secret::new(format!("{header}.{payload}")),
            payload: Secret::new(payload.to_owned()),
            signature: Secret::new(signature.to_owned()),
            signature_bytes,
        })
    }

    /// A time claim in seconds since 1970 (RFC 7519 §2, NumericDate; fractions are dropped).
    pub fn time(&self, claim: &str) -> Option<i64> {
        let value = self.claims.get(claim)?;
        value
            .as_i64()
            .or_else(|| value.as_f64().filter(|time| time.abs() < 1e12).map(|time| time as i64))
    }

    /// The algorithm that the header names (RFC 7515 §4.1.1).
    pub fn algorithm(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or_default()
    }

    /// The name of the key that the header gives (RFC 7515 §4.1.4).
    pub fn key_id(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// True if whoever verifies it could have signed it.
    pub fn is_symmetric(&self) -> bool {
        self.algorithm().starts_with("HS")
    }

    /// Another token where this one stands.
    pub fn around(&self, other: &Secret) -> Secret {
        Secret::new(format!("{}{}{}", self.before, other.expose(), self.after))
    }

    /// True if this secret made the signature.
    fn fits(&self, secret: &[u8]) -> bool {
        let signature = URL_SAFE_NO_PAD.decode(self.signature.expose()).ok();
        let made = sign::with_secret(self.algorithm(), secret, self.signed.expose().as_bytes());
        made.is_some() && made == signature
    }

    /// The genuine header with these members in place of its own of those names.
    fn header_with(&self, members: &[(&str, Value)]) -> Map<String, Value> {
        let mut header = self.header.clone();
        header.extend(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        header
    }

    /// The genuine header and claims under another signature, in Base64.
    fn resigned(&self, signature: &str) -> Presented {
        let value = format!("{}.{signature}", self.signed.expose());
        self.placed(value, format!("{}.{signature}", self.cut("-f1-2")))
    }

    /// The genuine header and claims, and nothing after them.
    fn two_parts(&self) -> Presented {
        self.placed(self.signed.expose().to_owned(), self.cut("-f1-2"))
    }

    /// A token of this header, of the genuine claims with changes, and of this signer. Without
    /// changes the claims stay byte for byte.
    pub fn forged(&self, forge: &Forge, changes: &[(&str, Value)]) -> Option<Presented> {
        let header = URL_SAFE_NO_PAD.encode(Value::Object(forge.header.clone()).to_string());
        let (payload, payload_shown) = self.payload_with(changes);
        let signed = format!("{header}.{}", payload.expose());
        let (signature, shown) = match &forge.signer {
            Signer::Kept => {
                let shown = format!("{header}.{payload_shown}.{}", self.cut("-f3"));
                (self.signature.expose().to_owned(), shown)
            }
            Signer::Secret { algorithm, secret, shown } => {
                let made = sign::with_secret(algorithm, &secret.0, signed.as_bytes())?;
                let digest = algorithm.replace("HS", "sha");
                let shown = format!(
                    "$(t={header}.{payload_shown}; printf %s \"$t\" | openssl dgst -{digest} -mac \
                     HMAC -macopt {shown} -binary | basenc --base64url -w0 | tr -d = | sed \"s/^/$t./\")"
                );
                (URL_SAFE_NO_PAD.encode(made), shown)
            }
            Signer::Own(key) => {
                (URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())?), FORGED.to_owned())
            }
        };
        Some(self.placed(format!("{signed}.{signature}"), shown))
    }

    /// The claims with changes, encoded, and the shell expression that makes them.
    fn payload_with(&self, changes: &[(&str, Value)]) -> (Secret, String) {
        if changes.is_empty() {
            return (self.payload.clone(), self.cut("-f2"));
        }
        let mut claims = self.claims.clone();
        let changes = changes.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let changes: Map<String, Value> = changes.collect();
        claims.extend(changes.clone());
        let encoded = URL_SAFE_NO_PAD.encode(Value::Object(claims).to_string());
        let changes = Value::Object(changes).to_string().replace('\'', "'\\''");
        let shown = format!(
            "$(printf %s \"{}\" | cut -d. -f2 | basenc --base64url -d 2>/dev/null | jq -jc '. + \
             {changes}' | basenc --base64url -w0 | tr -d =)",
            self.variable
        );
        (Secret::new(encoded), shown)
    }

    fn cut(&self, fields: &str) -> String {
        format!(r#"$(printf %s "{}" | cut -d. {fields})"#, self.variable)
    }

    /// The token in its surroundings. What a shell would have to put around it is left to the
    /// reader where it holds more than a scheme.
    fn placed(&self, token: String, shown: String) -> Presented {
        let value = format!("{}{token}{}", self.before, self.after);
        let plain = self.before.is_empty() && self.after.is_empty();
        let shown = match (plain, shown == FORGED) {
            (true, _) => shown,
            // The first field of the genuine token begins with the scheme already.
            (false, false) if self.after.is_empty() && shown.starts_with(&self.cut("-f1-2")) => {
                shown
            }
            (false, false) if self.after.is_empty() && !self.before.contains(['.', '=']) => {
                format!("{}{shown}", self.before)
            }
            _ => FORGED.to_owned(),
        };
        derived(value, shown)
    }
}

impl Forgery {
    fn new(defence: Defence, what: impl Into<String>, presented: Presented) -> Self {
        Self { defence, what: what.into(), presented, doubt: None, forge: None }
    }
}

fn derived(value: String, shown: String) -> Presented {
    Presented::new(Secret::new(value), shown, Origin::Derived)
}

fn object(encoded: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    match serde_json::from_slice(&bytes).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod made;

#[cfg(test)]
mod tests;
