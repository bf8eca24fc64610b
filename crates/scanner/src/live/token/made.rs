//! Tokens for tests.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Token, sign};
use crate::secret::Secret;

/// A token of this algorithm, signed with `hunter2` where that can be.
pub fn credential(algorithm: &str) -> Secret {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(json!({"typ": "JWT", "alg": algorithm, "kid": "k1"}));
    let payload = part(json!({
        "sub": "alice", "iss": "https://a.example", "aud": "a", "iat": 1_900_000_000,
        "nbf": 1_900_000_000, "exp": 2_000_000_000
    }));
    let signed = format!("{header}.{payload}");
    let signature = sign::with_secret(algorithm, b"hunter2", signed.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(signature.unwrap_or_else(|| vec![7; 64]));
    Secret::new(format!("{signed}.{signature}"))
}

pub fn token(algorithm: &str) -> Token {
    Token::read(&credential(algorithm), "$A").expect("a token")
}
