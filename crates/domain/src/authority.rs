//! Authority entries: what widens who may do what. Human operators sign each, in the quorum.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::genesis::SettingsSet;
use crate::id::{GatewayId, NodeId, PersonId, RunnerId};
use crate::machine::{GatewayEnrolled, MachineRetired, NodeEnrolled, RunnerEnrolled};
use crate::material::Materials;
use crate::people::{
    KeyAdded, KeyRetired, PersonAdded, PersonOffboarded, ResponsibleSet, Role, RolesSet,
};
use crate::policy::PolicyPublished;
use crate::refusal::{Code, Reasons, Refusal};
use crate::signature::Signature;
use crate::standard::StandardPublished;
use crate::state::{State, Tables};
use crate::statement::{Claim, Statement};
use crate::time::Millis;
use crate::{genesis, machine, people, policy, standard};

/// One act of authority and the operators' signatures over it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    pub act: Act,
    pub signatures: Vec<Signature>,
}

/// The closed list of acts of authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    GatewayEnrolled(GatewayEnrolled),
    KeyAdded(KeyAdded),
    KeyRetired(KeyRetired),
    MachineRetired(MachineRetired),
    NodeEnrolled(NodeEnrolled),
    PersonAdded(PersonAdded),
    PersonOffboarded(PersonOffboarded),
    PolicyPublished(PolicyPublished),
    ResponsibleSet(ResponsibleSet),
    RolesSet(RolesSet),
    RunnerEnrolled(RunnerEnrolled),
    SettingsSet(SettingsSet),
    StandardPublished(StandardPublished),
}

/// What an act of authority changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    Gateway(GatewayId),
    Node(NodeId),
    Person(PersonId),
    Policy,
    Runner(RunnerId),
    Settings,
    Standard(String),
}

impl Act {
    /// What the act changes; `None` when that does not exist. A key is part of its person.
    fn subject(&self, state: &Tables) -> Option<Subject> {
        Some(match self {
            Act::GatewayEnrolled(act) => Subject::Gateway(act.gateway),
            Act::KeyAdded(act) => Subject::Person(act.person),
            Act::KeyRetired(act) => Subject::Person(state.keys.get(&act.key)?.person),
            Act::MachineRetired(MachineRetired::Gateway(id)) => Subject::Gateway(*id),
            Act::MachineRetired(MachineRetired::Node(id)) => Subject::Node(*id),
            Act::MachineRetired(MachineRetired::Runner(id)) => Subject::Runner(*id),
            Act::NodeEnrolled(act) => Subject::Node(act.node),
            Act::PersonAdded(act) => Subject::Person(act.person),
            Act::PersonOffboarded(act) => Subject::Person(act.person),
            Act::PolicyPublished(_) => Subject::Policy,
            Act::ResponsibleSet(act) => Subject::Person(act.person),
            Act::RolesSet(act) => Subject::Person(act.person),
            Act::RunnerEnrolled(act) => Subject::Runner(act.runner),
            Act::SettingsSet(_) => Subject::Settings,
            Act::StandardPublished(act) => Subject::Standard(act.name.clone()),
        })
    }

    /// The act's name, as on the wire.
    pub fn kind(&self) -> &'static str {
        match self {
            Act::GatewayEnrolled(_) => "gateway-enrolled",
            Act::KeyAdded(_) => "key-added",
            Act::KeyRetired(_) => "key-retired",
            Act::MachineRetired(_) => "machine-retired",
            Act::NodeEnrolled(_) => "node-enrolled",
            Act::PersonAdded(_) => "person-added",
            Act::PersonOffboarded(_) => "person-offboarded",
            Act::PolicyPublished(_) => "policy-published",
            Act::ResponsibleSet(_) => "responsible-set",
            Act::RolesSet(_) => "roles-set",
            Act::RunnerEnrolled(_) => "runner-enrolled",
            Act::SettingsSet(_) => "settings-set",
            Act::StandardPublished(_) => "standard-published",
        }
    }
}

