//! Evidence: one measured value for one criterion, where it comes from and until when it counts.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::entry::Entry;
use crate::id::{OrderId, PersonId, RunnerId, TicketId};
use crate::people::{Kind, Role};
use crate::refusal::{Code, Reasons, Refusal};
use crate::signature::Signature;
use crate::standard::{Criterion, Stage, Verify};
use crate::state::{State, Tables};
use crate::statement::{Claim, Frame, Statement};
use crate::ticket::{Status, Terms, Ticket};
use crate::time::{Millis, Span};

/// A measured value. No floats: shares are in permille, versions as numbers (TLS 1.2 is 12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    Flag(bool),
    Number(#[serde(deserialize_with = "crate::number::signed")] i64),
    Word(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Flag(flag) => flag.fmt(f),
            Value::Number(number) => number.fmt(f),
            Value::Word(word) => f.write_str(word),
        }
    }
}

/// Measured values by name.
pub type Values = BTreeMap<String, Value>;

/// A document or attestation is handed in for one criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceAttached {
    pub criterion: String,
    /// When the document itself says that it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Millis>,
    /// When the document was issued, or the value attested.
    pub issued: Millis,
    /// The paper: the document, or the words of the attestation.
    pub paper: Digest,
    /// Whoever attests signs; a document needs none, reviewers read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    pub ticket: TicketId,
    pub value: Value,
}

/// Where evidence comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    Attestation { by: PersonId, paper: Digest },
    Document { by: PersonId, paper: Digest },
    Probe { answer: Digest, order: OrderId, runner: RunnerId, target: String },
}

