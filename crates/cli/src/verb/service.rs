//! Vendors and services.

use anyhow::{Context as _, Result};
use domain::refusal::{Code, Refusal};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Desk, find};
use crate::client::text;
use crate::exit::{No, reading};
use crate::nearest::hint;
use crate::show::{facts, next, rows, table};
use crate::unseen;

pub async fn add_vendor(desk: &Desk, name: &str, contact: &str) -> Result<()> {
    let wish = json!({ "name": name, "contact": contact });
    let done: Value = desk.client()?.post("/v1/vendors", &wish).await?;
    desk.show.print(&done, || {
        println!("{name} is {}", text(&done, "id"));
        next("open a ticket for an API of theirs: `portcullis ticket open FILE`");
    });
    Ok(())
}

pub async fn vendors(desk: &Desk) -> Result<()> {
    let all: Value = desk.client()?.get("/v1/vendors").await?;
    desk.show.print(&all, || {
        let items = all.as_array().cloned().unwrap_or_default();
        table(&["vendor", "name"], rows(&items, &["id", "name"]));
    });
    Ok(())
}

pub async fn list(desk: &Desk) -> Result<()> {
    let all: Value = desk.client()?.get("/v1/services").await?;
    desk.show.print(&all, || {
        let items = all.as_array().cloned().unwrap_or_default();
        let head = ["service", "vendor", "release", "ends", "because"];
        let fields = ["name", "vendor.name", "release", "ends.on", "ends.because"];
        table(&head, rows(&items, &fields));
    });
    Ok(())
}

pub async fn show(desk: &Desk, name: &str) -> Result<()> {
    let client = desk.client()?;
    let id = find::service(&client, name).await?;
    let service: Value = client.get(&format!("/v1/services/{id}")).await?;
    desk.show.print(&service, || {
        let fields = [
            ("service", "name"),
            ("vendor", "vendor.name"),
            ("release", "release"),
            ("ends on", "ends.on"),
            ("because", "ends.because"),
            ("operations", "operations"),
        ];
        facts(&service, &fields);
        let list = |field| service.get(field).and_then(Value::as_array).cloned();
        let places = list("environments").unwrap_or_default();
        let fields = ["name", "upstream", "sandbox", "credential", "base_url"];
        table(
            &["environment", "upstream", "sandbox", "credential", "call it at"],
            rows(&places, &fields),
        );
        let scopes = list("scopes").unwrap_or_default();
        let fields = ["name", "operations", "sensitive", "title"];
        table(&["scope", "operations", "sensitive", "title"], rows(&scopes, &fields));
    });
    Ok(())
}

/// Reads the credential from standard input or a file, never from an argument.
pub async fn credential(
    desk: &Desk,
    name: &str,
    environment: &str,
    file: Option<&std::path::Path>,
) -> Result<()> {
    let client = desk.client()?;
    let id = find::service(&client, name).await?;
    // Before somebody types a secret in vain.
    let service: Value = client.get(&format!("/v1/services/{id}")).await?;
    must_have(&service, environment)?;
    let text = match file {
        Some(path) => Zeroizing::new(std::fs::read_to_string(path).with_context(|| reading(path))?),
        None => unseen::text("the vendor's credential (it is not shown), then Enter:")?,
    };
    let credential = text.trim();
    if credential.is_empty() {
        return Err(Refusal::new(Code::Invalid, "the credential is empty").into());
    }
    let path = format!("/v1/services/{id}/credentials/{environment}");
    let done: Value = client.put(&path, &json!({ "credential": credential })).await?;
    desk.show.print(&done, || {
        println!("sealed in the vault; only the gateway gets it");
        next(&format!("release it, if it is not yet: `portcullis ticket release {name} canary`"));
    });
    Ok(())
}

/// One of the service's environments; of a mistyped one the nearest is named.
fn must_have(service: &Value, environment: &str) -> Result<()> {
    let all = service.get("environments").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<_> = all.map(|place| text(place, "name")).collect();
    match names.contains(&environment) {
        true => Ok(()),
        false => Err(No::refused(format!(
            "`{}` has no environment `{environment}`; it has {}{}",
            text(service, "name"),
            names.join(", "),
            hint(environment, names.iter().copied())
        ))),
    }
}

pub async fn release(desk: &Desk, name: &str, stage: &str) -> Result<()> {
    let client = desk.client()?;
    let path = format!("/v1/services/{}/release", find::service(&client, name).await?);
    let done: Value = client.post(&path, &json!({ "stage": stage })).await?;
    desk.show.print(&done, || {
        println!("`{name}` is released: {stage}");
        next(&format!("`portcullis service show {name}` lists its scopes, and where to call it"));
    });
    Ok(())
}

pub async fn suspend(desk: &Desk, name: &str) -> Result<()> {
    let client = desk.client()?;
    let path = format!("/v1/services/{}/suspend", find::service(&client, name).await?);
    let done: Value = client.post(&path, &json!({})).await?;
    desk.show.print(&done, || println!("`{name}` admits nothing until a new ticket is approved"));
    Ok(())
}
