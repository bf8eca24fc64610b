//! Enrolled machines: control nodes that attest batches, gateways that admit, runners that measure.

use serde::{Deserialize, Serialize};

use crate::id::{GatewayId, NodeId, RunnerId};
use crate::refusal::{Code, Refusal};
use crate::signature::MachineKey;
use crate::state::{State, Tables};
use crate::time::Millis;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeEnrolled {
    /// Signs the attestation of every batch that this node appends.
    pub key: MachineKey,
    pub node: NodeId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayEnrolled {
    pub gateway: GatewayId,
    /// Signs receipts and segments.
    pub key: MachineKey,
    /// X25519 public key (RFC 7748): leases of credentials are sealed to it.
    pub sealing: MachineKey,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunnerEnrolled {
    /// Signs answers to probe orders.
    pub key: MachineKey,
    pub runner: RunnerId,
}

/// A machine that is not trusted any more, from this entry on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MachineRetired {
    Gateway(GatewayId),
    Node(NodeId),
    Runner(RunnerId),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    pub key: MachineKey,
    pub retired: Option<Millis>,
}

impl Machine {
    fn new(key: MachineKey) -> Machine {
        Machine { key, retired: None }
    }

    pub fn is_active(&self) -> bool {
        self.retired.is_none()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gateway {
    pub machine: Machine,
    pub sealing: MachineKey,
}

pub(crate) fn check_node(state: &State, enrolled: &NodeEnrolled) -> Result<(), Refusal> {
    fresh(state.nodes.contains_key(&enrolled.node), enrolled.node)
}

pub(crate) fn check_gateway(state: &State, enrolled: &GatewayEnrolled) -> Result<(), Refusal> {
    fresh(state.gateways.contains_key(&enrolled.gateway), enrolled.gateway)
}

pub(crate) fn check_runner(state: &State, enrolled: &RunnerEnrolled) -> Result<(), Refusal> {
    fresh(state.runners.contains_key(&enrolled.runner), enrolled.runner)
}

fn fresh(exists: bool, id: impl std::fmt::Display) -> Result<(), Refusal> {
    match exists {
        true => Err(Refusal::new(Code::Exists, format!("{id} is enrolled already"))),
        false => Ok(()),
    }
}

pub(crate) fn check_retired(state: &State, retired: &MachineRetired) -> Result<(), Refusal> {
    let machine = match retired {
        MachineRetired::Gateway(id) => state.gateways.get(id).map(|gateway| &gateway.machine),
        MachineRetired::Node(id) => state.nodes.get(id).map(AsRef::as_ref),
        MachineRetired::Runner(id) => state.runners.get(id).map(AsRef::as_ref),
    };
    let last_node = matches!(retired, MachineRetired::Node(_))
        && state.nodes.values().filter(|node| node.is_active()).count() < 2;
    match machine {
        None => Err(Refusal::new(Code::NotFound, "no such machine is enrolled")),
        Some(machine) if !machine.is_active() => {
            Err(Refusal::new(Code::WrongStatus, "the machine is retired already"))
        }
        Some(_) if last_node => {
            Err(Refusal::new(Code::Invalid, "the last control node cannot be retired"))
        }
        Some(_) => Ok(()),
    }
}

impl Tables {
    pub(crate) fn absorb_node(&mut self, enrolled: &NodeEnrolled) {
        self.nodes.insert(enrolled.node, Machine::new(enrolled.key).into());
    }

    pub(crate) fn absorb_gateway(&mut self, enrolled: &GatewayEnrolled) {
        let gateway = Gateway { machine: Machine::new(enrolled.key), sealing: enrolled.sealing };
        self.gateways.insert(enrolled.gateway, gateway.into());
    }

    pub(crate) fn absorb_runner(&mut self, enrolled: &RunnerEnrolled) {
        self.runners.insert(enrolled.runner, Machine::new(enrolled.key).into());
    }

    pub(crate) fn absorb_machine_retired(&mut self, retired: &MachineRetired, at: Millis) {
        match retired {
            MachineRetired::Gateway(id) => {
                if let Some(mut gateway) = self.gateways.get(id).map(|g| (**g).clone()) {
                    gateway.machine.retired = Some(at);
                    self.gateways.insert(*id, gateway.into());
                }
            }
            MachineRetired::Node(id) => retire(&mut self.nodes, *id, at),
            MachineRetired::Runner(id) => retire(&mut self.runners, *id, at),
        }
    }

    /// The node's key while it may attest.
    pub fn active_node(&self, id: NodeId) -> Result<&MachineKey, Refusal> {
        match self.nodes.get(&id) {
            Some(node) if node.is_active() => Ok(&node.key),
            Some(_) => Err(Refusal::new(Code::UnknownNode, format!("node {id} is retired"))),
            None => Err(Refusal::new(Code::UnknownNode, format!("node {id} is not enrolled"))),
        }
    }

    pub fn active_gateway(&self, id: GatewayId) -> Result<&Gateway, Refusal> {
        match self.gateways.get(&id) {
            Some(gateway) if gateway.machine.is_active() => Ok(gateway),
            Some(_) => Err(Refusal::new(Code::NotActive, format!("gateway {id} is retired"))),
            None => Err(Refusal::new(Code::NotFound, format!("gateway {id} is not enrolled"))),
        }
    }
}

fn retire<K: Ord + Copy>(table: &mut crate::state::Table<K, Machine>, id: K, at: Millis) {
    if let Some(machine) = table.get(&id).map(|machine| (**machine).clone()) {
        table.insert(id, Machine { retired: Some(at), ..machine }.into());
    }
}
