//! Which ranges of leaves a proof is made of, and the complete subtrees that make up a range.

use std::ops::Range;

use crate::hash::{Hash, node_hash};

/// A complete subtree: the leaves `[position << height, (position + 1) << height)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub height: u32,
    pub position: u64,
}

/// The complete subtrees of a range, left to right. The range starts where a proof's ranges do: at a
/// multiple of the power of two that is not below its length.
pub(crate) fn nodes(range: Range<u64>) -> Vec<Node> {
    let Range { mut start, end } = range;
    let mut nodes = Vec::new();
    while let Some(height) = end.saturating_sub(start).checked_ilog2() {
        nodes.push(Node { height, position: start >> height });
        start += 1 << height;
    }
    nodes
}

/// The hash over complete subtrees, given left to right and each smaller than the one before; `None`
/// for none (RFC 6962 §2.1: the left side of a node is the largest power of two).
pub(crate) fn fold(subtrees: &[Hash]) -> Option<Hash> {
    subtrees.iter().rev().copied().reduce(|right, left| node_hash(left, right))
}

/// The ranges whose hashes prove entry `index` in a tree of `size`, in proof order: RFC 6962 §2.1.1.
pub(crate) fn inclusion(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut ranges = Vec::new();
    let mut tree = 0..size;
    while let Some(split) = split(&tree) {
        if index < split {
            ranges.push(split..tree.end);
            tree.end = split;
        } else {
            ranges.push(tree.start..split);
            tree.start = split;
        }
    }
    ranges.reverse();
    ranges
}

/// The ranges whose hashes prove that a tree of `new` extends one of `old`, in proof order: RFC 6962
/// §2.1.2. Nothing to prove when `old` is zero or equals `new`.
pub(crate) fn consistency(old: u64, new: u64) -> Vec<Range<u64>> {
    let mut ranges = Vec::new();
    if old == 0 {
        return ranges;
    }
    let mut tree = 0..new;
    while tree.end != old {
        let Some(split) = split(&tree) else { break };
        if old <= split {
            ranges.push(split..tree.end);
            tree.end = split;
        } else {
            ranges.push(tree.start..split);
            tree.start = split;
        }
    }
    // The verifier knows this subtree already when it is the whole old tree.
    if tree.start != 0 {
        ranges.push(tree);
    }
    ranges.reverse();
    ranges
}

/// Where a tree of more than one leaf splits: after the largest power of two below its size.
fn split(tree: &Range<u64>) -> Option<u64> {
    let last = (tree.end - tree.start).checked_sub(1)?;
    Some(tree.start + (1 << last.checked_ilog2()?))
}