impl Source {
    /// What reviewers sign as the evidence's name.
    pub fn digest(&self) -> Digest {
        match self {
            Source::Attestation { paper, .. } | Source::Document { paper, .. } => *paper,
            Source::Probe { answer, .. } => *answer,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub at: Millis,
    pub source: Source,
    pub until: Millis,
    pub value: Value,
}

#[derive(Serialize)]
struct AttestationStatement<'a> {
    criterion: &'a str,
    expires: Option<Millis>,
    genesis: Option<Digest>,
    issued: Millis,
    not_after: Millis,
    paper: Digest,
    role: &'a str,
    round: Option<u64>,
    seen: crate::signature::Seen,
    signer: PersonId,
    standard: Option<Digest>,
    statement: &'static str,
    terms: Option<&'a Terms>,
    ticket: TicketId,
    value: &'a Value,
}

/// What an attesting person signs: the value, for this ticket's terms in this round.
pub fn statement(state: &State, attached: &EvidenceAttached, frame: Frame<'_>) -> Statement {
    let ticket = state.ticket(attached.ticket).ok();
    Statement::of(&AttestationStatement {
        criterion: &attached.criterion,
        expires: attached.expires,
        genesis: state.genesis_hash(),
        issued: attached.issued,
        not_after: frame.not_after,
        paper: attached.paper,
        role: frame.role,
        round: ticket.map(|ticket| ticket.round),
        seen: frame.seen,
        signer: frame.signer,
        standard: ticket.map(|ticket| ticket.standard),
        statement: "attestation",
        terms: ticket.map(|ticket| &ticket.terms),
        ticket: attached.ticket,
        value: &attached.value,
    })
}

pub(crate) fn check(
    state: &State,
    attached: &EvidenceAttached,
    entry: &Entry,
    claims: &mut Vec<Claim>,
) -> Result<(), Refusal> {
    let ticket = state.ticket(attached.ticket)?;
    let mut reasons = Reasons::default();
    // Whoever attests brings it in themselves; documents come from those who work on the ticket.
    match attached.signature {
        Some(_) => reasons.take(entry.person(state).map(|_| ())),
        None => reasons.take(state.works_on(ticket, entry)),
    };
    let not_to_come = attached.issued <= entry.at.after(Span::MINUTE);
    reasons.require(not_to_come, Code::Invalid, || {
        format!("issued on {}, which is still to come", attached.issued)
    });
    if let Some(criterion) = reasons.take(state.criterion(ticket, &attached.criterion)) {
        reasons.take(must_take(ticket, criterion));
        reasons.take(check_source(state, criterion, attached, entry).map(|claim| {
            claims.extend(claim);
        }));
        let until = until(criterion, attached);
        reasons.require(until > entry.at, Code::EvidenceExpired, || {
            format!("the evidence for `{}` ran out on {until}", criterion.id)
        });
    }
    reasons.done()
}

/// A ticket takes evidence while it is evaluated. Once it is approved, it takes signed words for what
/// only the wide release asks: they were not to be had before.
fn must_take(ticket: &Ticket, criterion: &Criterion) -> Result<(), Refusal> {
    let later =
        criterion.stage == Stage::Wide && matches!(criterion.verify, Verify::Attestation(_));
    match ticket.status {
        Status::Approved { .. } if later => Ok(()),
        _ => ticket.must_be_evaluating("attach evidence to"),
    }
}

fn check_source(
    state: &State,
    criterion: &Criterion,
    attached: &EvidenceAttached,
    entry: &Entry,
) -> Result<Option<Claim>, Refusal> {
    match (&criterion.verify, &attached.signature) {
        (Verify::Probe(check), _) => Err(Refusal::new(
            Code::Invalid,
            format!(
                "`{}` is measured by the probe `{check}`, not handed in; order it with \
                 `portcullis ticket probe`",
                criterion.id
            ),
        )),
        (Verify::Document(_), None) => Ok(None),
        (Verify::Document(_), Some(_)) => {
            Err(Refusal::new(Code::Invalid, "a document is handed in without a signature"))
        }
        (Verify::Attestation(role), None) => Err(Refusal::new(
            Code::SignatureNeeded,
            format!("`{}` is attested: somebody with the role `{role}` signs it", criterion.id),
        )),
        (Verify::Attestation(role), Some(signature)) => {
            attestation(state, role, attached, signature, entry.at).map(Some)
        }
    }
}

fn attestation(
    state: &State,
    role: &Role,
    attached: &EvidenceAttached,
    signature: &Signature,
    at: Millis,
) -> Result<Claim, Refusal> {
    let role = role.as_str();
    let claim = Claim::of_role(state, signature, role, at, |signer| {
        let Signature { not_after, seen, .. } = *signature;
        statement(state, attached, Frame { not_after, role, seen, signer })
    })?;
    if state.asked_through(state.ticket(attached.ticket)?.requester, claim.signer) {
        let message = "nobody attests for what they, or a service account of theirs, asked for";
        return Err(Refusal::new(Code::OwnRequest, message));
    }
    match state.active_person(claim.signer)?.kind {
        Kind::Human => Ok(claim),
        Kind::Workload => {
            Err(Refusal::new(Code::WorkloadReview, "a service account cannot attest"))
        }
    }
}

fn until(criterion: &Criterion, attached: &EvidenceAttached) -> Millis {
    let by_standard = criterion.valid_until(attached.issued);
    attached.expires.map_or(by_standard, |expires| expires.min(by_standard))
}

impl Tables {
    pub(crate) fn absorb_evidence(
        &mut self,
        attached: &EvidenceAttached,
        entry: &Entry,
        claims: &[Claim],
    ) {
        let paper = attached.paper;
        let source = match (claims.first(), entry.actor.who) {
            (Some(claim), _) => Source::Attestation { by: claim.signer, paper },
            (None, Some(by)) => Source::Document { by, paper },
            (None, None) => return,
        };
        let Ok(ticket) = self.ticket(attached.ticket) else { return };
        let Ok(criterion) = self.criterion(ticket, &attached.criterion) else { return };
        let until = until(criterion, attached);
        let value = attached.value.clone();
        let evidence = Evidence { at: attached.issued, source, until, value };
        self.change_ticket(attached.ticket, |ticket| {
            ticket.evidence.insert(attached.criterion.clone(), evidence);
        });
    }
}
