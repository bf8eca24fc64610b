//! The gate: every applicable criterion of a ticket, and whether it passes now. No override exists.

use serde::Serialize;

use crate::evidence::{Evidence, Value};
use crate::fuse::{Cause, Fuse};
use crate::standard::{Criterion, Stage, Standard, Threshold, Verify};
use crate::ticket::Ticket;
use crate::time::Millis;

/// One criterion's standing at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing<'a> {
    pub criterion: &'a Criterion,
    pub finding: Outcome<'a>,
}

/// How a criterion stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome<'a> {
    /// The standard does not ask it of a service with these data.
    NotApplicable,
    /// Nothing was measured or handed in yet.
    Missing,
    /// The measured value does not reach the threshold.
    Failed {
        measured: &'a Value,
    },
    /// It passed, and is too old.
    Expired {
        until: Millis,
    },
    Passed {
        evidence: &'a Evidence,
    },
}

impl Standing<'_> {
    /// Whether it stands in nobody's way.
    pub fn is_clear(&self) -> bool {
        matches!(self.finding, Outcome::NotApplicable | Outcome::Passed { .. })
    }

    /// What is wrong, and what to do about it, in a line.
    pub fn why(&self) -> String {
        let Criterion { title, fix, .. } = self.criterion;
        let wanted = threshold(self.criterion);
        let hint = if fix.is_empty() { String::new() } else { format!("; {fix}") };
        match &self.finding {
            Outcome::NotApplicable => format!("{title}: does not apply"),
            Outcome::Missing => format!("{title}: {}{hint}", how(self.criterion)),
            Outcome::Failed { measured } => {
                format!("{title}: measured {measured}, needed {wanted}{hint}")
            }
            Outcome::Expired { until } => format!("{title}: the evidence ran out on {until}"),
            Outcome::Passed { evidence } => {
                format!("{title}: measured {}, counts until {}", evidence.value, evidence.until)
            }
        }
    }
}

fn threshold(criterion: &Criterion) -> String {
    criterion.threshold.as_ref().map(Threshold::to_string).unwrap_or_default()
}

fn how(criterion: &Criterion) -> String {
    match &criterion.verify {
        Verify::Probe(check) => format!("not measured yet by the probe `{check}`"),
        Verify::Document(kind) => format!("no document of the kind `{kind}` was handed in"),
        Verify::Attestation(role) => format!("not attested yet by the role `{role}`"),
    }
}

/// Every criterion of the standard up to `stage`, judged at `now`.
pub fn judge<'a>(
    standard: &'a Standard,
    ticket: &'a Ticket,
    stage: Stage,
    now: Millis,
) -> Vec<Standing<'a>> {
    let due = |criterion: &&Criterion| stage == Stage::Wide || criterion.stage == Stage::Approval;
    let judged = |criterion| Standing { criterion, finding: outcome(criterion, ticket, now) };
    standard.criteria().filter(due).map(judged).collect()
}

fn outcome<'a>(criterion: &Criterion, ticket: &'a Ticket, now: Millis) -> Outcome<'a> {
    if !criterion.applies(&ticket.terms.data) {
        return Outcome::NotApplicable;
    }
    let Some(evidence) = ticket.evidence.get(&criterion.id) else { return Outcome::Missing };
    let holds = criterion.threshold.as_ref().is_some_and(|bound| bound.holds(&evidence.value));
    if !holds {
        Outcome::Failed { measured: &evidence.value }
    } else if now >= evidence.until {
        Outcome::Expired { until: evidence.until }
    } else {
        Outcome::Passed { evidence }
    }
}

/// When an approval given at `approved` ends: the earliest of the evidence's validity, the contract's
/// end and the next reassessment. `None` unless every criterion for the approval is clear.
pub fn fuse(standard: &Standard, ticket: &Ticket, approved: Millis, now: Millis) -> Option<Fuse> {
    let standings = judge(standard, ticket, Stage::Approval, now);
    if !standings.iter().all(Standing::is_clear) {
        return None;
    }
    let reassessment = Fuse::new(approved.after(standard.reassess_after), Cause::Reassessment);
    let contract = ticket.terms.contract.as_ref();
    let contract = contract.map(|contract| Fuse::new(contract.ends, Cause::Contract));
    let evidence = standings.iter().filter_map(|standing| match &standing.finding {
        Outcome::Passed { evidence } => {
            Some(Fuse::new(evidence.until, Cause::Evidence(standing.criterion.id.clone().into())))
        }
        _ => None,
    });
    Fuse::earliest(evidence.chain(contract).chain([reassessment]))
}
