//! The ticket's flows: open, amend, order probes, attach, submit, sign; the last signature approves.

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::Proof;
use domain::catalog::{Adjust, Placement, import};
use domain::contract::Contract;
use domain::digest::Digest;
use domain::entry::{Body, canonical};
use domain::evidence::{EvidenceAttached, Value};
use domain::gate;
use domain::id::{OrderId, PersonId, ServiceId, TicketId, VendorId};
use domain::material::Kind;
use domain::probe::ProbeOrdered;
use domain::refusal::{Code, Refusal};
use domain::review::{ReviewSigned, Subject};
use domain::signature::Signature;
use domain::standard::{Criterion, DataClass, Standard, Verify};
use domain::state::State;
use domain::ticket::{
    Environment, Terms, Ticket, TicketAmended, TicketApproved, TicketOpened, TicketSubmitted,
    TicketWithdrawn,
};
use domain::time::Millis;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Failure;
use super::probe::Trial;
use crate::control::Control;
use crate::journal::Desk;

/// A ticket as a team writes it down; documents are the bytes themselves.
#[derive(Debug, Clone)]
pub struct Wish {
    pub adjust: Adjust,
    pub contract: Option<(Millis, Vec<u8>)>,
    /// Where the gateway puts the vendor's credential; the document's own first way by default.
    pub credential: Option<Placement>,
    pub data: BTreeSet<DataClass>,
    pub document: Vec<u8>,
    pub environments: BTreeMap<String, Environment>,
    pub intake: Intake,
}

/// What the reviewers read first: nothing reaches production without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Intake {
    /// Who owns the budget.
    pub budget: String,
    /// Whatever else matters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// What it is needed for.
    pub why: String,
}

impl Intake {
    fn check(&self) -> Result<(), Refusal> {
        match self.why.trim().is_empty() || self.budget.trim().is_empty() {
            true => Err(Refusal::new(
                Code::Invalid,
                "`intake` says `why` the service is needed and who owns the `budget`",
            )),
            false => Ok(()),
        }
    }
}

/// The wish turned into terms, with what is stored beside the entry.
#[derive(Clone)]
struct Prepared {
    wish: Wish,
    credential: Placement,
    operations: Vec<u8>,
    salts: [[u8; 32]; 2],
}

impl Prepared {
    fn terms(&self, desk: &mut Desk) -> Result<Terms, Refusal> {
        let [intake, contract] = self.salts;
        let wish = &self.wish;
        Ok(Terms {
            adjust: wish.adjust.clone(),
            contract: match &wish.contract {
                Some((ends, text)) => {
                    Some(Contract { ends: *ends, paper: desk.paper(contract, text.clone())? })
                }
                None => None,
            },
            credential: self.credential.clone(),
            data: wish.data.clone(),
            document: desk.blob(wish.document.clone()),
            environments: wish.environments.clone(),
            intake: desk.paper(intake, canonical(&wish.intake))?,
            operations: desk.material(Kind::Operations, &self.operations)?,
        })
    }
}

impl Control {
    /// Opens a ticket for a service by name: a new service, or a renewal of one of the same vendor.
    pub async fn open_ticket(
        &self,
        who: PersonId,
        name: String,
        vendor: VendorId,
        standard: String,
        wish: Wish,
    ) -> Result<TicketId, Failure> {
        let prepared = self.prepare(wish).await?;
        let (ticket, fresh) = (TicketId(self.id()), ServiceId(self.id()));
        let command = move |desk: &mut Desk| {
            must_be_first(desk.state(), who, &name, vendor)?;
            let terms = prepared.terms(desk)?;
            let state = desk.state();
            let unknown = || {
                let names: Vec<_> = state.standards.keys().map(String::as_str).collect();
                let message = format!(
                    "no standard `{standard}` is published; there are {}: `portcullis standard list`",
                    names.join(", ")
                );
                Refusal::new(Code::NotFound, message)
            };
            let opened = TicketOpened {
                name: name.clone(),
                service: state.names.get(&name).copied().unwrap_or(fresh),
                standard: state.standards.get(&standard).ok_or_else(unknown)?.digest,
                terms,
                ticket,
                vendor,
            };
            desk.append(Some(who), Proof::Login, Body::TicketOpened(Box::new(opened)))
        };
        self.journal.commit(command).await?;
        Ok(ticket)
    }