/// Whether the act itself is possible, whoever signs it. Control asks this before it asks for
/// signatures.
pub fn check_act(state: &State, act: &Act, materials: &Materials) -> Result<(), Refusal> {
    match act {
        Act::GatewayEnrolled(act) => machine::check_gateway(state, act),
        Act::KeyAdded(act) => people::check_key_added(state, act),
        Act::KeyRetired(act) => people::check_key_retired(state, act),
        Act::MachineRetired(act) => machine::check_retired(state, act),
        Act::NodeEnrolled(act) => machine::check_node(state, act),
        Act::PersonAdded(act) => people::check_added(state, act),
        Act::PersonOffboarded(act) => people::check_offboarded(state, act),
        Act::PolicyPublished(act) => policy::check_published(state, act, materials),
        Act::ResponsibleSet(act) => people::check_responsible_set(state, act),
        Act::RolesSet(act) => people::check_roles_set(state, act),
        Act::RunnerEnrolled(act) => machine::check_runner(state, act),
        Act::SettingsSet(act) => genesis::check_settings(state, act),
        Act::StandardPublished(act) => standard::check_published(state, act, materials),
    }
}

/// Whether one operator's signature over the act holds now; whose it is.
pub fn check_signature(
    state: &State,
    act: &Act,
    signature: &Signature,
    at: Millis,
) -> Result<PersonId, Refusal> {
    let claim = claim(state, act, signature, at)?;
    claim.verify().map(|()| claim.signer)
}

/// An operator's signature counts while nothing that it is about has changed since the signer looked.
///
/// INVARIANT: of two acts over one subject, whoever signed the second knew of the first: a signature
/// that was kept back undoes nothing.
fn claim(state: &State, act: &Act, signature: &Signature, at: Millis) -> Result<Claim, Refusal> {
    let statement = |signer| Statement::authority(state, act, signer, signature);
    let claim = Claim::of_role(state, signature, Role::OPERATOR, at, statement)?;
    let changed = act.subject(state).and_then(|subject| state.changed.get(&subject).copied());
    match changed.filter(|entry| signature.seen.size <= *entry) {
        None => Ok(claim),
        Some(entry) => Err(Refusal::new(
            Code::SignatureOvertaken,
            format!(
                "{} signed `{}` before entry {entry} changed the same; sign again",
                claim.signer,
                act.kind()
            ),
        )),
    }
}

/// The act's own rules, then one live signature each of as many operators as the quorum says.
pub(crate) fn check(
    state: &State,
    authority: &Authority,
    at: Millis,
    materials: &Materials,
    claims: &mut Vec<Claim>,
) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    reasons.take(check_act(state, &authority.act, materials));
    let mut signers = BTreeSet::new();
    for signature in &authority.signatures {
        if let Some(claim) = reasons.take(claim(state, &authority.act, signature, at)) {
            signers.insert(claim.signer);
            claims.push(claim);
        }
    }
    let quorum = usize::from(state.settings.quorum);
    reasons.require(signers.len() >= quorum, Code::SignatureNeeded, || {
        format!(
            "`{}` needs the signatures of {quorum} {}, it has {}",
            authority.act.kind(),
            if quorum == 1 { "operator" } else { "operators" },
            signers.len()
        )
    });
    reasons.done()
}

impl Tables {
    pub(crate) fn absorb_authority(&mut self, authority: &Authority, entry: u64, at: Millis) {
        let settings = self.settings.clone();
        if let Some(subject) = authority.act.subject(self) {
            self.changed.insert(subject, entry);
        }
        match &authority.act {
            Act::GatewayEnrolled(act) => self.absorb_gateway(act),
            Act::KeyAdded(act) => self.absorb_key(act),
            Act::KeyRetired(act) => self.absorb_key_retired(act, at),
            Act::MachineRetired(act) => self.absorb_machine_retired(act, at),
            Act::NodeEnrolled(act) => self.absorb_node(act),
            Act::PersonAdded(act) => self.absorb_person(act),
            Act::PersonOffboarded(act) => self.absorb_offboarded(act, at),
            Act::PolicyPublished(act) => self.absorb_policy(act, at),
            Act::ResponsibleSet(act) => self.absorb_responsible(act),
            Act::RolesSet(act) => self.absorb_roles(act),
            Act::RunnerEnrolled(act) => self.absorb_runner(act),
            Act::SettingsSet(act) => self.absorb_settings(act),
            Act::StandardPublished(act) => self.absorb_standard(act),
        }
        // A second operator raises the quorum.
        if self.settings != settings {
            self.changed.insert(Subject::Settings, entry);
        }
    }
}
