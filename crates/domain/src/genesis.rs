//! Entry 0: the edition, the origin, the log's key, the first operators and machines, the settings.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::entry::Entry;
use crate::machine::{GatewayEnrolled, NodeEnrolled, RunnerEnrolled};
use crate::material::Materials;
use crate::people::{self, Kind, PersonAdded, Role};
use crate::policy::{self, PolicyPublished};
use crate::refusal::{Code, Reasons, Refusal};
use crate::standard::{self, StandardPublished};
use crate::state::{State, Tables};
use crate::time::{Millis, Span};

/// The edition that this program writes and reads: the entry kinds, the rules, the Cedar mapping.
pub const EDITION: u64 = 1;

/// What everything rests on. Its hash is pinned by gateways and verifiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    #[serde(deserialize_with = "crate::number::whole")]
    pub edition: u64,
    pub gateways: Vec<GatewayEnrolled>,
    /// The log's verifier key (C2SP signed-note), for outsiders' signed checkpoints.
    pub log: String,
    pub nodes: Vec<NodeEnrolled>,
    /// At least one; two advised.
    pub operators: Vec<PersonAdded>,
    /// The log's origin (C2SP tlog-checkpoint), one organisation for ever.
    pub origin: String,
    /// The policy in force from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyPublished>,
    pub runners: Vec<RunnerEnrolled>,
    pub settings: SettingsSet,
    /// The standards in use from the start.
    pub standards: Vec<StandardPublished>,
}

/// Bounds that operators set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsSet {
    /// How many operators sign an authority entry. Two at least once there are two operators.
    pub quorum: u8,
    /// A gateway whose state is proven only longer ago than this admits nothing.
    pub staleness: Span,
}

/// Genesis as the state knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub edition: u64,
    /// SHA-256 of entry 0's bytes.
    pub hash: Digest,
    pub log: String,
    pub name: String,
}

pub(crate) fn check(
    state: &State,
    genesis: &Genesis,
    entry: &Entry,
    materials: &Materials,
) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    reasons.require(state.origin.is_none(), Code::Genesis, || "there is one genesis".to_owned());
    reasons.require(state.size() == 0, Code::Genesis, || "genesis is entry 0".to_owned());
    reasons.require(genesis.edition == EDITION, Code::Genesis, || {
        format!("edition {} is not known here; this program knows {EDITION}", genesis.edition)
    });
    let plain = |c: char| c.is_ascii_graphic() && c != '+';
    let origin = &genesis.origin;
    reasons.require(
        !origin.is_empty() && origin.len() <= 100 && origin.chars().all(plain),
        Code::Invalid,
        || "the origin is 1 to 100 printable ASCII characters without spaces and `+`".to_owned(),
    );
    reasons.require(genesis.log.parse::<ledger::VerifierKey>().is_ok(), Code::Invalid, || {
        "`log` is no verifier key (C2SP signed-note)".to_owned()
    });
    let node = entry.actor.node;
    reasons.require(genesis.nodes.iter().any(|n| n.node == node), Code::UnknownNode, || {
        "genesis enrols the node that writes it".to_owned()
    });
    check_operators(&mut reasons, state, genesis);
    check_names(&mut reasons, genesis);
    let who = entry.actor.who;
    let known = who.is_none_or(|who| genesis.operators.iter().any(|o| o.person == who));
    reasons.require(known, Code::NotActive, || "genesis is made by an operator".to_owned());
    for standard in &genesis.standards {
        reasons.take(standard::check_published(state, standard, materials));
    }
    if let Some(policy) = &genesis.policy {
        reasons.take(policy::check_published(state, policy, materials));
    }
    check_bounds(&mut reasons, &genesis.settings);
    let operators = genesis.operators.len();
    let quorum = usize::from(genesis.settings.quorum);
    reasons.require(quorum <= operators && (operators < 2 || quorum >= 2), Code::Invalid, || {
        format!("a quorum of {quorum} does not fit {operators} operators")
    });
    reasons.done()
}

fn check_operators(reasons: &mut Reasons, state: &State, genesis: &Genesis) {
    reasons.require(!genesis.operators.is_empty(), Code::Genesis, || {
        "genesis names at least one operator".to_owned()
    });
    for operator in &genesis.operators {
        let fits = operator.kind == Kind::Human
            && operator.roles.iter().any(|role| role.as_str() == Role::OPERATOR);
        reasons.require(fits, Code::Genesis, || "genesis names human operators only".to_owned());
        reasons.take(people::check_added(state, operator));
    }
}

/// INVARIANT: whoever counted twice in genesis would meet a quorum alone.
fn check_names(reasons: &mut Reasons, genesis: &Genesis) {
    let operators = &genesis.operators;
    unique(reasons, "person", operators.iter().map(|operator| operator.person));
    unique(reasons, "key", operators.iter().map(|operator| operator.key.fingerprint()));
    unique(reasons, "node", genesis.nodes.iter().map(|node| node.node));
    unique(reasons, "gateway", genesis.gateways.iter().map(|gateway| gateway.gateway));
    unique(reasons, "runner", genesis.runners.iter().map(|runner| runner.runner));
    unique(reasons, "standard", genesis.standards.iter().map(|standard| &standard.name));
}

fn unique<T: Ord + std::fmt::Display>(
    reasons: &mut Reasons,
    noun: &str,
    names: impl Iterator<Item = T>,
) {
    let mut seen = BTreeSet::new();
    for name in names {
        let text = name.to_string();
        reasons.require(seen.insert(name), Code::Exists, || {
            format!("genesis names the {noun} {text} twice")
        });
    }
}

fn check_bounds(reasons: &mut Reasons, settings: &SettingsSet) {
    let seconds = Span::SECOND..=Span(10 * Span::MINUTE.0);
    reasons.require(seconds.contains(&settings.staleness), Code::Invalid, || {
        format!("the staleness bound is from 1s to 10m, not {}", settings.staleness)
    });
    reasons.require(settings.quorum >= 1, Code::Invalid, || "a quorum is at least 1".to_owned());
}

pub(crate) fn check_settings(state: &State, settings: &SettingsSet) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    check_bounds(&mut reasons, settings);
    let operators = state.operators().count();
    let quorum = usize::from(settings.quorum);
    reasons.require(quorum <= operators && (operators < 2 || quorum >= 2), Code::Invalid, || {
        format!("a quorum of {} does not fit {operators} operators", settings.quorum)
    });
    reasons.done()
}

impl Tables {
    pub(crate) fn absorb_genesis(&mut self, genesis: &Genesis, hash: Option<Digest>, at: Millis) {
        self.origin = hash.map(|hash| Origin {
            edition: genesis.edition,
            hash,
            log: genesis.log.clone(),
            name: genesis.origin.clone(),
        });
        self.settings = genesis.settings.clone();
        genesis.operators.iter().for_each(|operator| self.absorb_person(operator));
        genesis.nodes.iter().for_each(|node| self.absorb_node(node));
        genesis.gateways.iter().for_each(|gateway| self.absorb_gateway(gateway));
        genesis.runners.iter().for_each(|runner| self.absorb_runner(runner));
        genesis.standards.iter().for_each(|standard| self.absorb_standard(standard));
        genesis.policy.iter().for_each(|policy| self.absorb_policy(policy, at));
    }

    pub(crate) fn absorb_settings(&mut self, settings: &SettingsSet) {
        self.settings = settings.clone();
    }
}
