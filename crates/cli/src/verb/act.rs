//! Acts of authority: composed here, shown, signed, sent; and the ones that wait for a second operator.

use anyhow::{Result, bail};
use control::flow::act::{MaterialText, PaperText, Proposal};
use control::flow::statement::Wanted;
use domain::authority::Act;
use domain::digest::Digest;
use domain::material::Kind;
use domain::people::Role;
use serde_json::{Value, json};

use super::Desk;
use crate::client::{Client, Meant, decode, encode, text};
use crate::show::{rows, table};
use crate::sign::Signer;

/// Signs the act and proposes it. The statement has to hold exactly the act that was composed here.
pub async fn propose(
    desk: &Desk,
    act: Act,
    papers: Vec<PaperText>,
    materials: Vec<(Kind, Vec<u8>)>,
) -> Result<Value> {
    let (client, signer) = (desk.client()?, desk.signer()?);
    let confirm = |document: &Value| desk.confirm(document);
    let done = propose_with(&client, &signer, act, papers, materials, confirm).await?;
    desk.show.print(&done, || match done.get("entry").and_then(Value::as_u64) {
        Some(entry) => println!("done: entry {entry} of the ledger"),
        None => {
            println!("waits for another operator: `portcullis act sign {}`", text(&done, "waiting"))
        }
    });
    Ok(done)
}

/// The same with a given client, key and question.
pub async fn propose_with(
    client: &Client,
    signer: &Signer,
    act: Act,
    papers: Vec<PaperText>,
    materials: Vec<(Kind, Vec<u8>)>,
    confirm: impl FnOnce(&Value) -> Result<()>,
) -> Result<Value> {
    let statement = client.statement(&Wanted::Act(Box::new(act.clone()))).await?;
    let document = statement.must_be(client, &meant(serde_json::to_value(&act)?))?;
    confirm(&document)?;
    let materials = materials
        .into_iter()
        .map(|(kind, bytes)| MaterialText { kind, bytes: encode(&bytes) })
        .collect();
    let signatures = vec![statement.sign(signer)?];
    client.post("/v1/acts", &Proposal { act, materials, papers, signatures }).await
}

fn meant(act: Value) -> Meant<'static> {
    let fields = vec![("act", act)];
    Meant { statement: "authority", role: Role::OPERATOR, verdict: None, fields }
}

/// Puts what the act names beside it, each computed again: a digest alone says nothing to a reader.
fn read_along(waiting: &Value, document: &mut Value) -> Result<()> {
    let list = |field| waiting.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let act = waiting.get("act").map(Value::to_string).unwrap_or_default();
    let mut texts = Vec::new();
    for material in list("materials") {
        let bytes = decode(text(&material, "bytes"))?;
        texts.push((Digest::of(&bytes), bytes));
    }
    for found in list("papers") {
        let (salt, content) = (decode(text(&found, "salt"))?, decode(text(&found, "content"))?);
        texts.push((Digest::over(&[&salt, &content]), content));
    }
    for (digest, bytes) in texts {
        if !act.contains(&digest.to_string()) {
            bail!("the server shows a text that the act does not name; nothing was signed");
        }
        if let Some(document) = document.as_object_mut() {
            let shown = String::from_utf8_lossy(&bytes).into_owned();
            document.insert(format!("text of {digest}"), json!(shown));
        }
    }
    Ok(())
}

pub async fn list(desk: &Desk) -> Result<()> {
    let waiting: Value = desk.client()?.get("/v1/acts").await?;
    desk.show.print(&waiting, || {
        let items = waiting.as_array().cloned().unwrap_or_default();
        table(&["act", "kind", "signatures"], rows(&items, &["id", "kind", "signatures"]));
    });
    Ok(())
}

pub async fn sign(desk: &Desk, id: &str) -> Result<()> {
    let (client, signer) = (desk.client()?, desk.signer()?);
    let waiting: Value = client.get("/v1/acts").await?;
    let waiting = waiting.as_array().cloned().unwrap_or_default();
    let Some(found) = waiting.iter().find(|act| text(act, "id") == id) else {
        bail!("no act `{id}` is waiting; see `portcullis act list`");
    };
    let act: Act = serde_json::from_value(found.get("act").cloned().unwrap_or_default())?;
    let statement = client.statement(&Wanted::Act(Box::new(act))).await?;
    let act = found.get("act").cloned().unwrap_or_default();
    let mut document = statement.must_be(&client, &meant(act))?;
    read_along(found, &mut document)?;
    desk.confirm(&document)?;
    let signature = statement.sign(&signer)?;
    let done: Value = client.post(&format!("/v1/acts/{id}/signatures"), &signature).await?;
    desk.show.print(&done, || match done.get("entry").and_then(Value::as_u64) {
        Some(entry) => println!("done: entry {entry} of the ledger"),
        None => println!("signed; more operators have to"),
    });
    Ok(())
}
