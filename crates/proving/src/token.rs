//! Access tokens: ES256 JSON Web Tokens (RFC 7519, RFC 7518 §3.4), issued and judged.

mod signature;
#[cfg(test)]
mod tests;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64URL};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::random;
use crate::vendor::VendorError;
use crate::weakness::{Switches, Weakness};

/// The `aud` that the vendor expects in an access token.
pub const AUDIENCE: &str = "https://api.parcel.example";

/// What opens the `SubjectPublicKeyInfo` of a P-256 key, before its point (RFC 5480 §2).
const P256_INFO: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// What an access token says (RFC 7519 §4.1, RFC 8693 §4.2). Times are seconds since 1970 (UTC).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub jti: String,
    pub scope: String,
}

/// Why a token was not believed. Callers only learn that it was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distrust {
    NotAToken,
    OtherAlgorithm,
    BadSignature,
    OtherIssuer,
    OtherAudience,
    NotYetValid,
    Expired,
}

/// The vendor's signing key and the name it signs under.
pub(crate) struct TokenKeys {
    issuer: String,
    key_id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    /// An uncompressed point (SEC 1 §2.3.3): one leading octet, then two coordinates of 32.
    point: Vec<u8>,
    weak_secret: bool,
}

impl TokenKeys {
    pub(crate) fn generate(issuer: String, switches: &Switches) -> Result<Self, VendorError> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new())
            .map_err(|_| VendorError::Randomness)?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref())
            .map_err(|_| VendorError::Randomness)?;
        let point = pair.public_key().as_ref().to_vec();
        let (x, y) = coordinates(&point);
        Ok(Self {
            issuer,
            key_id: random::hex::<8>()?,
            encoding: EncodingKey::from_ec_der(pkcs8.as_ref()),
            decoding: DecodingKey::from_ec_components(&x, &y)?,
            point,
            weak_secret: switches.has(Weakness::TokenWeakSecret),
        })
    }

    /// The public key as a JSON Web Key Set (RFC 7517 §5).
    pub(crate) fn key_set(&self) -> Value {
        let (x, y) = coordinates(&self.point);
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
            "kid": self.key_id, "x": x, "y": y,
        }] })
    }

    /// The public key in PEM (RFC 7468 §13).
    pub(crate) fn public_pem(&self) -> String {
        let info = BASE64.encode([P256_INFO.as_slice(), &self.point].concat());
        let (first, second) = info.split_at(64);
        format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
    }

    /// The claims of a token made at `now` that ends `lifetime` seconds later; a negative one has
    /// ended already.
    pub(crate) fn claims(
        &self,
        subject: &str,
        audience: &str,
        lifetime: i64,
        scope: &str,
        now: i64,
    ) -> Result<Claims, VendorError> {
        let exp = now.saturating_add(lifetime);
        let iat = now.min(exp.saturating_sub(60));
        Ok(Claims {
            iss: self.issuer.clone(),
            sub: subject.to_owned(),
            aud: audience.to_owned(),
            iat,
            nbf: iat,
            exp,
            jti: random::hex::<16>()?,
            scope: scope.to_owned(),
        })
    }

    /// Signs `claims`, whatever they say.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, VendorError> {
        let (algorithm, key) = if self.weak_secret {
            (Algorithm::HS256, &EncodingKey::from_secret(signature::WEAK_SECRET))
        } else {
            (Algorithm::ES256, &self.encoding)
        };
        let mut header = Header::new(algorithm);
        header.kid = Some(self.key_id.clone());
        Ok(jsonwebtoken::encode(&header, claims, key)?)
    }

    /// The claims of `token` if it is to be believed at `now`.
    pub(crate) async fn judge(
        &self,
        token: &str,
        switches: &Switches,
        now: i64,
    ) -> Result<Claims, Distrust> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Distrust::NotAToken)?;
        let (head, body) = signed.split_once('.').ok_or(Distrust::NotAToken)?;
        let head = part(head)?;
        let claims: Claims = part(body)?;
        self.judge_signature(&head, signed, signature, switches).await?;
        if claims.iss != self.issuer && !switches.has(Weakness::TokenIssuerIgnored) {
            return Err(Distrust::OtherIssuer);
        }
        if claims.aud != AUDIENCE && !switches.has(Weakness::TokenAudienceIgnored) {
            return Err(Distrust::OtherAudience);
        }
        if claims.nbf > now && !switches.has(Weakness::TokenNotBeforeIgnored) {
            return Err(Distrust::NotYetValid);
        }
        if claims.exp <= now && !switches.has(Weakness::TokenExpiredAccepted) {
            return Err(Distrust::Expired);
        }
        Ok(claims)
    }
}

/// Both coordinates of an uncompressed point, as a JSON Web Key holds them (RFC 7518 §6.2.1).
fn coordinates(point: &[u8]) -> (String, String) {
    let coordinate = |range| BASE64URL.encode(point.get(range).unwrap_or_default());
    (coordinate(1..33), coordinate(33..65))
}

fn part<T: DeserializeOwned>(encoded: &str) -> Result<T, Distrust> {
    let bytes = BASE64URL.decode(encoded).map_err(|_| Distrust::NotAToken)?;
    serde_json::from_slice(&bytes).map_err(|_| Distrust::NotAToken)
}
