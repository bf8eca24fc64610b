//! Attempts at what servers and proxies get wrong: errors, headers, methods, forgotten pages.

use reqwest::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, HeaderMap, ORIGIN,
};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::is_ok;
use crate::bench::Bench;

pub async fn errors_leak(bench: &Bench) -> bool {
    let request = bench
        .request(Method::POST, "/v1/parcels", &bench.token("alice"))
        .header(CONTENT_TYPE, "application/json")
        .body("{\"recipient\": ");
    let response = request.send().await.unwrap();
    let crashed = response.status() == StatusCode::INTERNAL_SERVER_ERROR;
    let text = response.text().await.unwrap();
    let told = ["INSERT INTO", ".rs:", "column"].iter().all(|trace| text.contains(trace));
    let quiet = ["INSERT INTO", ".rs", "line", "EOF"].iter().all(|trace| !text.contains(trace));
    assert!(told || quiet, "either everything is told or nothing: {text}");
    crashed && told
}

pub async fn credential_comes_back(bench: &Bench) -> bool {
    let token = bench.token("alice");
    let response = bench.get("/v1/account", &token).await;
    let headers = format!("{:?}", response.headers()).contains(&token);
    let body = response.text().await.unwrap().contains(&token);
    assert_eq!(headers, body, "it comes back in both or in neither");
    headers
}

fn shares(headers: &HeaderMap, origin: &str) -> bool {
    let says = |name, value: &str| headers.get(name).is_some_and(|header| header == value);
    says(ACCESS_CONTROL_ALLOW_ORIGIN, origin) && says(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true")
}

pub async fn shares_with_any_origin(bench: &Bench) -> bool {
    let origin = "https://attacker.example";
    let mut shared = Vec::new();
    for method in [Method::OPTIONS, Method::GET] {
        let request = bench.request(method, "/v1/account", &bench.token("alice"));
        let response = request.header(ORIGIN, origin).send().await.unwrap();
        shared.push(shares(response.headers(), origin));
    }
    assert_eq!(shared[0], shared[1], "the preflight says what the answer says");
    shared[0]
}

pub async fn traces(bench: &Bench) -> bool {
    let token = bench.token("alice");
    let request = bench.request(Method::TRACE, "/v1/account", &token);
    let response = request.send().await.unwrap();
    let status = response.status();
    let traced = response.text().await.unwrap().contains(&token);
    assert_eq!(traced, status == StatusCode::OK);
    traced
}

/// Deletes bob with a POST that alice may not send as a DELETE.
pub async fn overrides_the_method(bench: &Bench) -> bool {
    let path = "/v1/admin/customers/bob";
    let alice = bench.token("alice");
    let admin = bench.token("admin");
    let request = bench.request(Method::POST, path, &alice);
    let request = request.header("x-http-method-override", "DELETE");
    let status = request.send().await.unwrap().status();
    let customers = bench.json("/v1/admin/customers", &admin).await;
    let gone = customers["items"].as_array().unwrap().iter().all(|one| one["id"] != "bob");
    assert_eq!(gone, status == StatusCode::NO_CONTENT);
    gone
}

pub async fn lacks_security_headers(bench: &Bench) -> bool {
    let response = bench.get("/v1/account", &bench.token("alice")).await;
    let names = ["strict-transport-security", "x-content-type-options", "cache-control"];
    let missing = names.map(|name| !response.headers().contains_key(name));
    assert!(missing.iter().all(|one| *one == missing[0]), "{missing:?}");
    missing[0]
}

pub async fn exposes_debug_pages(bench: &Bench) -> bool {
    let mut exposed = Vec::new();
    for path in ["/debug/vars", "/actuator/env", "/.git/config", "/metrics"] {
        exposed.push(is_ok(bench, path, "").await);
    }
    assert!(exposed.iter().all(|one| *one == exposed[0]), "{exposed:?}");
    exposed[0]
}

pub async fn serves_the_old_version(bench: &Bench) -> bool {
    let response = bench.get("/v0/parcels", "").await;
    if response.status() != StatusCode::OK {
        return false;
    }
    let parcels: Value = response.json().await.unwrap();
    parcels["items"].as_array().unwrap().iter().any(|parcel| parcel["customer_id"] == "bob")
}

pub async fn serves_the_office(bench: &Bench) -> bool {
    bench.status("/admin/users", "").await == StatusCode::OK
}
