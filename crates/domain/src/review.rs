//! Reviews: signed verdicts of people in roles, and the quorum that a decision needs of them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::entry::Entry;
use crate::id::{PersonId, RequestId, TicketId};
use crate::people::{Kind, Role, is_name};
use crate::refusal::{Code, Reasons, Refusal};
use crate::signature::Signature;
use crate::state::{State, Tables};
use crate::statement::{Claim, Frame, Statement};
use crate::time::Millis;
use crate::{request, ticket};

/// Which roles must sign: a role and how many, all of several, or any of several.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quorum {
    All(Vec<Quorum>),
    Any(Vec<Quorum>),
    Role { count: u8, role: Role },
}

impl Quorum {
    pub fn one(role: &str) -> Quorum {
        Quorum::Role { count: 1, role: Role::new(role) }
    }

    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let invalid = |message: String| Err(Refusal::new(Code::Invalid, message));
        match self {
            Quorum::All(parts) | Quorum::Any(parts) if parts.is_empty() || parts.len() > 16 => {
                invalid("`all` and `any` hold 1 to 16 parts: human review is never removed".into())
            }
            Quorum::All(parts) | Quorum::Any(parts) => parts.iter().try_for_each(Quorum::check),
            Quorum::Role { count, .. } if *count == 0 => {
                invalid("a `count` is at least 1: human review is never removed".into())
            }
            Quorum::Role { role, .. } if !is_name(role.as_str()) => {
                invalid(format!("`{role}` is not a role's name"))
            }
            Quorum::Role { .. } => Ok(()),
        }
    }

    /// Whether the signers in their roles are enough.
    pub fn is_met(&self, signers: &BTreeSet<(Role, PersonId)>) -> bool {
        match self {
            Quorum::All(parts) => parts.iter().all(|part| part.is_met(signers)),
            Quorum::Any(parts) => parts.iter().any(|part| part.is_met(signers)),
            Quorum::Role { count, role } => {
                signers.iter().filter(|(signed, _)| signed == role).count() >= usize::from(*count)
            }
        }
    }

    /// The roles that a signature could still serve.
    pub fn roles(&self) -> BTreeSet<&Role> {
        match self {
            Quorum::All(parts) | Quorum::Any(parts) => {
                parts.iter().flat_map(Quorum::roles).collect()
            }
            Quorum::Role { role, .. } => BTreeSet::from([role]),
        }
    }
}

impl std::fmt::Display for Quorum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (parts, between) = match self {
            Quorum::Role { count: 1, role } => return write!(f, "{role}"),
            Quorum::Role { count, role } => return write!(f, "{count} × {role}"),
            Quorum::All(parts) => (parts, " and "),
            Quorum::Any(parts) => (parts, " or "),
        };
        let parts: Vec<_> = parts.iter().map(ToString::to_string).collect();
        match parts.len() {
            1 => f.write_str(&parts.join(between)),
            _ => write!(f, "({})", parts.join(between)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Approve,
    Reject,
}

/// What is reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    Request(RequestId),
    Ticket(TicketId),
}

/// One person's signed verdict, in one role, once per subject and round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewSigned {
    pub role: Role,
    #[serde(deserialize_with = "crate::number::whole")]
    pub round: u64,
    pub signature: Signature,
    pub subject: Subject,
    pub verdict: Verdict,
}

/// A review as the state keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub at: Millis,
    pub by: PersonId,
    /// The fingerprint of the key that signed; once it is retired, the signature is live no more.
    pub key: Digest,
    pub role: Role,
    pub verdict: Verdict,
}

