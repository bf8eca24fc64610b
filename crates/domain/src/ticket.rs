//! Tickets: a service on its way in. Opened, evaluated, reviewed, approved or rejected.

mod statement;
mod terms;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fuse::Fuse;
use crate::gate::{self, Outcome, Standing};
use crate::id::{PersonId, ServiceId, TicketId, VendorId};
use crate::material::Materials;
use crate::people::{Role, is_name};
use crate::refusal::{Code, Reasons, Refusal};
use crate::review::{self, Review, Verdict};
use crate::signature::Signature;
use crate::standard::{Criterion, Stage, Standard};
use crate::state::{State, Tables};
use crate::statement::{Claim, Frame};
use crate::time::Millis;

pub use statement::statement;
use terms::check_terms;
pub(crate) use terms::must_be_loopback;
pub use terms::{Environment, Terms};

/// The most tickets of one person that are open at once.
pub const MOST_OPEN: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketOpened {
    /// The service's short name, unique for ever: it stands in the gateway's paths.
    pub name: String,
    pub service: ServiceId,
    /// The published standard's digest.
    pub standard: Digest,
    pub terms: Terms,
    pub ticket: TicketId,
    pub vendor: VendorId,
}

/// The terms change while the ticket is evaluated; from a review on that starts the next round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketAmended {
    pub terms: Terms,
    pub ticket: TicketId,
}

/// The requester signs for what goes to the reviewers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketSubmitted {
    #[serde(deserialize_with = "crate::number::whole")]
    pub round: u64,
    pub signature: Signature,
    pub ticket: TicketId,
}

/// The decision: every criterion passes and the reviewers in the required roles have signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketApproved {
    pub fuse: Fuse,
    #[serde(deserialize_with = "crate::number::whole")]
    pub round: u64,
    pub ticket: TicketId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketWithdrawn {
    pub ticket: TicketId,
}

/// Where a ticket stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Evaluating,
    InReview { since: Millis },
    Approved { at: Millis },
    Rejected { at: Millis },
    Withdrawn { at: Millis },
}

impl Status {
    pub fn name(&self) -> &'static str {
        match self {
            Status::Evaluating => "evaluating",
            Status::InReview { .. } => "in review",
            Status::Approved { .. } => "approved",
            Status::Rejected { .. } => "rejected",
            Status::Withdrawn { .. } => "withdrawn",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub evidence: BTreeMap<String, Evidence>,
    pub name: String,
    pub opened: Millis,
    pub requester: PersonId,
    pub reviews: Vec<Review>,
    pub round: u64,
    pub service: ServiceId,
    pub standard: Digest,
    pub status: Status,
    pub terms: Terms,
    pub vendor: VendorId,
}

impl Ticket {
    /// Whether something can still come of it.
    pub fn is_open(&self) -> bool {
        match self.status {
            Status::Evaluating | Status::InReview { .. } | Status::Rejected { .. } => true,
            Status::Approved { .. } | Status::Withdrawn { .. } => false,
        }
    }

    pub(crate) fn must_be_evaluating(&self, verb: &str) -> Result<(), Refusal> {
        match self.status {
            Status::Evaluating => Ok(()),
            _ => Err(Refusal::new(
                Code::WrongStatus,
                format!(
                    "the ticket is {}; one can {verb} it while it is evaluated",
                    self.status.name()
                ),
            )),
        }
    }

    pub(crate) fn must_be_in_review(&self, round: u64) -> Result<(), Refusal> {
        match self.status {
            Status::InReview { .. } if self.round == round => Ok(()),
            Status::InReview { .. } => Err(Refusal::new(
                Code::WrongStatus,
                format!("the ticket is in round {}, not {round}", self.round),
            )),
            _ => Err(Refusal::new(
                Code::WrongStatus,
                format!("the ticket is {}, not in review", self.status.name()),
            )),
        }
    }

    /// Demo people touch nothing but this machine.
    pub(crate) fn must_be_loopback(&self) -> Result<(), Refusal> {
        must_be_loopback(&self.terms.environments)
    }
}

pub(crate) fn check_opened(
    state: &State,
    opened: &TicketOpened,
    entry: &Entry,
    materials: &Materials,
) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    let free = !state.tickets.contains_key(&opened.ticket);
    reasons.require(free, Code::Exists, || format!("{} exists already", opened.ticket));
    reasons.take(state.vendor(opened.vendor));
    let current = state.standards.values().any(|published| published.digest == opened.standard);
    reasons.require(current, Code::NotFound, || {
        format!("no published standard {}; see `portcullis standard list`", opened.standard)
    });
    reasons.take(check_name(state, opened));
    let mine =
        |ticket: &&Arc<Ticket>| Some(ticket.requester) == entry.actor.who && ticket.is_open();
    let open = state.tickets.values().filter(mine).count();
    reasons.require(open < MOST_OPEN, Code::TooMany, || {
        format!("you have {open} open tickets; withdraw what nobody needs")
    });
    let requester = reasons.take(entry.person(state));
    reasons.take(check_terms(&opened.terms, requester.is_some_and(|p| p.demo), materials));
    reasons.done()
}

