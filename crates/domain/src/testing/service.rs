//! Verbs of a ticket's life, from the vendor to the released service.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cast, Machine, Member, World, operations};
use crate::address::Reach;
use crate::catalog::{Adjust, Operations, Placement};
use crate::credential::CredentialStored;
use crate::digest::Digest;
use crate::entry::{Body, canonical};
use crate::evidence::{self, EvidenceAttached, Value, Values};
use crate::gate;
use crate::id::{CredentialId, OrderId, ServiceId, TicketId, VendorId};
use crate::material::Kind;
use crate::people::Role;
use crate::probe::{Answer, ProbeAnswered, ProbeOrdered, answer_message};
use crate::refusal::Refusal;
use crate::review::{self, ReviewSigned, Subject, Verdict};
use crate::service::{Release, ServiceReleased, VendorAdded};
use crate::signature::Base64;
use crate::standard::DataClass;
use crate::statement::Frame;
use crate::ticket::{self, Environment, Terms, TicketApproved, TicketOpened, TicketSubmitted};
use crate::time::Span;

impl World {
    pub fn vendor(&mut self) -> VendorId {
        let vendor = VendorId(self.id());
        let ann = self.cast().ann;
        let added = VendorAdded { profile: Digest::of(b"a vendor"), vendor };
        self.by(&ann, Body::VendorAdded(added)).expect("a vendor");
        vendor
    }

    /// A production and a sandbox at `example.com`, with personal data.
    pub fn terms(&self) -> Terms {
        let environment = |host: &str, sandbox| Environment {
            authorities: None,
            private: Vec::new(),
            sandbox,
            upstream: format!("https://{host}.example.com/v1"),
        };
        Terms {
            adjust: Adjust::default(),
            contract: None,
            credential: Placement::Bearer,
            data: BTreeSet::from([DataClass::Personal]),
            document: Digest::of(b"the document"),
            environments: BTreeMap::from([
                ("production".to_owned(), environment("api", false)),
                ("sandbox".to_owned(), environment("sandbox", true)),
            ]),
            intake: Digest::of(b"why"),
            operations: Digest::of(&canonical(&operations())),
        }
    }

    /// The same on this machine, as demo people need it.
    pub fn loopback_terms(&self) -> Terms {
        let mut terms = self.terms();
        for (port, environment) in (7001..).zip(terms.environments.values_mut()) {
            environment.upstream = format!("http://127.0.0.1:{port}");
        }
        terms
    }

    pub fn opened(&mut self, name: &str, terms: Terms) -> TicketOpened {
        let standard = self.state().standards.get("baseline").expect("the standard").digest;
        TicketOpened {
            name: name.to_owned(),
            service: ServiceId(self.id()),
            standard,
            terms,
            ticket: TicketId(self.id()),
            vendor: self.vendor(),
        }
    }

    /// Bob opens a ticket for the service of this name.
    pub fn open(&mut self, name: &str) -> TicketId {
        let bob = self.cast().bob;
        let opened = self.opened(name, self.terms());
        let ticket = opened.ticket;
        self.by(&bob, Body::TicketOpened(opened.into())).expect("a ticket");
        ticket
    }

    /// An order for the sandbox as the ticket stands.
    pub fn ordered(&mut self, ticket: TicketId, checks: &[&str]) -> ProbeOrdered {
        let terms = self.state().ticket(ticket).expect("the ticket").terms.clone();
        let order = OrderId(self.id());
        ProbeOrdered {
            checks: checks.iter().map(|check| (*check).to_owned()).collect(),
            document: terms.document,
            environment: "sandbox".to_owned(),
            nonce: Digest::of(&order.0.to_be_bytes()),
            order,
            reach: terms.environments["sandbox"].reach().expect("an upstream"),
            runner: self.runner.0,
            target: terms.environments["sandbox"].upstream.clone(),
            ticket,
        }
    }

    pub fn order(&mut self, ticket: TicketId) -> OrderId {
        let ordered = self.ordered(ticket, &["authentication", "transport"]);
        let (order, Cast { ann, bob, .. }) = (ordered.order, self.cast());
        let by = if ordered.reach == Reach::Public { bob } else { ann };
        self.by(&by, Body::ProbeOrdered(ordered)).expect("an order");
        order
    }

