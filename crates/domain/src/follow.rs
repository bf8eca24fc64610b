//! Following a ledger: attested batches in, a believed state out. The same for a start, a gateway and
//! an auditor.

use std::collections::BTreeSet;

use ledger::{Checkpoint, Frontier, Hash, VerifierKey, leaf_hash};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::entry::Entry;
use crate::id::NodeId;
use crate::machine::Machine;
use crate::material::{Kind, Materials};
use crate::policy::{self, Decision, Memo};
use crate::refusal::{Code, Refusal};
use crate::signature::{MachineKey, Seen};
use crate::state::{State, Table};
use crate::step::{Draft, check_read};

/// What was appended at once: the entries' bytes from `first` on, and the signed checkpoint (C2SP)
/// with which an enrolled node attests the tree that they make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    pub attestation: String,
    pub entries: Vec<Vec<u8>>,
    pub first: u64,
    /// The materials that the entries name, as bytes.
    pub materials: Vec<(Kind, Vec<u8>)>,
}

impl Batch {
    /// The size of the ledger behind it.
    pub fn size(&self) -> u64 {
        self.first + self.entries.len() as u64
    }
}

/// Why a ledger is not believed: at which entry, by which rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("entry {entry}: {refusal}")]
    Entry { entry: u64, refusal: Refusal },
    #[error("the batch up to entry {last}: its attestation does not hold: {why}")]
    Attestation { last: u64, why: String },
    #[error("the batch starts at entry {found}, the ledger continues at {expected}")]
    Gap { expected: u64, found: u64 },
    #[error("the genesis is {found}, not the pinned {pinned}")]
    Genesis { pinned: Digest, found: Digest },
    #[error("at {size} entries the root is {found}; {expected} was attested and seen before")]
    Fork { size: u64, expected: Digest, found: Digest },
    #[error(
        "it went backwards: it ends at {ends} entries, and {seen} were seen before, up to entry {}",
        seen.saturating_sub(1)
    )]
    Backwards { ends: u64, seen: u64 },
}

impl Broken {
    /// The rule's stable code.
    pub fn rule(&self) -> &'static str {
        match self {
            Broken::Entry { refusal, .. } => {
                refusal.reasons.first().map_or("refused", |reason| reason.code.as_str())
            }
            Broken::Attestation { .. } => "attestation",
            Broken::Gap { .. } => "gap",
            Broken::Genesis { .. } => "genesis",
            Broken::Fork { .. } => "fork",
            Broken::Backwards { .. } => "backwards",
        }
    }
}

/// Another engine's other answer: reported, never a reason to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub entry: u64,
    pub ours: Decision,
}

/// A state and the edge of the tree that it was folded from.
#[derive(Debug, Clone, Default)]
pub struct Follower {
    state: State,
    frontier: Frontier,
    differences: Vec<Difference>,
    memo: Memo,
    pinned: Option<Digest>,
}

impl Follower {
    /// From nothing, believing only in the genesis with this hash, if one is pinned.
    pub fn new(pinned: Option<Digest>) -> Follower {
        Follower { pinned, ..Follower::default() }
    }

