//! Requests: somebody asks for a token, with scopes, an environment and an end. Policy decides, then people.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::address::Cidr;
use crate::digest::Digest;
use crate::entry::Entry;
use crate::id::{GrantId, PersonId, RequestId, ServiceId, TicketId};
use crate::limit::Rate;
use crate::people::Role;
use crate::policy::{Decision, Outcome};
use crate::refusal::{Code, Reasons, Refusal};
use crate::review::{self, Quorum, Review, Verdict};
use crate::signature::{Seen, Signature};
use crate::state::{State, Tables};
use crate::statement::{Claim, Frame, Statement};
use crate::time::{Millis, Span};

/// The longest that anybody can ask for at once.
pub const LONGEST: Span = Span::days(400);
/// The most requests of one person that wait at once.
pub const MOST_WAITING: usize = 100;

/// What is asked for. Every field is mandatory but the limits, which only narrow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Calls come from these networks only; from anywhere when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Cidr>,
    pub environment: String,
    /// Whose the token will be: the requester, or a service account.
    pub owner: PersonId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// The paper that says why.
    pub reason: Digest,
    pub request: RequestId,
    /// Names of the service's scopes, sorted, without repetition.
    pub scopes: Box<[String]>,
    pub service: ServiceId,
    pub until: Millis,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestMade {
    pub asked: Arc<Asked>,
    /// The requester's; needed when a scope is sensitive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// What policy said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestDecided {
    pub decision: Arc<Decision>,
    pub request: RequestId,
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Requested,
    InReview { since: Millis },
    Denied { at: Millis },
    Rejected { at: Millis },
    Granted { at: Millis, grant: GrantId },
}

impl Status {
    pub fn name(&self) -> &'static str {
        match self {
            Status::Requested => "requested",
            Status::InReview { .. } => "in review",
            Status::Denied { .. } => "denied",
            Status::Rejected { .. } => "rejected",
            Status::Granted { .. } => "granted",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub asked: Arc<Asked>,
    pub at: Millis,
    pub decision: Option<Arc<Decision>>,
    pub requester: PersonId,
    /// Few or none: every request holds them, so they take no spare place.
    pub reviews: Box<[Review]>,
    pub status: Status,
    /// The ticket that the service rested on when it was decided.
    pub ticket: Option<TicketId>,
}

impl Request {
    pub(crate) fn must_be_in_review(&self, round: u64) -> Result<(), Refusal> {
        match self.status {
            Status::InReview { .. } if round == 1 => Ok(()),
            Status::InReview { .. } => {
                Err(Refusal::new(Code::WrongStatus, "a request has one round of review"))
            }
            _ => Err(Refusal::new(
                Code::WrongStatus,
                format!("the request is {}, not in review", self.status.name()),
            )),
        }
    }

    /// Whether it was decided under a policy or a ticket that is not in force any more.
    pub fn is_overtaken(&self, state: &State) -> bool {
        let in_force = state.policy.as_ref().map(|policy| policy.digest);
        let policy = |decision: &Arc<Decision>| Some(decision.policy) != in_force;
        self.decision.as_ref().is_some_and(policy) || self.must_be_of_now(state).is_err()
    }

    /// INVARIANT: nobody gets what a scope, a host or the data have come to be since it was decided about.
    fn must_be_of_now(&self, state: &State) -> Result<(), Refusal> {
        let service = state.service(self.asked.service)?;
        match self.ticket.is_none_or(|decided| decided == service.ticket) {
            true => Ok(()),
            false => Err(Refusal::new(
                Code::OperationsChanged,
                format!("`{}` was approved anew since; the request is decided again", service.name),
            )),
        }
    }

    /// The table of operations that it was decided under, once it was.
    pub fn operations(&self, tables: &Tables) -> Option<Digest> {
        Some(tables.tickets.get(&self.ticket?)?.terms.operations)
    }

    /// Whether it still waits for policy or people.
    pub fn is_waiting(&self) -> bool {
        matches!(self.status, Status::Requested | Status::InReview { .. })
    }