    pub async fn amend_ticket(
        &self,
        who: PersonId,
        ticket: TicketId,
        wish: Wish,
    ) -> Result<u64, Failure> {
        let prepared = self.prepare(wish).await?;
        let command = move |desk: &mut Desk| {
            let terms = prepared.terms(desk)?;
            let body = Body::TicketAmended(TicketAmended { terms, ticket });
            desk.append(Some(who), Proof::Login, body)
        };
        Ok(self.journal.commit(command).await?.value)
    }

    /// Reads the API's document: operations, scopes, where its credential stands.
    async fn prepare(&self, wish: Wish) -> Result<Prepared, Failure> {
        wish.intake.check()?;
        let read = move || {
            let invalid = |message: String| Refusal::new(Code::Invalid, message);
            let document = serde_json::from_slice(&wish.document)
                .map_err(|error| invalid(format!("the document is not JSON: {error}")))?;
            let imported =
                import(&document, &wish.adjust).map_err(|error| invalid(error.to_string()))?;
            let credential = match &wish.credential {
                Some(credential) => credential.clone(),
                None => only(imported.operations.credential())?,
            };
            let operations = canonical(&imported.operations);
            Ok::<_, Refusal>((wish, credential, operations))
        };
        let read = tokio::task::spawn_blocking(read).await;
        let (wish, credential, operations) =
            read.map_err(|error| Failure::Unavailable(error.to_string()))??;
        let salts = [self.random()?, self.random()?];
        Ok(Prepared { wish, credential, operations, salts })
    }

    /// Orders every probe that the standard asks for, or only `checks`, against a sandbox.
    pub async fn order_probes(
        &self,
        who: PersonId,
        ticket: TicketId,
        environment: Option<String>,
        checks: BTreeSet<String>,
        trial: Trial,
    ) -> Result<OrderId, Failure> {
        let (order, nonce, runner) = (OrderId(self.id()), Digest(self.random()?), self.runner()?);
        let command = move |desk: &mut Desk| {
            let state = desk.state();
            let found = state.ticket(ticket)?;
            let sandbox =
                found.terms.environments.iter().find(|(name, place)| match &environment {
                    Some(wanted) => *name == wanted,
                    None => place.sandbox,
                });
            let (name, place) = sandbox.ok_or_else(|| no_sandbox(found, environment.as_deref()))?;
            let checks = match checks.is_empty() {
                true => asked(state.standard_of(found)?),
                false => checks.clone(),
            };
            let ordered = ProbeOrdered {
                checks,
                document: found.terms.document,
                environment: name.clone(),
                nonce,
                order,
                reach: place.reach()?,
                runner,
                target: place.upstream.clone(),
                ticket,
            };
            desk.append(Some(who), Proof::Login, Body::ProbeOrdered(ordered))
        };
        self.trials.keep(order, trial, self.now());
        if let Err(error) = self.journal.commit(command).await {
            self.trials.forget(order);
            return Err(error.into());
        }
        Ok(order)
    }

    /// Hands in a document or a signed attestation for one criterion.
    pub async fn attach(
        &self,
        who: PersonId,
        attached: EvidenceAttached,
        salt: [u8; 32],
        content: Vec<u8>,
    ) -> Result<u64, Failure> {
        let command = move |desk: &mut Desk| {
            let paper = desk.paper(salt, content.clone())?;
            if paper != attached.paper {
                let message = "the evidence's digest is not that of the content that came with it";
                return Err(Refusal::new(Code::Invalid, message));
            }
            desk.append(Some(who), Proof::Login, Body::EvidenceAttached(attached.clone()))
        };
        Ok(self.journal.commit(command).await?.value)
    }

    pub async fn submit(
        &self,
        who: PersonId,
        ticket: TicketId,
        round: u64,
        signature: Signature,
    ) -> Result<u64, Failure> {
        let submitted = TicketSubmitted { round, signature, ticket };
        self.append(who, Body::TicketSubmitted(submitted)).await
    }