/// A name belongs to one service for ever; a further ticket for it is a renewal of the same vendor's.
fn check_name(state: &State, opened: &TicketOpened) -> Result<(), Refusal> {
    // A name that reads as an id could be taken for another service's.
    if !is_name(&opened.name) || opened.name.parse::<ServiceId>().is_ok() {
        let message =
            format!("`{}` is not a service's name; use a-z, 0-9 and -, and no id", opened.name);
        return Err(Refusal::new(Code::Invalid, message));
    }
    let elsewhere = state.names.get(&opened.name).is_some_and(|id| *id != opened.service);
    // Other tickets of the same service, approved or not, say what it is.
    let strange = state.tickets.values().any(|other| {
        other.service == opened.service
            && (other.vendor != opened.vendor || other.name != opened.name)
    });
    match elsewhere || strange {
        true => Err(Refusal::new(
            Code::Exists,
            format!("the name `{}` or its id belongs to another service, for ever", opened.name),
        )),
        false => Ok(()),
    }
}

pub(crate) fn check_amended(
    state: &State,
    amended: &TicketAmended,
    entry: &Entry,
    materials: &Materials,
) -> Result<(), Refusal> {
    let ticket = state.ticket(amended.ticket)?;
    let mut reasons = Reasons::default();
    reasons.require(ticket.is_open(), Code::WrongStatus, || {
        format!("the ticket is {}; its terms stand", ticket.status.name())
    });
    reasons.take(state.works_on(ticket, entry));
    let people = [entry.actor.who, Some(ticket.requester)].into_iter().flatten();
    let demo = people.filter_map(|id| state.people.get(&id)).any(|person| person.demo);
    reasons.take(check_terms(&amended.terms, demo, materials));
    reasons.done()
}

pub(crate) fn check_submitted(
    state: &State,
    submitted: &TicketSubmitted,
    entry: &Entry,
    claims: &mut Vec<Claim>,
) -> Result<(), Refusal> {
    let ticket = state.ticket(submitted.ticket)?;
    let mut reasons = Reasons::default();
    reasons.take(must_be_ready(state, ticket, entry.at));
    reasons.require(ticket.round == submitted.round, Code::WrongStatus, || {
        format!("the ticket is in round {}", ticket.round)
    });
    let signature = &submitted.signature;
    let claim = Claim::of_person(state, signature, ticket.requester, entry.at, |signer| {
        let Signature { not_after, seen, .. } = *signature;
        let frame = Frame { not_after, role: Role::REQUESTER, seen, signer };
        statement(state, submitted.ticket, "submit", frame)
    });
    claims.extend(reasons.take(claim));
    reasons.done()
}

/// Whether `who` may submit it: everything but the signature, so that nobody signs in vain.
pub fn may_submit(state: &State, id: TicketId, who: PersonId, at: Millis) -> Result<(), Refusal> {
    let ticket = state.ticket(id)?;
    let mut reasons = Reasons::default();
    reasons.take(must_be_ready(state, ticket, at));
    reasons.require(who == ticket.requester, Code::RoleNeeded, || {
        "only whoever opened the ticket submits it".to_owned()
    });
    reasons.done()
}

fn must_be_ready(state: &State, ticket: &Ticket, at: Millis) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    reasons.take(ticket.must_be_evaluating("submit"));
    reasons.take(must_pass(state, ticket, Stage::Approval, at));
    reasons.done()
}

/// INVARIANT: no approval and no release without passing every applicable criterion.
pub(crate) fn must_pass(
    state: &Tables,
    ticket: &Ticket,
    stage: Stage,
    now: Millis,
) -> Result<(), Refusal> {
    let standard = state.standard_of(ticket)?;
    let mut reasons = Reasons::default();
    for standing in gate::judge(standard, ticket, stage, now) {
        let code = match standing.finding {
            Outcome::Expired { .. } => Code::EvidenceExpired,
            _ => Code::CriterionOpen,
        };
        reasons.require(standing.is_clear(), code, || {
            format!("`{}`: {}", standing.criterion.id, standing.why())
        });
    }
    reasons.done()
}

pub(crate) fn check_approved(
    state: &State,
    approved: &TicketApproved,
    entry: &Entry,
) -> Result<(), Refusal> {
    let ticket = state.ticket(approved.ticket)?;
    let standard = state.standard_of(ticket)?;
    let mut reasons = Reasons::default();
    reasons.take(ticket.must_be_in_review(approved.round));
    reasons.take(must_pass(state, ticket, Stage::Approval, entry.at));
    reasons.take(must_be_reviewed(state, ticket, standard));
    let fuse = gate::fuse(standard, ticket, entry.at, entry.at);
    reasons.require(
        fuse.as_ref().is_none_or(|fuse| *fuse == approved.fuse && !fuse.is_burnt(entry.at)),
        Code::FuseBroken,
        || match &fuse {
            Some(fuse) => format!("the approval {fuse}, not on {}", approved.fuse.until),
            None => String::new(),
        },
    );
    reasons.done()
}