pub(crate) fn check(
    state: &State,
    signed: &ReviewSigned,
    entry: &Entry,
    claims: &mut Vec<Claim>,
) -> Result<(), Refusal> {
    let at = entry.at;
    let role = signed.role.as_str();
    let mut reasons = Reasons::default();
    let (requester, quorum, reviews) = match signed.subject {
        Subject::Ticket(id) => {
            let ticket = state.ticket(id)?;
            reasons.take(ticket.must_be_in_review(signed.round));
            (ticket.requester, state.standard_of(ticket)?.reviews.clone(), &ticket.reviews[..])
        }
        Subject::Request(id) => {
            let request = state.request(id)?;
            reasons.take(request.must_be_in_review(signed.round));
            (request.requester, request.reviewers()?.clone(), &request.reviews[..])
        }
    };
    reasons.require(quorum.roles().contains(&signed.role), Code::RoleNeeded, || {
        format!("`{role}` is not among the roles that review this: {quorum}")
    });
    let statement = |signer| {
        let Signature { not_after, seen, .. } = signed.signature;
        statement(state, signed, Frame { not_after, role, seen, signer })
    };
    if let Some(claim) = reasons.take(Claim::of_role(state, &signed.signature, role, at, statement))
    {
        reasons.take(may_review(state, claim.signer, requester, &signed.subject));
        let again = reviews.iter().any(|old| old.by == claim.signer && old.role == signed.role);
        reasons.require(!again, Code::SignatureUsed, || {
            format!("{} has signed this round as `{role}` already", claim.signer)
        });
        claims.push(claim);
    }
    reasons.done()
}

/// INVARIANT: nobody approves what they asked for, and no service account approves anything.
fn may_review(
    state: &State,
    signer: PersonId,
    requester: PersonId,
    subject: &Subject,
) -> Result<(), Refusal> {
    let person = state.active_person(signer)?;
    let mut reasons = Reasons::default();
    let owner = match subject {
        Subject::Request(id) => Some(state.request(*id)?.asked.owner),
        Subject::Ticket(_) => None,
    };
    let own = |asker: PersonId| state.asked_through(asker, signer);
    reasons.require(!own(requester) && !owner.is_some_and(own), Code::OwnRequest, || {
        "nobody reviews what they, or a service account of theirs, asked for".to_owned()
    });
    reasons.require(person.kind == Kind::Human, Code::WorkloadReview, || {
        "a service account cannot review".to_owned()
    });
    if person.demo {
        reasons.take(match subject {
            Subject::Ticket(id) => state.ticket(*id)?.must_be_loopback(),
            Subject::Request(id) => {
                state.service(state.request(*id)?.asked.service)?.must_be_loopback()
            }
        });
    }
    reasons.done()
}

/// What the reviewer signs.
pub fn statement(state: &State, signed: &ReviewSigned, frame: Frame<'_>) -> Statement {
    let verdict = match signed.verdict {
        Verdict::Approve => "approve",
        Verdict::Reject => "reject",
    };
    match signed.subject {
        Subject::Ticket(id) => ticket::statement(state, id, verdict, frame),
        Subject::Request(id) => request::statement(state, id, verdict, frame),
    }
}

/// Those whose approvals count now: still active, still in their role, their key not retired, and not
/// by now answering for one of the `askers`.
pub(crate) fn live_approvals(
    state: &State,
    reviews: &[Review],
    askers: &[PersonId],
) -> BTreeSet<(Role, PersonId)> {
    let holds = |review: &&Review| {
        review.verdict == Verdict::Approve
            && !askers.iter().any(|asker| state.asked_through(*asker, review.by))
            && state.people.get(&review.by).is_some_and(|person| person.has(review.role.as_str()))
            && state.keys.get(&review.key).is_some_and(|key| key.retired.is_none())
    };
    reviews.iter().filter(holds).map(|review| (review.role.clone(), review.by)).collect()
}

impl Tables {
    pub(crate) fn absorb_review(&mut self, signed: &ReviewSigned, at: Millis, claims: &[Claim]) {
        let Some(by) = claims.first().map(|claim| claim.signer) else { return };
        let ReviewSigned { role, verdict, signature, .. } = signed.clone();
        let review = Review { at, by, key: signature.key, role, verdict };
        match signed.subject {
            Subject::Ticket(id) => self.absorb_ticket_review(id, review, at),
            Subject::Request(id) => self.absorb_request_review(id, review, at),
        }
    }
}
