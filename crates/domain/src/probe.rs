//! Probes: ordered by an entry, run by an enrolled runner against a sandbox, answered with measurements.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::address::Reach;
use crate::digest::Digest;
use crate::entry::Entry;
use crate::evidence::{Evidence, Source, Values};
use crate::gate;
use crate::id::{OrderId, PersonId, RunnerId, TicketId};
use crate::material::Materials;
use crate::people::{Role, is_name};
use crate::refusal::{Code, Reasons, Refusal};
use crate::service::{Release, Service};
use crate::signature::Base64;
use crate::standard::{Criterion, Stage, Verify};
use crate::state::{State, Tables};
use crate::ticket::{Status, Ticket};
use crate::time::{Millis, Span};

/// The most orders of one person that wait for an answer at once.
pub const MOST_PROBING: usize = 8;
/// How long an order counts as waiting: a runner may never answer.
const PATIENCE: Span = Span::HOUR;
const ANSWER_CONTEXT: &[u8] = b"portcullis-answer-v1\n";

/// A runner shall measure this, there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeOrdered {
    pub checks: BTreeSet<String>,
    pub document: Digest,
    pub environment: String,
    /// Random; the answer repeats it, so that no old answer fits.
    pub nonce: Digest,
    pub order: OrderId,
    /// The environment's reach: the runner connects to no address outside it.
    pub reach: Reach,
    pub runner: RunnerId,
    /// The environment's declared upstream, exactly.
    pub target: String,
    pub ticket: TicketId,
}

/// The runner's answer, a material.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// SHA-256 of the certificate that the target showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Digest>,
    pub document: Digest,
    pub ended: Millis,
    pub nonce: Digest,
    pub order: OrderId,
    /// The paper with the findings and their evidence, as people read it.
    pub report: Digest,
    pub started: Millis,
    pub target: String,
    /// What was measured. A check that could not be judged leaves its values out.
    pub values: Values,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeAnswered {
    pub answer: Digest,
    pub order: OrderId,
    /// The runner's Ed25519 signature over [`answer_message`].
    pub signature: Base64,
}

/// An order as the state knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub answered: Option<Digest>,
    pub at: Millis,
    pub by: PersonId,
    pub ordered: ProbeOrdered,
}

/// What a runner signs: the context, the genesis hash, the order and the answer's digest.
pub fn answer_message(genesis: &Digest, order: OrderId, answer: &Digest) -> Vec<u8> {
    [ANSWER_CONTEXT, &genesis.0, &order.0.to_be_bytes(), &answer.0].concat()
}

pub(crate) fn check_ordered(
    state: &State,
    ordered: &ProbeOrdered,
    entry: &Entry,
) -> Result<(), Refusal> {
    let ticket = state.ticket(ordered.ticket)?;
    let mut reasons = Reasons::default();
    reasons.take(state.works_on(ticket, entry));
    let free = !state.orders.contains_key(&ordered.order);
    reasons.require(free, Code::Exists, || format!("{} exists already", ordered.order));
    let open = matches!(ticket.status, Status::Evaluating | Status::Approved { .. });
    reasons.require(open, Code::WrongStatus, || {
        format!("the ticket is {}; probes measure it while it is evaluated", ticket.status.name())
    });
    reasons.require(ordered.document == ticket.terms.document, Code::AnswerMismatch, || {
        "the order names another document than the ticket".to_owned()
    });
    reasons.take(check_target(ticket, ordered));
    reasons.take(check_reach(state, ticket, ordered, entry));
    let runner = state.runners.get(&ordered.runner);
    reasons.require(runner.is_some_and(|r| r.is_active()), Code::NotActive, || {
        format!("runner {} is not enrolled", ordered.runner)
    });
    if let Some(who) = entry.actor.who {
        let probing = state.probing(who).filter(|order| state.is_probing(order, entry.at)).count();
        reasons.require(probing < MOST_PROBING, Code::TooMany, || {
            format!("{probing} probes that you ordered are still to be answered; wait for them")
        });
    }
    reasons.require(!ordered.checks.is_empty(), Code::Invalid, || "no checks named".to_owned());
    reasons.done()
}