    /// Who must sign, as policy decided.
    pub fn reviewers(&self) -> Result<&Quorum, Refusal> {
        self.decision
            .as_ref()
            .and_then(|decision| decision.reviewers.as_ref())
            .ok_or_else(|| Refusal::new(Code::WrongStatus, "the request is not one for review"))
    }

    /// Whether people signed it, beyond what policy grants alone.
    pub fn was_reviewed(&self) -> bool {
        self.decision.as_ref().is_some_and(|decision| decision.outcome == Outcome::Review)
    }
}

pub(crate) fn check_made(
    state: &State,
    made: &RequestMade,
    entry: &Entry,
    claims: &mut Vec<Claim>,
) -> Result<(), Refusal> {
    let asked = &made.asked;
    let Some(who) = entry.actor.who else { return entry.person(state).map(|_| ()) };
    let (mut reasons, sensitive) = asking(state, who, asked, entry.at);
    reasons.require(!sensitive || made.signature.is_some(), Code::SignatureNeeded, || {
        "a sensitive scope is asked for with the requester's signature".to_owned()
    });
    if let Some(signature) = &made.signature {
        let claim = Claim::of_person(state, signature, who, entry.at, |signer| {
            let Signature { not_after, seen, .. } = *signature;
            let frame = Frame { not_after, role: Role::REQUESTER, seen, signer };
            statement_of(state, asked, signer, "request", frame)
        });
        claims.extend(reasons.take(claim));
    }
    reasons.done()
}

/// Whether `who` may ask for this: everything but the signature, so that nobody signs in vain.
pub fn may_ask(state: &State, who: PersonId, asked: &Asked, at: Millis) -> Result<(), Refusal> {
    asking(state, who, asked, at).0.done()
}

/// What speaks against asking, and whether a scope among what is asked for is sensitive.
fn asking(state: &State, who: PersonId, asked: &Asked, at: Millis) -> (Reasons, bool) {
    let mut reasons = Reasons::default();
    reasons.take(state.active_person(who));
    let free = !state.requests.contains_key(&asked.request);
    reasons.require(free, Code::Exists, || format!("{} exists already", asked.request));
    reasons.take(check_owner(state, asked, who));
    let waiting = state.waiting(who).filter(|request| request.asked.until > at).count();
    reasons.require(waiting < MOST_WAITING, Code::TooMany, || {
        format!("{waiting} of your requests wait to be decided already; ask when some are")
    });
    reasons.take(check_bounds(asked, at));
    let sensitive = reasons.take(check_scopes(state, asked, at)).unwrap_or_default();
    (reasons, sensitive)
}

/// A token is asked for oneself or for a service account, never for another person.
fn check_owner(state: &State, asked: &Asked, who: PersonId) -> Result<(), Refusal> {
    let owner = state.active_person(asked.owner)?;
    if owner.demo || state.active_person(who)?.demo {
        state.service(asked.service)?.must_be_loopback()?;
    }
    match who == asked.owner || owner.kind == crate::people::Kind::Workload {
        true => Ok(()),
        false => Err(Refusal::new(
            Code::Invalid,
            "a token is requested for oneself or for a service account",
        )),
    }
}

fn check_bounds(asked: &Asked, at: Millis) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    let sane = asked.until > at && asked.until <= at.after(LONGEST);
    reasons.require(sane, Code::Invalid, || {
        format!("the end {} is past, or more than {LONGEST} ahead", asked.until)
    });
    reasons.require(asked.rate.is_none_or(|rate| rate.is_sane()), Code::Invalid, || {
        "the rate is out of bounds; from 1 call a day to 1000000 a second".to_owned()
    });
    reasons.require(asked.addresses.len() <= 64, Code::Invalid, || {
        "at most 64 address ranges".to_owned()
    });
    let in_order = asked.scopes.windows(2).all(|pair| pair.first() < pair.last());
    let count = (1..=128).contains(&asked.scopes.len());
    reasons.require(in_order && count, Code::Invalid, || {
        "1 to 128 scopes, sorted, each once; there is no wildcard".to_owned()
    });
    reasons.done()
}

