//! Signs as an attacker would: with a secret that he found, or with a key pair of his own.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A key pair that nobody else has (RFC 7518 §3.1, RFC 8037 §3.1).
pub struct OwnKey {
    pub algorithm: String,
    pair: Pair,
}

enum Pair {
    Secret(hmac::Algorithm, [u8; 32]),
    Rsa(&'static dyn RsaEncoding, Box<RsaKeyPair>),
    Ec(&'static str, EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
}

impl std::fmt::Debug for OwnKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("OwnKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl OwnKey {
    /// A fresh key for an algorithm; `None` for one that is not known here.
    pub fn generate(algorithm: &str) -> Option<Self> {
        let pair = match algorithm {
            "HS256" | "HS384" | "HS512" => {
                let mut secret = [0; 32];
                rand::fill(&mut secret).ok()?;
                Pair::Secret(hash_of(algorithm)?, secret)
            }
            "RS256" => rsa(&RSA_PKCS1_SHA256)?,
            "RS384" => rsa(&RSA_PKCS1_SHA384)?,
            "RS512" => rsa(&RSA_PKCS1_SHA512)?,
            "PS256" => rsa(&RSA_PSS_SHA256)?,
            "PS384" => rsa(&RSA_PSS_SHA384)?,
            "PS512" => rsa(&RSA_PSS_SHA512)?,
            "ES256" => ec("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING)?,
            "ES384" => ec("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING)?,
            "ES512" => ec("P-521", &ECDSA_P521_SHA512_FIXED_SIGNING)?,
            "EdDSA" | "Ed25519" => Pair::Edwards(Ed25519KeyPair::generate().ok()?),
            _ => return None,
        };
        Some(Self { algorithm: algorithm.to_owned(), pair })
    }

    /// The signature over a token's first two parts (RFC 7515 §5.1).
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.pair {
            Pair::Secret(algorithm, secret) => Some(keyed_hash(*algorithm, secret, message)),
            Pair::Rsa(encoding, key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(*encoding, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
            Pair::Ec(_, key) => Some(key.sign(&SystemRandom::new(), message).ok()?.as_ref().into()),
            Pair::Edwards(key) => Some(key.sign(message).as_ref().to_vec()),
        }
    }

    /// The public half as a JSON Web Key (RFC 7517 §4); `None` of a secret.
    pub fn jwk(&self, id: &str) -> Option<Value> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &self.pair {
            Pair::Secret(..) => return None,
            Pair::Rsa(_, key) => {
                let key = key.public_key();
                json!({"kty": "RSA", "n": text(key.modulus().big_endian_without_leading_zero()),
                    "e": text(key.exponent().big_endian_without_leading_zero())})
            }
            Pair::Ec(curve, key) => {
                let point = key.public_key().as_ref().get(1..)?;
                let (x, y) = point.split_at_checked(point.len() / 2)?;
                json!({"kty": "EC", "crv": curve, "x": text(x), "y": text(y)})
            }
            Pair::Edwards(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": text(key.public_key().as_ref())})
            }
        };
        let members = jwk.as_object_mut()?;
        members.insert("kid".to_owned(), id.into());
        members.insert("use".to_owned(), "sig".into());
        members.insert("alg".to_owned(), self.algorithm.clone().into());
        Some(jwk)
    }
}

/// HS256, HS384 or HS512 with this secret; `None` for another algorithm (RFC 7518 §3.2).
pub fn with_secret(algorithm: &str, secret: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    Some(keyed_hash(hash_of(algorithm)?, secret, message))
}

fn hash_of(algorithm: &str) -> Option<hmac::Algorithm> {
    match algorithm {
        "HS256" => Some(hmac::HMAC_SHA256),
        "HS384" => Some(hmac::HMAC_SHA384),
        "HS512" => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

fn keyed_hash(algorithm: hmac::Algorithm, secret: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, secret), message).as_ref().to_vec()
}

fn rsa(encoding: &'static dyn RsaEncoding) -> Option<Pair> {
    Some(Pair::Rsa(encoding, Box::new(RsaKeyPair::generate(KeySize::Rsa2048).ok()?)))
}

fn ec(curve: &'static str, algorithm: &'static EcdsaSigningAlgorithm) -> Option<Pair> {
    Some(Pair::Ec(curve, EcdsaKeyPair::generate(algorithm).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_common_algorithm_can_be_signed_with_a_key_of_ones_own() {
        for algorithm in [
            "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
            "ES256", "ES384", "ES512", "EdDSA",
        ] {
            let key = OwnKey::generate(algorithm).expect(algorithm);
            assert!(key.sign(b"x").is_some_and(|signature| !signature.is_empty()), "{algorithm}");
            assert_eq!(key.jwk("k").is_none(), algorithm.starts_with("HS"), "{algorithm}");
        }
        assert!(OwnKey::generate("XX1").is_none());
    }

    #[test]
    fn a_key_shows_its_public_half_only() {
        let jwk = OwnKey::generate("ES384").and_then(|key| key.jwk("k")).expect("a key");
        let mut names: Vec<_> = jwk.as_object().expect("an object").keys().cloned().collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!(jwk["x"].as_str().map(str::len), Some(64));
    }

    #[test]
    fn an_empty_secret_is_a_secret() {
        // RFC 4231 has no empty key; this is HMAC-SHA256 of nothing under nothing.
        let known = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
        assert_eq!(with_secret("HS256", b"", b"").map(hex::encode).as_deref(), Some(known));
    }
}