fn check_target(ticket: &Ticket, ordered: &ProbeOrdered) -> Result<(), Refusal> {
    match ticket.terms.environments.get(&ordered.environment) {
        None => Err(Refusal::new(
            Code::NotFound,
            format!("the ticket declares no environment `{}`", ordered.environment),
        )),
        Some(environment) if !environment.sandbox => Err(Refusal::new(
            Code::UpstreamRefused,
            format!("`{}` is not a sandbox; probes attack sandboxes only", ordered.environment),
        )),
        Some(environment) if environment.upstream != ordered.target => Err(Refusal::new(
            Code::UpstreamRefused,
            format!("`{}` is at {}", ordered.environment, environment.upstream),
        )),
        Some(environment) if environment.reach()? != ordered.reach => Err(Refusal::new(
            Code::UpstreamRefused,
            format!("`{}` has another reach", ordered.environment),
        )),
        Some(_) => Ok(()),
    }
}

/// INVARIANT: but for what reviewers have approved, and while that stands, nobody but an operator sends the runner to this machine
/// or into a private network. Demo people come no further than this machine.
fn check_reach(
    state: &State,
    ticket: &Ticket,
    ordered: &ProbeOrdered,
    entry: &Entry,
) -> Result<(), Refusal> {
    let person = entry.person(state)?;
    let here = ordered.reach == Reach::Loopback;
    if person.demo && !here {
        let message = "demo people order probes of loopback upstreams only";
        return Err(Refusal::new(Code::DemoPerson, message));
    }
    let stands = |service: &Service| {
        service.ticket == ordered.ticket
            && service.release != Release::Suspended
            && !service.fuse.is_burnt(entry.at)
    };
    let reviewed = state.services.get(&ticket.service).is_some_and(|service| stands(service));
    let public = ordered.reach == Reach::Public;
    match public || reviewed || person.demo || person.has(Role::OPERATOR) {
        true => Ok(()),
        false => Err(Refusal::new(
            Code::RoleNeeded,
            format!(
                "`{}` is not on the public internet: until the ticket is approved, somebody with \
                 the role `operator` orders its probes",
                ordered.target
            ),
        )),
    }
}

impl Ticket {
    /// Whether an answer to the order can still come into the ticket: not once its terms have changed
    /// or it has ended.
    pub fn still_wants(&self, ordered: &ProbeOrdered) -> bool {
        let place = self.terms.environments.get(&ordered.environment);
        matches!(self.status, Status::Evaluating | Status::Approved { .. })
            && ordered.document == self.terms.document
            && place.is_some_and(|place| {
                place.upstream == ordered.target && place.reach().as_ref() == Ok(&ordered.reach)
            })
    }
}

