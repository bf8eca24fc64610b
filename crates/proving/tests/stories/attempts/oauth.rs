//! Attempts at what was granted: codes, refresh tokens, revocation, lifetimes.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::login::{PASSWORD, log_in, sign_up};
use crate::bench::Bench;

pub const REDIRECT_URI: &str = "https://app.parcel.example/callback";
pub const VERIFIER: &str = "a-verifier-of-at-least-43-characters-0123456789";

pub fn challenge() -> String {
    BASE64URL.encode(digest(&SHA256, VERIFIER.as_bytes()))
}

/// Where alice is redirected to after she agreed; empty when she is not.
pub async fn ask(bench: &Bench, redirect_uri: &str, more: &[(&str, &str)]) -> String {
    let client = bench.vendor.client("bob").unwrap();
    let mut query = vec![
        ("response_type", "code"),
        ("client_id", client.id.as_str()),
        ("redirect_uri", redirect_uri),
        ("state", "st-1"),
    ];
    query.extend_from_slice(more);
    let request = bench.request(Method::GET, "/oauth/authorize", &bench.token("alice"));
    let response = request.query(&query).send().await.unwrap();
    let location = response.headers().get(header::LOCATION);
    location.map_or_else(String::new, |location| location.to_str().unwrap().to_owned())
}

/// A code that was made with a challenge.
pub async fn code(bench: &Bench) -> String {
    let challenge = challenge();
    let more = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
    let location = ask(bench, REDIRECT_URI, &more).await;
    let code = location.strip_prefix(&format!("{REDIRECT_URI}?code=")).unwrap();
    code.strip_suffix("&state=st-1").unwrap().to_owned()
}

/// Asks the token endpoint as the client that acts for bob.
pub async fn exchange(bench: &Bench, form: &[(&str, &str)]) -> (StatusCode, Value) {
    let client = bench.vendor.client("bob").unwrap();
    let request = bench.request(Method::POST, "/oauth/token", "");
    let request = request.basic_auth(&client.id, Some(&client.secret)).form(form);
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

pub async fn redeem(bench: &Bench, code: &str, verifier: &[(&str, &str)]) -> (StatusCode, Value) {
    let mut form =
        vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT_URI)];
    form.extend_from_slice(verifier);
    exchange(bench, &form).await
}

pub async fn redeems_without_verifier(bench: &Bench) -> bool {
    let code = code(bench).await;
    redeem(bench, &code, &[]).await.0 == StatusCode::OK
}

pub async fn redeems_twice(bench: &Bench) -> bool {
    let code = code(bench).await;
    let verifier = [("code_verifier", VERIFIER)];
    let (status, first) = redeem(bench, &code, &verifier).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    redeem(bench, &code, &verifier).await.0 == StatusCode::OK
}

pub async fn redirects_elsewhere(bench: &Bench) -> bool {
    let challenge = challenge();
    let more = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
    let elsewhere = "https://app.parcel.example.attacker.example/callback";
    ask(bench, elsewhere, &more).await.starts_with(&format!("{elsewhere}?code="))
}

/// Access and refresh token of someone who just signed up.
pub async fn session(bench: &Bench, name: &str) -> (String, String) {
    sign_up(bench, name, Value::Null).await;
    let (_, session) = log_in(bench, name, PASSWORD).await;
    let text = |field: &str| session[field].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

pub async fn refresh(bench: &Bench, token: &str) -> (StatusCode, Value) {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let request = bench.request(Method::POST, "/oauth/token", "").form(&form);
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

pub async fn refreshes_twice(bench: &Bench) -> bool {
    let (_, token) = session(bench, "refresher").await;
    assert_eq!(refresh(bench, &token).await.0, StatusCode::OK);
    let (status, answer) = refresh(bench, &token).await;
    assert!(status == StatusCode::OK || answer == json!({ "error": "invalid_grant" }));
    status == StatusCode::OK
}

pub async fn revoke(bench: &Bench, token: &str) {
    let request = bench.request(Method::POST, "/oauth/revoke", "").form(&[("token", token)]);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
}

pub async fn works_after_revocation(bench: &Bench) -> bool {
    let (token, _) = session(bench, "revoker").await;
    assert_eq!(bench.status("/v1/account", &token).await, StatusCode::OK);
    revoke(bench, &token).await;
    bench.status("/v1/account", &token).await == StatusCode::OK
}

pub async fn lives_for_years(bench: &Bench) -> bool {
    let (_, answer) = exchange(bench, &[("grant_type", "client_credentials")]).await;
    let token = answer["access_token"].as_str().unwrap();
    let body = BASE64URL.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&body).unwrap();
    let seconds = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(answer["expires_in"], seconds);
    seconds > 86_400
}
