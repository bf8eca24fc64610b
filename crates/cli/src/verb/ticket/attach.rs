//! Handing in a document, or attesting a value with a signature.

use std::path::PathBuf;

use anyhow::Result;
use control::flow::statement::Wanted;
use domain::digest::paper;
use domain::evidence::{EvidenceAttached, Value as Measured};
use domain::id::TicketId;
use domain::people::Role;
use domain::time::Millis;
use serde_json::{Value, json};

use super::{moment, shown};
use crate::client::{Client, Meant, encode, text};
use crate::exit::No;
use crate::nearest::hint;
use crate::scan::clock;
use crate::sign::{self, Shown, Signer};
use crate::verb::{Desk, find, random, read_bytes};

/// What is handed in for a criterion.
pub struct Attachment<'a> {
    pub criterion: &'a str,
    pub content: &'a [u8],
    pub value: Measured,
    pub issued: Millis,
    pub expires: Option<Millis>,
    /// The role that attests; none for a document.
    pub role: Option<Role>,
}

/// Hands in a document, or signs and hands in an attestation.
pub async fn attach_with(
    client: &Client,
    signer: &Signer,
    ticket: TicketId,
    attachment: Attachment<'_>,
    confirm: impl FnOnce(&Shown) -> Result<()>,
) -> Result<Value> {
    let salt = random()?;
    let content = attachment.content;
    let mut evidence = EvidenceAttached {
        criterion: attachment.criterion.to_owned(),
        expires: attachment.expires,
        issued: attachment.issued,
        paper: paper(&salt, content),
        signature: None,
        ticket,
        value: attachment.value,
    };
    if let Some(role) = attachment.role {
        let wanted = Wanted::Attest { evidence: Box::new(evidence.clone()), role: role.clone() };
        let statement = client.statement(&wanted).await?;
        let fields = vec![
            ("criterion", json!(evidence.criterion)),
            ("expires", json!(evidence.expires)),
            ("issued", json!(evidence.issued)),
            ("paper", json!(evidence.paper)),
            ("ticket", json!(ticket)),
            ("value", json!(evidence.value)),
        ];
        let role = role.as_str();
        let meant = Meant { statement: "attestation", role, verdict: None, fields };
        let document = statement.must_be(client, &meant)?;
        confirm(&sign::attestation(client, &statement, document, content).await?)?;
        evidence.signature = Some(statement.sign(signer)?);
    }
    let wish = json!({
        "evidence": evidence, "salt": encode(&salt), "content": encode(content),
    });
    client.post(&format!("/v1/tickets/{ticket}/evidence"), &wish).await
}

#[derive(Debug, clap::Args)]
pub struct Attach {
    /// The ticket, or its service's name
    pub ticket: String,
    /// The criterion, as `ticket show` names it
    pub criterion: String,
    /// The document, or a text with the words of the attestation
    pub file: PathBuf,
    /// What it says: the value that the criterion measures, for instance 0, true or iso-27001
    #[arg(long)]
    pub value: String,
    /// When it was issued: 2026-11-01; today when left out
    #[arg(long)]
    pub issued: Option<String>,
    /// When it says itself that it ends
    #[arg(long)]
    pub expires: Option<String>,
    /// Attest it with your signature in this role
    #[arg(long, value_name = "ROLE")]
    pub attest: Option<String>,
}

pub async fn attach(desk: &Desk, attach: Attach) -> Result<()> {
    let content = read_bytes(&attach.file)?;
    let issued = match &attach.issued {
        Some(text) => moment(text)?,
        None => clock(),
    };
    let expires = attach.expires.as_deref().map(moment).transpose()?;
    let client = desk.client()?;
    let ticket = find::ticket(&client, &attach.ticket).await?;
    must_exist(&client, ticket, &attach.criterion).await?;
    let attachment = Attachment {
        criterion: &attach.criterion,
        content: &content,
        value: control::flow::ticket::read_value(&attach.value),
        issued,
        expires,
        role: attach.attest.clone().map(Role::new),
    };
    let confirm = |shown: &Shown| desk.confirm(shown);
    attach_with(&client, &desk.signer()?, ticket, attachment, confirm).await?;
    shown(desk, &client, ticket, &attach.ticket).await
}

/// One of the ticket's criteria; of a mistyped one the nearest is named.
async fn must_exist(client: &Client, ticket: TicketId, criterion: &str) -> Result<()> {
    let view: Value = client.get(&format!("/v1/tickets/{ticket}")).await?;
    let all = view.get("criteria").and_then(Value::as_array).cloned().unwrap_or_default();
    let names: Vec<_> = all.iter().map(|criterion| text(criterion, "id")).collect();
    match names.contains(&criterion) {
        true => Ok(()),
        false => Err(No::refused(format!(
            "the ticket's standard has no criterion `{criterion}`{}; it has {}",
            hint(criterion, names.iter().copied()),
            names.join(", ")
        ))),
    }
}
