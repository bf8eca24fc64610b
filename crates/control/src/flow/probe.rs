//! Probes: which orders wait for a runner, and the runner's signed answers.

use std::collections::HashMap;

use domain::actor::Proof;
use domain::catalog::Placement;
use domain::entry::{Body, canonical};
use domain::evidence::Values;
use domain::id::{OrderId, RunnerId};
use domain::material::Kind;
use domain::probe::{Answer, ProbeAnswered, ProbeOrdered, answer_message};
use domain::refusal::{Code, Refusal};
use domain::signature::Base64;
use domain::state::State;
use domain::time::{Millis, Span};
use parking_lot::Mutex;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Failure;
use crate::control::Control;
use crate::journal::Desk;

/// Credentials of a sandbox that an order may try. They live in memory, from the order to its answer,
/// and in no ledger, database or log.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// One that the sandbox accepts.
    #[serde(default)]
    pub token: Option<Zeroed>,
    /// One of a second plain user, who owns nothing of the first.
    #[serde(default)]
    pub second: Option<Zeroed>,
    /// One of an administrator.
    #[serde(default)]
    pub admin: Option<Zeroed>,
    /// One that has expired.
    #[serde(default)]
    pub expired: Option<Zeroed>,
    /// One of the same issuer for another audience.
    #[serde(default)]
    pub wrong_audience: Option<Zeroed>,
}

/// A text that is wiped when it is dropped, and never printed.
#[derive(Clone)]
pub struct Zeroed(pub Zeroizing<String>);

impl<'de> Deserialize<'de> for Zeroed {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Zeroed, D::Error> {
        String::deserialize(from).map(|text| Zeroed(Zeroizing::new(text)))
    }
}

/// The trials of the orders that wait.
#[derive(Default)]
pub struct Trials(Mutex<HashMap<OrderId, (Millis, Trial)>>);

impl Trials {
    pub(crate) fn keep(&self, order: OrderId, trial: Trial, now: Millis) {
        self.0.lock().insert(order, (now, trial));
    }

    /// Drops those of orders that no runner will answer any more, some time after they were made: at
    /// first an order is on its way into the ledger.
    pub(crate) fn tidy(&self, state: &State, now: Millis) {
        let keep =
            |order: OrderId, at: Millis| now < at.after(Span::HOUR) || state.is_wanted(order);
        self.0.lock().retain(|order, (at, _)| keep(*order, *at));
    }

    pub(crate) fn of(&self, order: OrderId) -> Trial {
        self.0.lock().get(&order).map(|(_, trial)| trial.clone()).unwrap_or_default()
    }

    pub(crate) fn forget(&self, order: OrderId) {
        self.0.lock().remove(&order);
    }
}

/// An order with what the runner needs to carry it out.
#[derive(Clone)]
pub struct Job {
    /// Certificates that are trusted for the target beside the public ones.
    pub authorities: Option<String>,
    pub document: Vec<u8>,
    pub order: ProbeOrdered,
    /// Where the sandbox expects the credential.
    pub placement: Placement,
    pub trial: Trial,
}

/// What a runner measured.
#[derive(Debug, Clone)]
pub struct Measured {
    pub certificate: Option<[u8; 32]>,
    pub ended: Millis,
    pub report: Vec<u8>,
    pub started: Millis,
    pub values: Values,
}

impl Control {
    /// The orders that wait for this runner.
    pub async fn jobs(&self, runner: RunnerId) -> Result<Vec<Job>, Failure> {
        let state = self.state();
        let waiting = state
            .orders
            .values()
            .filter(|order| order.answered.is_none() && order.ordered.runner == runner)
            .filter(|order| {
                let ticket = state.ticket(order.ordered.ticket);
                ticket.is_ok_and(|ticket| ticket.still_wants(&order.ordered))
            });
        let mut jobs = Vec::new();
        for order in waiting {
            let ordered = order.ordered.clone();
            let Some(document) = self.journal.blob(ordered.document).await? else { continue };
            let terms = &state.ticket(ordered.ticket)?.terms;
            let authorities = terms
                .environments
                .get(&ordered.environment)
                .and_then(|place| place.authorities.clone());
            let placement = terms.credential.clone();
            let trial = self.trials.of(ordered.order);
            jobs.push(Job { authorities, document, order: ordered, placement, trial });
        }
        Ok(jobs)
    }

    /// Puts an answer into the ledger; `sign` is the runner's key, which is not ours.
    pub async fn answer(
        &self,
        order: OrderId,
        measured: Measured,
        sign: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Result<u64, Failure> {
        let state = self.state();
        let ordered = state.order(order)?.ordered.clone();
        let salt = self.random()?;
        let Measured { certificate, ended, report, started, values } = measured;
        let answer = Answer {
            certificate: certificate.map(domain::digest::Digest),
            document: ordered.document,
            ended,
            nonce: ordered.nonce,
            order,
            report: domain::digest::paper(&salt, &report),
            started,
            target: ordered.target,
            values,
        };
        let bytes = canonical(&answer);
        let digest = domain::digest::Digest::of(&bytes);
        let genesis = state
            .genesis_hash()
            .ok_or_else(|| Refusal::new(Code::Genesis, "the ledger has no genesis"))?;
        let signature = Base64(sign(&answer_message(&genesis, order, &digest)));
        let command = move |desk: &mut Desk| {
            desk.paper(salt, report.clone())?;
            let answer = desk.material(Kind::Answer, &bytes)?;
            let answered = ProbeAnswered { answer, order, signature: signature.clone() };
            desk.append(None, Proof::Node, Body::ProbeAnswered(answered))
        };
        let entry = self.journal.commit(command).await?.value;
        self.trials.forget(order);
        Ok(entry)
    }
}
