//! Takes a credential apart and makes the false ones that a vendor must refuse.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::request::{Origin, Presented};
use crate::order::Placement;
use crate::secret::Secret;

/// How `none` is written to slip past a comparison that minds the case (RFC 8725 §2.1).
const NONES: [&str; 4] = ["none", "None", "NONE", "nOnE"];
/// Header and payload of the genuine token, as the shell gets them.
const SIGNED_PART: &str = r#"$(printf %s "$A" | cut -d. -f1-2)"#;
const PAYLOAD_PART: &str = r#"$(printf %s "$A" | cut -d. -f2)"#;

/// What a false credential tries to get past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defence {
    /// A token that says of itself that it is unsigned, or a credential that lacks its end.
    Unsigned,
    /// A token whose signature is missing, wrong or another's, or a credential with a wrong character.
    Signature,
}

/// A false credential.
#[derive(Debug, Clone)]
pub struct Forgery {
    pub defence: Defence,
    /// What was done, for instance `algorithm spelled nOnE`.
    pub what: String,
    pub presented: Presented,
}

/// A JSON Web Token (RFC 7519) in compact form, with what stands before it in its header.
pub struct Token {
    prefix: String,
    header: Map<String, Value>,
    signed: Secret,
    payload: Secret,
    signature_bytes: usize,
    pub claims: Map<String, Value>,
}

impl Token {
    /// Takes a credential apart; `None` if it is no signed token.
    pub fn read(credential: &Secret) -> Option<Self> {
        let text = credential.expose();
        let (prefix, token) = match text.rsplit_once(' ') {
            Some((scheme, token)) => (format!("{scheme} "), token),
            None => (String::new(), text),
        };
        let mut parts = token.split('.');
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let signature_bytes = URL_SAFE_NO_PAD.decode(signature).ok()?.len();
        if parts.next().is_some() || signature_bytes == 0 {
            return None;
        }
        let fields = object(header)?;
        fields.get("alg")?.as_str()?;
        Some(Self {
            prefix,
            header: fields,
            signed: Secret::new(format!("{header}.{payload}")),
            payload: Secret::new(payload.to_owned()),
            signature_bytes,
            claims: object(payload)?,
        })
    }

    /// A time claim in seconds since 1970 (RFC 7519 §2, NumericDate; fractions are dropped).
    pub fn time(&self, claim: &str) -> Option<i64> {
        let value = self.claims.get(claim)?;
        value
            .as_i64()
            .or_else(|| value.as_f64().filter(|time| time.abs() < 1e12).map(|time| time as i64))
    }

    /// Every forgery that this token's algorithm allows, and why the last one is missing, if it is.
    pub fn forgeries(&self) -> (Vec<Forgery>, Option<String>) {
        let mut all: Vec<_> = NONES.into_iter().map(|spelling| self.none(spelling)).collect();
        all.push(self.resigned("signature stripped", ""));
        let unrelated = URL_SAFE_NO_PAD.encode(vec![0x5a; self.signature_bytes]);
        all.push(self.resigned("signature replaced by other bytes", &unrelated));
        let algorithm = self.header.get("alg").and_then(Value::as_str).unwrap_or_default();
        match sign(algorithm, self.signed.expose().as_bytes()) {
            Some(signature) => {
                let what = format!("signed by another key with {algorithm}");
                all.push(self.resigned(&what, &URL_SAFE_NO_PAD.encode(signature)));
                (all, None)
            }
            None => (all, Some(format!("no key of our own can be made for `{algorithm}`"))),
        }
    }

    fn none(&self, spelling: &str) -> Forgery {
        let mut header = self.header.clone();
        header.insert("alg".to_owned(), Value::from(spelling));
        let header = URL_SAFE_NO_PAD.encode(Value::Object(header).to_string());
        let prefix = &self.prefix;
        Forgery {
            defence: Defence::Unsigned,
            what: format!("algorithm spelled {spelling}, no signature"),
            presented: derived(
                format!("{prefix}{header}.{}.", self.payload.expose()),
                format!("{prefix}{header}.{PAYLOAD_PART}."),
            ),
        }
    }

    fn resigned(&self, what: &str, signature: &str) -> Forgery {
        Forgery {
            defence: Defence::Signature,
            what: what.to_owned(),
            presented: derived(
                format!("{}{}.{signature}", self.prefix, self.signed.expose()),
                // The prefix is part of the first field already.
                format!("{SIGNED_PART}.{signature}"),
            ),
        }
    }
}