/// Whether a scope among them is sensitive.
fn check_scopes(state: &State, asked: &Asked, at: Millis) -> Result<bool, Refusal> {
    let service = state.service(asked.service)?;
    let mut reasons = Reasons::default();
    reasons.take(service.must_be_released(at));
    let known = service.environments.contains_key(&asked.environment);
    reasons.require(known, Code::NotFound, || service.no_environment(&asked.environment));
    let table = state.materials.operations(&service.operations)?;
    let mut sensitive = false;
    for name in &asked.scopes {
        match table.scope(name) {
            Some(scope) => sensitive |= scope.sensitive,
            None => reasons.add(
                Code::UnknownScope,
                format!(
                    "`{}` has no scope `{name}`; see `portcullis service show {0}`",
                    service.name
                ),
            ),
        }
    }
    reasons.done().map(|()| sensitive)
}

pub(crate) fn check_decided(
    state: &State,
    decided: &RequestDecided,
    entry: &Entry,
) -> Result<(), Refusal> {
    let request = state.request(decided.request)?;
    let mut reasons = Reasons::default();
    let due = match request.status {
        Status::Requested => true,
        // A new policy or table asks again: reviews given under the old one do not count.
        Status::InReview { .. } => request.is_overtaken(state),
        _ => false,
    };
    reasons.require(due, Code::WrongStatus, || format!("the request is {}", request.status.name()));
    reasons.take(decided.decision.check(state));
    reasons.require(entry.at < request.asked.until, Code::FuseBroken, || {
        format!("the request ended on {}", request.asked.until)
    });
    reasons.done()
}

/// INVARIANT: a grant needs policy's grant under the policy in force, or the live signatures of the
/// reviewers that policy named.
pub(crate) fn must_be_granted(state: &State, request: &Request) -> Result<(), Refusal> {
    match request.status {
        Status::Requested | Status::InReview { .. } => {}
        Status::Denied { .. } => {
            return Err(Refusal::new(Code::PolicyDenied, "policy denies the request"));
        }
        Status::Rejected { .. } | Status::Granted { .. } => {
            let message = format!("the request is {}", request.status.name());
            return Err(Refusal::new(Code::WrongStatus, message));
        }
    }
    let Some(decision) = &request.decision else {
        return Err(Refusal::new(Code::WrongStatus, "policy has not decided the request yet"));
    };
    request.must_be_of_now(state)?;
    match decision.outcome {
        Outcome::Deny => Err(Refusal::new(Code::PolicyDenied, "policy denies the request")),
        Outcome::Grant => decision.check(state),
        Outcome::Review => {
            decision.check(state)?;
            let quorum = request.reviewers()?;
            let live = review::live_approvals(
                state,
                &request.reviews,
                &[request.requester, request.asked.owner],
            );
            match quorum.is_met(&live) {
                true => Ok(()),
                false => Err(Refusal::new(
                    Code::ReviewsMissing,
                    format!("the request needs the signatures of {quorum}"),
                )),
            }
        }
    }
}

#[derive(Serialize)]
struct RequestStatement<'a> {
    asked: &'a Asked,
    /// What policy said, once it has.
    decision: Option<&'a Decision>,
    genesis: Option<Digest>,
    not_after: Millis,
    /// The table that says what the scopes mean.
    operations: Option<Digest>,
    requester: PersonId,
    role: &'a str,
    round: u64,
    seen: Seen,
    /// The service's name.
    service: Option<&'a str>,
    signer: PersonId,
    statement: &'static str,
    /// The ticket that the service rests on, and with it every term that was approved.
    ticket: Option<TicketId>,
    /// Where the calls go.
    upstream: Option<&'a str>,
    verdict: &'a str,
}

/// What the reviewers of a request sign.
pub fn statement(state: &State, id: RequestId, verdict: &str, frame: Frame<'_>) -> Statement {
    match state.requests.get(&id) {
        Some(request) => statement_of(state, &request.asked, request.requester, verdict, frame),
        None => Statement::of(&()),
    }
}

