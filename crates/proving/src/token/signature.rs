//! Whether the signature of a token is good, and the weak ways to think so.

use std::path::Path;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;

use super::{Distrust, TokenKeys};
use crate::fetch;
use crate::files;
use crate::weakness::{Switches, Weakness};

/// What [`Weakness::TokenWeakSecret`] signs with.
pub(super) const WEAK_SECRET: &[u8] = b"secret";

/// Where [`Weakness::TokenKeyIdInjection`] looks for secrets; there are none.
const SECRETS: &str = "/srv/parcel/keys";

/// The header of a token (RFC 7515 §4.1), as far as anything here reads it. What only a weakness
/// reads is taken as it comes, so that it never fails a good token.
#[derive(Deserialize)]
pub(super) struct Head {
    alg: String,
    #[serde(default)]
    kid: serde_json::Value,
    #[serde(default)]
    jwk: serde_json::Value,
    #[serde(default)]
    jku: serde_json::Value,
}

impl TokenKeys {
    pub(super) async fn judge_signature(
        &self,
        head: &Head,
        signed: &str,
        signature: &str,
        switches: &Switches,
    ) -> Result<(), Distrust> {
        if head.alg == "none" && switches.has(Weakness::TokenUnsignedAccepted) {
            return Ok(());
        }
        if self.is_good_secret(head, signed, signature, switches)
            || is_good_foreign(head, signed, signature, switches).await
        {
            return Ok(());
        }
        if head.alg != "ES256" {
            return Err(Distrust::OtherAlgorithm);
        }
        if switches.has(Weakness::TokenSignatureIgnored) {
            return Ok(());
        }
        let good = crypto::verify(signature, signed.as_bytes(), &self.decoding, Algorithm::ES256);
        if matches!(good, Ok(true)) { Ok(()) } else { Err(Distrust::BadSignature) }
    }

    /// Whether HS256 with one of the secrets that a weakness leads to made the signature.
    fn is_good_secret(
        &self,
        head: &Head,
        signed: &str,
        signature: &str,
        switches: &Switches,
    ) -> bool {
        if head.alg != "HS256" {
            return false;
        }
        let Ok(tag) = BASE64URL.decode(signature) else { return false };
        let mut secrets = Vec::new();
        if switches.has(Weakness::TokenWeakSecret) {
            secrets.push(WEAK_SECRET.to_vec());
        }
        if switches.has(Weakness::TokenKeyConfusion) {
            secrets.push(self.public_pem().into_bytes());
        }
        if switches.has(Weakness::TokenKeyIdInjection) {
            secrets.extend(secret_at(&head.kid));
        }
        secrets.iter().any(|secret| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
        })
    }
}

/// The secret in the file that `kid` names, wherever that is.
fn secret_at(kid: &serde_json::Value) -> Option<Vec<u8>> {
    files::system_file(&files::without_dots(&Path::new(SECRETS).join(kid.as_str()?)))
}

/// Whether a key that the token brings along or points at made the signature.
async fn is_good_foreign(head: &Head, signed: &str, signature: &str, switches: &Switches) -> bool {
    let Ok(algorithm) = head.alg.parse::<Algorithm>() else { return false };
    let mut keys = Vec::new();
    if switches.has(Weakness::TokenEmbeddedKey) {
        keys.extend(serde_json::from_value::<Jwk>(head.jwk.clone()));
    }
    if switches.has(Weakness::TokenRemoteKey) {
        keys.extend(key_set_at(&head.jku).await.map(|set| set.keys).unwrap_or_default());
    }
    keys.iter().any(|key| {
        DecodingKey::from_jwk(key).is_ok_and(|key| {
            matches!(crypto::verify(signature, signed.as_bytes(), &key, algorithm), Ok(true))
        })
    })
}

async fn key_set_at(jku: &serde_json::Value) -> Option<JwkSet> {
    let answer = fetch::get(jku.as_str()?).await.ok()?;
    serde_json::from_slice(&answer.body).ok()
}
