//! Two tickets for the same API: one cannot be approved, one can.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use domain::evidence::Value as Measured;
use domain::id::TicketId;
use domain::people::Role;
use domain::review::{Subject, Verdict};
use proving::{AUDIENCE, Running as Vendor};
use serde_json::{Value, json};

use super::super::Narrator;
use super::super::cast::Player;
use super::super::stage::Stage;
use crate::client::{Refused, encode, text};
use crate::scan::clock;
use crate::verb::ticket::attach::{Attachment, attach_with};
use crate::verb::ticket::probe::order;
use crate::verb::ticket::review::{review_with, submit_with};

/// The documents that a vendor hands in: criterion, measured value, words.
const DOCUMENTS: [(&str, &str, &str); 5] = [
    ("penetration-test", "0", "Summary letter of the last penetration test: none critical open."),
    ("key-rotation", "30", "Keys are replaced every 30 days; both are valid for a day."),
    ("processing-agreement", "true", "Data processing agreement, signed by both."),
    ("incident-notice", "24", "Contract, section 7: incidents are reported within 24 hours."),
    ("exit", "30", "Contract, section 12: data comes back within 30 days."),
];

/// Opens a ticket for a vendor's API as a team's file would.
async fn open(
    who: &Player,
    name: &str,
    vendor: &str,
    places: BTreeMap<&str, (&Vendor, bool)>,
    document: &Value,
) -> Result<TicketId> {
    let environments: BTreeMap<_, _> = places
        .into_iter()
        .map(|(name, (vendor, sandbox))| {
            let place = json!({
                "authorities": vendor.ca_pem, "sandbox": sandbox, "upstream": vendor.base_url,
            });
            (name, place)
        })
        .collect();
    let terms = json!({
        "credential": { "kind": "bearer" },
        "data": ["personal"],
        "document": encode(&serde_json::to_vec(document)?),
        "environments": environments,
        "intake": { "why": "labels and tracking for the shop", "budget": "logistics" },
    });
    let wish = json!({ "name": name, "vendor": vendor, "standard": "baseline", "terms": terms });
    let ticket: Value = who.client.post("/v1/tickets", &wish).await?;
    Ok(text(&ticket, "id").parse()?)
}

/// Orders the probes with credentials that the sandbox issued.
async fn probe(who: &Player, ticket: TicketId, vendor: &Vendor) -> Result<()> {
    let scopes = vendor.scopes("alice");
    let mint = |audience: &str, life| vendor.mint("alice", audience, life, &scopes);
    let credentials = json!({
        "token": mint(AUDIENCE, 3600)?,
        "expired": mint(AUDIENCE, -3600)?,
        "wrong_audience": mint("https://somebody-else.example", 3600)?,
    });
    order(&who.client, &ticket.to_string(), &json!({ "credentials": credentials })).await
}

async fn documents(who: &Player, ticket: TicketId) -> Result<()> {
    for (criterion, value, words) in DOCUMENTS {
        let attachment = Attachment {
            criterion,
            content: words.as_bytes(),
            value: control::flow::ticket::read_value(value),
            issued: clock(),
            expires: None,
            role: None,
        };
        attach_with(&who.client, &who.signer, ticket, attachment, |_| Ok(())).await?;
    }
    Ok(())
}

/// The criteria of a ticket that came out as `outcome`, with why.
fn standing(ticket: &Value, outcome: &str) -> Vec<String> {
    let all = ticket.get("criteria").and_then(Value::as_array).into_iter().flatten();
    all.filter(|criterion| text(criterion, "outcome") == outcome)
        .map(|criterion| format!("{}: {}", text(criterion, "id"), text(criterion, "why")))
        .collect()
}

/// What the server refused with, or an error that it did not.
pub fn refusal<T>(result: Result<T>) -> Result<String> {
    let Err(error) = result else { anyhow::bail!("this should have been refused and was not") };
    match error.downcast::<Refused>() {
        Ok(refused) => Ok(refused.to_string()),
        Err(other) => Err(other),
    }
}

pub async fn weak(stage: &mut Stage, to: &mut Narrator) -> Result<()> {
    let wish = json!({ "name": format!("Weak Parcel{}", stage.suffix) });
    let vendor: Value = stage.dana.client.post("/v1/vendors", &wish).await?;
    let name = format!("weak-parcel{}", stage.suffix);
    let places = BTreeMap::from([("sandbox", (&stage.weak, true))]);
    let document = stage.weak.document();
    let ticket = open(&stage.dana, &name, text(&vendor, "id"), places, &document).await?;
    stage.done(to, "dana opens a ticket for the weak vendor", &ticket.to_string()).await?;
    probe(&stage.dana, ticket, &stage.weak).await?;
    documents(&stage.dana, ticket).await?;
    let view = stage.dana.see(&format!("/v1/tickets/{ticket}")).await?;
    let failed = standing(&view, "failed");
    let found = ["token-signature", "token-expiry", "token-audience", "authentication", "errors"];
    let all = found.iter().all(|id| failed.iter().any(|why| why.starts_with(id)));
    let step = "the runner attacks its sandbox; the documents are all there";
    stage.record(to, step, all, &failed.join("\n")).await?;
    let submitted = submit_with(&stage.dana.client, &stage.dana.signer, ticket, |_| Ok(())).await;
    let refused = refusal(submitted)?;
    let step = "it cannot even go to the reviewers, and says exactly why";
    stage.record(to, step, refused.contains("criterion-open"), &refused).await
}