    /// From a state that is believed already and the edge of its tree.
    pub fn resume(state: State, frontier: Frontier) -> Follower {
        let pinned = state.genesis_hash();
        Follower { state, frontier, pinned, ..Follower::default() }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// The newest size and root.
    pub fn seen(&self) -> Seen {
        Seen { root: Digest(self.frontier.root().0), size: self.frontier.size() }
    }

    /// Believes the batch, wholly or not at all: every entry by the rulebook, every decision made
    /// again (or known from facts that look the same), the root attested by a node that the ledger enrolled.
    pub fn accept(&mut self, batch: &Batch) -> Result<(), Broken> {
        let (state, frontier) = (self.state.clone(), self.frontier.clone());
        let known = self.differences.len();
        self.extend(batch).inspect_err(|_| {
            (self.state, self.frontier) = (state, frontier);
            self.differences.truncate(known);
        })
    }

    /// As [`Follower::accept`], for whoever has no use for a follower that met a broken batch. The state
    /// in front of the batch is not kept, so what changes in it is changed and not copied first.
    pub fn extended(mut self, batch: &Batch) -> Result<Follower, Broken> {
        self.extend(batch).map(|()| self)
    }

    /// On an error, state, frontier and differences are of no use any more.
    fn extend(&mut self, batch: &Batch) -> Result<(), Broken> {
        if batch.first != self.state.size() || batch.entries.is_empty() {
            return Err(Broken::Gap { expected: self.state.size(), found: batch.first });
        }
        let materials = read_materials(batch)?;
        let before = self.state.nodes.clone();
        let mut draft = Draft::of(std::mem::take(&mut self.state));
        let mut writers = BTreeSet::new();
        for (number, bytes) in (batch.first..).zip(&batch.entries) {
            self.frontier.push(leaf_hash(bytes));
            let (writer, difference) = self.step(&mut draft, number, bytes, &materials)?;
            writers.insert(writer);
            self.differences.extend(difference.map(|ours| Difference { entry: number, ours }));
        }
        attested(draft.state(), &before, batch, &self.frontier, &writers)?;
        self.state = draft.publish(Digest(self.frontier.root().0));
        Ok(())
    }

    fn step(
        &mut self,
        draft: &mut Draft,
        number: u64,
        bytes: &[u8],
        materials: &Materials,
    ) -> Result<(NodeId, Option<Decision>), Broken> {
        let broken = |refusal| Broken::Entry { entry: number, refusal };
        if let (0, Some(pinned)) = (number, self.pinned) {
            let found = Digest::of(bytes);
            if found != pinned {
                return Err(Broken::Genesis { pinned, found });
            }
        }
        let entry = Entry::decode(bytes).map_err(broken)?;
        let difference =
            policy::recompute(draft.state(), &entry, &mut self.memo).map_err(broken)?;
        let writer = entry.actor.node;
        let step = check_read(draft, entry, bytes, materials).map_err(broken)?;
        draft.absorb(step).map_err(broken)?;
        Ok((writer, difference))
    }

    /// Whether this ledger still has what was seen of it before; asked when the size is reached.
    pub fn must_extend(&self, seen: Seen) -> Result<(), Broken> {
        let ends = self.state.size();
        if ends < seen.size {
            return Err(Broken::Backwards { ends, seen: seen.size });
        }
        let here = match seen.size {
            0 => Some(Digest(Hash::EMPTY.0)),
            size => self.state.roots.get(&size).copied(),
        };
        match here {
            Some(root) if root == seen.root => Ok(()),
            Some(found) => Err(Broken::Fork { size: seen.size, expected: seen.root, found }),
            None => {
                let why = "no batch ends there any more, and one was seen".to_owned();
                Err(Broken::Attestation { last: seen.size.saturating_sub(1), why })
            }
        }
    }
}

fn read_materials(batch: &Batch) -> Result<Materials, Broken> {
    let mut materials = Materials::default();
    for (kind, bytes) in &batch.materials {
        materials
            .put(*kind, bytes)
            .map_err(|refusal| Broken::Entry { entry: batch.first, refusal })?;
    }
    Ok(materials)
}

/// The attestation's key is judged by the state in front of the batch, so that no batch can enrol
/// its own witness; genesis alone speaks for itself. Whoever attests is who the entries say wrote them.
fn attested(
    after: &State,
    before: &Table<NodeId, Machine>,
    batch: &Batch,
    frontier: &Frontier,
    writers: &BTreeSet<NodeId>,
) -> Result<(), Broken> {
    let broken = |why: String| Broken::Attestation { last: batch.size().saturating_sub(1), why };
    let nodes = if batch.first == 0 { &after.nodes } else { before };
    let keys: Vec<_> = nodes
        .iter()
        .filter(|(_, node)| node.is_active())
        .filter_map(|(id, node)| verifier(*id, &node.key))
        .collect();
    let origin = after.origin().map_or("", |origin| origin.name.as_str());
    let (checkpoint, signers) = Checkpoint::open(batch.attestation.as_bytes(), origin, &keys)
        .map_err(|error| broken(error.to_string()))?;
    let signed = |writer: &&NodeId| signers.iter().any(|key| key.name() == writer.to_string());
    if let Some(writer) = writers.iter().find(|writer| !signed(writer)) {
        return Err(broken(format!("it holds entries of {writer}, who did not sign it")));
    }
    if checkpoint.size() != frontier.size() || checkpoint.root() != frontier.root() {
        return Err(broken(format!(
            "it attests {} entries with the root {}; these are {} with {}",
            checkpoint.size(),
            checkpoint.root(),
            frontier.size(),
            frontier.root()
        )));
    }
    Ok(())
}

/// A node's key in the log's notation; the node's id is the key's name.
pub fn verifier(node: NodeId, key: &MachineKey) -> Option<VerifierKey> {
    VerifierKey::new(&node.to_string(), key.0).ok()
}

impl From<Refusal> for Broken {
    fn from(refusal: Refusal) -> Broken {
        Broken::Entry { entry: 0, refusal }
    }
}

/// A node's word that a size and root were the newest at a time: it answers a gateway's nonce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    pub at: crate::time::Millis,
    pub node: NodeId,
    pub nonce: Digest,
    pub seen: Seen,
    pub signature: crate::signature::Base64,
}

impl Freshness {
    /// What the node signs.
    pub fn message(&self, genesis: &Digest) -> Vec<u8> {
        let Freshness { at, nonce, seen, .. } = self;
        [
            b"portcullis-fresh-v1\n".as_slice(),
            &genesis.0,
            &nonce.0,
            &seen.size.to_be_bytes(),
            &seen.root.0,
            &at.0.to_be_bytes(),
        ]
        .concat()
    }

    /// Whether the answer is to this nonce, by an enrolled node, about the ledger that `state` is of.
    pub fn verify(&self, state: &State, nonce: Digest) -> Result<(), Refusal> {
        let key = state.active_node(self.node)?;
        let genesis = state
            .genesis_hash()
            .ok_or_else(|| Refusal::new(Code::Genesis, "nothing was followed yet"))?;
        if self.nonce != nonce {
            return Err(Refusal::new(Code::AnswerMismatch, "the answer is to another nonce"));
        }
        key.verify(&self.message(&genesis), &self.signature.0)
    }
}
