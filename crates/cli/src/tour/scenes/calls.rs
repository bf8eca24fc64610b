//! Calls through the gateway: allowed, refused, limited, rotated, cut.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use domain::time::Span;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::super::Narrator;
use super::super::stage::Stage;
use super::request::Held;
use crate::client::text;
use crate::verb::token::{receipts, rotate_with};

async fn call(
    stage: &Stage,
    service: &str,
    held: &Held,
    method: Method,
    path: &str,
) -> Result<Response> {
    let url = format!("{}/{service}/{}{path}", stage.gateway_url, held.environment);
    let call = stage.http.request(method, url).bearer_auth(held.secret.expose());
    Ok(call.send().await?)
}

async fn problem(response: Response) -> Result<(u16, Value)> {
    let status = response.status().as_u16();
    Ok((status, response.json().await.unwrap_or_default()))
}

pub async fn allowed(
    stage: &mut Stage,
    to: &mut Narrator,
    service: &str,
    held: &Held,
) -> Result<()> {
    let answer = call(stage, service, held, Method::GET, "/v1/parcels").await?;
    let left = answer.headers().get("ratelimit").cloned();
    let ok = answer.status().is_success();
    let body = answer.text().await?;
    let parcels = serde_json::from_str::<Value>(&body).unwrap_or_default();
    let leaked = body.contains(stage.hardened.api_key()) || body.contains(held.secret.expose());
    let detail = format!(
        "GET /v1/parcels with our token; the vendor saw its own key; RateLimit: {}",
        left.as_ref().and_then(|left| left.to_str().ok()).unwrap_or("none")
    );
    let ok = ok && parcels.is_object() && !leaked;
    stage.record(to, "an allowed call", ok, &detail).await
}

pub async fn out_of_scope(
    stage: &mut Stage,
    to: &mut Narrator,
    service: &str,
    held: &Held,
) -> Result<()> {
    let answer = call(stage, service, held, Method::POST, "/v1/parcels").await?;
    let (status, body) = problem(answer).await?;
    let ok = status == 403 && text(&body, "code") == "out-of-scope";
    let detail = format!("{status} {}: {}", text(&body, "code"), text(&body, "detail"));
    stage.record(to, "a call out of scope", ok, &detail).await
}

pub async fn limited(
    stage: &mut Stage,
    to: &mut Narrator,
    service: &str,
    held: &Held,
) -> Result<()> {
    for _ in 0..10 {
        let answer = call(stage, service, held, Method::GET, "/v1/parcels").await?;
        if answer.status().is_success() {
            continue;
        }
        let wait = answer.headers().get("retry-after").cloned();
        let wait = wait.as_ref().and_then(|wait| wait.to_str().ok()).unwrap_or("").to_owned();
        let (status, body) = problem(answer).await?;
        let ok = status == 429 && text(&body, "code") == "limited" && !wait.is_empty();
        let detail = format!(
            "{status} {}: {}; Retry-After: {wait}",
            text(&body, "code"),
            text(&body, "detail")
        );
        return stage.record(to, "calls over the limit of 5 a minute", ok, &detail).await;
    }
    stage.record(to, "calls over the limit of 5 a minute", false, "ten calls passed").await
}

/// A successor; both are good during the overlap.
pub async fn rotated(
    stage: &mut Stage,
    to: &mut Narrator,
    service: &str,
    held: &Held,
) -> Result<Held> {
    let (secret, view) = rotate_with(&stage.dana.client, held.id, Span::HOUR).await?;
    let id = text(&view, "id").parse()?;
    let next = Held { id, secret, environment: held.environment };
    let new = settled(stage, service, &next).await?;
    let old = call(stage, service, held, Method::GET, "/v1/parcels").await?.status();
    let ok = new.as_u16() == 200 && old.as_u16() == 200;
    let before = stage.dana.see(&format!("/v1/tokens/{}", held.id)).await?;
    let detail = format!("new {new}, old {old}; the old one {}", text(&before, "why"));
    stage.record(to, "rotation with overlap: both tokens pass", ok, &detail).await?;
    Ok(next)
}

/// The gateway follows the ledger within moments; a token that it has not heard of yet is unknown.
async fn settled(stage: &Stage, service: &str, held: &Held) -> Result<reqwest::StatusCode> {
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        pause.tick().await;
        let status = call(stage, service, held, Method::GET, "/v1/parcels").await?.status();
        if status.as_u16() != 401 || Instant::now() > end {
            return Ok(status);
        }
    }
}

/// Revokes while a stream is open: it is cut, the gateway signs for it, the next call is refused.
pub async fn revoked(
    stage: &mut Stage,
    to: &mut Narrator,
    service: &str,
    held: &Held,
) -> Result<()> {
    let parcels: Value =
        call(stage, service, held, Method::GET, "/v1/parcels").await?.json().await?;
    let parcel = parcels.pointer("/items/0/id").or_else(|| parcels.pointer("/parcels/0/id"));
    let parcel = parcel.and_then(Value::as_str).context("the vendor has a parcel")?;
    let path = format!("/v1/parcels/{parcel}/events");
    let mut stream = call(stage, service, held, Method::GET, &path).await?;
    ensure!(stream.status().is_success(), "the stream did not open: {}", stream.status());
    ensure!(stream.chunk().await?.is_some(), "the stream ended early");
    stage.done(to, "a stream of events is open", &path).await?;

    let wish = json!({ "target": { "token": held.id }, "reason": "compromised" });
    let dry = json!({ "target": { "token": held.id }, "reason": "compromised", "dry_run": true });
    let would: Value = stage.dana.client.post("/v1/revocations", &dry).await?;
    let asked = Instant::now();
    let done: Value = stage.dana.client.post("/v1/revocations", &wish).await?;
    let cut = tokio::time::timeout(Duration::from_secs(10), async {
        while let Ok(Some(_)) = stream.chunk().await {}
    })
    .await
    .is_ok();
    let after = asked.elapsed().as_millis();
    let done = receipts(&stage.dana.client, done).await?;
    let receipts = done.get("receipts").and_then(Value::as_array).map_or(0, Vec::len);
    let detail = format!(
        "revocation {}: {} grant ended; the stream was cut after {after} ms; {receipts} signed receipt",
        done.get("number").cloned().unwrap_or_default(),
        would.get("ended").cloned().unwrap_or_default(),
    );
    stage.record(to, "dana revokes it", cut && receipts == 1, &detail).await?;

    let answer = call(stage, service, held, Method::GET, "/v1/parcels").await?;
    let (status, body) = problem(answer).await?;
    let ok = status == 401 && text(&body, "code") == "revoked";
    let detail = format!("{status} {}: {}", text(&body, "code"), text(&body, "detail"));
    stage.record(to, "the next call is refused", ok, &detail).await
}