/// The hardened vendor's API, approved and released as a canary; its name.
pub async fn hardened(stage: &mut Stage, to: &mut Narrator) -> Result<String> {
    let wish = json!({ "name": format!("Parcel{}", stage.suffix) });
    let vendor: Value = stage.dana.client.post("/v1/vendors", &wish).await?;
    let name = format!("parcel{}", stage.suffix);
    let places = BTreeMap::from([
        ("sandbox", (&stage.hardened, true)),
        ("production", (&stage.production, false)),
    ]);
    let document = stage.hardened.document();
    let ticket = open(&stage.dana, &name, text(&vendor, "id"), places, &document).await?;
    probe(&stage.dana, ticket, &stage.hardened).await?;
    documents(&stage.dana, ticket).await?;
    attest(stage, ticket).await?;
    let view = stage.dana.see(&format!("/v1/tickets/{ticket}")).await?;
    let (passed, failed) = (standing(&view, "passed"), standing(&view, "failed"));
    let step = "every criterion is measured, dated or attested";
    stage.record(to, step, failed.is_empty(), &passed.join("\n")).await?;
    sign(stage, to, ticket).await?;
    release(stage, to, &name).await?;
    Ok(name)
}

/// The monitoring proof for the wide release is rosa's word, signed.
async fn attest(stage: &Stage, ticket: TicketId) -> Result<()> {
    let attachment = Attachment {
        criterion: "usage-logs",
        content: b"The canary call arrived in our monitoring after two minutes.",
        value: Measured::Number(2),
        issued: clock(),
        expires: None,
        role: Some(Role::new("security")),
    };
    let rosa = &stage.rosa;
    attach_with(&rosa.client, &rosa.signer, ticket, attachment, |_| Ok(())).await?;
    Ok(())
}

async fn sign(stage: &mut Stage, to: &mut Narrator, ticket: TicketId) -> Result<()> {
    submit_with(&stage.dana.client, &stage.dana.signer, ticket, |_| Ok(())).await?;
    stage
        .done(to, "dana signs what goes to the reviewers", "an SSH signature over all of it")
        .await?;
    let review = |who: &'static str, role: &'static str| (who, role, Subject::Ticket(ticket));
    let (_, role, subject) = review("dana", "security");
    let own = review_with(
        &stage.dana.client,
        &stage.dana.signer,
        subject,
        Role::new(role),
        Verdict::Approve,
        |_| Ok(()),
    );
    let refused = refusal(own.await)?;
    stage.record(to, "dana cannot review her own ticket", true, &refused).await?;
    let first = approve(&stage.rosa, ticket, "security").await?;
    ensure!(first.get("decided").is_some_and(Value::is_null), "one signature decided");
    stage.done(to, "rosa signs as security", "one signature is not enough").await?;
    let second = approve(&stage.paul, ticket, "procurement").await?;
    let decided = second.get("decided").is_some_and(Value::is_u64);
    let view = stage.dana.see(&format!("/v1/tickets/{ticket}")).await?;
    let ends = view.get("ends").context("an approval has an end")?;
    let detail = format!("it ends on {} because {}", text(ends, "on"), text(ends, "because"));
    stage.record(to, "paul signs as procurement: approved", decided, &detail).await
}

async fn approve(who: &Player, ticket: TicketId, role: &str) -> Result<Value> {
    let subject = Subject::Ticket(ticket);
    let role = Role::new(role);
    review_with(&who.client, &who.signer, subject, role, Verdict::Approve, |_| Ok(())).await
}

/// The vendor's credentials go into the vault, the service to its first few callers.
async fn release(stage: &mut Stage, to: &mut Narrator, name: &str) -> Result<()> {
    for (place, key) in
        [("sandbox", stage.hardened.api_key()), ("production", stage.production.api_key())]
    {
        let path = format!("/v1/services/{name}/credentials/{place}");
        let _: Value = stage.operator.client.put(&path, &json!({ "credential": key })).await?;
    }
    let path = format!("/v1/services/{name}/release");
    let _: Value = stage.operator.client.post(&path, &json!({ "stage": "canary" })).await?;
    let detail = "the vendor's key is sealed; only the gateway gets it. A canary has few callers \
                  and low limits";
    stage.done(to, "olga stores the credential and releases the service", detail).await?;
    let _: Value = stage.operator.client.post(&path, &json!({ "stage": "wide" })).await?;
    stage.done(to, "monitoring is attested: released wide", "").await
}