/// What the requester signs, before the request is in the ledger.
pub fn statement_of(
    state: &State,
    asked: &Asked,
    requester: PersonId,
    verdict: &str,
    frame: Frame<'_>,
) -> Statement {
    let service = state.services.get(&asked.service);
    let place = service.and_then(|service| service.environments.get(&asked.environment));
    let decided = state.requests.get(&asked.request).and_then(|found| found.decision.as_deref());
    Statement::of(&RequestStatement {
        asked,
        decision: decided,
        genesis: state.genesis_hash(),
        not_after: frame.not_after,
        operations: service.map(|service| service.operations),
        requester,
        role: frame.role,
        round: 1,
        seen: frame.seen,
        service: service.map(|service| service.name.as_str()),
        signer: frame.signer,
        statement: "request",
        ticket: service.map(|service| service.ticket),
        upstream: place.map(|place| place.upstream.as_str()),
        verdict,
    })
}

impl Tables {
    pub fn request(&self, id: RequestId) -> Result<&Request, Refusal> {
        let found = self.requests.get(&id).map(AsRef::as_ref);
        found.ok_or_else(|| {
            Refusal::new(Code::NotFound, format!("no request {id}; see `portcullis request list`"))
        })
    }

    /// The sensitive scopes among these.
    pub fn sensitive_among(&self, asked: &Asked) -> BTreeSet<String> {
        let Some(service) = self.services.get(&asked.service) else { return BTreeSet::new() };
        let Ok(table) = self.materials.operations(&service.operations) else {
            return BTreeSet::new();
        };
        let sensitive = |name: &&String| table.scope(name).is_none_or(|scope| scope.sensitive);
        asked.scopes.iter().filter(sensitive).cloned().collect()
    }

    pub(crate) fn absorb_made(&mut self, made: &RequestMade, entry: &Entry) {
        let Some(requester) = entry.actor.who else { return };
        let request = Request {
            asked: made.asked.clone(),
            at: entry.at,
            decision: None,
            requester,
            reviews: Box::default(),
            status: Status::Requested,
            ticket: None,
        };
        self.requests.insert(made.asked.request, request.into());
        let past: Vec<_> = self.waiting(requester).filter(|r| r.asked.until <= entry.at).collect();
        let past: Vec<_> = past.into_iter().map(|request| request.asked.request).collect();
        for id in past {
            self.waiting.remove(&(requester, id));
        }
        self.waiting.insert((requester, made.asked.request));
    }

    /// Somebody's requests that policy or people have yet to decide.
    pub fn waiting(&self, requester: PersonId) -> impl Iterator<Item = &Request> {
        let all = (requester, RequestId(0))..=(requester, RequestId(u128::MAX));
        self.waiting.range(all).filter_map(|(_, id)| Some(self.requests.get(id)?.as_ref()))
    }

    /// Changes a request, which may end its waiting.
    pub(crate) fn change_waiting(&mut self, id: RequestId, change: impl FnOnce(&mut Request)) {
        self.change_request(id, change);
        let settled = self.requests.get(&id).filter(|request| !request.is_waiting());
        if let Some(requester) = settled.map(|request| request.requester) {
            self.waiting.remove(&(requester, id));
        }
    }

    pub(crate) fn absorb_decided(&mut self, decided: &RequestDecided, at: Millis) {
        let decision = self.hold(&decided.decision);
        let asked = self.requests.get(&decided.request).map(|request| request.asked.clone());
        let service = asked.and_then(|asked| self.services.get(&asked.service));
        let ticket = service.map(|service| service.ticket);
        self.change_waiting(decided.request, |request| {
            request.ticket = ticket;
            request.status = match decided.decision.outcome {
                Outcome::Grant => Status::Requested,
                Outcome::Review => Status::InReview { since: at },
                Outcome::Deny => Status::Denied { at },
            };
            request.decision = Some(decision);
            request.reviews = Box::default();
        });
    }

    pub(crate) fn absorb_request_review(&mut self, id: RequestId, review: Review, at: Millis) {
        self.change_waiting(id, |request| {
            if review.verdict == Verdict::Reject {
                request.status = Status::Rejected { at };
            }
            let reviews = std::mem::take(&mut request.reviews);
            request.reviews = reviews.into_iter().chain([review]).collect();
        });
    }
}
