//! One attempt for each weakness: the same requests for every vendor, and whether they got through.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use proving::{AUDIENCE, Weakness};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::bench::{Bench, REQUESTS};
use crate::certificates;

/// Tries what `weakness` allows; true when the vendor lets it happen.
pub async fn succeeds(weakness: Weakness, bench: &Bench) -> bool {
    match weakness {
        Weakness::PlaintextServed => plaintext(bench).await,
        Weakness::CertificateExpired => certificates::is_expired(&bench.vendor).await,
        Weakness::CertificateWrongName => certificates::names_another(&bench.vendor).await,
        Weakness::OneOperationWithoutAuthentication => is_ok(bench, "/v1/invoices", "").await,
        Weakness::TokenUnsignedAccepted => is_ok(bench, "/v1/account", &unsigned(bench)).await,
        Weakness::TokenSignatureIgnored => is_ok(bench, "/v1/account", &tampered(bench)).await,
        Weakness::TokenExpiredAccepted => {
            let scopes = bench.vendor.scopes("alice");
            let token = bench.vendor.mint("alice", AUDIENCE, -60, &scopes).unwrap();
            is_ok(bench, "/v1/account", &token).await
        }
        Weakness::TokenAudienceIgnored => {
            let scopes = bench.vendor.scopes("alice");
            let token = bench.vendor.mint("alice", "https://other.example", 300, &scopes).unwrap();
            is_ok(bench, "/v1/account", &token).await
        }
        Weakness::NoRateLimit => never_limited(bench).await,
        Weakness::ErrorsLeak => errors_leak(bench).await,
        Weakness::CredentialEchoed => credential_comes_back(bench).await,
        Weakness::Bola => reaches_another(bench).await,
        Weakness::FunctionAuthorisationMissing => {
            is_ok(bench, "/v1/admin/customers", &bench.token("alice")).await
        }
        Weakness::MassAssignment => becomes_administrator(bench).await,
        Weakness::ExcessiveData => shows_too_much(bench).await,
    }
}

async fn is_ok(bench: &Bench, path: &str, credential: &str) -> bool {
    bench.status(path, credential).await == StatusCode::OK
}

/// On the plain port, or else without TLS on the port of TLS.
async fn plaintext(bench: &Bench) -> bool {
    let fallback = format!("http://{}", bench.vendor.address);
    let plain = bench.vendor.plain_url.as_deref().unwrap_or(&fallback);
    let request = bench.client.get(format!("{plain}/v1/account")).bearer_auth(bench.token("alice"));
    request.send().await.is_ok_and(|response| response.status() == StatusCode::OK)
}

fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

fn unsigned(bench: &Bench) -> String {
    let token = bench.token("alice");
    format!("{}.{}.", BASE64URL.encode(r#"{"alg":"none"}"#), parts(&token)[1])
}

/// A good token of alice, rewritten to bob.
fn tampered(bench: &Bench) -> String {
    let token = bench.token("alice");
    let [head, body, signature] = parts(&token);
    let mut claims: Value = serde_json::from_slice(&BASE64URL.decode(body).unwrap()).unwrap();
    claims["sub"] = "bob".into();
    format!("{head}.{}.{signature}", BASE64URL.encode(claims.to_string()))
}

async fn never_limited(bench: &Bench) -> bool {
    let token = bench.token("bob");
    for _ in 0..=REQUESTS {
        if bench.status("/v1/account", &token).await == StatusCode::TOO_MANY_REQUESTS {
            return false;
        }
    }
    true
}

async fn errors_leak(bench: &Bench) -> bool {
    let request = bench
        .request(Method::POST, "/v1/parcels", &bench.token("alice"))
        .header(header::CONTENT_TYPE, "application/json")
        .body("{\"recipient\": ");
    let response = request.send().await.unwrap();
    let crashed = response.status() == StatusCode::INTERNAL_SERVER_ERROR;
    let text = response.text().await.unwrap();
    let told = ["INSERT INTO", ".rs:", "column"].iter().all(|trace| text.contains(trace));
    let quiet = ["INSERT INTO", ".rs", "line", "EOF"].iter().all(|trace| !text.contains(trace));
    assert!(told || quiet, "either everything is told or nothing: {text}");
    crashed && told
}

async fn credential_comes_back(bench: &Bench) -> bool {
    let token = bench.token("alice");
    let response = bench.get("/v1/account", &token).await;
    let headers = format!("{:?}", response.headers()).contains(&token);
    let body = response.text().await.unwrap().contains(&token);
    assert_eq!(headers, body, "it comes back in both or in neither");
    headers
}

async fn reaches_another(bench: &Bench) -> bool {
    let parcel = bench.first("/v1/parcels", &bench.token("bob")).await;
    let response = bench.get(&format!("/v1/parcels/{parcel}"), &bench.token("alice")).await;
    let status = response.status();
    let found: Value = response.json().await.unwrap();
    status == StatusCode::OK && found["customer_id"] == "bob"
}

async fn becomes_administrator(bench: &Bench) -> bool {
    let token = bench.token("alice");
    let wish = json!({ "role": "administrator" });
    let (status, _) = bench.send(Method::PATCH, "/v1/account", &token, &wish).await;
    let role = bench.json("/v1/account", &token).await["role"].clone();
    assert_eq!(status == StatusCode::OK, role == "administrator");
    role == "administrator"
}

async fn shows_too_much(bench: &Bench) -> bool {
    let account = bench.json("/v1/account", &bench.token("alice")).await;
    account.get("password_hash").is_some() && account.get("internal_note").is_some()
}
