//! Authority entries: what widens who may do what. Human operators sign each, in the quorum.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::genesis::SettingsSet;
use crate::id::PersonId;
use crate::machine::{GatewayEnrolled, MachineRetired, NodeEnrolled, RunnerEnrolled};
use crate::material::Materials;
use crate::people::{KeyAdded, KeyRetired, PersonAdded, PersonOffboarded, Role, RolesSet};
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
    RolesSet(RolesSet),
    RunnerEnrolled(RunnerEnrolled),
    SettingsSet(SettingsSet),
    StandardPublished(StandardPublished),
}

impl Act {
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
    let statement = |signer| Statement::authority(state, act, signer, signature);
    let claim = Claim::of_role(state, signature, Role::OPERATOR, at, statement)?;
    claim.verify().map(|()| claim.signer)
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
        let statement = |signer| Statement::authority(state, &authority.act, signer, signature);
        let claim = reasons.take(Claim::of_role(state, signature, Role::OPERATOR, at, statement));
        if let Some(claim) = claim {
            signers.insert(claim.signer);
            claims.push(claim);
        }
    }
    let quorum = usize::from(state.settings.quorum);
    reasons.require(signers.len() >= quorum, Code::SignatureNeeded, || {
        format!(
            "`{}` needs the signatures of {quorum} operators, it has {}",
            authority.act.kind(),
            signers.len()
        )
    });
    reasons.done()
}

impl Tables {
    pub(crate) fn absorb_authority(&mut self, authority: &Authority, at: Millis) {
        match &authority.act {
            Act::GatewayEnrolled(act) => self.absorb_gateway(act),
            Act::KeyAdded(act) => self.absorb_key(act),
            Act::KeyRetired(act) => self.absorb_key_retired(act, at),
            Act::MachineRetired(act) => self.absorb_machine_retired(act, at),
            Act::NodeEnrolled(act) => self.absorb_node(act),
            Act::PersonAdded(act) => self.absorb_person(act),
            Act::PersonOffboarded(act) => self.absorb_offboarded(act, at),
            Act::PolicyPublished(act) => self.absorb_policy(act, at),
            Act::RolesSet(act) => self.absorb_roles(act),
            Act::RunnerEnrolled(act) => self.absorb_runner(act),
            Act::SettingsSet(act) => self.absorb_settings(act),
            Act::StandardPublished(act) => self.absorb_standard(act),
        }
    }
}