pub(crate) fn check_answered(
    state: &State,
    answered: &ProbeAnswered,
    entry: &Entry,
    materials: &Materials,
) -> Result<(), Refusal> {
    let order = state.order(answered.order)?;
    let answer = materials.answer(&answered.answer)?;
    let ordered = &order.ordered;
    let ticket = state.ticket(ordered.ticket)?;
    let mut reasons = Reasons::default();
    reasons.require(order.answered.is_none(), Code::Exists, || "answered already".to_owned());
    let open = matches!(ticket.status, Status::Evaluating | Status::Approved { .. });
    reasons.require(open, Code::WrongStatus, || {
        format!("the ticket is {} by now; what it was measured for stands", ticket.status.name())
    });
    // The terms may have changed since the order: what was measured elsewhere is no evidence.
    reasons.require(ordered.document == ticket.terms.document, Code::AnswerMismatch, || {
        "the ticket has another document by now; order the probe again".to_owned()
    });
    reasons.take(check_target(ticket, ordered));
    reasons.require(answer.values.keys().all(|name| is_name(name)), Code::Invalid, || {
        "values have names of a-z, 0-9, `-`, `_` and `.`".to_owned()
    });
    let fits = answer.order == ordered.order
        && answer.nonce == ordered.nonce
        && answer.target == ordered.target
        && answer.document == ordered.document;
    reasons.require(fits, Code::AnswerMismatch, || {
        "the answer is to another order, nonce, target or document".to_owned()
    });
    let slack = Span::MINUTE;
    let timely = order.at <= answer.started.after(slack)
        && answer.started <= answer.ended
        && answer.ended <= entry.at.after(slack);
    reasons.require(timely, Code::AnswerMismatch, || {
        "the answer was not measured between its order and now".to_owned()
    });
    match (state.runners.get(&ordered.runner), state.genesis_hash()) {
        (Some(runner), Some(genesis)) if runner.is_active() => {
            let message = answer_message(&genesis, ordered.order, &answered.answer);
            reasons.take(runner.key.verify(&message, &answered.signature.0));
        }
        _ => reasons.add(Code::NotActive, "the runner is retired"),
    }
    reasons.done()
}

impl Tables {
    pub fn order(&self, id: OrderId) -> Result<&Order, Refusal> {
        let found = self.orders.get(&id).map(AsRef::as_ref);
        found.ok_or_else(|| Refusal::new(Code::NotFound, format!("no order {id}")))
    }

    /// Somebody's orders that are still to be answered.
    fn probing(&self, by: PersonId) -> impl Iterator<Item = &Order> {
        let all = (by, OrderId(0))..=(by, OrderId(u128::MAX));
        self.probing.range(all).filter_map(|(_, id)| Some(self.orders.get(id)?.as_ref()))
    }

    /// Whether an answer to the order can still come into its ticket.
    pub fn is_wanted(&self, id: OrderId) -> bool {
        let order = self.orders.get(&id).filter(|order| order.answered.is_none());
        let ticket = order.and_then(|order| self.tickets.get(&order.ordered.ticket));
        order.zip(ticket).is_some_and(|(order, ticket)| ticket.still_wants(&order.ordered))
    }

    fn is_probing(&self, order: &Order, at: Millis) -> bool {
        let ticket = self.tickets.get(&order.ordered.ticket);
        at < order.at.after(PATIENCE) && ticket.is_some_and(|t| t.still_wants(&order.ordered))
    }

    pub(crate) fn absorb_ordered(&mut self, ordered: &ProbeOrdered, entry: &Entry) {
        let Some(by) = entry.actor.who else { return };
        let past = self.probing(by).filter(|order| !self.is_probing(order, entry.at));
        let past: Vec<_> = past.map(|order| order.ordered.order).collect();
        for id in past {
            self.probing.remove(&(by, id));
        }
        self.probing.insert((by, ordered.order));
        let order = Order { answered: None, at: entry.at, by, ordered: ordered.clone() };
        self.orders.insert(ordered.order, order.into());
    }

    pub(crate) fn absorb_answered(
        &mut self,
        answered: &ProbeAnswered,
        at: Millis,
        materials: &Materials,
    ) {
        let Ok(answer) = materials.answer(&answered.answer).cloned() else { return };
        let Some(order) = self.orders.get(&answered.order).cloned() else { return };
        let answer_digest = answered.answer;
        let done = Order { answered: Some(answer_digest), ..(*order).clone() };
        self.orders.insert(answered.order, done.into());
        self.probing.remove(&(order.by, answered.order));
        let Ok(ticket) = self.ticket(order.ordered.ticket) else { return };
        let Ok(measured) = self.measured(ticket, &order.ordered, &answer, answer_digest) else {
            return;
        };
        match ticket.status {
            Status::Evaluating => self.change_ticket(order.ordered.ticket, |ticket| {
                let newer = |(name, evidence): &(String, Evidence)| {
                    ticket.evidence.get(name).is_none_or(|old| old.at <= evidence.at)
                };
                let measured: Vec<_> = measured.into_iter().filter(newer).collect();
                ticket.evidence.extend(measured);
            }),
            Status::Approved { .. } => self.renew(order.ordered.ticket, measured, at),
            _ => {}
        }
    }

