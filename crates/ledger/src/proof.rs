//! Inclusion and consistency proofs, checked with nothing but roots (RFC 9162 §2.1.3.2 and §2.1.4.2).

pub(crate) mod range;

use crate::hash::{Hash, node_hash};

/// The hashes of an inclusion or a consistency proof, in the order of RFC 6962 §2.1.1 and §2.1.2
/// (deepest first). A proof says nothing until one of the `verify_` functions accepts it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof(pub Vec<Hash>);

/// Why a proof is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    #[error("entry `{index}` lies outside a tree of size `{size}`")]
    OutsideTree { index: u64, size: u64 },
    #[error("a tree of size `{new}` cannot extend one of size `{old}`")]
    Backwards { old: u64, new: u64 },
    #[error("the proof has fewer hashes than the tree size demands")]
    TooShort,
    #[error("the proof has more hashes than the tree size demands")]
    TooLong,
    #[error("the proof leads to another root of the old tree")]
    OtherOldRoot,
    #[error("the proof leads to another root")]
    OtherRoot,
}

impl Unproven {
    /// The stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Unproven::OutsideTree { .. } => "outside-tree",
            Unproven::Backwards { .. } => "backwards",
            Unproven::TooShort => "proof-too-short",
            Unproven::TooLong => "proof-too-long",
            Unproven::OtherOldRoot => "other-old-root",
            Unproven::OtherRoot => "other-root",
        }
    }
}

/// Checks that `leaf` (a [`leaf_hash`](crate::leaf_hash)) is entry `index` of the tree with `size`
/// entries and root `root`. RFC 9162 §2.1.3.2.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    root: Hash,
    proof: &Proof,
) -> Result<(), Unproven> {
    if index >= size {
        return Err(Unproven::OutsideTree { index, size });
    }
    let mut climb = Climb { node: index, last: size - 1 };
    let mut hash = leaf;
    for sibling in &proof.0 {
        hash = match climb.step()? {
            Side::Left => node_hash(*sibling, hash),
            Side::Right => node_hash(hash, *sibling),
        };
    }
    climb.finish()?;
    if hash == root { Ok(()) } else { Err(Unproven::OtherRoot) }
}

/// Checks that the tree (`new`, `new_root`) begins with all entries of the tree (`old`, `old_root`).
/// RFC 9162 §2.1.4.2; equal sizes take an empty proof and equal roots, and every tree extends the empty
/// one by an empty proof.
pub fn verify_consistency(
    old: u64,
    old_root: Hash,
    new: u64,
    new_root: Hash,
    proof: &Proof,
) -> Result<(), Unproven> {
    if old > new {
        return Err(Unproven::Backwards { old, new });
    }
    if old == 0 || old == new {
        return without_proof(old, old_root, new, new_root, proof);
    }
    // The highest complete subtree that ends with the old tree: the old root itself when its size is a
    // power of two, otherwise the first hash of the proof.
    let complete = (old - 1).trailing_ones();
    let mut climb = Climb { node: (old - 1) >> complete, last: (new - 1) >> complete };
    let mut siblings = proof.0.iter();
    let start = match old.is_power_of_two() {
        true => old_root,
        false => *siblings.next().ok_or(Unproven::TooShort)?,
    };
    let (mut old_hash, mut new_hash) = (start, start);
    for sibling in siblings {
        match climb.step()? {
            Side::Left => {
                old_hash = node_hash(*sibling, old_hash);
                new_hash = node_hash(*sibling, new_hash);
            }
            Side::Right => new_hash = node_hash(new_hash, *sibling),
        }
    }
    climb.finish()?;
    if old_hash != old_root {
        return Err(Unproven::OtherOldRoot);
    }
    if new_hash == new_root { Ok(()) } else { Err(Unproven::OtherRoot) }
}

fn without_proof(
    old: u64,
    old_root: Hash,
    new: u64,
    new_root: Hash,
    proof: &Proof,
) -> Result<(), Unproven> {
    if !proof.0.is_empty() {
        return Err(Unproven::TooLong);
    }
    if old == 0 && old_root != Hash::EMPTY {
        return Err(Unproven::OtherOldRoot);
    }
    if old == new && old_root != new_root {
        return Err(Unproven::OtherRoot);
    }
    Ok(())
}

/// On which side of the path a proof's hash stands.
enum Side {
    Left,
    Right,
}

/// The way from a node to the root, level by level: the node's place in its level and the place of the
/// level's last node (`fn` and `sn` in RFC 9162).
struct Climb {
    node: u64,
    last: u64,
}

impl Climb {
    /// Where the next hash of the proof stands; climbs above it, passing the levels where the node is
    /// the last one and has no sibling.
    fn step(&mut self) -> Result<Side, Unproven> {
        if self.last == 0 {
            return Err(Unproven::TooLong);
        }
        let side = if self.node & 1 == 1 {
            Side::Left
        } else if self.node == self.last {
            let alone = self.node.trailing_zeros();
            self.node >>= alone;
            self.last >>= alone;
            Side::Left
        } else {
            Side::Right
        };
        self.node >>= 1;
        self.last >>= 1;
        Ok(side)
    }

    /// Has the root been reached?
    fn finish(&self) -> Result<(), Unproven> {
        if self.last == 0 { Ok(()) } else { Err(Unproven::TooShort) }
    }
}
