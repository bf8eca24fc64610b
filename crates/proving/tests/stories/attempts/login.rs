//! Attempts at signing up and logging in.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

pub const PASSWORD: &str = "correct horse battery";

/// Signs up under a name that nobody had, with more fields if there are any.
pub async fn sign_up(bench: &Bench, name: &str, more: Value) -> (StatusCode, Value) {
    let mut wish = json!({ "name": name, "password": PASSWORD });
    wish.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    bench.send(Method::POST, "/v1/signup", "", &wish).await
}

pub async fn log_in(bench: &Bench, name: &str, password: &str) -> (StatusCode, Value) {
    let wish = json!({ "name": name, "password": password });
    bench.send(Method::POST, "/v1/login", "", &wish).await
}

pub async fn guesses_on(bench: &Bench) -> bool {
    let (status, _) = sign_up(bench, "guessed", Value::Null).await;
    assert_eq!(status, StatusCode::CREATED);
    for _ in 0..10 {
        let (status, _) = log_in(bench, "guessed", "wrong").await;
        assert!(status.is_client_error());
    }
    let (status, _) = log_in(bench, "guessed", PASSWORD).await;
    assert!([StatusCode::OK, StatusCode::TOO_MANY_REQUESTS].contains(&status), "{status}");
    status == StatusCode::OK
}

/// The login of before takes a wrong password, for a name that somebody has.
pub async fn forgets_the_password(bench: &Bench) -> bool {
    sign_up(bench, "remembered", Value::Null).await;
    let wish = json!({ "name": "remembered", "password": "wrong" });
    let (status, session) = bench.send(Method::POST, "/v0/login", "", &wish).await;
    status == StatusCode::OK && session["access_token"].is_string()
}

pub async fn tells_names(bench: &Bench) -> bool {
    sign_up(bench, "known", Value::Null).await;
    let known = log_in(bench, "known", "wrong password").await;
    let unknown = log_in(bench, "unknown", "wrong password").await;
    known != unknown
}

pub async fn signs_up_as_administrator(bench: &Bench) -> bool {
    sign_up(bench, "climber", json!({ "role": "administrator" })).await;
    let (_, session) = log_in(bench, "climber", PASSWORD).await;
    let Some(token) = session["access_token"].as_str() else { return false };
    bench.status("/v1/admin/customers", token).await == StatusCode::OK
}
