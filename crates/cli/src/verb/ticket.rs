//! Tickets: opened from a file that a team keeps in git, measured, signed, approved.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use control::flow::statement::Wanted;
use control::flow::ticket::Intake;
use domain::address::Cidr;
use domain::catalog::{Adjust, Placement, import};
use domain::digest::{Digest, paper};
use domain::entry::canonical;
use domain::evidence::{EvidenceAttached, Value as Measured};
use domain::id::TicketId;
use domain::people::Role;
use domain::review::{ReviewSigned, Subject, Verdict};
use domain::standard::DataClass;
use domain::ticket::Environment;
use domain::time::Millis;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Desk, random, read_file, resolve};
use crate::client::{Client, Meant, decode, encode, text};
use crate::show::{criteria, facts, rows, table};
use crate::sign::Signer;

/// A ticket's file. Paths in it are relative to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketFile {
    /// The service's short name; it stands in the gateway's paths
    pub service: String,
    /// The vendor's name or id
    pub vendor: String,
    #[serde(default = "baseline")]
    pub standard: String,
    /// The API's OpenAPI description
    pub document: PathBuf,
    #[serde(default)]
    pub data: BTreeSet<DataClass>,
    /// Where the vendor's credential stands; by default as the document says
    #[serde(default)]
    pub credential: Option<Placement>,
    #[serde(default)]
    pub contract: Option<ContractFile>,
    pub environments: BTreeMap<String, EnvironmentFile>,
    /// `why` it is needed, who owns the `budget`, and `notes`
    pub intake: Intake,
    #[serde(default)]
    pub adjust: Adjust,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractFile {
    /// `2027-12-31` or with a time of day
    pub ends: String,
    pub file: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentFile {
    pub upstream: String,
    #[serde(default)]
    pub sandbox: bool,
    /// Certificates that the upstream's must lead to, in place of the public authorities
    #[serde(default)]
    pub authorities: Option<PathBuf>,
    /// Private networks in which the upstream may stand
    #[serde(default)]
    pub private: Vec<Cidr>,
}

fn baseline() -> String {
    "baseline".to_owned()
}

/// A day or moment in a file, in UTC.
pub fn moment(text: &str) -> Result<Millis> {
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    let moment: jiff::Timestamp =
        whole.parse().with_context(|| format!("`{text}` is not a date such as 2027-12-31"))?;
    Ok(Millis(u64::try_from(moment.as_millisecond()).context("a date after 1970")?))
}

impl TicketFile {
    /// The API's body of the ticket's terms, and the digest of the document as it is sent.
    pub fn terms(&self, folder: &Path) -> Result<(Value, Digest)> {
        let read = |path: &Path| {
            let path = folder.join(path);
            std::fs::read(&path).with_context(|| format!("reading {}", path.display()))
        };
        let document = json_document(&self.document, read(&self.document)?)?;
        let contract = match &self.contract {
            Some(contract) => Some(json!({
                "ends": moment(&contract.ends)?.0,
                "content": encode(&read(&contract.file)?),
            })),
            None => None,
        };
        let mut environments = BTreeMap::new();
        for (name, place) in &self.environments {
            let pem = place.authorities.as_deref().map(read).transpose()?;
            let authorities = pem.map(String::from_utf8).transpose()?;
            let (private, sandbox) = (place.private.clone(), place.sandbox);
            let upstream = place.upstream.clone();
            environments.insert(name, Environment { authorities, private, sandbox, upstream });
        }
        let terms = json!({
            "adjust": self.adjust,
            "contract": contract,
            "credential": self.credential,
            "data": self.data,
            "document": encode(&document),
            "environments": environments,
            "intake": self.intake,
        });
        Ok((terms, Digest::of(&document)))
    }
}

/// The document as JSON: a YAML one is turned into it, a JSON one stays as it is to the byte.
fn json_document(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>> {
    if serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok() {
        return Ok(bytes);
    }
    let value: Value = serde_yaml_ng::from_slice(&bytes)
        .with_context(|| format!("{} is neither JSON nor YAML", path.display()))?;
    Ok(serde_json::to_vec(&value)?)
}

pub async fn open(desk: &Desk, path: &Path) -> Result<()> {
    let file: TicketFile = read_file(path)?;
    let client = desk.client()?;
    let vendor = resolve(&client, "/v1/vendors", &file.vendor)
        .await
        .context("add the vendor first: `portcullis vendor add NAME`")?;
    let (terms, _) = file.terms(path.parent().unwrap_or(Path::new(".")))?;
    let wish = json!({
        "name": file.service, "vendor": vendor, "standard": file.standard, "terms": terms,
    });
    let ticket: Value = client.post("/v1/tickets", &wish).await?;
    desk.show.print(&ticket, || print(&ticket));
    Ok(())
}

pub async fn amend(desk: &Desk, id: &str, path: &Path) -> Result<()> {
    let file: TicketFile = read_file(path)?;
    let (terms, _) = file.terms(path.parent().unwrap_or(Path::new(".")))?;
    let client = desk.client()?;
    let _: Value = client.post(&format!("/v1/tickets/{id}/terms"), &terms).await?;
    show(desk, id).await
}

fn print(ticket: &Value) {
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
    criteria(ticket);
    println!("next: {}", text(ticket, "next"));
}

pub async fn show(desk: &Desk, id: &str) -> Result<()> {
    let ticket: Value = desk.client()?.get(&format!("/v1/tickets/{id}")).await?;
    desk.show.print(&ticket, || print(&ticket));
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

#[derive(Debug, clap::Args)]
pub struct Probe {
    /// The ticket
    pub ticket: String,
    /// The sandbox; the first by default
    #[arg(long, short)]
    pub environment: Option<String>,
    /// A credential that the sandbox accepts, in a file
    #[arg(long, value_name = "FILE")]
    pub token: Option<PathBuf>,
    /// One that has expired, in a file
    #[arg(long, value_name = "FILE")]
    pub expired: Option<PathBuf>,
    /// One of the same issuer for another audience, in a file
    #[arg(long, value_name = "FILE")]
    pub wrong_audience: Option<PathBuf>,
}

impl Probe {
    /// The credentials as the API takes them.
    fn credentials(&self) -> Result<Value> {
        let read = |path: &Option<PathBuf>| match path {
            Some(path) => std::fs::read_to_string(path)
                .map(|text| json!(text.trim()))
                .with_context(|| format!("reading {}", path.display())),
            None => Ok(Value::Null),
        };
        Ok(json!({
            "token": read(&self.token)?,
            "expired": read(&self.expired)?,
            "wrong_audience": read(&self.wrong_audience)?,
        }))
    }
}

/// Orders the probes and waits for the runner's answer.
pub async fn probe(desk: &Desk, probe: Probe) -> Result<()> {
    let client = desk.client()?;
    desk.show.note("ordered; the runner attacks the sandbox, which takes up to two minutes …");
    let wish = json!({ "environment": probe.environment, "credentials": probe.credentials()? });
    order(&client, &probe.ticket, &wish).await?;
    show(desk, &probe.ticket).await
}

/// Orders probes and polls the order until it is answered; the runner ends its own work in time.
pub async fn order(client: &Client, id: &str, wish: &Value) -> Result<()> {
    let order: Value = client.post(&format!("/v1/tickets/{id}/probes"), wish).await?;
    let path = format!("/v1/orders/{}", text(&order, "order"));
    let mut pause = tokio::time::interval(Duration::from_millis(100));
    let end = std::time::Instant::now() + Duration::from_secs(180);
    while std::time::Instant::now() < end {
        pause.tick().await;
        let order: Value = client.get(&path).await?;
        if order.get("answered").and_then(Value::as_bool) == Some(true) {
            return Ok(());
        }
    }
    bail!("no runner answered within three minutes; see the server's log")
}

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
    confirm: impl FnOnce(&Value) -> Result<()>,
) -> Result<Value> {
    let salt = random()?;
    let mut evidence = EvidenceAttached {
        criterion: attachment.criterion.to_owned(),
        expires: attachment.expires,
        issued: attachment.issued,
        paper: paper(&salt, attachment.content),
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
        confirm(&document)?;
        evidence.signature = Some(statement.sign(signer)?);
    }
    let wish = json!({
        "evidence": evidence, "salt": encode(&salt), "content": encode(attachment.content),
    });
    client.post(&format!("/v1/tickets/{ticket}/evidence"), &wish).await
}

#[derive(Debug, clap::Args)]
pub struct Attach {
    /// The ticket
    pub ticket: TicketId,
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
    let content = std::fs::read(&attach.file)
        .with_context(|| format!("reading {}", attach.file.display()))?;
    let client = desk.client()?;
    let issued = match &attach.issued {
        Some(text) => moment(text)?,
        None => now()?,
    };
    let attachment = Attachment {
        criterion: &attach.criterion,
        content: &content,
        value: control::flow::ticket::read_value(&attach.value),
        issued,
        expires: attach.expires.as_deref().map(moment).transpose()?,
        role: attach.attest.map(Role::new),
    };
    let confirm = |document: &Value| desk.confirm(document);
    attach_with(&client, &desk.signer()?, attach.ticket, attachment, confirm).await?;
    show(desk, &attach.ticket.to_string()).await
}

/// The edge's clock.
pub fn now() -> Result<Millis> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(Millis(u64::try_from(since.as_millis())?))
}

/// The requester's signature under what goes to the reviewers.
pub async fn submit_with(
    client: &Client,
    signer: &Signer,
    ticket: TicketId,
    confirm: impl FnOnce(&Value) -> Result<()>,
) -> Result<Value> {
    let statement = client.statement(&Wanted::Submit { ticket }).await?;
    let fields = vec![("ticket", json!(ticket)), ("round", json!(statement.round))];
    let role = Role::REQUESTER;
    let meant = Meant { statement: "ticket", role, verdict: Some("submit"), fields };
    let mut document = statement.must_be(client, &meant)?;
    recompute(client, &mut document).await?;
    confirm(&document)?;
    let wish = json!({ "round": statement.round, "signature": statement.sign(signer)? });
    client.post(&format!("/v1/tickets/{ticket}/submit"), &wish).await
}

pub async fn submit(desk: &Desk, id: TicketId) -> Result<()> {
    let confirm = |document: &Value| desk.confirm(document);
    submit_with(&desk.client()?, &desk.signer()?, id, confirm).await?;
    show(desk, &id.to_string()).await
}

/// A review of a ticket or a request, signed over what was shown and recomputed.
pub async fn review_with(
    client: &Client,
    signer: &Signer,
    subject: Subject,
    role: Role,
    verdict: Verdict,
    confirm: impl FnOnce(&Value) -> Result<()>,
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
    let mut document = statement.must_be(client, &meant)?;
    if let Subject::Request(id) = subject
        && document.pointer("/asked/request") != Some(&json!(id))
    {
        bail!("the server wants another request signed than was meant; nothing was signed");
    }
    recompute(client, &mut document).await?;
    confirm(&document)?;
    let signature = statement.sign(signer)?;
    let signed = ReviewSigned { role, round: statement.round, signature, subject, verdict };
    client.post("/v1/reviews", &signed).await
}

/// Reads what the statement names, computes every digest again, and puts the texts beside it: the
/// document, the table of operations that follows from it, the papers, the answers of probes.
async fn recompute(client: &Client, statement: &mut Value) -> Result<()> {
    let mut shown = serde_json::Map::new();
    if let Some(terms) = statement.get("terms").cloned() {
        shown.insert("operations".to_owned(), operations(client, &terms).await?);
        let contract = terms.pointer("/contract/paper").and_then(Value::as_str);
        for (name, digest) in [("intake", Some(text(&terms, "intake"))), ("contract", contract)] {
            if let Some(digest) = digest {
                shown.insert(name.to_owned(), paper_text(client, digest).await?);
            }
        }
        let none = Vec::new();
        let criteria = statement.get("criteria").and_then(Value::as_array).unwrap_or(&none);
        for criterion in criteria.clone() {
            let digest = text(&criterion, "evidence");
            let probed = criterion.pointer("/source/probe").is_some();
            let evidence = match probed {
                true => material_text(client, digest).await?,
                false => paper_text(client, digest).await?,
            };
            shown.insert(format!("evidence {}", text(&criterion, "id")), evidence);
        }
    } else if let Some(reason) = statement.pointer("/asked/reason").and_then(Value::as_str) {
        shown.insert("reason".to_owned(), paper_text(client, reason).await?);
    }
    if let Some(statement) = statement.as_object_mut() {
        statement.insert("(read along, not signed as text)".to_owned(), Value::Object(shown));
    }
    Ok(())
}

/// The scopes that the document and the team's adjustments give; they must be the ones signed.
async fn operations(client: &Client, terms: &Value) -> Result<Value> {
    let named: Digest = text(terms, "document").parse()?;
    let bytes = client.bytes(&format!("/v1/documents/{named}")).await?;
    if Digest::of(&bytes) != named {
        bail!("the document that the server shows is not the one in the statement; not signed");
    }
    let adjust: Adjust = match terms.get("adjust") {
        Some(adjust) => serde_json::from_value(adjust.clone())?,
        None => Adjust::default(),
    };
    let imported = import(&serde_json::from_slice(&bytes)?, &adjust)?;
    let table = canonical(&imported.operations);
    if Digest::of(&table).to_string() != text(terms, "operations") {
        bail!(
            "the table of operations does not follow from the document and its adjustments; \
             nothing was signed"
        );
    }
    let scopes = imported.operations.scopes().iter().map(|scope| {
        let all = imported.operations.operations().iter();
        let count = all.filter(|operation| operation.scope == scope.name).count();
        let sensitive = if scope.sensitive { ", sensitive" } else { "" };
        json!(format!("{}: {count} operations{sensitive}", scope.name))
    });
    Ok(Value::Array(scopes.collect()))
}

/// A paper's text, if it still has the name that is signed.
async fn paper_text(client: &Client, digest: &str) -> Result<Value> {
    let found: Value = client.get(&format!("/v1/papers/{digest}")).await?;
    let (salt, content) = (decode(text(&found, "salt"))?, decode(text(&found, "content"))?);
    match Digest::over(&[&salt, &content]).to_string() == digest {
        true => Ok(readable(&content)),
        false => bail!("the server shows another paper than the one to be signed; not signed"),
    }
}

async fn material_text(client: &Client, digest: &str) -> Result<Value> {
    let bytes = client.bytes(&format!("/v1/materials/{digest}")).await?;
    match Digest::of(&bytes).to_string() == digest {
        true => Ok(readable(&bytes)),
        false => bail!("the server shows another answer than the one to be signed; not signed"),
    }
}

/// Text as it is, JSON as JSON, anything else by its size.
fn readable(bytes: &[u8]) -> Value {
    match (serde_json::from_slice(bytes), std::str::from_utf8(bytes)) {
        (Ok(value), _) => value,
        (_, Ok(text)) if text.len() <= 4_000 => json!(text),
        _ => json!(format!("({} bytes; read them with the API)", bytes.len())),
    }
}

#[derive(Debug, clap::Args)]
pub struct Sign {
    /// The ticket or request
    pub subject: String,
    /// The role to sign in
    #[arg(long)]
    pub role: Option<String>,
    /// Sign against it
    #[arg(long)]
    pub reject: bool,
}

pub async fn sign(desk: &Desk, sign: Sign) -> Result<()> {
    let client = desk.client()?;
    let subject = match sign.subject.starts_with("tkt_") {
        true => Subject::Ticket(sign.subject.parse()?),
        false => Subject::Request(sign.subject.parse()?),
    };
    let role = match sign.role {
        Some(role) => Role::new(role),
        None => own_role(&client).await?,
    };
    let verdict = if sign.reject { Verdict::Reject } else { Verdict::Approve };
    let confirm = |document: &Value| desk.confirm(document);
    let done = review_with(&client, &desk.signer()?, subject, role, verdict, confirm).await?;
    desk.show.print(&done, || match done.get("decided").and_then(Value::as_u64) {
        Some(entry) => println!("signed, and decided: entry {entry} of the ledger"),
        None => println!("signed: entry {}", done.get("entry").unwrap_or(&Value::Null)),
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
        _ => bail!("say in which role you sign: `--role ROLE`; yours are {}", roles.join(", ")),
    }
}

pub async fn withdraw(desk: &Desk, id: &str) -> Result<()> {
    let _: Value = desk.client()?.post(&format!("/v1/tickets/{id}/withdraw"), &json!({})).await?;
    show(desk, id).await
}