fn must_be_reviewed(state: &State, ticket: &Ticket, standard: &Standard) -> Result<(), Refusal> {
    let live = review::live_approvals(state, &ticket.reviews, &[ticket.requester]);
    let people: BTreeSet<_> = live.iter().map(|(_, person)| person).collect();
    let mut reasons = Reasons::default();
    reasons.require(standard.reviews.is_met(&live), Code::ReviewsMissing, || {
        format!("the ticket needs the signatures of {}", standard.reviews)
    });
    reasons.require(people.len() >= usize::from(standard.signers), Code::ReviewsMissing, || {
        let noun = if standard.signers == 1 { "person" } else { "people" };
        format!("{} different {noun} must sign, {} did", standard.signers, people.len())
    });
    reasons.done()
}

pub(crate) fn check_withdrawn(
    state: &State,
    withdrawn: &TicketWithdrawn,
    entry: &Entry,
) -> Result<(), Refusal> {
    let ticket = state.ticket(withdrawn.ticket)?;
    let mut reasons = Reasons::default();
    reasons.take(state.works_on(ticket, entry));
    let open = !matches!(ticket.status, Status::Approved { .. } | Status::Withdrawn { .. });
    reasons.require(open, Code::WrongStatus, || format!("the ticket is {}", ticket.status.name()));
    reasons.done()
}

impl Tables {
    pub fn ticket(&self, id: TicketId) -> Result<&Ticket, Refusal> {
        let found = self.tickets.get(&id).map(AsRef::as_ref);
        found.ok_or_else(|| {
            Refusal::new(Code::NotFound, format!("no ticket {id}; see `portcullis ticket list`"))
        })
    }

    pub fn standard_of(&self, ticket: &Ticket) -> Result<&Standard, Refusal> {
        self.materials.standard(&ticket.standard).map(AsRef::as_ref)
    }

    pub(crate) fn criterion(&self, ticket: &Ticket, id: &str) -> Result<&Criterion, Refusal> {
        self.standard_of(ticket)?.criterion(id).ok_or_else(|| {
            let message = format!(
                "the ticket's standard has no criterion `{id}`; see `portcullis ticket show`"
            );
            Refusal::new(Code::NotFound, message)
        })
    }

    /// Every criterion of the ticket's standard as it stands at `now`.
    pub fn standings<'a>(
        &'a self,
        ticket: &'a Ticket,
        stage: Stage,
        now: Millis,
    ) -> Result<Vec<Standing<'a>>, Refusal> {
        Ok(gate::judge(self.standard_of(ticket)?, ticket, stage, now))
    }

    /// The requester and operators work on a ticket; everybody may read it.
    pub(crate) fn works_on(&self, ticket: &Ticket, entry: &Entry) -> Result<(), Refusal> {
        let person = entry.person(self)?;
        match entry.actor.who == Some(ticket.requester) || person.has(Role::OPERATOR) {
            true => Ok(()),
            false => Err(Refusal::new(
                Code::RoleNeeded,
                "only the ticket's requester and operators work on it",
            )),
        }
    }

    pub(crate) fn absorb_opened(&mut self, opened: &TicketOpened, entry: &Entry) {
        let Some(requester) = entry.actor.who else { return };
        let ticket = Ticket {
            evidence: BTreeMap::new(),
            name: opened.name.clone(),
            opened: entry.at,
            requester,
            reviews: Vec::new(),
            round: 1,
            service: opened.service,
            standard: opened.standard,
            status: Status::Evaluating,
            terms: opened.terms.clone(),
            vendor: opened.vendor,
        };
        self.names.insert(opened.name.clone(), opened.service);
        self.tickets.insert(opened.ticket, ticket.into());
    }

    /// Whatever was measured or attested was so under the old terms: it goes.
    pub(crate) fn absorb_amended(&mut self, amended: &TicketAmended) {
        self.change_ticket(amended.ticket, |ticket| {
            if !matches!(ticket.status, Status::Evaluating) {
                ticket.round += 1;
            }
            ticket.status = Status::Evaluating;
            ticket.terms = amended.terms.clone();
            ticket.reviews.clear();
            ticket.evidence.clear();
        });
    }

    pub(crate) fn absorb_submitted(&mut self, submitted: &TicketSubmitted, at: Millis) {
        self.change_ticket(submitted.ticket, |ticket| {
            ticket.status = Status::InReview { since: at };
        });
    }

    pub(crate) fn absorb_ticket_review(&mut self, id: TicketId, review: Review, at: Millis) {
        self.change_ticket(id, |ticket| {
            if review.verdict == Verdict::Reject {
                ticket.status = Status::Rejected { at };
            }
            ticket.reviews.push(review);
        });
    }

    pub(crate) fn absorb_withdrawn(&mut self, withdrawn: &TicketWithdrawn, at: Millis) {
        self.change_ticket(withdrawn.ticket, |ticket| ticket.status = Status::Withdrawn { at });
    }
}
