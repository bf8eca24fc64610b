//! Tokens: listed, explained, rotated, revoked.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use domain::id::TokenId;
use domain::time::Span;
use domain::token::Secret;
use serde_json::{Value, json};

use super::request::give;
use super::{Desk, find, new_id, random};
use crate::client::{Client, text};
use crate::exit::No;
use crate::home::must_take;
use crate::show::{count, facts, rows, table};

#[derive(Debug, Args)]
pub struct List {
    /// Only of this person or service account
    #[arg(long)]
    pub owner: Option<String>,
    /// Only for this service
    #[arg(long)]
    pub service: Option<String>,
}

pub async fn list(desk: &Desk, list: List) -> Result<()> {
    let client = desk.client()?;
    let mut path = "/v1/tokens?".to_owned();
    if let Some(owner) = &list.owner {
        let id = find::person(&client, owner).await?;
        path.push_str(&format!("owner={id}&"));
    }
    if let Some(service) = &list.service {
        let id = find::service(&client, service).await?;
        let found: Value = client.get(&format!("/v1/services/{id}")).await?;
        path.push_str(&format!("service={}&", text(&found, "name")));
    }
    let all = client.all(path.trim_end_matches(['?', '&'])).await?;
    desk.show.print(&all, || {
        let head = ["token", "owner", "service", "environment", "status", "ends on"];
        let fields = ["id", "owner.name", "service", "environment", "status", "ends.on"];
        table(&head, rows(&all, &fields));
    });
    Ok(())
}

pub async fn why(desk: &Desk, what: &str) -> Result<()> {
    let client = desk.client()?;
    let id = find::token(&client, what).await?;
    let token: Value = client.get(&format!("/v1/tokens/{id}")).await?;
    desk.show.print(&token, || {
        let fields = [
            ("token", "id"),
            ("owner", "owner.name"),
            ("service", "service"),
            ("environment", "environment"),
            ("scopes", "scopes"),
            ("rate", "rate"),
            ("request", "request"),
            ("grant", "grant"),
            ("status", "status"),
            ("why", "why"),
        ];
        facts(&token, &fields);
    });
    Ok(())
}

/// A successor with its own secret; the old token lives on for the overlap.
pub async fn rotate_with(client: &Client, id: TokenId, overlap: Span) -> Result<(Secret, Value)> {
    let token = TokenId(new_id());
    let secret = Secret::new(token, &random()?);
    let hash = secret.presented().context("a new token is readable")?.hash;
    let wish = json!({ "token": token, "hash": hash, "overlap": overlap });
    let view: Value = client.post(&format!("/v1/tokens/{id}/rotate"), &wish).await?;
    Ok((secret, view))
}

pub async fn rotate(desk: &Desk, what: &str, overlap: Span, out: Option<PathBuf>) -> Result<()> {
    let client = desk.client()?;
    let id = find::token(&client, what).await?;
    out.as_deref().map_or(Ok(()), must_take)?;
    let (secret, view) = rotate_with(&client, id, overlap).await?;
    give(desk, &secret, view, out)
}

#[derive(Debug, Args)]
#[group(id = "target", required = true, multiple = false)]
pub struct RevokeTarget {
    /// One token, or its service's name where only one lives
    pub token: Option<String>,
    /// Everything of this person or service account
    #[arg(long)]
    pub owner: Option<String>,
    /// Everything for this service
    #[arg(long)]
    pub service: Option<String>,
    /// Everything for this vendor's services
    #[arg(long)]
    pub vendor: Option<String>,
    /// Everything that rests on this ticket
    #[arg(long)]
    pub ticket: Option<String>,
}

#[derive(Debug, Args)]
pub struct Revoke {
    #[command(flatten)]
    pub target: RevokeTarget,
    /// compromised, ended, left, misbehaved, superseded or unused
    #[arg(long, default_value = "ended")]
    pub reason: String,
    /// More words, kept as a paper
    #[arg(long)]
    pub note: Option<String>,
    /// Only say what would end
    #[arg(long)]
    pub dry_run: bool,
}

async fn target(client: &Client, target: &RevokeTarget) -> Result<Value> {
    Ok(if let Some(token) = &target.token {
        json!({ "token": find::token(client, token).await? })
    } else if let Some(owner) = &target.owner {
        json!({ "owner": find::person(client, owner).await? })
    } else if let Some(service) = &target.service {
        json!({ "service": find::service(client, service).await? })
    } else if let Some(vendor) = &target.vendor {
        json!({ "vendor": find::vendor(client, vendor).await? })
    } else if let Some(ticket) = &target.ticket {
        json!({ "ticket": ticket })
    } else {
        let all = "a token, --owner, --service, --vendor or --ticket";
        return Err(No::usage(format!("say what to revoke: {all}")));
    })
}

pub async fn revoke(desk: &Desk, revoke: Revoke) -> Result<()> {
    let client = desk.client()?;
    let wish = json!({
        "target": target(&client, &revoke.target).await?,
        "reason": revoke.reason,
        "note": revoke.note,
        "dry_run": revoke.dry_run,
    });
    let mut done: Value = client.post("/v1/revocations", &wish).await?;
    if !revoke.dry_run {
        done = receipts(&client, done).await?;
    }
    desk.show.print(&done, || {
        let ended = done.get("ended").and_then(Value::as_u64).unwrap_or_default();
        let ended = count(ended, "grant", "grants");
        match done.get("number").and_then(Value::as_u64) {
            None => println!("would end {ended}:"),
            Some(number) => println!("revocation {number}: {ended} ended"),
        }
        for grant in done.get("grants").and_then(Value::as_array).into_iter().flatten() {
            println!("  {}", grant.as_str().unwrap_or_default());
        }
        let list = |field| done.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
        for receipt in list("receipts") {
            let after = receipt.get("after").and_then(Value::as_u64).unwrap_or_default();
            println!("  receipt of {} after {after} ms", text(&receipt, "gateway"));
        }
        for gateway in list("missing") {
            println!("  no receipt yet of {}", gateway.as_str().unwrap_or_default());
        }
    });
    Ok(())
}

/// Waits for the receipts of all gateways, at most the staleness bound and a little more.
pub async fn receipts(client: &Client, mut done: Value) -> Result<Value> {
    let Some(number) = done.get("number").and_then(Value::as_u64) else { return Ok(done) };
    let mut pause = tokio::time::interval(std::time::Duration::from_millis(50));
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while std::time::Instant::now() < end {
        pause.tick().await;
        let now: Value = client.get(&format!("/v1/revocations/{number}")).await?;
        let missing = now.get("missing").and_then(Value::as_array).map_or(0, Vec::len);
        for field in ["receipts", "missing"] {
            if let (Some(done), Some(value)) = (done.as_object_mut(), now.get(field)) {
                done.insert(field.to_owned(), value.clone());
            }
        }
        if missing == 0 {
            break;
        }
    }
    Ok(done)
}
