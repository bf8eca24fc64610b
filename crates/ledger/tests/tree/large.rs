//! A tree that reaches three levels of tiles: frontiers and proofs at random and at the tile bounds.

use std::sync::LazyLock;

use ledger::{
    Frontier, Tile, consistency, frontier, inclusion, leaf_hash, tile, tiles, verify_consistency,
    verify_inclusion,
};
use proptest::prelude::*;

use crate::changed::changes;
use crate::{Store, leaves, stored};

const LARGE: u64 = 70_000;
static LARGE_STORE: LazyLock<Store> = LazyLock::new(|| stored(LARGE));

fn sizes() -> impl Strategy<Value = u64> {
    let near = |size: u64| size - 2..size + 3;
    prop_oneof![
        1..=LARGE,
        1..600u64,
        near(256),
        near(512),
        near(65_536),
        near(65_792),
        near(LARGE - 2)
    ]
}

/// The frontier read from tiles is the one that pushing makes, at the tile bounds and between them.
#[test]
fn frontiers_of_a_large_tree_equal_pushed_ones() {
    let mut pushed = Frontier::new();
    for leaf in leaves(0..LARGE) {
        pushed.push(leaf);
        let size = pushed.size();
        if size % 256 < 2 || size % 997 < 2 || size == LARGE {
            assert_eq!(frontier(&*LARGE_STORE, size), Ok(pushed.clone()), "{size}");
        }
    }
}

proptest! {
    /// Proofs read from the planned tiles alone verify against the roots of both sizes.
    #[test]
    fn proofs_of_a_large_tree_verify(a in sizes(), b in sizes(), index: prop::sample::Index) {
        let (old, new) = (a.min(b), a.max(b));
        let only = |tiles: Vec<Tile>| -> Store {
            let place = |tile: &Tile| (tile.level(), tile.index());
            let cut = |tile: &Tile| LARGE_STORE[&place(tile)][..tile.byte_len()].to_vec();
            tiles.iter().map(|tile| (place(tile), cut(tile))).collect()
        };
        let old_root = frontier(&only(tile::edge(old)), old).unwrap().root();
        let new_root = frontier(&*LARGE_STORE, new).unwrap().root();

        let proof = consistency(&only(tiles::consistency_tiles(old, new)), old, new).unwrap();
        prop_assert_eq!(verify_consistency(old, old_root, new, new_root, &proof), Ok(()));
        for changed in changes(&proof) {
            prop_assert!(verify_consistency(old, old_root, new, new_root, &changed).is_err());
        }

        let index = index.index(new as usize) as u64;
        let leaf = leaf_hash(&index.to_be_bytes());
        let proof = inclusion(&only(tiles::inclusion_tiles(index, new)), index, new).unwrap();
        prop_assert_eq!(verify_inclusion(leaf, index, new, new_root, &proof), Ok(()));
        for changed in changes(&proof) {
            prop_assert!(verify_inclusion(leaf, index, new, new_root, &changed).is_err());
        }
    }
}
