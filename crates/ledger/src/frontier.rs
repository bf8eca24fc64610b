//! The compact right edge of a tree: the few hashes that appending and the root need.

use crate::hash::{Hash, node_hash};
use crate::{MAX_SIZE, proof::range};

/// The roots of the complete subtrees that a tree of `size` leaves splits into, largest (leftmost)
/// first: one for each bit set in `size`. Enough to append leaves and to compute the root, at any size,
/// in at most 63 hashes; cheap to clone, so that an append can be tried and dropped.
///
/// Pushing `n` leaves costs `n` node hashes in all; memory is touched only as the tree grows deeper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// INVARIANT: holds `size.count_ones()` hashes.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the empty tree.
    pub fn new() -> Frontier {
        Frontier::default()
    }

    /// Takes a frontier apart into its size and peaks; [`Frontier::from_parts`] puts it together again.
    pub fn into_parts(self) -> (u64, Vec<Hash>) {
        (self.size, self.peaks)
    }

    /// A frontier from its size and peaks, the largest subtree first. Checks the shape only: compare
    /// [`Frontier::root`] with a signed root before believing the hashes.
    pub fn from_parts(size: u64, peaks: Vec<Hash>) -> Result<Frontier, BadFrontier> {
        if size > MAX_SIZE {
            return Err(BadFrontier::TooLarge(size));
        }
        if peaks.len() != size.count_ones() as usize {
            return Err(BadFrontier::Peaks { size, found: peaks.len() });
        }
        Ok(Frontier { size, peaks })
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, the largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends one leaf, given by its [`leaf_hash`](crate::leaf_hash): every subtree that it completes
    /// is merged, as a carry runs through a binary counter.
    pub fn push(&mut self, leaf: Hash) {
        let mut carry = leaf;
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            carry = node_hash(left, carry);
        }
        self.peaks.push(carry);
        self.size += 1;
    }

    /// The Merkle tree hash of all leaves (RFC 6962 §2.1); [`Hash::EMPTY`] when there are none.
    pub fn root(&self) -> Hash {
        range::fold(&self.peaks).unwrap_or(Hash::EMPTY)
    }
}

impl Extend<Hash> for Frontier {
    fn extend<I: IntoIterator<Item = Hash>>(&mut self, leaves: I) {
        leaves.into_iter().for_each(|leaf| self.push(leaf));
    }
}

/// Why a size and peaks are not a frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFrontier {
    #[error("tree size `{0}` is above 2^63 - 1")]
    TooLarge(u64),
    #[error("a frontier of size `{size}` has {} hashes, not {found}", size.count_ones())]
    Peaks { size: u64, found: usize },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaf_hash;

    fn grown(size: u64) -> Frontier {
        let mut frontier = Frontier::new();
        frontier.extend((0..size).map(|i| leaf_hash(&i.to_be_bytes())));
        frontier
    }

    #[test]
    fn small_roots_are_those_written_out() {
        let [a, b, c] = [0u64, 1, 2].map(|i| leaf_hash(&i.to_be_bytes()));
        assert_eq!(Frontier::new().root(), Hash::EMPTY);
        assert_eq!(grown(1).root(), a);
        assert_eq!(grown(2).root(), node_hash(a, b));
        assert_eq!(grown(3).root(), node_hash(node_hash(a, b), c));
    }

    #[test]
    fn parts_round_trip_and_keep_growing_alike() {
        for size in 0..130 {
            let mut original = grown(size);
            let (stored, peaks) = original.clone().into_parts();
            let mut restored = Frontier::from_parts(stored, peaks).unwrap();
            assert_eq!(restored, original);
            restored.push(Hash::EMPTY);
            original.push(Hash::EMPTY);
            assert_eq!(restored.root(), original.root());
        }
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let peaks = vec![Hash::EMPTY; 2];
        let refused = Frontier::from_parts(4, peaks.clone());
        assert_eq!(refused, Err(BadFrontier::Peaks { size: 4, found: 2 }));
        assert_eq!(Frontier::from_parts(0, peaks), Err(BadFrontier::Peaks { size: 0, found: 2 }));
        let huge = vec![Hash::EMPTY; 64];
        assert_eq!(Frontier::from_parts(u64::MAX, huge), Err(BadFrontier::TooLarge(u64::MAX)));
    }
}
