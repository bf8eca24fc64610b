//! Access tokens: ES256 JSON Web Tokens (RFC 7519, RFC 7518 §3.4), issued and judged.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::random;
use crate::vendor::VendorError;
use crate::weakness::{Switches, Weakness};

/// The `aud` that the vendor expects in an access token.
pub const AUDIENCE: &str = "https://api.parcel.example";

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

#[derive(Deserialize)]
struct Head {
    alg: String,
}

/// The vendor's signing key and the name it signs under.
pub(crate) struct TokenKeys {
    issuer: String,
    key_id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    coordinates: (String, String),
}

impl TokenKeys {
    pub(crate) fn generate(issuer: String) -> Result<Self, VendorError> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new())
            .map_err(|_| VendorError::Randomness)?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref())
            .map_err(|_| VendorError::Randomness)?;
        // An uncompressed point (SEC 1 §2.3.3): one leading octet, then two coordinates of 32.
        let point = pair.public_key().as_ref();
        let (Some(x), Some(y)) = (point.get(1..33), point.get(33..65)) else {
            return Err(VendorError::Randomness);
        };
        let coordinates = (BASE64URL.encode(x), BASE64URL.encode(y));
        Ok(Self {
            issuer,
            key_id: random::hex::<8>()?,
            encoding: EncodingKey::from_ec_der(pkcs8.as_ref()),
            decoding: DecodingKey::from_ec_components(&coordinates.0, &coordinates.1)?,
            coordinates,
        })
    }

    /// The public key as a JSON Web Key Set (RFC 7517 §5).
    pub(crate) fn key_set(&self) -> Value {
        let (x, y) = &self.coordinates;
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
            "kid": self.key_id, "x": x, "y": y,
        }] })
    }

    /// Issues a token at `now` that ends `lifetime` seconds later; a negative one has ended already.
    pub(crate) fn issue(
        &self,
        subject: &str,
        audience: &str,
        lifetime: i64,
        scope: &str,
        now: i64,
    ) -> Result<String, VendorError> {
        let exp = now.saturating_add(lifetime);
        let iat = now.min(exp.saturating_sub(60));
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: subject.to_owned(),
            aud: audience.to_owned(),
            iat,
            nbf: iat,
            exp,
            jti: random::hex::<16>()?,
            scope: scope.to_owned(),
        };
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.key_id.clone());
        Ok(jsonwebtoken::encode(&header, &claims, &self.encoding)?)
    }

    /// The claims of `token` if it is to be believed at `now`.
    pub(crate) fn judge(
        &self,
        token: &str,
        switches: &Switches,
        now: i64,
    ) -> Result<Claims, Distrust> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Distrust::NotAToken)?;
        let (head, body) = signed.split_once('.').ok_or(Distrust::NotAToken)?;
        let head: Head = part(head)?;
        let claims: Claims = part(body)?;
        self.judge_signature(&head.alg, signed, signature, switches)?;
        if claims.iss != self.issuer {
            return Err(Distrust::OtherIssuer);
        }
        if claims.aud != AUDIENCE && !switches.has(Weakness::TokenAudienceIgnored) {
            return Err(Distrust::OtherAudience);
        }
        if claims.nbf > now {
            return Err(Distrust::NotYetValid);
        }
        if claims.exp <= now && !switches.has(Weakness::TokenExpiredAccepted) {
            return Err(Distrust::Expired);
        }
        Ok(claims)
    }

    fn judge_signature(
        &self,
        algorithm: &str,
        signed: &str,
        signature: &str,
        switches: &Switches,
    ) -> Result<(), Distrust> {
        if algorithm == "none" && switches.has(Weakness::TokenUnsignedAccepted) {
            return Ok(());
        }
        if algorithm != "ES256" {
            return Err(Distrust::OtherAlgorithm);
        }
        if switches.has(Weakness::TokenSignatureIgnored) {
            return Ok(());
        }
        let good = jsonwebtoken::crypto::verify(
            signature,
            signed.as_bytes(),
            &self.decoding,
            Algorithm::ES256,
        );
        if matches!(good, Ok(true)) { Ok(()) } else { Err(Distrust::BadSignature) }
    }
}

fn part<T: DeserializeOwned>(encoded: &str) -> Result<T, Distrust> {
    let bytes = BASE64URL.decode(encoded).map_err(|_| Distrust::NotAToken)?;
    serde_json::from_slice(&bytes).map_err(|_| Distrust::NotAToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn keys() -> TokenKeys {
        TokenKeys::generate("https://issuer.example".to_owned()).unwrap()
    }

    #[test]
    fn a_token_is_believed_within_its_lifetime_only() {
        let keys = keys();
        let hardened = Switches::hardened();
        let token = keys.issue("alice", AUDIENCE, 300, "account:read", NOW).unwrap();
        let claims = keys.judge(&token, &hardened, NOW).unwrap();
        assert_eq!((claims.sub.as_str(), claims.scope.as_str()), ("alice", "account:read"));
        assert_eq!(keys.judge(&token, &hardened, NOW + 300), Err(Distrust::Expired));
        assert_eq!(keys.judge(&token, &hardened, NOW - 1), Err(Distrust::NotYetValid));
        let ended = keys.issue("alice", AUDIENCE, -60, "", NOW).unwrap();
        assert_eq!(keys.judge(&ended, &hardened, NOW), Err(Distrust::Expired));
    }

    #[test]
    fn other_audiences_issuers_keys_and_algorithms_are_refused() {
        let (ours, theirs) = (keys(), keys());
        let hardened = Switches::hardened();
        let judged = |token: &str| ours.judge(token, &hardened, NOW).unwrap_err();
        let elsewhere = ours.issue("alice", "https://other.example", 300, "", NOW).unwrap();
        assert_eq!(judged(&elsewhere), Distrust::OtherAudience);
        let forged = theirs.issue("alice", AUDIENCE, 300, "", NOW).unwrap();
        assert_eq!(judged(&forged), Distrust::BadSignature);
        let body = forged.split('.').nth(1).unwrap();
        for algorithm in ["none", "None", "HS256"] {
            let head = BASE64URL.encode(format!("{{\"alg\":\"{algorithm}\"}}"));
            assert_eq!(judged(&format!("{head}.{body}.")), Distrust::OtherAlgorithm);
        }
        assert_eq!(judged("no token"), Distrust::NotAToken);
        let stranger = TokenKeys { issuer: "https://stranger.example".to_owned(), ..ours };
        let token = stranger.issue("alice", AUDIENCE, 300, "", NOW).unwrap();
        let ours = TokenKeys { issuer: "https://issuer.example".to_owned(), ..stranger };
        assert_eq!(ours.judge(&token, &hardened, NOW), Err(Distrust::OtherIssuer));
    }
}