    /// The answer that the runner gives now, to be put on the shelf and signed.
    pub fn answer(&self, order: OrderId, tls: i64, auth: bool) -> Answer {
        let ordered = &self.state().order(order).expect("the order").ordered;
        Answer {
            certificate: Some(Digest::of(b"a certificate")),
            document: ordered.document,
            ended: self.now,
            nonce: ordered.nonce,
            order,
            report: Digest::of(b"a report"),
            started: self.now,
            target: ordered.target.clone(),
            values: Values::from([
                ("auth".to_owned(), Value::Flag(auth)),
                ("tls".to_owned(), Value::Number(tls)),
            ]),
        }
    }

    /// The answer goes on the shelf, signed by `runner`.
    pub fn answered(&mut self, answer: &Answer, runner: &Machine) -> ProbeAnswered {
        let digest = self.put(Kind::Answer, &canonical(answer));
        let genesis = self.state().genesis_hash().expect("genesis");
        let signature = runner.sign(&answer_message(&genesis, answer.order, &digest));
        ProbeAnswered { answer: digest, order: answer.order, signature }
    }

    /// The sandbox is measured by order of `by`, as good as can be.
    pub fn measure_as(&mut self, by: &Member, ticket: TicketId) {
        let ordered = self.ordered(ticket, &["authentication", "transport"]);
        let order = ordered.order;
        self.by(by, Body::ProbeOrdered(ordered)).expect("an order");
        self.answer_with(order, 13);
    }

    fn answer_with(&mut self, order: OrderId, tls: i64) {
        let (answer, runner) = (self.answer(order, tls, true), self.runner.1);
        let answered = self.answered(&answer, &runner);
        self.job(Body::ProbeAnswered(answered)).expect("an answer");
    }

    /// The sandbox is measured: TLS as given, authentication required.
    pub fn measure(&mut self, ticket: TicketId, tls: i64) {
        let order = self.order(ticket);
        self.answer_with(order, tls);
    }

    pub fn attached(&self, ticket: TicketId, criterion: &str, value: Value) -> EvidenceAttached {
        EvidenceAttached {
            criterion: criterion.to_owned(),
            expires: None,
            issued: self.now,
            paper: Digest::of(criterion.as_bytes()),
            signature: None,
            ticket,
            value,
        }
    }

    /// The evidence with the attesting person's signature.
    pub fn attested(
        &self,
        by: &Member,
        role: &str,
        attached: EvidenceAttached,
    ) -> EvidenceAttached {
        let signature = self.sign(by, |state, seen, not_after| {
            let frame = Frame { not_after, role, seen, signer: by.id };
            evidence::statement(state, &attached, frame)
        });
        EvidenceAttached { signature: Some(signature), ..attached }
    }

    /// Everything that an approval needs, of every kind.
    pub fn evidence(&mut self, ticket: TicketId) {
        self.measure(ticket, 13);
        self.papers(ticket);
    }

    /// The document and the attestation that an approval needs.
    pub fn papers(&mut self, ticket: TicketId) {
        let Cast { bob, pia, .. } = self.cast();
        let report = self.attached(ticket, "report", Value::Word("soc-2".to_owned()));
        self.by(&bob, Body::EvidenceAttached(report)).expect("a document");
        let deletion = self.attached(ticket, "deletion", Value::Number(14));
        let deletion = self.attested(&pia, "privacy", deletion);
        self.by(&bob, Body::EvidenceAttached(deletion)).expect("an attestation");
    }

    pub fn submitted(&self, by: &Member, ticket: TicketId) -> TicketSubmitted {
        let signature = self.sign(by, |state, seen, not_after| {
            let frame = Frame { not_after, role: Role::REQUESTER, seen, signer: by.id };
            ticket::statement(state, ticket, "submit", frame)
        });
        let round = self.state().ticket(ticket).map_or(1, |ticket| ticket.round);
        TicketSubmitted { round, signature, ticket }
    }

    pub fn submit(&mut self, ticket: TicketId) -> Result<u64, Refusal> {
        let bob = self.cast().bob;
        let submitted = self.submitted(&bob, ticket);
        self.by(&bob, Body::TicketSubmitted(submitted))
    }

    /// A review of what stands there now, signed by `by`.
    pub fn reviewed(
        &self,
        by: &Member,
        role: &str,
        subject: Subject,
        verdict: Verdict,
    ) -> ReviewSigned {
        let round = match subject {
            Subject::Ticket(id) => self.state().ticket(id).map_or(1, |ticket| ticket.round),
            Subject::Request(_) => 1,
        };
        let seen = self.state().seen().expect("something was published");
        let unsigned = by.sign(b"", seen, self.now);
        let mut signed =
            ReviewSigned { role: Role::new(role), round, signature: unsigned, subject, verdict };
        signed.signature = self.sign(by, |state, seen, not_after| {
            review::statement(state, &signed, Frame { not_after, role, seen, signer: by.id })
        });
        signed
    }

