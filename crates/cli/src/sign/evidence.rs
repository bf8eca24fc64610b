//! The criteria of a statement in words: what was needed, what was measured, by whom, until when.

use anyhow::Result;
use domain::digest::Digest;
use domain::evidence::{Source, Value as Measured};
use domain::probe::Answer;
use domain::standard::{Criterion, DataClass, Stage, Standard};
use domain::time::Millis;
use serde::Deserialize;
use std::collections::BTreeSet;

use super::texts::{Texts, material, paper};
use super::words::{Words, opening, short};
use crate::client::Client;
use crate::exit::No;
use crate::scan::clock;
use crate::show::{count, moment};

/// One criterion's evidence, as the statement has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    evidence: Digest,
    id: String,
    source: Source,
    until: Millis,
    value: Measured,
}

/// Every criterion of the standard with its evidence; the earliest end among what an approval rests on.
pub async fn criteria(
    client: &Client,
    standard: &Standard,
    data: &BTreeSet<DataClass>,
    mut found: Vec<Shown>,
    words: &mut Words,
    texts: &mut Texts,
) -> Result<Option<(Millis, String)>> {
    let mut first: Option<(Millis, String)> = None;
    for checkpoint in &standard.checkpoints {
        words.line("");
        words.line(format!("  {}", checkpoint.title));
        for criterion in &checkpoint.criteria {
            let at = found.iter().position(|shown| shown.id == criterion.id);
            let Some(shown) = at.map(|at| found.swap_remove(at)) else {
                let why = if criterion.applies(data) { "nothing yet" } else { "does not apply" };
                words.line(format!("    · {:<22} {}: {why}", criterion.id, criterion.title));
                continue;
            };
            line(criterion, &shown, words);
            source(client, criterion, &shown, words, texts).await?;
            let rests = criterion.stage == Stage::Approval && criterion.applies(data);
            if rests && first.as_ref().is_none_or(|(until, _)| shown.until < *until) {
                first = Some((shown.until, format!("the evidence for `{}`", criterion.id)));
            }
        }
    }
    match found.first() {
        None => Ok(first),
        Some(shown) => Err(No::refused(format!(
            "the statement has evidence for `{}`, which is no criterion of its standard; nothing \
             was signed",
            shown.id
        ))),
    }
}

/// Judged here, by the threshold of the standard that is signed.
fn line(criterion: &Criterion, shown: &Shown, words: &mut Words) {
    let holds = criterion.threshold.as_ref().is_some_and(|bound| bound.holds(&shown.value));
    let mark = if holds && clock() < shown.until { "✓" } else { "✗" };
    let needed = criterion.threshold.as_ref().map(ToString::to_string).unwrap_or_default();
    let wide = if criterion.stage == Stage::Wide { " (for wide release)" } else { "" };
    words.line(format!("    {mark} {:<22} {}{wide}", criterion.id, criterion.title));
    words.line(format!(
        "      {:<22} needed {needed}, measured {}; counts until {}",
        "",
        shown.value,
        moment(shown.until)
    ));
}

/// Where the value comes from, its text read and compared.
async fn source(
    client: &Client,
    criterion: &Criterion,
    shown: &Shown,
    words: &mut Words,
    texts: &mut Texts,
) -> Result<()> {
    if shown.evidence != shown.source.digest() {
        return Err(No::refused("the statement names another evidence than its source"));
    }
    let said = match &shown.source {
        Source::Probe { answer, order, runner, target } => {
            let bytes = material(client, *answer).await?;
            let read: Answer = serde_json::from_slice(&bytes)?;
            if read.values.get(&criterion.measure) != Some(&shown.value) {
                return Err(No::refused(format!(
                    "the runner did not measure what the statement says of `{}`; nothing was signed",
                    criterion.id
                )));
            }
            let report = paper(client, read.report).await?;
            let found =
                serde_json::from_slice::<scanner::Report>(&report).map(|a| a.findings.len());
            let found =
                found.map_or_else(|_| "no report".to_owned(), |n| count(n, "finding", "findings"));
            texts.add(format!("answer to {order}, for `{}`", criterion.id), &bytes);
            let certificate =
                read.certificate.map(|seen| format!(", certificate {}", short(&seen)));
            format!(
                "measured at {target} on {} by {runner}{}; {found} in the report of {order}",
                moment(read.ended),
                certificate.unwrap_or_default()
            )
        }
        Source::Document { by, paper: named } => {
            let content = paper(client, *named).await?;
            texts.add(format!("document for `{}`", criterion.id), &content);
            format!("document of {by}, {}: {}", size(&content), opening(&text(&content)))
        }
        Source::Attestation { by, paper: named } => {
            let content = paper(client, *named).await?;
            texts.add(format!("attestation for `{}`", criterion.id), &content);
            format!("attested by {by}: {}", opening(&text(&content)))
        }
    };
    words.line(format!("      {:<22} {said}", ""));
    Ok(())
}

pub fn size(content: &[u8]) -> String {
    count(content.len(), "byte", "bytes")
}

pub fn text(content: &[u8]) -> String {
    std::str::from_utf8(content).map_or_else(|_| "no text".to_owned(), str::to_owned)
}
