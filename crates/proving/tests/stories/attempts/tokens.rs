//! Attempts to be believed with a token that should not be.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use proving::AUDIENCE;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::is_ok;
use crate::bench::Bench;

fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

pub async fn unsigned(bench: &Bench) -> bool {
    let token = bench.token("alice");
    let token = format!("{}.{}.", BASE64URL.encode(r#"{"alg":"none"}"#), parts(&token)[1]);
    is_ok(bench, "/v1/account", &token).await
}

/// A good token of alice, rewritten to bob. Its header says ES256, whatever signed it.
pub async fn tampered(bench: &Bench) -> bool {
    let token = bench.token("alice");
    let [_, body, signature] = parts(&token);
    let mut claims: Value = serde_json::from_slice(&BASE64URL.decode(body).unwrap()).unwrap();
    claims["sub"] = "bob".into();
    let head = BASE64URL.encode(r#"{"alg":"ES256"}"#);
    let token = format!("{head}.{}.{signature}", BASE64URL.encode(claims.to_string()));
    is_ok(bench, "/v1/account", &token).await
}

pub async fn expired(bench: &Bench) -> bool {
    let token = bench.vendor.mint("alice", AUDIENCE, -60, &bench.vendor.scopes("alice")).unwrap();
    is_ok(bench, "/v1/account", &token).await
}

pub async fn for_another_audience(bench: &Bench) -> bool {
    is_ok(bench, "/v1/account", &changed(bench, "aud", "https://other.example".into())).await
}

pub async fn from_tomorrow(bench: &Bench) -> bool {
    is_ok(bench, "/v1/account", &changed(bench, "nbf", 4_102_444_800_i64.into())).await
}

pub async fn of_another_issuer(bench: &Bench) -> bool {
    is_ok(bench, "/v1/account", &changed(bench, "iss", "https://other.example".into())).await
}

/// A token that the vendor signed, with one claim of another value.
fn changed(bench: &Bench, claim: &str, value: Value) -> String {
    bench.vendor.mint_changed("alice", &Map::from_iter([(claim.to_owned(), value)])).unwrap()
}

/// The claims of a good token of alice under another header, signed anew.
fn forged(bench: &Bench, header: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let token = bench.token("alice");
    let signed = format!("{}.{}", BASE64URL.encode(header.to_string()), parts(&token)[1]);
    let signature = crypto::sign(signed.as_bytes(), key, algorithm).unwrap();
    format!("{signed}.{signature}")
}

async fn believes_secret(bench: &Bench, header: &Value, secret: &[u8]) -> bool {
    let key = EncodingKey::from_secret(secret);
    is_ok(bench, "/v1/account", &forged(bench, header, &key, Algorithm::HS256)).await
}

pub async fn signed_with_the_public_key(bench: &Bench) -> bool {
    let pem = bench.get("/oauth/public-key.pem", "").await.text().await.unwrap();
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
    believes_secret(bench, &json!({ "alg": "HS256" }), pem.as_bytes()).await
}

pub async fn signed_with_a_guess(bench: &Bench) -> bool {
    believes_secret(bench, &json!({ "alg": "HS256" }), b"secret").await
}

pub async fn signed_with_nothing(bench: &Bench) -> bool {
    believes_secret(bench, &json!({ "alg": "HS256", "kid": "../../../../dev/null" }), b"").await
}

/// A fresh key, and its public half as a JSON Web Key (RFC 8037 §2). It is not of the vendor's
/// algorithm, so that it is believed for its own sake or not at all.
fn own_key() -> (EncodingKey, Value) {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let x = BASE64URL.encode(pair.public_key().as_ref());
    let public = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": x });
    (EncodingKey::from_ed_der(pkcs8.as_ref()), public)
}

pub async fn with_a_key_inside(bench: &Bench) -> bool {
    let (key, public) = own_key();
    let header = json!({ "alg": "EdDSA", "jwk": public });
    is_ok(bench, "/v1/account", &forged(bench, &header, &key, Algorithm::EdDSA)).await
}

/// Serves a key set for one request, and names it in the header.
pub async fn with_a_key_elsewhere(bench: &Bench) -> bool {
    let (key, public) = own_key();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let jku = format!("http://{}/keys.json", listener.local_addr().unwrap());
    let (asked, mut was_asked) = oneshot::channel();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4_096]).await.unwrap();
        asked.send(()).unwrap();
        let keys = json!({ "keys": [public] }).to_string();
        let length = keys.len();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{keys}");
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    let header = json!({ "alg": "EdDSA", "jku": jku });
    let token = forged(bench, &header, &key, Algorithm::EdDSA);
    let believed = is_ok(bench, "/v1/account", &token).await;
    assert_eq!(believed, was_asked.try_recv().is_ok(), "who believes has asked, and nobody else");
    served.abort();
    believed
}
