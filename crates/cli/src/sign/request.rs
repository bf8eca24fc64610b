//! A request's statement in words: who may call what, until when, why, and what policy says.

use anyhow::Result;
use domain::catalog::Operations;
use domain::digest::Digest;
use domain::id::{PersonId, TicketId};
use domain::policy::{Decision, Outcome};
use domain::request::Asked;
use serde_json::Value;

use super::shown::Shown;
use super::texts::{Texts, material, paper};
use super::words::{Words, opening, short};
use crate::client::{Client, Statement};
use crate::names::Names;
use crate::show::{count, moment};

/// Operations of a scope that the summary names; the statement in full has them all.
const NAMED: usize = 5;

/// What requester and reviewers of a request sign. `reason` is the requester's own text before it is
/// stored; afterwards it is the paper that the statement names.
pub async fn request(
    client: &Client,
    statement: &Statement,
    document: Value,
    reason: Option<&str>,
) -> Result<Shown> {
    let (mut words, mut texts) = (Words::of(&document), Texts::default());
    let names = Names::of(client).await.unwrap_or_default();
    let _round: Option<u64> = words.take("round")?;
    let asked: Asked = words.take("asked")?;
    let service: Option<String> = words.take("service")?;
    let upstream: Option<String> = words.take("upstream")?;
    let Asked {
        addresses, environment, owner, rate, reason: named, request, scopes, until, ..
    } = asked;
    words.fact("request", request);
    let to = format!("{} ({})", service.unwrap_or_default(), asked.service);
    words.fact("to call", format!("{to}, {environment} at {}", upstream.unwrap_or_default()));
    if let Some(ticket) = words.take::<Option<TicketId>>("ticket")? {
        words.fact("rests on", ticket);
    }
    let requester: PersonId = words.take("requester")?;
    words.fact("asked by", names.both(requester));
    words.fact("token for", names.both(owner));
    operations(client, &scopes, &mut words, &mut texts).await?;
    words.fact("until", moment(until));
    words.fact("rate", rate.map_or_else(|| "as policy bounds it".to_owned(), |r| r.to_string()));
    let from: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    words.fact("from", if from.is_empty() { "any address".to_owned() } else { from.join(", ") });
    let content = match reason {
        Some(reason) => reason.as_bytes().to_vec(),
        None => paper(client, named).await?,
    };
    words.fact("because", opening(&super::evidence::text(&content)));
    texts.add("the reason", &content);
    if let Some(decision) = words.take::<Option<Decision>>("decision")? {
        decided(&decision, &mut words);
    }
    Ok(Shown::new(statement, document, words.done(), texts))
}

/// What each scope covers, by the table that is signed.
async fn operations(
    client: &Client,
    scopes: &[String],
    words: &mut Words,
    texts: &mut Texts,
) -> Result<()> {
    let Some(named) = words.take::<Option<Digest>>("operations")? else {
        words.fact("scopes", scopes.join(", "));
        return Ok(());
    };
    let bytes = material(client, named).await?;
    let table: Operations = serde_json::from_slice(&bytes)?;
    for name in scopes {
        let covered: Vec<_> = table.operations().iter().filter(|one| one.scope == *name).collect();
        let first = covered.iter().take(NAMED).map(|one| format!("{} {}", one.method, one.path));
        let first: Vec<_> = first.collect();
        let more = if covered.len() > NAMED { ", …" } else { "" };
        let sensitive = table.scope(name).is_some_and(|scope| scope.sensitive);
        let sensitive = if sensitive { ", sensitive" } else { "" };
        let all = count(covered.len(), "operation", "operations");
        words.fact("scope", format!("{name}{sensitive}, {all}: {}{more}", first.join(", ")));
    }
    words.fact("operations", short(&named));
    texts.add("the table of operations", &bytes);
    Ok(())
}

fn decided(decision: &Decision, words: &mut Words) {
    let outcome = match decision.outcome {
        Outcome::Deny => "deny",
        Outcome::Grant => "grant",
        Outcome::Review => "review",
    };
    let by = decision.policies.join(", ");
    let by = if by.is_empty() { "by default".to_owned() } else { format!("by {by}") };
    words.fact("policy says", format!("{outcome}, {by} (policy {})", short(&decision.policy)));
    if let Some(reviewers) = &decision.reviewers {
        words.fact("reviewers", reviewers);
    }
    let rate = decision.bounds.rate.map(|rate| format!(", at most {rate}")).unwrap_or_default();
    words.fact("a token", format!("lives {} at the longest{rate}", decision.bounds.life));
}
