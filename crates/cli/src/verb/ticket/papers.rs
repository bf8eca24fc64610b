//! Everything that a reviewer of a ticket signs, to read: papers, documents, materials, by their digests.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use domain::digest::Digest;
use domain::probe::Answer;
use serde_json::{Value, json};

use crate::client::{Client, text};
use crate::home::write_private;
use crate::show::{count, table};
use crate::sign::texts;
use crate::verb::{Desk, find};

/// One text of a ticket.
struct Text {
    /// What it is, and its file's name without an ending.
    name: String,
    kind: Kind,
    digest: Digest,
}

#[derive(Clone, Copy)]
enum Kind {
    Document,
    Material,
    Paper,
}

pub async fn papers(desk: &Desk, what: &str, save: Option<PathBuf>) -> Result<()> {
    let client = desk.client()?;
    let id = find::ticket(&client, what).await?;
    let ticket: Value = client.get(&format!("/v1/tickets/{id}")).await?;
    let orders = client.list(&format!("/v1/tickets/{id}/probes")).await?;
    let mut listed = Vec::new();
    if let Some(folder) = &save {
        crate::home::private_dir(folder)?;
    }
    let mut wanted = named(&ticket, &orders);
    // An answer names its report, which then stands behind it.
    while let Some(text) = wanted.pop_front() {
        let content = fetch(&client, &text).await?;
        if let Some(order) = text.name.strip_prefix("answer-") {
            let answer: Answer = serde_json::from_slice(&content)?;
            let name = format!("report-{order}");
            wanted.push_front(Text { name, kind: Kind::Paper, digest: answer.report });
        }
        let file = format!("{}.{}", text.name, ending(&content));
        if let Some(folder) = &save {
            write_private(&folder.join(&file), &content)?;
        }
        let digest = text.digest.to_string();
        listed.push(json!({ "file": file, "bytes": content.len(), "digest": digest }));
    }
    desk.show.print(&listed, || print(what, &listed, save.as_deref()));
    Ok(())
}

/// What terms, evidence and answers name.
fn named(ticket: &Value, orders: &[Value]) -> VecDeque<Text> {
    let terms = ticket.get("terms").cloned().unwrap_or_default();
    let mut found = VecDeque::new();
    let mut add = |name: String, kind, digest: Option<&str>| {
        if let Some(digest) = digest.and_then(|digest| digest.parse().ok()) {
            found.push_back(Text { name, kind, digest });
        }
    };
    let of = |name: &str| name.to_owned();
    add(of("document"), Kind::Document, Some(text(&terms, "document")));
    add(of("operations"), Kind::Material, Some(text(&terms, "operations")));
    add(of("standard"), Kind::Material, Some(text(ticket, "standard_digest")));
    add(of("intake"), Kind::Paper, Some(text(&terms, "intake")));
    let contract = terms.pointer("/contract/paper").and_then(Value::as_str);
    add(of("contract"), Kind::Paper, contract);
    for criterion in ticket.get("criteria").and_then(Value::as_array).into_iter().flatten() {
        for source in ["document", "attestation"] {
            let paper = criterion.pointer(&format!("/source/{source}/paper"));
            let name = format!("{source}-{}", text(criterion, "id"));
            add(name, Kind::Paper, paper.and_then(Value::as_str));
        }
    }
    for order in orders {
        let name = format!("answer-{}", text(order, "order"));
        add(name, Kind::Material, Some(text(order, "answer")));
    }
    found
}

async fn fetch(client: &Client, text: &Text) -> Result<Vec<u8>> {
    let found = match text.kind {
        Kind::Document => texts::document(client, text.digest).await,
        Kind::Material => texts::material(client, text.digest).await,
        Kind::Paper => texts::paper(client, text.digest).await,
    };
    found.with_context(|| format!("reading the {}", text.name))
}

fn ending(content: &[u8]) -> &'static str {
    if serde_json::from_slice::<serde::de::IgnoredAny>(content).is_ok() {
        "json"
    } else if content.starts_with(b"%PDF-") {
        "pdf"
    } else if std::str::from_utf8(content).is_ok() {
        "txt"
    } else {
        "bin"
    }
}

fn print(what: &str, listed: &[Value], save: Option<&Path>) {
    let row = |item: &Value| {
        let bytes = item.get("bytes").map(Value::to_string).unwrap_or_default();
        vec![text(item, "file").to_owned(), bytes, text(item, "digest").to_owned()]
    };
    table(&["text", "bytes", "digest"], listed.iter().map(row).collect());
    match save {
        Some(folder) => {
            let files = count(listed.len(), "text is", "texts are");
            println!("{files} in {}, each by its digest", folder.display());
        }
        None => println!("next: to read them, `portcullis ticket papers {what} --save DIR`"),
    }
}
