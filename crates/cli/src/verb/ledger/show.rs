//! `ledger show`: entries with the names of who and what they are about, the newest by default.

use anyhow::Result;
use domain::time::Millis;
use serde_json::{Value, json};

use crate::client::{Client, text};
use crate::names::Names;
use crate::show::{facts, moment, table};
use crate::verb::Desk;

/// Entries that the server gives at once.
const PAGE: u64 = 1_000;

pub async fn show(desk: &Desk, from: Option<u64>, count: u64) -> Result<()> {
    let client = desk.client()?;
    let head: Value = client.get("/v1/ledger").await?;
    let size = head.get("size").and_then(Value::as_u64).unwrap_or_default();
    let from = from.unwrap_or(size.saturating_sub(count));
    let entries = entries(&client, from, count).await?;
    let names = if desk.show.json { Names::default() } else { Names::of(&client).await? };
    let all = json!({ "ledger": head, "entries": entries });
    desk.show.print(&all, || {
        let fields = [
            ("origin", "origin"),
            ("genesis", "genesis"),
            ("entries", "size"),
            ("root", "root"),
            ("single operator", "single_operator"),
        ];
        facts(&head, &fields);
        let head = ["entry", "at", "what", "about", "who"];
        table(&head, entries.iter().map(|entry| row(entry, &names)).collect());
        if from > 0 && !entries.is_empty() {
            println!("earlier ones: portcullis ledger show --from {}", from.saturating_sub(count));
        }
    });
    Ok(())
}

async fn entries(client: &Client, from: u64, count: u64) -> Result<Vec<Value>> {
    let (mut entries, end) = (Vec::new(), from.saturating_add(count));
    loop {
        let next = from.saturating_add(entries.len() as u64);
        let wanted = end.saturating_sub(next).min(PAGE);
        if wanted == 0 {
            return Ok(entries);
        }
        let page = client.list(&format!("/v1/ledger/entries?from={next}&count={wanted}")).await?;
        if page.is_empty() {
            return Ok(entries);
        }
        entries.extend(page);
    }
}

fn row(entry: &Value, names: &Names) -> Vec<String> {
    let at = entry.get("at").and_then(Value::as_u64).unwrap_or_default();
    let position = entry.get("position").map(Value::to_string).unwrap_or_default();
    let first = |of: &Value| of.as_object().and_then(|of| of.values().next().cloned());
    let body = entry.pointer("/entry/body").and_then(first).unwrap_or_default();
    // An act of authority goes by its own kind.
    let body = body.get("act").and_then(first).unwrap_or(body);
    let known = |id: &str| names.get(id).map_or_else(|| id.to_owned(), str::to_owned);
    let who = entry.pointer("/entry/actor/who").and_then(Value::as_str).map(known);
    let who = who.unwrap_or_else(|| "(node)".to_owned());
    let about = about(&body).map(|id| known(&id)).unwrap_or_default();
    vec![position, moment(Millis(at)), text(entry, "kind").to_owned(), about, who]
}

/// The name or id of what an entry is about.
fn about(body: &Value) -> Option<String> {
    const FIELDS: [&str; 14] = [
        "name",
        "ticket",
        "service",
        "person",
        "vendor",
        "token",
        "request",
        "order",
        "grant",
        "revocation",
        "key",
        "node",
        "gateway",
        "runner",
    ];
    let subject = body.get("subject").or(body.get("target")).or(body.get("asked"));
    let places = [Some(body), subject, body.get("segment")];
    let first = |place: &Value| FIELDS.iter().find_map(|field| place.get(field).cloned());
    match places.into_iter().flatten().find_map(first)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
