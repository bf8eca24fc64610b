//! Statements about a ticket in words: what is asked for, what was measured, when the approval would end.

use anyhow::Result;
use control::flow::ticket::Intake;
use domain::catalog::import;
use domain::digest::Digest;
use domain::entry::canonical;
use domain::evidence::Value as Measured;
use domain::id::{PersonId, ServiceId, TicketId, VendorId};
use domain::standard::Standard;
use domain::ticket::{Environment, Terms};
use domain::time::Millis;
use serde_json::Value;

use super::evidence::{self, size};
use super::shown::Shown;
use super::texts::{self, Texts, material, paper};
use super::words::{Words, opening, short};
use crate::client::{Client, Statement};
use crate::exit::No;
use crate::names::Names;
use crate::scan::clock;
use crate::show::{count, moment};

/// What requester and reviewers sign, with everything that it names read and compared.
pub async fn ticket(client: &Client, statement: &Statement, document: Value) -> Result<Shown> {
    let (mut words, mut texts) = (Words::of(&document), Texts::default());
    let names = Names::of(client).await.unwrap_or_default();
    let (id, round): (TicketId, u64) = (words.take("ticket")?, words.take("round")?);
    words.fact("ticket", format!("{id}, round {round}"));
    let (name, service): (String, ServiceId) = (words.take("name")?, words.take("service")?);
    words.fact("service", format!("{name} ({service})"));
    let vendor: VendorId = words.take("vendor")?;
    words.fact("vendor", names.both(vendor));
    let requester: PersonId = words.take("requester")?;
    words.fact("asked by", names.both(requester));
    let standard = standard(client, &mut words, &mut texts).await?;
    let asked: Terms = words.take("terms")?;
    let (data, contract) = (asked.data.clone(), asked.contract.as_ref().map(|c| c.ends));
    terms(client, asked, &mut words, &mut texts).await?;
    let found = words.take("criteria")?;
    let first = evidence::criteria(client, &standard, &data, found, &mut words, &mut texts).await?;
    words.line("");
    let reassessed = (clock().after(standard.reassess_after), "the next reassessment".to_owned());
    let contract = contract.map(|ends| (ends, "the contract's end".to_owned()));
    let ends = [first, contract]
        .into_iter()
        .flatten()
        .fold(reassessed, |one, other| if other.0 < one.0 { other } else { one });
    words.fact("would end", format!("{}, at the latest: {}", moment(ends.0), ends.1));
    Ok(Shown::new(statement, document, words.done(), texts))
}

/// What somebody signs who attests a value; `content` is what they hand in with it.
pub async fn attestation(
    client: &Client,
    statement: &Statement,
    document: Value,
    content: &[u8],
) -> Result<Shown> {
    let (mut words, mut texts) = (Words::of(&document), Texts::default());
    let (id, round): (TicketId, u64) = (words.take("ticket")?, words.take("round")?);
    words.fact("ticket", format!("{id}, round {round}"));
    let standard = standard(client, &mut words, &mut texts).await?;
    let (criterion, value): (String, Measured) = (words.take("criterion")?, words.take("value")?);
    let found = standard.criterion(&criterion);
    let title = found.map(|found| found.title.as_str()).unwrap_or_default();
    words.fact("criterion", format!("{criterion}: {title}"));
    let bound = found.and_then(|found| found.threshold.as_ref());
    let needed = bound.map(ToString::to_string).unwrap_or_default();
    words.fact("you attest", format!("{value} (needed {needed})"));
    let issued: Millis = words.take("issued")?;
    let expires: Option<Millis> = words.take("expires")?;
    let by_standard = found.map(|found| found.valid_until(issued));
    let until = expires.into_iter().chain(by_standard).min().unwrap_or(issued);
    words.fact("as of", format!("{}; counts until {}", moment(issued), moment(until)));
    // The digest that is signed was computed here, over these very bytes and a salt of our own.
    let named: Digest = words.take("paper")?;
    let said = opening(&evidence::text(content));
    words.fact("in words", format!("{said}, {}, {}", size(content), short(&named)));
    texts.add("what you hand in", content);
    let asked: Terms = words.take("terms")?;
    terms(client, asked, &mut words, &mut texts).await?;
    Ok(Shown::new(statement, document, words.done(), texts))
}

/// The standard that the statement names.
async fn standard(client: &Client, words: &mut Words, texts: &mut Texts) -> Result<Standard> {
    let named: Digest = words.take("standard")?;
    let bytes = material(client, named).await?;
    let standard: Standard = serde_json::from_slice(&bytes)?;
    let Standard { name, version, title, .. } = &standard;
    words.fact("standard", format!("{name} {version}, “{title}”, {}", short(&named)));
    texts.add(format!("the standard {name} {version}"), &bytes);
    Ok(standard)
}

/// What is asked for. The scopes are made again from document and adjustments: they must be the ones
/// that are signed.
async fn terms(client: &Client, terms: Terms, words: &mut Words, texts: &mut Texts) -> Result<()> {
    let Terms { adjust, contract, credential, data, document, environments, intake, operations } =
        terms;
    let bytes = paper(client, intake).await?;
    let read: Intake = serde_json::from_slice(&bytes)?;
    words.fact("needed for", format!("“{}”, budget of “{}”", read.why, read.budget));
    if !read.notes.is_empty() {
        words.fact("notes", opening(&read.notes));
    }
    texts.add("the intake", &bytes);
    for (name, place) in &environments {
        words.fact(if place.sandbox { "sandbox" } else { "environment" }, calls(name, place));
    }
    let classes: Vec<_> = data.iter().map(|class| class.name()).collect();
    words.fact(
        "data",
        if classes.is_empty() { "none named".to_owned() } else { classes.join(", ") },
    );
    words.fact("credential", credential);
    match contract {
        Some(contract) => {
            let content = paper(client, contract.paper).await?;
            let said = opening(&evidence::text(&content));
            words.fact("contract", format!("ends {}: {said}", moment(contract.ends)));
            texts.add("the contract", &content);
        }
        None => words.fact("contract", "none"),
    }
    let bytes = texts::document(client, document).await?;
    let imported = import(&serde_json::from_slice(&bytes)?, &adjust)?;
    if Digest::of(&canonical(&imported.operations)) != operations {
        return Err(No::refused(
            "the table of operations does not follow from the document and its adjustments; \
             nothing was signed",
        ));
    }
    let table = &imported.operations;
    let all = count(table.operations().len(), "operation", "operations");
    let (title, version) = (&imported.title, &imported.version);
    words.fact("document", format!("“{title}” {version}, {}, {all}", short(&document)));
    if !adjust.is_empty() {
        words.fact("adjusted", serde_json::to_string(&adjust)?);
    }
    for scope in table.scopes() {
        let covered = table.operations().iter().filter(|one| one.scope == scope.name).count();
        let sensitive = if scope.sensitive { ", sensitive" } else { "" };
        let covered = count(covered, "operation", "operations");
        words.fact("scope", format!("{}: {covered}{sensitive}", scope.name));
    }
    texts.add("the table of operations", &canonical(table));
    Ok(())
}

fn calls(name: &str, place: &Environment) -> String {
    let mut said = format!("{name} at {}", place.upstream);
    if !place.private.is_empty() {
        let networks: Vec<_> = place.private.iter().map(ToString::to_string).collect();
        said.push_str(&format!(", in the private networks {}", networks.join(", ")));
    }
    if let Some(pem) = &place.authorities {
        said.push_str(&format!(
            ", trusting certificates of its own ({})",
            short(&Digest::of(pem.as_bytes()))
        ));
    }
    said
}
