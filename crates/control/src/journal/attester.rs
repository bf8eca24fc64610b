//! The node's hand: its id and the key with which it attests batches and proves freshness.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use domain::id::NodeId;
use domain::signature::MachineKey;
use ledger::note::{KeyError, NoteError};
use ledger::{Checkpoint, Frontier, Signer};
use zeroize::Zeroizing;

/// What the key of the node's own snapshots is derived for.
const SNAPSHOTS: &[u8] = b"portcullis-snapshot-key-v1\n";

/// Signs as one node. The key lies outside the database (see [`crate::keys`]).
pub struct Attester {
    node: NodeId,
    signer: Signer,
    pair: Ed25519KeyPair,
    snapshots: Zeroizing<[u8; 32]>,
}

impl Attester {
    /// The node with this 32-byte Ed25519 seed (RFC 8032 §5.1.5).
    pub fn new(node: NodeId, seed: &Zeroizing<[u8; 32]>) -> Result<Attester, KeyError> {
        let signer = Signer::from_seed(&node.to_string(), seed)?;
        let pair =
            Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| KeyError::Seed)?;
        let mut snapshots = Zeroizing::new([0; 32]);
        let key = hmac::Key::new(hmac::HMAC_SHA256, seed.as_slice());
        snapshots.copy_from_slice(hmac::sign(&key, SNAPSHOTS).as_ref());
        Ok(Attester { node, signer, pair, snapshots })
    }

    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The public half, as it is enrolled.
    pub fn key(&self) -> MachineKey {
        MachineKey(*self.signer.verifier().public())
    }

    /// Seals this node's own snapshots: HMAC-SHA256 of the seed (RFC 2104), for that alone.
    pub(crate) fn snapshot_key(&self) -> &Zeroizing<[u8; 32]> {
        &self.snapshots
    }

    /// The signed checkpoint of the tree (C2SP tlog-checkpoint) under the node's name.
    pub(crate) fn attest(&self, origin: &str, frontier: &Frontier) -> Result<String, NoteError> {
        let checkpoint =
            Checkpoint::of(origin, frontier).map_err(|_| NoteError::ControlCharacter)?;
        Ok(checkpoint.sign(&[&self.signer])?.to_string())
    }

    /// A bare Ed25519 signature over `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for Attester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attester({})", self.node)
    }
}
