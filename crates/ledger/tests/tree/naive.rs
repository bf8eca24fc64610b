//! The obvious tree, to compare with.

use std::collections::HashMap;

use ledger::{Hash, node_hash};

/// RFC 6962 §2.1 to §2.1.2, word for word, over a slice of leaf hashes.
pub struct Naive {
    pub leaves: Vec<Hash>,
    known: HashMap<(usize, usize), Hash>,
}

impl Naive {
    pub fn new(leaves: Vec<Hash>) -> Naive {
        Naive { leaves, known: HashMap::new() }
    }

    /// MTH(D[from:to]), §2.1.
    pub fn root(&mut self, from: usize, to: usize) -> Hash {
        if let Some(hash) = self.known.get(&(from, to)) {
            return *hash;
        }
        let hash = match to - from {
            0 => Hash::EMPTY,
            1 => self.leaves[from],
            n => {
                let k = split(n);
                node_hash(self.root(from, from + k), self.root(from + k, to))
            }
        };
        self.known.insert((from, to), hash);
        hash
    }

    /// PATH(m, D[from:to]), §2.1.1.
    pub fn path(&mut self, m: usize, from: usize, to: usize) -> Vec<Hash> {
        if to - from == 1 {
            return vec![];
        }
        let k = from + split(to - from);
        let (mut path, sibling) = if m < k {
            (self.path(m, from, k), self.root(k, to))
        } else {
            (self.path(m, k, to), self.root(from, k))
        };
        path.push(sibling);
        path
    }

    /// SUBPROOF(m, D[from:to], whole), §2.1.2.
    pub fn subproof(&mut self, m: usize, from: usize, to: usize, whole: bool) -> Vec<Hash> {
        if m == to {
            return if whole { vec![] } else { vec![self.root(from, to)] };
        }
        let k = from + split(to - from);
        let (mut proof, sibling) = if m <= k {
            (self.subproof(m, from, k, whole), self.root(k, to))
        } else {
            (self.subproof(m, k, to, false), self.root(from, k))
        };
        proof.push(sibling);
        proof
    }
}

/// The largest power of two below `n`.
fn split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}