    /// The evidence that the answer's values are, for the criteria that the order's checks serve.
    fn measured(
        &self,
        ticket: &Ticket,
        ordered: &ProbeOrdered,
        answer: &Answer,
        digest: Digest,
    ) -> Result<Vec<(String, Evidence)>, Refusal> {
        let standard = self.standard_of(ticket)?;
        let source = || Source::Probe {
            answer: digest,
            order: ordered.order,
            runner: ordered.runner,
            target: ordered.target.clone(),
        };
        let measured = standard.criteria().filter_map(|criterion| {
            let Verify::Probe(check) = &criterion.verify else { return None };
            if !criterion.applies(&ticket.terms.data) {
                return None;
            }
            let value = answer.values.get(&criterion.measure)?.clone();
            let until = criterion.valid_until(answer.ended);
            ordered.checks.contains(check).then(|| {
                let at = answer.ended;
                (criterion.id.clone(), Evidence { at, source: source(), until, value })
            })
        });
        Ok(measured.collect())
    }

    /// Evidence of the same target and runner that passes and is no worse renews an approval without
    /// signatures, as long as the old has not run out. Anything else leaves the old evidence to run
    /// out and marks the service due. What only the wide release asks may come in first here.
    fn renew(&mut self, id: TicketId, measured: Vec<(String, Evidence)>, at: Millis) {
        let Ok(ticket) = self.ticket(id) else { return };
        let Ok(standard) = self.standard_of(ticket) else { return };
        let (mut renewed, mut due) = (Vec::new(), false);
        for (name, new) in measured {
            let Some(criterion) = standard.criterion(&name) else { continue };
            match ticket.evidence.get(&name) {
                Some(old) if old.at > new.at => {}
                Some(old) if renews(criterion, old, &new, at) => renewed.push((name, new)),
                None if criterion.stage == Stage::Wide => renewed.push((name, new)),
                _ => due = true,
            }
        }
        let service = ticket.service;
        self.change_ticket(id, |ticket| ticket.evidence.extend(renewed));
        self.reset_fuse(service, id, at, due);
    }

    /// Recomputes the service's fuse after a renewal.
    fn reset_fuse(
        &mut self,
        service: crate::id::ServiceId,
        ticket: TicketId,
        at: Millis,
        due: bool,
    ) {
        let Ok(ticket_now) = self.ticket(ticket) else { return };
        let Status::Approved { at: approved } = ticket_now.status else { return };
        let fuse = self
            .standard_of(ticket_now)
            .ok()
            .and_then(|standard| gate::fuse(standard, ticket_now, approved, at));
        self.change_service(service, |service| {
            if service.ticket == ticket {
                if let Some(fuse) = fuse {
                    service.fuse = fuse;
                }
                service.due = service.due.or(due.then_some(at));
            }
        });
    }
}

fn renews(criterion: &Criterion, old: &Evidence, new: &Evidence, at: Millis) -> bool {
    let bound = criterion.threshold.as_ref();
    let no_worse = bound.is_some_and(|bound| bound.is_renewed(&old.value, &new.value));
    no_worse && at < old.until && same_place(&old.source, &new.source)
}

fn same_place(old: &Source, new: &Source) -> bool {
    match (old, new) {
        (
            Source::Probe { runner: old_runner, target: old_target, .. },
            Source::Probe { runner, target, .. },
        ) => old_runner == runner && old_target == target,
        _ => false,
    }
}
