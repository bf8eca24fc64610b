//! Machines: control nodes that attest, gateways that admit, runners that measure.

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use control::keys::{KeyDirectory, Use};
use domain::authority::Act;
use domain::machine::{GatewayEnrolled, MachineRetired, NodeEnrolled, RunnerEnrolled};
use serde::{Deserialize, Serialize};

use super::{Desk, act, read_file};
use crate::exit::No;
use crate::show::{rows, table};
use crate::up::genesis::public;

/// What a machine's host says of itself: ids and public keys, nothing secret.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    pub gateway: GatewayEnrolled,
    pub node: NodeEnrolled,
    pub runner: RunnerEnrolled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Node,
    Gateway,
    Runner,
}

/// Prints the public halves of this host's keys.
pub fn identity(desk: &Desk) -> Result<()> {
    let keys = desk.home.keys();
    if !keys.exists() {
        return Err(No::usage(format!("{} is not there; start a server once", keys.display())));
    }
    let keys = KeyDirectory::open(&keys, None)?;
    let (node, gateway) = (keys.load(Use::Node)?, keys.load(Use::Gateway)?);
    let (runner, sealing) = (keys.load(Use::Runner)?, keys.load(Use::Sealing)?);
    let identity = Identity {
        gateway: GatewayEnrolled {
            gateway: gateway.name.parse()?,
            key: public(&gateway)?,
            sealing: domain::sealed::public_key(&sealing.bytes)?,
        },
        node: NodeEnrolled { key: public(&node)?, node: node.name.parse()? },
        runner: RunnerEnrolled { key: public(&runner)?, runner: runner.name.parse()? },
    };
    println!("{}", serde_json::to_string_pretty(&identity)?);
    Ok(())
}

pub async fn list(desk: &Desk) -> Result<()> {
    let machines = desk.client()?.list("/v1/machines").await?;
    desk.show.print(&machines, || {
        let head = ["machine", "kind", "key", "retired"];
        table(&head, rows(&machines, &["id", "kind", "key", "retired"]));
    });
    Ok(())
}

/// Trusts one machine of a host, by the file that `machine identity` printed there.
pub async fn enroll(desk: &Desk, kind: Kind, file: &Path) -> Result<()> {
    let identity: Identity = read_file(file)?;
    let act = match kind {
        Kind::Node => Act::NodeEnrolled(identity.node),
        Kind::Gateway => Act::GatewayEnrolled(identity.gateway),
        Kind::Runner => Act::RunnerEnrolled(identity.runner),
    };
    let then = "start its server again: it knows itself in the ledger now";
    act::propose(desk, act, Vec::new(), Vec::new(), then).await.map(|_| ())
}

/// Nothing that the machine signs from now on counts.
pub async fn retire(desk: &Desk, id: &str) -> Result<()> {
    let read = || {
        Some(match id.split_once('_')?.0 {
            "nod" => MachineRetired::Node(id.parse().ok()?),
            "gtw" => MachineRetired::Gateway(id.parse().ok()?),
            "run" => MachineRetired::Runner(id.parse().ok()?),
            _ => return None,
        })
    };
    let unreadable = || {
        No::Usage(format!("`{id}` is no machine's id: nod_…, gtw_… or run_…; see `machine list`"))
    };
    let act = Act::MachineRetired(read().with_context(unreadable)?);
    act::propose(desk, act, Vec::new(), Vec::new(), "").await.map(|_| ())
}
