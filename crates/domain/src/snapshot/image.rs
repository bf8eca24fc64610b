//! A state as the snapshot writes it (postcard): rows of every table, and what postcard needs otherwise.
//!
//! Postcard writes no field names, so what leaves fields out or is tagged inside cannot be written as
//! it stands. Requests are many and have images of their own; tickets, services and orders are few and
//! stand there as canonical JSON.

use std::collections::HashMap;
use std::sync::Arc;

use imbl::OrdMap;
use ledger::{Frontier, Hash};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::SnapshotError;
use crate::address::Cidr;
use crate::authority::Subject;
use crate::digest::Digest;
use crate::entry::canonical;
use crate::genesis::{Origin, SettingsSet};
use crate::grant::Grant;
use crate::id::{
    GatewayId, GrantId, NodeId, OrderId, PersonId, RequestId, RunnerId, ServiceId, TicketId,
    TokenId, VendorId,
};
use crate::limit::Rate;
use crate::machine::{Gateway, Machine};
use crate::material::{Kind, Materials};
use crate::people::{Key, Person};
use crate::policy::{Bounds, Decision, InForce, Outcome, Smaller};
use crate::probe::Order;
use crate::request::{Asked, Request, Status};
use crate::review::{Quorum, Review};
use crate::revocation::Revocation;
use crate::service::Vendor;
use crate::standard::Published;
use crate::state::{State, Table, Tables};
use crate::time::{Millis, Span};
use crate::token::Token;
use crate::usage::Chain;

type Rows<K, V> = Vec<(K, Arc<V>)>;
/// Rows whose values are canonical JSON.
type Texts<K> = Vec<(K, Vec<u8>)>;

#[derive(Serialize, Deserialize)]
pub(super) struct Image {
    peaks: Vec<[u8; 32]>,
    size: u64,
    at: Millis,
    origin: Option<Origin>,
    settings: SettingsSet,
    materials: Vec<(Kind, Digest)>,
    roots: Vec<(u64, Digest)>,
    used: Vec<(Millis, Digest)>,
    changed: Vec<(Subject, u64)>,
    people: Rows<PersonId, Person>,
    keys: Rows<Digest, Key>,
    nodes: Rows<NodeId, Machine>,
    gateways: Rows<GatewayId, Gateway>,
    runners: Rows<RunnerId, Machine>,
    standards: Rows<String, Published>,
    policy: Option<InForce>,
    vendors: Rows<VendorId, Vendor>,
    tickets: Texts<TicketId>,
    orders: Texts<OrderId>,
    services: Texts<ServiceId>,
    names: Vec<(String, ServiceId)>,
    decisions: Vec<DecisionImage>,
    requests: Vec<(RequestId, RequestImage)>,
    grants: Rows<GrantId, Grant>,
    tokens: Rows<TokenId, Token>,
    revocations: Rows<u64, Revocation>,
    chains: Rows<GatewayId, Chain>,
}

impl Image {
    pub(super) fn of(state: &State, frontier: &Frontier) -> Image {
        let Tables { size, at, origin, settings, .. } = &state.0;
        let mut decisions = Decisions::default();
        let mut image = |request| RequestImage::of(request, &mut decisions);
        let requests = state.requests.iter().map(|(id, request)| (*id, image(request))).collect();
        Image {
            peaks: frontier.peaks().iter().map(|peak| peak.0).collect(),
            size: *size,
            at: *at,
            origin: origin.clone(),
            settings: settings.clone(),
            materials: state.materials.iter().map(|(d, m)| (m.kind(), *d)).collect(),
            roots: pairs(&state.roots),
            used: state.used.iter().copied().collect(),
            changed: pairs(&state.changed),
            people: pairs(&state.people),
            keys: pairs(&state.keys),
            nodes: pairs(&state.nodes),
            gateways: pairs(&state.gateways),
            runners: pairs(&state.runners),
            standards: pairs(&state.standards),
            policy: state.policy.clone(),
            vendors: pairs(&state.vendors),
            tickets: texts(&state.tickets),
            orders: texts(&state.orders),
            services: texts(&state.services),
            names: pairs(&state.names),
            decisions: decisions.images,
            requests,
            grants: pairs(&state.grants),
            tokens: pairs(&state.tokens),
            revocations: pairs(&state.revocations),
            chains: pairs(&state.chains),
        }
    }

    pub(super) fn materials(&self) -> &[(Kind, Digest)] {
        &self.materials
    }