/// Forgeries of a credential that is no token: one that lacks its end, one with a wrong character.
/// Of a Basic credential the password is forged. Empty if it is too short to be changed.
pub fn opaque_forgeries(credential: &Secret, placement: &Placement) -> Vec<Forgery> {
    let text = credential.expose();
    let fixed = match (placement, text.split_once(':')) {
        (Placement::Basic, Some((user, _))) => user.len() + 1,
        _ => 0,
    };
    let secret = text.len().saturating_sub(fixed);
    if secret < 4 || !text.is_ascii() {
        return Vec::new();
    }
    let kept = fixed + secret * 3 / 4;
    let changed = fixed + secret / 2;
    let letter = if text.as_bytes().get(changed) == Some(&b'x') { 'y' } else { 'x' };
    let replaced: String = text
        .char_indices()
        .map(|(index, character)| if index == changed { letter } else { character })
        .collect();
    let truncated: String = text.chars().take(kept).collect();
    vec![
        Forgery {
            defence: Defence::Unsigned,
            what: "its last quarter cut off".to_owned(),
            presented: derived(truncated, format!(r#"$(printf %s "$A" | cut -c1-{kept})"#)),
        },
        Forgery {
            defence: Defence::Signature,
            what: "one character changed".to_owned(),
            presented: derived(
                replaced,
                format!(r#"$(printf %s "$A" | sed 's/./{letter}/{}')"#, changed + 1),
            ),
        },
    ]
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

/// Signs with a key made for this one signature (RFC 7518 §3.1, RFC 8037 §3.1).
fn sign(algorithm: &str, message: &[u8]) -> Option<Vec<u8>> {
    match algorithm {
        "HS256" => keyed_hash(hmac::HMAC_SHA256, message),
        "HS384" => keyed_hash(hmac::HMAC_SHA384, message),
        "HS512" => keyed_hash(hmac::HMAC_SHA512, message),
        "RS256" => rsa(&RSA_PKCS1_SHA256, message),
        "RS384" => rsa(&RSA_PKCS1_SHA384, message),
        "RS512" => rsa(&RSA_PKCS1_SHA512, message),
        "PS256" => rsa(&RSA_PSS_SHA256, message),
        "PS384" => rsa(&RSA_PSS_SHA384, message),
        "PS512" => rsa(&RSA_PSS_SHA512, message),
        "ES256" => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, message),
        "ES384" => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, message),
        "ES512" => ecdsa(&ECDSA_P521_SHA512_FIXED_SIGNING, message),
        "EdDSA" | "Ed25519" => {
            let key = Ed25519KeyPair::generate().ok()?;
            Some(key.sign(message).as_ref().to_vec())
        }
        _ => None,
    }
}

fn keyed_hash(algorithm: hmac::Algorithm, message: &[u8]) -> Option<Vec<u8>> {
    let mut key = [0; 32];
    rand::fill(&mut key).ok()?;
    Some(hmac::sign(&hmac::Key::new(algorithm, &key), message).as_ref().to_vec())
}

fn rsa(encoding: &'static dyn RsaEncoding, message: &[u8]) -> Option<Vec<u8>> {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(encoding, &SystemRandom::new(), message, &mut signature).ok()?;
    Some(signature)
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
    let key = EcdsaKeyPair::generate(algorithm).ok()?;
    Some(key.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token(algorithm: &str) -> Secret {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({"typ": "JWT", "alg": algorithm, "kid": "k1"}));
        let payload = part(json!({"sub": "alice", "exp": 2_000_000_000}));
        Secret::new(format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode([7; 64])))
    }

    #[test]
    fn every_common_algorithm_can_be_signed_by_another_key() {
        for algorithm in [
            "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
            "ES256", "ES384", "ES512", "EdDSA",
        ] {
            let (all, missing) = Token::read(&token(algorithm)).expect("a token").forgeries();
            assert_eq!((all.len(), missing), (7, None), "{algorithm}");
        }
        let (all, missing) = Token::read(&token("XX1")).expect("a token").forgeries();
        assert_eq!(all.len(), 6);
        assert!(missing.is_some());
    }

    #[test]
    fn forgeries_keep_the_claims_and_change_only_what_they_say() {
        let genuine = token("ES256");
        let genuine_parts: Vec<_> = genuine.expose().split('.').collect();
        for forgery in Token::read(&genuine).expect("a token").forgeries().0 {
            let parts: Vec<_> = forgery.presented.value.expose().split('.').collect();
            assert_eq!(parts.len(), 3, "{}", forgery.what);
            assert_eq!(parts[1], genuine_parts[1]);
            assert_ne!(parts[2], genuine_parts[2]);
            let unsigned = forgery.defence == Defence::Unsigned;
            assert_eq!(parts[0] == genuine_parts[0], !unsigned);
            let header = object(parts[0]).expect("a header");
            assert_eq!(header["kid"], "k1");
        }
    }

    #[test]
    fn what_evidence_shows_of_a_forgery_holds_nothing_of_the_token() {
        let genuine = token("HS256");
        let payload = genuine.expose().split('.').nth(1).expect("a payload").to_owned();
        for forgery in Token::read(&genuine).expect("a token").forgeries().0 {
            assert!(!forgery.presented.shown.contains(&payload));
            assert!(forgery.presented.shown.contains("$A"));
        }
    }

    #[test]
    fn a_scheme_before_the_token_is_kept() {
        let with = Secret::new(format!("Token {}", token("ES256").expose()));
        for forgery in Token::read(&with).expect("a token").forgeries().0 {
            assert!(forgery.presented.value.expose().starts_with("Token "));
        }
    }

    #[test]
    fn opaque_credentials_are_cut_and_changed_after_the_user_name() {
        let made = opaque_forgeries(&Secret::new("bob:abcdefgh".to_owned()), &Placement::Basic);
        let values: Vec<_> = made.iter().map(|one| one.presented.value.expose()).collect();
        assert_eq!(values, ["bob:abcdef", "bob:abcdxfgh"]);
        assert!(made[1].presented.shown.contains("s/./x/9"));
        assert!(opaque_forgeries(&Secret::new("abc".to_owned()), &Placement::Bearer).is_empty());
    }

    #[test]
    fn what_is_no_signed_token_is_opaque() {
        for text in ["parcel_live_abc", "a.b.c", "a.b", "eyJhbGciOiJub25lIn0.e30."] {
            assert!(Token::read(&Secret::new(text.to_owned())).is_none(), "{text}");
        }
    }
}
