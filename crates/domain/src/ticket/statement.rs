//! What the requester and the reviewers of a ticket sign.

use serde::Serialize;

use super::Terms;
use crate::digest::Digest;
use crate::evidence::{Source, Value};
use crate::id::{PersonId, ServiceId, TicketId, VendorId};
use crate::signature::Seen;
use crate::state::State;
use crate::statement::{Frame, Statement};
use crate::time::Millis;

#[derive(Serialize)]
struct TicketStatement<'a> {
    criteria: Vec<CriterionStatement<'a>>,
    genesis: Option<Digest>,
    name: &'a str,
    not_after: Millis,
    requester: PersonId,
    role: &'a str,
    round: u64,
    seen: Seen,
    service: ServiceId,
    signer: PersonId,
    standard: Digest,
    statement: &'static str,
    terms: &'a Terms,
    ticket: TicketId,
    vendor: VendorId,
    verdict: &'a str,
}

#[derive(Serialize)]
struct CriterionStatement<'a> {
    /// For probes: the host and the certificate that the runner saw stand in the answer so named.
    evidence: Digest,
    id: &'a str,
    source: &'a Source,
    until: Millis,
    value: &'a Value,
}

/// What requester and reviewers sign: the terms, and each criterion with its evidence.
pub fn statement(state: &State, id: TicketId, verdict: &str, frame: Frame<'_>) -> Statement {
    let Some(ticket) = state.tickets.get(&id) else { return Statement::of(&()) };
    let criteria = ticket.evidence.iter().map(|(id, evidence)| CriterionStatement {
        evidence: evidence.source.digest(),
        id,
        source: &evidence.source,
        until: evidence.until,
        value: &evidence.value,
    });
    Statement::of(&TicketStatement {
        criteria: criteria.collect(),
        genesis: state.genesis_hash(),
        name: &ticket.name,
        not_after: frame.not_after,
        requester: ticket.requester,
        role: frame.role,
        round: ticket.round,
        seen: frame.seen,
        service: ticket.service,
        signer: frame.signer,
        standard: ticket.standard,
        statement: "ticket",
        terms: &ticket.terms,
        ticket: id,
        vendor: ticket.vendor,
        verdict,
    })
}