    pub(super) fn restore(self, materials: Materials) -> Result<(State, Frontier), SnapshotError> {
        let peaks = self.peaks.into_iter().map(Hash).collect();
        let frontier = Frontier::from_parts(self.size, peaks)
            .map_err(|error| SnapshotError::Unreadable(error.to_string()))?;
        let decisions: Vec<_> =
            self.decisions.into_iter().map(|image| Arc::new(image.restore())).collect();
        let requests = self.requests.into_iter();
        let requests = requests.map(|(id, image)| Ok((id, Arc::new(image.restore(&decisions)?))));
        let requests: Table<RequestId, Request> = requests.collect::<Result<_, SnapshotError>>()?;
        let waiting = requests.iter().filter(|(_, request)| request.is_waiting());
        let waiting = waiting.map(|(id, request)| (request.requester, *id)).collect();
        let orders: Table<OrderId, Order> = read(self.orders)?;
        let probing = orders.iter().filter(|(_, order)| order.answered.is_none());
        let probing = probing.map(|(id, order)| (order.by, *id)).collect();
        let tables = Tables {
            size: self.size,
            at: self.at,
            origin: self.origin,
            settings: self.settings,
            materials,
            roots: self.roots.into_iter().collect(),
            used: self.used.into_iter().collect(),
            changed: self.changed.into_iter().collect(),
            people: self.people.into_iter().collect(),
            keys: self.keys.into_iter().collect(),
            nodes: self.nodes.into_iter().collect(),
            gateways: self.gateways.into_iter().collect(),
            runners: self.runners.into_iter().collect(),
            standards: self.standards.into_iter().collect(),
            policy: self.policy,
            vendors: self.vendors.into_iter().collect(),
            tickets: read(self.tickets)?,
            orders,
            probing,
            services: read(self.services)?,
            names: self.names.into_iter().collect(),
            decisions: decisions.into_iter().map(|decision| (decision, ())).collect(),
            requests,
            waiting,
            grants: self.grants.into_iter().collect(),
            tokens: self.tokens.into_iter().collect(),
            revocations: self.revocations.into_iter().collect(),
            chains: self.chains.into_iter().collect(),
        };
        Ok((State(tables), frontier))
    }
}

fn pairs<K: Ord + Clone, V: Clone>(table: &OrdMap<K, V>) -> Vec<(K, V)> {
    table.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn texts<K: Ord + Copy, V: Serialize>(table: &Table<K, V>) -> Texts<K> {
    table.iter().map(|(key, value)| (*key, canonical(value))).collect()
}

fn read<K: Ord + Clone, V: DeserializeOwned>(
    texts: Texts<K>,
) -> Result<Table<K, V>, SnapshotError> {
    let unreadable = |error: serde_json::Error| SnapshotError::Unreadable(error.to_string());
    let row = |(key, text): (K, Vec<u8>)| {
        serde_json::from_slice(&text).map(|value: V| (key, Arc::new(value))).map_err(unreadable)
    };
    texts.into_iter().map(row).collect()
}

/// Decisions as requests share them: each is written once.
#[derive(Default)]
struct Decisions {
    images: Vec<DecisionImage>,
    places: HashMap<*const Decision, usize>,
}

impl Decisions {
    fn place(&mut self, decision: &Arc<Decision>) -> usize {
        *self.places.entry(Arc::as_ptr(decision)).or_insert_with(|| {
            self.images.push(DecisionImage::of(decision));
            self.images.len() - 1
        })
    }
}

/// A [`Request`] with nothing left out.
#[derive(Serialize, Deserialize)]
struct RequestImage {
    asked: AskedImage,
    at: Millis,
    /// Its place among the decisions of the image.
    decision: Option<usize>,
    requester: PersonId,
    reviews: Box<[Review]>,
    status: Status,
    ticket: Option<TicketId>,
}

#[derive(Serialize, Deserialize)]
struct AskedImage {
    addresses: Vec<Cidr>,
    environment: String,
    owner: PersonId,
    rate: Option<Rate>,
    reason: Digest,
    request: RequestId,
    scopes: Box<[String]>,
    service: ServiceId,
    until: Millis,
}

#[derive(Serialize, Deserialize)]
struct DecisionImage {
    life: Span,
    rate: Option<Rate>,
    engine: String,
    outcome: Outcome,
    policies: Vec<String>,
    policy: Digest,
    reviewers: Option<Quorum>,
    smaller: Option<Smaller>,
}

impl RequestImage {
    fn of(request: &Request, decisions: &mut Decisions) -> RequestImage {
        let Request { asked, at, decision, requester, reviews, status, ticket } = request.clone();
        let Asked { addresses, environment, owner, rate, reason, request, scopes, service, until } =
            Arc::unwrap_or_clone(asked);
        RequestImage {
            asked: AskedImage {
                addresses,
                environment,
                owner,
                rate,
                reason,
                request,
                scopes,
                service,
                until,
            },
            at,
            decision: decision.map(|decision| decisions.place(&decision)),
            requester,
            reviews,
            status,
            ticket,
        }
    }

    fn restore(self, decisions: &[Arc<Decision>]) -> Result<Request, SnapshotError> {
        let RequestImage { asked, at, decision, requester, reviews, status, ticket } = self;
        let AskedImage {
            addresses,
            environment,
            owner,
            rate,
            reason,
            request,
            scopes,
            service,
            until,
        } = asked;
        let asked =
            Asked { addresses, environment, owner, rate, reason, request, scopes, service, until };
        let shared = |place| {
            let missing = || SnapshotError::Unreadable("a decision is missing".to_owned());
            decisions.get(place).cloned().ok_or_else(missing)
        };
        let decision = decision.map(shared).transpose()?;
        let asked = asked.into();
        Ok(Request { asked, at, decision, requester, reviews, status, ticket })
    }
}

impl DecisionImage {
    fn of(decision: &Decision) -> DecisionImage {
        let Decision { bounds, engine, outcome, policies, policy, reviewers, smaller } =
            decision.clone();
        let Bounds { life, rate } = bounds;
        DecisionImage { life, rate, engine, outcome, policies, policy, reviewers, smaller }
    }

    fn restore(self) -> Decision {
        let DecisionImage { life, rate, engine, outcome, policies, policy, reviewers, smaller } =
            self;
        let bounds = Bounds { life, rate };
        Decision { bounds, engine, outcome, policies, policy, reviewers, smaller }
    }
}
