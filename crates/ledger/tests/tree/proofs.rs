//! Roots and proofs equal the published ones and those of the naive tree, and verify.

use ledger::{
    Frontier, Hash, Proof, TilesError, consistency, frontier, inclusion, leaf_hash,
    verify_consistency, verify_inclusion,
};

use crate::naive::Naive;
use crate::{Store, append, leaves, stored};

fn hash(hex: &str) -> Hash {
    hex.parse().unwrap()
}

/// The eight entries and the roots that the Certificate Transparency projects test RFC 6962 with.
#[test]
fn published_roots_and_proofs_come_out() {
    let entries = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let leaves: Vec<Hash> =
        entries.iter().map(|entry| leaf_hash(&hex::decode(entry).unwrap())).collect();
    let mut grown = Frontier::new();
    for (leaf, root) in leaves.iter().zip(roots) {
        grown.push(*leaf);
        assert_eq!(grown.root(), hash(root));
    }
    let mut store = Store::new();
    append(&mut store, 0, &leaves);
    let leaf_and_node = |a: &str, b: &str, c: &str| Proof(vec![hash(a), hash(b), hash(c)]);
    let first_of_eight = leaf_and_node(
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    );
    assert_eq!(inclusion(&store, 0, 8), Ok(first_of_eight.clone()));
    assert_eq!(consistency(&store, 1, 8), Ok(first_of_eight));
    let sixth_of_eight = leaf_and_node(
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    );
    assert_eq!(inclusion(&store, 5, 8), Ok(sixth_of_eight));
    let eight_after_six = leaf_and_node(
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    );
    assert_eq!(consistency(&store, 6, 8), Ok(eight_after_six));
}

/// Beyond one complete tile, so that proofs cross tiles and levels.
const SMALL: u64 = 300;

/// All of `numbers` while there are few; from 130 on a seventh of them, another one for each `salt`, and
/// both ends and the neighbours of powers of two.
fn sample(numbers: std::ops::Range<u64>, salt: u64) -> impl Iterator<Item = u64> {
    let (first, end) = (numbers.start, numbers.end);
    let near_power = |n: u64| (n.max(1) - 1..=n + 1).any(u64::is_power_of_two);
    let chosen = move |n: &u64| {
        end < 130 || n % 7 == salt % 7 || *n == first || n + 1 == end || near_power(*n)
    };
    numbers.filter(chosen)
}

#[test]
fn roots_and_frontiers_equal_the_naive_tree_at_every_size() {
    let mut naive = Naive::new(leaves(0..SMALL));
    let store = stored(SMALL);
    let mut grown = Frontier::new();
    for size in 0..=SMALL {
        assert_eq!(grown.root(), naive.root(0, size as usize), "{size}");
        assert_eq!(frontier(&store, size), Ok(grown.clone()), "{size}");
        if let Some(leaf) = naive.leaves.get(size as usize) {
            grown.push(*leaf);
        }
    }
}

#[test]
fn inclusion_proofs_equal_the_naive_ones_and_verify() {
    let mut naive = Naive::new(leaves(0..SMALL));
    let store = stored(SMALL);
    for size in 1..=SMALL {
        let root = naive.root(0, size as usize);
        for index in sample(0..size, size) {
            let proof = inclusion(&store, index, size).unwrap();
            assert_eq!(proof.0, naive.path(index as usize, 0, size as usize), "{index} of {size}");
            let leaf = naive.leaves[index as usize];
            assert_eq!(verify_inclusion(leaf, index, size, root, &proof), Ok(()));
        }
        assert_eq!(
            inclusion(&store, size, size),
            Err(TilesError::OutsideTree { index: size, size })
        );
    }
}

#[test]
fn consistency_proofs_equal_the_naive_ones_and_verify() {
    let mut naive = Naive::new(leaves(0..SMALL));
    let store = stored(SMALL);
    for new in 0..=SMALL {
        let new_root = naive.root(0, new as usize);
        for old in sample(0..new + 1, new) {
            let old_root = naive.root(0, old as usize);
            let proof = consistency(&store, old, new).unwrap();
            if old > 0 {
                let expected = naive.subproof(old as usize, 0, new as usize, true);
                assert_eq!(proof.0, expected, "{old} to {new}");
            }
            assert_eq!(verify_consistency(old, old_root, new, new_root, &proof), Ok(()));
        }
    }
    let refused = consistency(&store, 2, 1);
    assert_eq!(refused, Err(TilesError::Backwards { old: 2, new: 1 }));
}
