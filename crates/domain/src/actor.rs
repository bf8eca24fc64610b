//! Who acted, in the words of the node that wrote it down: node N says that it knew M by this proof.

use serde::{Deserialize, Serialize};

use crate::id::{NodeId, PersonId};

/// How the node knew who it was dealing with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// A session opened by an SSH challenge.
    Login,
    /// Nobody: a job of the node, acting on what the ledger says is due.
    Node,
    /// The signatures in the entry itself.
    Signature,
}

/// Node `node` says that it authenticated `who` by `proof`, no more and no less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    pub node: NodeId,
    pub proof: Proof,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<PersonId>,
}
