//! The tree against published vectors and a naive recursive one: roots, tiles, proofs, and what is refused.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where it goes wrong"
)]

mod changed;
mod large;
mod naive;
mod proofs;
mod tiles;

use std::collections::BTreeMap;

use ledger::{Hash, leaf_hash, tile};

type Store = BTreeMap<(u8, u64), Vec<u8>>;

/// What a real store does with the result of `tile::grow`.
fn append(store: &mut Store, old_size: u64, leaves: &[Hash]) {
    for (tile, bytes) in tile::grow(old_size, leaves, store).unwrap() {
        assert_eq!(bytes.len(), tile.byte_len());
        store.insert((tile.level(), tile.index()), bytes);
    }
}

fn leaves(range: std::ops::Range<u64>) -> Vec<Hash> {
    range.map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

fn stored(size: u64) -> Store {
    let mut store = Store::new();
    append(&mut store, 0, &leaves(0..size));
    store
}
