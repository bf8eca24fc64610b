//! Attempts at what should be bounded, in number, size and time, or done once.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::bench::{Bench, REQUESTS};

pub async fn never_limited(bench: &Bench) -> bool {
    let token = bench.token("bob");
    for _ in 0..=REQUESTS {
        if bench.status("/v1/account", &token).await == StatusCode::TOO_MANY_REQUESTS {
            return false;
        }
    }
    true
}

/// Whoever refuses may close the connection before all has been sent.
pub async fn takes_a_megabyte(bench: &Bench) -> bool {
    let token = bench.token("alice");
    let name = "a".repeat(1_000_000);
    let request = bench.request(Method::PATCH, "/v1/account", &token);
    let sent = request.json(&json!({ "name": name })).send().await;
    let kept = bench.json("/v1/account", &token).await["name"] == name;
    assert_eq!(kept, sent.is_ok_and(|answer| answer.status() == StatusCode::OK));
    kept
}

pub async fn lists_everything(bench: &Bench) -> bool {
    let response = bench.get("/v1/service-points?limit=1000000", &bench.token("alice")).await;
    if response.status() != StatusCode::OK {
        return false;
    }
    let page: serde_json::Value = response.json().await.unwrap();
    page["items"].as_array().unwrap().len() > 100
}

/// How long a line that does not fit takes, beside one that does.
pub async fn takes_seconds(bench: &Bench) -> bool {
    let token = bench.token("alice");
    let mut took = Vec::new();
    for line in ["1 Example Street".to_owned(), format!("{}!", "a".repeat(50))] {
        let start = Instant::now();
        let body = json!({ "line": line });
        let (status, _) = bench.send(Method::POST, "/v1/addresses/check", &token, &body).await;
        assert_eq!(status, StatusCode::OK);
        took.push(start.elapsed());
    }
    took[1] > took[0] + Duration::from_secs(2)
}

/// Sends a refund twice with one key, and looks what the invoice says.
pub async fn pays_twice(bench: &Bench) -> bool {
    let token = bench.token("alice");
    let invoice = bench.first("/v1/invoices", &token).await;
    let path = format!("/v1/invoices/{invoice}");
    let before = bench.json(&path, &token).await["refunded_cents"].as_i64().unwrap();
    for _ in 0..2 {
        let refund = json!({ "amount_cents": 100, "reason": "lost" });
        let request = bench.request(Method::POST, &format!("{path}/refund"), &token).json(&refund);
        let answer = request.header("idempotency-key", "key-1").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let after = bench.json(&path, &token).await["refunded_cents"].as_i64().unwrap();
    assert!([100, 200].contains(&(after - before)));
    after - before == 200
}
