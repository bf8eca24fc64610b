//! The state: the fold of the entries, one small table per noun. Each noun's module owns its rules.
//!
//! The tables are persistent: cloning a state is cheap and shares everything, so a draft is a clone,
//! readers hold whole states, and nobody ever sees half of a batch. A [`State`] hands out its
//! [`Tables`] for reading only. There is no public way to change a state but
//! [`crate::step::Draft::absorb`], and no public way to read one from bytes but [`crate::snapshot`],
//! which wants the node's own seal: whoever holds a state holds a fold of checked entries.

use std::ops::Deref;
use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet};

use crate::authority::Subject;
use crate::digest::Digest;
use crate::genesis::{Origin, SettingsSet};
use crate::grant::Grant;
use crate::id::{
    GatewayId, GrantId, NodeId, OrderId, PersonId, RequestId, RunnerId, ServiceId, TicketId,
    TokenId, VendorId,
};
use crate::machine::{Gateway, Machine};
use crate::material::Materials;
use crate::people::{Key, Person};
use crate::policy::{Decision, InForce};
use crate::probe::Order;
use crate::request::Request;
use crate::revocation::Revocation;
use crate::service::{Service, Vendor};
use crate::signature::Seen;
use crate::standard::Published;
use crate::ticket::Ticket;
use crate::time::{Millis, Span};
use crate::token::Token;
use crate::usage::Chain;

/// A table of one noun.
pub type Table<K, V> = OrdMap<K, Arc<V>>;

/// What the entries so far come to. Reads as its [`Tables`]; a copy of those never becomes a state.
#[derive(Debug, Clone, Default)]
pub struct State(pub(crate) Tables);

impl Deref for State {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.0
    }
}

/// The tables of a state, one per noun.
#[derive(Debug, Clone)]
pub struct Tables {
    /// How many entries were absorbed.
    pub(crate) size: u64,
    /// The newest entry's time.
    pub(crate) at: Millis,
    pub(crate) origin: Option<Origin>,
    pub(crate) settings: SettingsSet,
    pub(crate) materials: Materials,
    /// The roots of the attested batches, by size: what a signer may have seen.
    pub(crate) roots: OrdMap<u64, Digest>,
    /// Signatures that count no second time, with the end of their own.
    pub(crate) used: OrdSet<(Millis, Digest)>,
    /// What policy said, each answer once: requests share them. No part of the projection.
    pub(crate) decisions: HashMap<Arc<Decision>, ()>,
    /// The entry of the newest act of authority over each subject.
    pub(crate) changed: OrdMap<Subject, u64>,

    pub people: Table<PersonId, Person>,
    pub keys: Table<Digest, Key>,
    pub nodes: Table<NodeId, Machine>,
    pub gateways: Table<GatewayId, Gateway>,
    pub runners: Table<RunnerId, Machine>,
    pub standards: Table<String, Published>,
    pub policy: Option<InForce>,
    pub vendors: Table<VendorId, Vendor>,
    pub tickets: Table<TicketId, Ticket>,
    pub orders: Table<OrderId, Order>,
    /// The orders that no runner has answered yet, by who ordered. Follows from `orders`.
    pub(crate) probing: OrdSet<(PersonId, OrderId)>,
    pub services: Table<ServiceId, Service>,
    /// Services by name, from the first ticket on.
    pub names: OrdMap<String, ServiceId>,
    pub requests: Table<RequestId, Request>,
    /// The requests that policy or people have yet to decide, by requester. Follows from `requests`.
    pub(crate) waiting: OrdSet<(PersonId, RequestId)>,
    pub grants: Table<GrantId, Grant>,
    pub tokens: Table<TokenId, Token>,
    pub revocations: Table<u64, Revocation>,
    pub chains: Table<GatewayId, Chain>,
}

impl Default for Tables {
    /// Before genesis.
    fn default() -> Tables {
        Tables {
            size: 0,
            at: Millis(0),
            origin: None,
            settings: SettingsSet { quorum: 1, staleness: Span::MINUTE },
            materials: Materials::default(),
            roots: OrdMap::new(),
            used: OrdSet::new(),
            decisions: HashMap::new(),
            changed: OrdMap::new(),
            people: OrdMap::new(),
            keys: OrdMap::new(),
            nodes: OrdMap::new(),
            gateways: OrdMap::new(),
            runners: OrdMap::new(),
            standards: OrdMap::new(),
            policy: None,
            vendors: OrdMap::new(),
            tickets: OrdMap::new(),
            orders: OrdMap::new(),
            probing: OrdSet::new(),
            services: OrdMap::new(),
            names: OrdMap::new(),
            requests: OrdMap::new(),
            waiting: OrdSet::new(),
            grants: OrdMap::new(),
            tokens: OrdMap::new(),
            revocations: OrdMap::new(),
            chains: OrdMap::new(),
        }
    }
}

impl Tables {
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The time of the newest entry.
    pub fn at(&self) -> Millis {
        self.at
    }

    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    pub fn genesis_hash(&self) -> Option<Digest> {
        self.origin.as_ref().map(|origin| origin.hash)
    }

    pub fn settings(&self) -> &SettingsSet {
        &self.settings
    }

    pub fn materials(&self) -> &Materials {
        &self.materials
    }

    /// Whether one operator alone can still widen anything: shown wherever trust is shown.
    pub fn is_single_operator(&self) -> bool {
        self.settings.quorum < 2
    }

    /// The newest attested end: what a person who signs now has seen.
    pub fn seen(&self) -> Option<Seen> {
        self.roots.get_max().map(|(size, root)| Seen { root: *root, size: *size })
    }

    pub fn has_root(&self, seen: Seen) -> bool {
        self.roots.get(&seen.size) == Some(&seen.root)
    }
}

macro_rules! changes {
    ($($name:ident $table:ident $id:ty => $noun:ty;)*) => {$(
        pub(crate) fn $name(&mut self, id: $id, change: impl FnOnce(&mut $noun)) {
            if let Some(found) = self.$table.get_mut(&id) {
                change(Arc::make_mut(found));
            }
        }
    )*};
}

impl Tables {
    changes! {
        change_person people PersonId => Person;
        change_key keys Digest => Key;
        change_ticket tickets TicketId => Ticket;
        change_service services ServiceId => Service;
        change_request requests RequestId => Request;
        change_grant grants GrantId => Grant;
        change_token tokens TokenId => Token;
    }
}
