//! Signing: the requester for what goes to the reviewers, reviewers for or against it.

use anyhow::Result;
use control::flow::statement::Wanted;
use domain::id::TicketId;
use domain::people::Role;
use domain::review::{ReviewSigned, Subject, Verdict};
use serde_json::{Value, json};

use super::shown;
use crate::client::{Client, Meant};
use crate::exit::No;
use crate::show::next;
use crate::sign::{self, Shown, Signer};
use crate::verb::{Desk, find};

/// The requester's signature under what goes to the reviewers.
pub async fn submit_with(
    client: &Client,
    signer: &Signer,
    ticket: TicketId,
    confirm: impl FnOnce(&Shown) -> Result<()>,
) -> Result<Value> {
    let statement = client.statement(&Wanted::Submit { ticket }).await?;
    let fields = vec![("ticket", json!(ticket)), ("round", json!(statement.round))];
    let role = Role::REQUESTER;
    let meant = Meant { statement: "ticket", role, verdict: Some("submit"), fields };
    let document = statement.must_be(client, &meant)?;
    confirm(&sign::ticket(client, &statement, document).await?)?;
    let wish = json!({ "round": statement.round, "signature": statement.sign(signer)? });
    client.post(&format!("/v1/tickets/{ticket}/submit"), &wish).await
}

pub async fn submit(desk: &Desk, what: &str) -> Result<()> {
    let client = desk.client()?;
    let id = find::ticket(&client, what).await?;
    let confirm = |shown: &Shown| desk.confirm(shown);
    submit_with(&client, &desk.signer()?, id, confirm).await?;
    shown(desk, &client, id, what).await
}

/// A review of a ticket or a request, signed over what was shown and recomputed.
pub async fn review_with(
    client: &Client,
    signer: &Signer,
    subject: Subject,
    role: Role,
    verdict: Verdict,
    confirm: impl FnOnce(&Shown) -> Result<()>,
) -> Result<Value> {
    let wanted = Wanted::Review { role: role.clone(), subject, verdict };
    let statement = client.statement(&wanted).await?;
    let word = match verdict {
        Verdict::Approve => "approve",
        Verdict::Reject => "reject",
    };
    let (kind, fields) = match subject {
        Subject::Ticket(id) => ("ticket", vec![("ticket", json!(id))]),
        Subject::Request(_) => ("request", Vec::new()),
    };
    let meant = Meant { statement: kind, role: role.as_str(), verdict: Some(word), fields };
    let document = statement.must_be(client, &meant)?;
    let shown = match subject {
        Subject::Ticket(_) => sign::ticket(client, &statement, document).await?,
        Subject::Request(id) if document.pointer("/asked/request") != Some(&json!(id)) => {
            let message =
                "the server wants another request signed than was meant; nothing was signed";
            return Err(No::refused(message));
        }
        Subject::Request(_) => sign::request(client, &statement, document, None).await?,
    };
    confirm(&shown)?;
    let signature = statement.sign(signer)?;
    let signed = ReviewSigned { role, round: statement.round, signature, subject, verdict };
    client.post("/v1/reviews", &signed).await
}

#[derive(Debug, clap::Args)]
pub struct Sign {
    /// The ticket or request, or its service's name
    pub subject: String,
    /// The role to sign in
    #[arg(long)]
    pub role: Option<String>,
    /// Sign against it
    #[arg(long)]
    pub reject: bool,
}

/// `ticket sign`.
pub async fn ticket(desk: &Desk, sign: Sign) -> Result<()> {
    let client = desk.client()?;
    let subject = Subject::Ticket(find::ticket(&client, &sign.subject).await?);
    review(desk, &client, subject, sign).await
}

/// `request sign`.
pub async fn request(desk: &Desk, sign: Sign) -> Result<()> {
    let client = desk.client()?;
    let id = find::request(&client, &sign.subject, find::Wanted::Sign).await?;
    review(desk, &client, Subject::Request(id), sign).await
}

async fn review(desk: &Desk, client: &Client, subject: Subject, sign: Sign) -> Result<()> {
    let role = match sign.role {
        Some(role) => Role::new(role),
        None => own_role(client).await?,
    };
    let verdict = if sign.reject { Verdict::Reject } else { Verdict::Approve };
    let confirm = |shown: &Shown| desk.confirm(shown);
    let done = review_with(client, &desk.signer()?, subject, role, verdict, confirm).await?;
    let noun = match subject {
        Subject::Ticket(_) => "ticket",
        Subject::Request(_) => "request",
    };
    desk.show.print(&done, || {
        match done.get("decided").and_then(Value::as_u64) {
            Some(entry) => println!("signed, and decided: entry {entry} of the ledger"),
            None => println!("signed: entry {}", done.get("entry").unwrap_or(&Value::Null)),
        }
        let show = format!("portcullis {noun} show {}", sign.subject);
        next(&format!("`{show}` says what it waits for"));
    });
    Ok(())
}

/// The one reviewing role of whoever is logged in.
async fn own_role(client: &Client) -> Result<Role> {
    let me: Value = client.get("/v1/whoami").await?;
    let roles = me.get("roles").and_then(Value::as_array).cloned().unwrap_or_default();
    let roles: Vec<_> =
        roles.iter().filter_map(Value::as_str).filter(|r| *r != Role::OPERATOR).collect();
    match roles.as_slice() {
        [role] => Ok(Role::new(*role)),
        [] => Err(No::refused(
            "you hold no reviewing role; an operator gives one with `person roles`",
        )),
        _ => Err(No::usage(format!(
            "say in which role you sign: `--role ROLE`; yours are {}",
            roles.join(", ")
        ))),
    }
}
