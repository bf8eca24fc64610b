//! The canonical projection: every table of a state as one document, the same on every machine.

use serde::Serialize;

use crate::digest::Digest;
use crate::entry::canonical;
use crate::genesis::{Origin, SettingsSet};
use crate::material::Kind;
use crate::people::{Key, Person};
use crate::policy::InForce;
use crate::state::Tables;
use crate::time::Millis;

/// A table as rows, in the order of their keys.
type Rows<'a, K, V> = Vec<(&'a K, &'a V)>;

/// Fields are declared in canonical order.
#[derive(Serialize)]
struct Projection<'a> {
    at: Millis,
    chains: Rows<'a, crate::id::GatewayId, crate::usage::Chain>,
    changed: Rows<'a, crate::authority::Subject, u64>,
    gateways: Rows<'a, crate::id::GatewayId, crate::machine::Gateway>,
    grants: Rows<'a, crate::id::GrantId, crate::grant::Grant>,
    keys: Rows<'a, Digest, Key>,
    materials: Vec<(&'a Digest, Kind)>,
    names: Rows<'a, String, crate::id::ServiceId>,
    nodes: Rows<'a, crate::id::NodeId, crate::machine::Machine>,
    orders: Rows<'a, crate::id::OrderId, crate::probe::Order>,
    origin: Option<&'a Origin>,
    people: Rows<'a, crate::id::PersonId, Person>,
    policy: Option<&'a InForce>,
    requests: Rows<'a, crate::id::RequestId, crate::request::Request>,
    revocations: Rows<'a, u64, crate::revocation::Revocation>,
    roots: Rows<'a, u64, Digest>,
    runners: Rows<'a, crate::id::RunnerId, crate::machine::Machine>,
    services: Rows<'a, crate::id::ServiceId, crate::service::Service>,
    settings: &'a SettingsSet,
    size: u64,
    standards: Rows<'a, String, crate::standard::Published>,
    tickets: Rows<'a, crate::id::TicketId, crate::ticket::Ticket>,
    tokens: Rows<'a, crate::id::TokenId, crate::token::Token>,
    used: Vec<&'a (Millis, Digest)>,
    vendors: Rows<'a, crate::id::VendorId, crate::service::Vendor>,
}

impl Tables {
    /// The state in canonical form (RFC 8785), materials by their digests. Two folds of the same
    /// ledger by the same edition give the same bytes.
    pub fn projection(&self) -> Vec<u8> {
        fn rows<K: Ord, V>(table: &crate::state::Table<K, V>) -> Rows<'_, K, V> {
            table.iter().map(|(key, value)| (key, value.as_ref())).collect()
        }
        canonical(&Projection {
            at: self.at,
            chains: rows(&self.chains),
            changed: self.changed.iter().collect(),
            gateways: rows(&self.gateways),
            grants: rows(&self.grants),
            keys: rows(&self.keys),
            materials: self.materials.iter().map(|(digest, m)| (digest, m.kind())).collect(),
            names: self.names.iter().collect(),
            nodes: rows(&self.nodes),
            orders: rows(&self.orders),
            origin: self.origin.as_ref(),
            people: rows(&self.people),
            policy: self.policy.as_ref(),
            requests: rows(&self.requests),
            revocations: rows(&self.revocations),
            roots: self.roots.iter().collect(),
            runners: rows(&self.runners),
            services: rows(&self.services),
            settings: &self.settings,
            size: self.size,
            standards: rows(&self.standards),
            tickets: rows(&self.tickets),
            tokens: rows(&self.tokens),
            used: self.used.iter().collect(),
            vendors: rows(&self.vendors),
        })
    }
}
