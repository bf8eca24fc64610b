//! Tickets: opened from a file that a team keeps in git, measured, signed, approved.

pub mod attach;
mod file;
pub mod papers;
pub mod probe;
pub mod report;
pub mod review;

use std::path::Path;

use anyhow::{Context as _, Result};
use domain::id::TicketId;
use serde_json::{Value, json};

use super::{Desk, find, read_file};
use crate::client::{Client, text};
use crate::show::{criteria, facts, next, rows, table};

pub use file::{TicketFile, moment};

pub async fn open(desk: &Desk, path: &Path) -> Result<()> {
    let file: TicketFile = read_file(path)?;
    let (terms, _) = file.terms(path.parent().unwrap_or(Path::new(".")))?;
    let client = desk.client()?;
    let vendor = find::vendor(&client, &file.vendor)
        .await
        .context("add the vendor first: `portcullis vendor add NAME`")?;
    let wish = json!({
        "name": file.service, "vendor": vendor, "standard": file.standard, "terms": terms,
    });
    let ticket: Value = client.post("/v1/tickets", &wish).await?;
    desk.show.print(&ticket, || print(&ticket, &file.service));
    // The ticket is open, whether or not the others can be read.
    let all = client.all("/v1/tickets").await.unwrap_or_default();
    for other in all.iter().filter(|other| is_beside(other, &ticket)) {
        let by = other.get("requester").map(|who| text(who, "name")).unwrap_or_default();
        let (id, name) = (text(other, "id"), text(other, "name"));
        desk.show.note(&format!("note: {by} has a ticket for `{name}` open as well: {id}"));
    }
    Ok(())
}

/// Whether the other one is on its way for the same service.
fn is_beside(other: &Value, ticket: &Value) -> bool {
    find::is_on_its_way(other)
        && text(other, "name") == text(ticket, "name")
        && text(other, "id") != text(ticket, "id")
}

pub async fn amend(desk: &Desk, what: &str, path: &Path) -> Result<()> {
    let file: TicketFile = read_file(path)?;
    let (terms, _) = file.terms(path.parent().unwrap_or(Path::new(".")))?;
    let client = desk.client()?;
    let id = find::ticket(&client, what).await?;
    let _: Value = client.post(&format!("/v1/tickets/{id}/terms"), &terms).await?;
    shown(desk, &client, id, what).await
}

/// The ticket in lines; `what` is what its user calls it.
fn print(ticket: &Value, what: &str) {
    let fields = [
        ("ticket", "id"),
        ("service", "name"),
        ("vendor", "vendor.name"),
        ("requester", "requester.name"),
        ("standard", "standard"),
        ("status", "status"),
        ("release", "release"),
        ("ends on", "ends.on"),
        ("because", "ends.because"),
        ("reviewers", "reviewers"),
    ];
    facts(ticket, &fields);
    for review in ticket.get("reviews").and_then(Value::as_array).into_iter().flatten() {
        let by = review.get("by").map(|by| text(by, "name")).unwrap_or_default();
        println!(
            "{:>9}  {} by {by} as {}",
            "signed",
            text(review, "verdict"),
            text(review, "role")
        );
    }
    criteria(ticket);
    next(&text(ticket, "next").replace(text(ticket, "id"), what));
}

pub async fn show(desk: &Desk, what: &str) -> Result<()> {
    let client = desk.client()?;
    let id = find::ticket(&client, what).await?;
    shown(desk, &client, id, what).await
}

/// The ticket as it stands now.
async fn shown(desk: &Desk, client: &Client, id: TicketId, what: &str) -> Result<()> {
    let ticket: Value = client.get(&format!("/v1/tickets/{id}")).await?;
    desk.show.print(&ticket, || print(&ticket, what));
    Ok(())
}

pub async fn list(desk: &Desk) -> Result<()> {
    let all = desk.client()?.all("/v1/tickets").await?;
    desk.show.print(&all, || {
        let head = ["ticket", "service", "vendor", "status", "requester"];
        let fields = ["id", "name", "vendor.name", "status", "requester.name"];
        table(&head, rows(&all, &fields));
    });
    Ok(())
}

pub async fn withdraw(desk: &Desk, what: &str) -> Result<()> {
    let client = desk.client()?;
    let id = find::ticket(&client, what).await?;
    let _: Value = client.post(&format!("/v1/tickets/{id}/withdraw"), &json!({})).await?;
    shown(desk, &client, id, what).await
}
