//! Acts of authority: composed here, shown, signed, sent; and the ones that wait for a second operator.

use anyhow::Result;
use control::flow::act::{MaterialText, PaperText, Proposal};
use control::flow::statement::Wanted;
use domain::authority::Act;
use domain::material::Kind;
use domain::people::Role;
use serde_json::Value;

use super::Desk;
use crate::client::{Client, Meant, encode, text};
use crate::exit::No;
use crate::names::Names;
use crate::show::{next, rows, table};
use crate::sign::{self, Shown, Signer};

/// Signs the act and proposes it; `then` is the next step once it stands. The statement has to hold
/// exactly the act that was composed here.
pub async fn propose(
    desk: &Desk,
    act: Act,
    papers: Vec<PaperText>,
    materials: Vec<(Kind, Vec<u8>)>,
    then: &str,
) -> Result<Value> {
    let (client, signer) = (desk.client()?, desk.signer()?);
    let confirm = |shown: &Shown| desk.confirm(shown);
    let done = propose_with(&client, &signer, act, papers, materials, confirm).await?;
    desk.show.print(&done, || match done.get("entry").and_then(Value::as_u64) {
        Some(entry) => {
            println!("done: entry {entry} of the ledger");
            next(then);
        }
        None => {
            println!("signed; it waits for another operator");
            next(&format!("they sign with `portcullis act sign {}`", text(&done, "waiting")));
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
    confirm: impl FnOnce(&Shown) -> Result<()>,
) -> Result<Value> {
    let statement = client.statement(&Wanted::Act(Box::new(act.clone()))).await?;
    let document = statement.must_be(client, &meant(serde_json::to_value(&act)?))?;
    let materials: Vec<_> = materials
        .into_iter()
        .map(|(kind, bytes)| MaterialText { kind, bytes: encode(&bytes) })
        .collect();
    let names = Names::of(client).await.unwrap_or_default();
    confirm(&sign::act(&statement, document, &names, &papers, &materials)?)?;
    let signatures = vec![statement.sign(signer)?];
    client.post("/v1/acts", &Proposal { act, materials, papers, signatures }).await
}

fn meant(act: Value) -> Meant<'static> {
    let fields = vec![("act", act)];
    Meant { statement: "authority", role: Role::OPERATOR, verdict: None, fields }
}

pub async fn list(desk: &Desk) -> Result<()> {
    let waiting: Value = desk.client()?.get("/v1/acts").await?;
    desk.show.print(&waiting, || {
        let items = waiting.as_array().cloned().unwrap_or_default();
        table(&["act", "kind", "signatures"], rows(&items, &["id", "kind", "signatures"]));
        if !items.is_empty() {
            next("`portcullis act sign ACT` shows it before it asks");
        }
    });
    Ok(())
}

/// Signs the act of this id; the only one that waits when none is named.
pub async fn sign(desk: &Desk, id: Option<&str>) -> Result<()> {
    let (client, signer) = (desk.client()?, desk.signer()?);
    let found = waiting(&client, id).await?;
    let id = text(&found, "id");
    let act = found.get("act").cloned().unwrap_or_default();
    let wanted = Wanted::Act(Box::new(serde_json::from_value(act.clone())?));
    let statement = client.statement(&wanted).await?;
    let document = statement.must_be(&client, &meant(act))?;
    let texts = |field| found.get(field).cloned().unwrap_or_else(|| Value::Array(Vec::new()));
    let papers: Vec<PaperText> = serde_json::from_value(texts("papers"))?;
    let materials: Vec<MaterialText> = serde_json::from_value(texts("materials"))?;
    let names = Names::of(&client).await.unwrap_or_default();
    desk.confirm(&sign::act(&statement, document, &names, &papers, &materials)?)?;
    let signature = statement.sign(&signer)?;
    let done: Value = client.post(&format!("/v1/acts/{id}/signatures"), &signature).await?;
    desk.show.print(&done, || match done.get("entry").and_then(Value::as_u64) {
        Some(entry) => println!("done: entry {entry} of the ledger"),
        None => println!("signed; more operators have to"),
    });
    Ok(())
}

async fn waiting(client: &Client, id: Option<&str>) -> Result<Value> {
    let all = client.list("/v1/acts").await?;
    let fits = |act: &&Value| id.is_none_or(|id| text(act, "id") == id);
    let found: Vec<_> = all.iter().filter(fits).collect();
    match (found.as_slice(), id) {
        ([one], _) => Ok((*one).clone()),
        ([], Some(id)) => {
            Err(No::refused(format!("no act `{id}` is waiting; see `portcullis act list`")))
        }
        ([], None) => Err(No::refused("no act is waiting")),
        _ => Err(No::usage("several acts wait; name one, as `portcullis act list` shows it")),
    }
}