    pub fn review(
        &mut self,
        by: &Member,
        role: &str,
        subject: Subject,
        verdict: Verdict,
    ) -> Result<u64, Refusal> {
        let signed = self.reviewed(by, role, subject, verdict);
        self.by(by, Body::ReviewSigned(signed))
    }

    /// Both reviewers approve.
    pub fn reviews(&mut self, ticket: TicketId) {
        let Cast { sue, pia, .. } = self.cast();
        let subject = Subject::Ticket(ticket);
        self.review(&sue, "security", subject, Verdict::Approve).expect("a review");
        self.review(&pia, "privacy", subject, Verdict::Approve).expect("a review");
    }

    pub fn approved(&self, ticket: TicketId) -> TicketApproved {
        let found = self.state().ticket(ticket).expect("the ticket");
        let standard = self.state().standard_of(found).expect("the standard");
        let fuse = gate::fuse(standard, found, self.now, self.now);
        let never = || crate::fuse::Fuse::new(self.now, crate::fuse::Cause::Reassessment);
        TicketApproved { fuse: fuse.unwrap_or_else(never), round: found.round, ticket }
    }

    pub fn approve(&mut self, ticket: TicketId) -> Result<u64, Refusal> {
        self.job(Body::TicketApproved(self.approved(ticket)))
    }

    /// A ticket in review, every criterion passing.
    pub fn in_review(&mut self, name: &str) -> TicketId {
        let ticket = self.open(name);
        self.evidence(ticket);
        self.submit(ticket).expect("a submission");
        ticket
    }

    pub fn release(&mut self, service: ServiceId, stage: Release) -> Result<u64, Refusal> {
        let ann = self.cast().ann;
        self.by(&ann, Body::ServiceReleased(ServiceReleased { service, stage }))
    }

    pub fn store_credential(&mut self, service: ServiceId, environment: &str) {
        let bob = self.cast().bob;
        let stored = CredentialStored {
            credential: CredentialId(self.id()),
            environment: environment.to_owned(),
            owner: bob.id,
            service,
        };
        self.by(&bob, Body::CredentialStored(stored)).expect("a credential");
    }

    /// An approved service that is a canary, with credentials for both environments.
    pub fn canary(&mut self, name: &str) -> ServiceId {
        let ticket = self.in_review(name);
        self.reviews(ticket);
        self.approve(ticket).expect("an approval");
        let service = self.state().ticket(ticket).expect("the ticket").service;
        self.release(service, Release::Canary).expect("a canary");
        self.store_credential(service, "production");
        self.store_credential(service, "sandbox");
        service
    }

    /// The same, released wide.
    pub fn wide(&mut self, name: &str) -> ServiceId {
        let service = self.canary(name);
        let Cast { bob, sue, .. } = self.cast();
        let ticket = self.state().service(service).expect("the service").ticket;
        let alerts = self.attached(ticket, "alerts", Value::Flag(true));
        let alerts = self.attested(&sue, "security", alerts);
        self.by(&bob, Body::EvidenceAttached(alerts)).expect("an attestation");
        self.release(service, Release::Wide).expect("the wide release");
        service
    }

    /// Another ticket for the service is approved, with this table of operations.
    pub fn renew(&mut self, service: ServiceId, table: &Operations) {
        let operations = self.put(Kind::Operations, &canonical(table));
        self.renew_under(service, Terms { operations, ..self.terms() });
    }

    /// Another ticket for the service is approved, with these terms.
    pub fn renew_under(&mut self, service: ServiceId, terms: Terms) {
        let found = self.state().service(service).expect("the service");
        let (name, vendor) = (found.name.clone(), found.vendor);
        let opened = TicketOpened { service, vendor, ..self.opened(&name, terms) };
        let (ticket, bob) = (opened.ticket, self.cast().bob);
        self.by(&bob, Body::TicketOpened(opened.into())).expect("a ticket");
        self.evidence(ticket);
        self.submit(ticket).expect("a submission");
        self.reviews(ticket);
        self.approve(ticket).expect("an approval");
    }

    /// Machines sign nothing but what they are asked for; an empty signature is nobody's.
    pub fn no_signature() -> Base64 {
        Base64(vec![0; 64])
    }

    /// Until shortly before the end of the service's fuse.
    pub fn almost_lapsed(&mut self, service: ServiceId) {
        let until = self.state().service(service).expect("the service").fuse.until;
        let left = self.now.until(until);
        self.wait(Span(left.0.saturating_sub(Span::HOUR.0)));
    }
}