    /// Appends a signed review. The one that completes the quorum brings the decision with it.
    pub async fn review(&self, who: PersonId, signed: ReviewSigned) -> Result<Reviewed, Failure> {
        let grant = self.id();
        let command = move |desk: &mut Desk| {
            let body = Body::ReviewSigned(signed.clone());
            let entry = desk.append(Some(who), Proof::Signature, body)?;
            let decided = match signed.subject {
                Subject::Ticket(id) => approve(desk, id)?,
                Subject::Request(id) => super::grant::issue_if_due(desk, id, grant)?,
            };
            Ok(Reviewed { decided, entry })
        };
        Ok(self.journal.commit(command).await?.value)
    }

    pub async fn withdraw(&self, who: PersonId, ticket: TicketId) -> Result<u64, Failure> {
        self.append(who, Body::TicketWithdrawn(TicketWithdrawn { ticket })).await
    }
}

/// Nobody wants two of their own tickets for one service open at once: the same file was opened twice.
/// A renewal follows an approval; somebody else's ticket under the name must not keep one's own out.
fn must_be_first(
    state: &State,
    who: PersonId,
    name: &str,
    vendor: VendorId,
) -> Result<(), Refusal> {
    let mine = |ticket: &Ticket| {
        ticket.requester == who
            && ticket.vendor == vendor
            && ticket.name == name
            && ticket.is_open()
    };
    match state.tickets.iter().find(|(_, ticket)| mine(ticket)) {
        None => Ok(()),
        Some((id, ticket)) => Err(Refusal::new(
            Code::Exists,
            format!(
                "your ticket {id} for `{name}` is {}: change it with `portcullis ticket amend {id} FILE`, \
                 or end it with `portcullis ticket withdraw {id}`",
                ticket.status.name()
            ),
        )),
    }
}

/// The one way to authenticate that the document names; which of several is not guessed.
fn only(named: &[Placement]) -> Result<Placement, Refusal> {
    match named {
        [one] => Ok(one.clone()),
        _ => Err(Refusal::new(
            Code::Invalid,
            format!(
                "the document names {} ways to authenticate; say in the ticket where the credential \
                 stands, for instance `credential: {{kind: bearer}}`",
                if named.is_empty() { "no" } else { "several" }
            ),
        )),
    }
}

fn no_sandbox(ticket: &Ticket, wanted: Option<&str>) -> Refusal {
    let names: Vec<_> = ticket.terms.environments.keys().map(String::as_str).collect();
    let names = names.join(", ");
    let message = match wanted {
        Some(wanted) => format!("the ticket declares no environment `{wanted}`; it has {names}"),
        None => format!(
            "none of the ticket's environments ({names}) is a sandbox; say `sandbox: true` in its file, \
             and `portcullis ticket amend`"
        ),
    };
    Refusal::new(Code::NotFound, message)
}

/// Every check of the scanner that a criterion reads.
fn asked(standard: &Standard) -> BTreeSet<String> {
    let check = |criterion: &Criterion| match &criterion.verify {
        Verify::Probe(check) => Some(check.clone()),
        _ => None,
    };
    standard.criteria().filter_map(check).collect()
}

/// What a review led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reviewed {
    /// The entry of the decision, when this signature completed it.
    pub decided: Option<u64>,
    pub entry: u64,
}

/// Tries the approval; what still misses signatures simply waits for them.
fn approve(desk: &mut Desk, id: TicketId) -> Result<Option<u64>, Refusal> {
    let now = desk.now();
    let state = desk.state();
    let ticket = state.ticket(id)?;
    if !matches!(ticket.status, domain::ticket::Status::InReview { .. }) {
        return Ok(None);
    }
    let Some(fuse) = gate::fuse(state.standard_of(ticket)?, ticket, now, now) else {
        return Ok(None);
    };
    let approved = TicketApproved { fuse, round: ticket.round, ticket: id };
    match desk.append(None, Proof::Node, Body::TicketApproved(approved)) {
        Ok(position) => Ok(Some(position)),
        Err(refusal) if refusal.has(Code::ReviewsMissing) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// What evidence is said to be measured as, from a team's file or command line.
pub fn read_value(text: &str) -> Value {
    match (text.parse::<bool>(), text.parse::<i64>()) {
        (Ok(flag), _) => Value::Flag(flag),
        (_, Ok(number)) => Value::Number(number),
        _ => Value::Word(text.to_owned()),
    }
}
