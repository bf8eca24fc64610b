//! The tree against published vectors and a naive recursive one: roots, tiles, proofs, and what is refused.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where it goes wrong"
)]

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use ledger::proof::Unproven;
use ledger::tile::{self, bundle};
use ledger::{
    Bundle, Frontier, Hash, Proof, Tile, TilesError, consistency, frontier, inclusion, leaf_hash,
    node_hash, tiles, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;

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

/// RFC 6962 §2.1 to §2.1.2, word for word, over a slice of leaf hashes.
#[derive(Default)]
struct Naive {
    leaves: Vec<Hash>,
    known: HashMap<(usize, usize), Hash>,
}

impl Naive {
    fn root(&mut self, from: usize, to: usize) -> Hash {
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

    fn path(&mut self, m: usize, from: usize, to: usize) -> Vec<Hash> {
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

    fn subproof(&mut self, m: usize, from: usize, to: usize, whole: bool) -> Vec<Hash> {
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
    let mut naive = Naive { leaves: leaves(0..SMALL), ..Naive::default() };
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
    let mut naive = Naive { leaves: leaves(0..SMALL), ..Naive::default() };
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
    let mut naive = Naive { leaves: leaves(0..SMALL), ..Naive::default() };
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

/// Every way to change one thing about a valid proof of a tree of up to 70 entries is refused.
#[test]
fn a_changed_inclusion_proof_is_refused() {
    let mut naive = Naive { leaves: leaves(0..70), ..Naive::default() };
    for size in 1..=70 {
        let root = naive.root(0, size);
        for index in 0..size {
            let leaf = naive.leaves[index];
            let proof = Proof(naive.path(index, 0, size));
            let check = |leaf, index: usize, size: usize, root, proof: &Proof| {
                verify_inclusion(leaf, index as u64, size as u64, root, proof)
            };
            assert_eq!(check(leaf, index, size, root, &proof), Ok(()));
            assert_eq!(check(flip(leaf), index, size, root, &proof), Err(Unproven::OtherRoot));
            assert_eq!(check(leaf, index, size, flip(root), &proof), Err(Unproven::OtherRoot));
            for changed in changes(&proof) {
                assert!(check(leaf, index, size, root, &changed).is_err(), "{index} of {size}");
            }
            for other in (0..size + 3).filter(|other| *other != index) {
                assert!(check(leaf, other, size, root, &proof).is_err(), "{other} of {size}");
            }
        }
    }
}

#[test]
fn a_changed_consistency_proof_is_refused() {
    let mut naive = Naive { leaves: leaves(0..70), ..Naive::default() };
    for new in 1..=70 {
        let new_root = naive.root(0, new);
        for old in 1..new {
            let old_root = naive.root(0, old);
            let proof = Proof(naive.subproof(old, 0, new, true));
            let check = |old: usize, old_root, new: usize, new_root, proof: &Proof| {
                verify_consistency(old as u64, old_root, new as u64, new_root, proof)
            };
            assert_eq!(check(old, old_root, new, new_root, &proof), Ok(()));
            assert!(check(old, flip(old_root), new, new_root, &proof).is_err());
            assert!(check(old, old_root, new, flip(new_root), &proof).is_err());
            for changed in changes(&proof) {
                assert!(check(old, old_root, new, new_root, &changed).is_err(), "{old} to {new}");
            }
            for other in (1..new).filter(|other| *other != old) {
                assert!(check(other, old_root, new, new_root, &proof).is_err());
            }
            let backwards = check(new, new_root, old, old_root, &proof);
            assert_eq!(backwards.unwrap_err().code(), "backwards");
        }
    }
}

/// The edges of `verify_consistency` that need no hashes: equal sizes and the empty tree.
#[test]
fn consistency_without_a_proof_still_compares_roots() {
    let (none, some) = (Proof::default(), Proof(vec![Hash::EMPTY]));
    let root = leaf_hash(b"only");
    assert_eq!(verify_consistency(1, root, 1, root, &none), Ok(()));
    assert_eq!(verify_consistency(1, root, 1, flip(root), &none), Err(Unproven::OtherRoot));
    assert_eq!(verify_consistency(1, root, 1, root, &some), Err(Unproven::TooLong));
    assert_eq!(verify_consistency(0, Hash::EMPTY, 1, root, &none), Ok(()));
    assert_eq!(verify_consistency(0, Hash::EMPTY, 0, Hash::EMPTY, &none), Ok(()));
    assert_eq!(verify_consistency(0, Hash::EMPTY, 0, root, &none), Err(Unproven::OtherRoot));
    assert_eq!(verify_consistency(0, root, 1, root, &none), Err(Unproven::OtherOldRoot));
    assert_eq!(verify_consistency(0, Hash::EMPTY, 1, root, &some), Err(Unproven::TooLong));
    assert_eq!(verify_consistency(1, root, 2, root, &none), Err(Unproven::TooShort));
    assert_eq!(verify_consistency(3, root, 4, root, &none), Err(Unproven::TooShort));
}

fn flip(mut hash: Hash) -> Hash {
    hash.0[13] ^= 4;
    hash
}

/// The proof with one hash changed, dropped, doubled or exchanged with the next, and one added.
fn changes(proof: &Proof) -> Vec<Proof> {
    let with = |change: &dyn Fn(&mut Vec<Hash>)| {
        let mut hashes = proof.0.clone();
        change(&mut hashes);
        Proof(hashes)
    };
    let mut changed = vec![with(&|hashes| hashes.push(Hash::EMPTY))];
    for at in 0..proof.0.len() {
        changed.push(with(&|hashes| hashes[at] = flip(hashes[at])));
        changed.push(with(&|hashes| _ = hashes.remove(at)));
        changed.push(with(&|hashes| hashes.insert(at, hashes[at])));
        if at > 0 {
            changed.push(with(&|hashes| hashes.swap(at - 1, at)));
        }
    }
    changed
}

/// Every hash of every tile is what the definition in tlog-tiles says, across the 256 and 65536 bounds.
#[test]
fn tiles_hold_the_hashes_of_their_definition() {
    let size = 65_536 + 256 + 3;
    let mut naive = Naive { leaves: leaves(0..size), ..Naive::default() };
    let store = stored(size);
    let tiles: Vec<Tile> = tile::all(size).collect();
    assert_eq!(store.len(), tiles.len());
    for tile in tiles {
        let bytes = &store[&(tile.level(), tile.index())];
        assert_eq!(bytes.len(), tile.byte_len(), "{tile}");
        let span = 256usize.pow(u32::from(tile.level()));
        for (i, hash) in bytes.as_chunks::<32>().0.iter().enumerate() {
            let from = (tile.index() as usize * 256 + i) * span;
            assert_eq!(Hash(*hash), naive.root(from, from + span), "{tile} hash {i}");
        }
    }
}

/// Appending in whatever batches, and one by one over the bounds, leaves the tiles of one append; the
/// edge tiles alone are enough for it.
#[test]
fn growing_in_steps_stores_the_same_tiles() {
    let sizes =
        [0, 1, 2, 255, 256, 257, 511, 512, 600, 65_535, 65_536, 65_537, 65_791, 65_792, 66_000];
    let mut store = Store::new();
    for step in sizes.windows(2) {
        let edge: Store = tile::edge(step[0])
            .into_iter()
            .map(|tile| (tile.level(), tile.index()))
            .map(|place| (place, store[&place].clone()))
            .collect();
        for (tile, bytes) in tile::grow(step[0], &leaves(step[0]..step[1]), &edge).unwrap() {
            assert_eq!(Tile::at(tile.level(), tile.index(), step[1]), Some(tile));
            store.insert((tile.level(), tile.index()), bytes);
        }
        assert_eq!(store, stored(step[1]), "{} to {}", step[0], step[1]);
    }
    assert_eq!(tile::grow(66_000, &[], &store), Ok(vec![]));
}

#[test]
fn growing_reads_a_wider_tile_only_as_far_as_the_old_size() {
    let mut store = stored(200);
    append(&mut store, 100, &leaves(1_000..1_010));
    let mut expected = Store::new();
    let branch: Vec<Hash> = leaves(0..100).into_iter().chain(leaves(1_000..1_010)).collect();
    append(&mut expected, 0, &branch);
    assert_eq!(store, expected);
}

#[test]
fn a_tile_that_is_too_short_is_named() {
    let mut store = stored(600);
    store.get_mut(&(0, 2)).unwrap().truncate(80 * 32);
    let short = |index, width, found| TilesError::Short {
        tile: Tile::new(0, index, width).unwrap(),
        found,
    };
    assert_eq!(frontier(&store, 600), Err(short(2, 88, 80)));
    assert_eq!(
        frontier(&store, 600).unwrap_err().to_string(),
        "`tile/0/002.p/88` is needed, but the store holds only 80 of its hashes"
    );
    assert_eq!(inclusion(&store, 0, 600), Err(short(2, 88, 80)));
    assert_eq!(consistency(&store, 512, 600), Err(short(2, 88, 80)));
    assert_eq!(tile::grow(600, &leaves(600..601), &store), Err(short(2, 88, 80)));
    assert!(frontier(&store, 592).is_ok());

    store.remove(&(0, 1));
    assert_eq!(inclusion(&store, 256, 600), Err(short(1, 2, 0)));
    store.insert((0, 1), vec![0; 33]);
    let misshapen = TilesError::Misshapen { tile: Tile::new(0, 1, 2).unwrap(), bytes: 33 };
    assert_eq!(inclusion(&store, 256, 600), Err(misshapen));
    store.insert((0, 1), vec![0; 257 * 32]);
    assert!(matches!(inclusion(&store, 256, 600), Err(TilesError::Misshapen { .. })));
}

#[test]
fn a_size_beyond_the_bound_is_refused() {
    let store = stored(3);
    let refused = TilesError::TooLarge(1 << 63);
    assert_eq!(frontier(&store, 1 << 63), Err(refused.clone()));
    assert_eq!(inclusion(&store, 0, 1 << 63), Err(refused.clone()));
    assert_eq!(consistency(&store, 1, 1 << 63), Err(refused.clone()));
    assert_eq!(tile::grow(ledger::MAX_SIZE, &leaves(0..1), &store), Err(refused));
    assert!(matches!(frontier(&store, ledger::MAX_SIZE), Err(TilesError::Short { .. })));
    assert_eq!(tiles::inclusion_tiles(0, 1 << 63), []);
}

/// A store that fails says so through every reader.
#[test]
fn a_failing_store_is_reported() {
    struct Broken;
    impl ledger::Tiles for Broken {
        type Error = std::fmt::Error;
        fn tile(&self, _level: u8, _index: u64) -> Result<Vec<u8>, std::fmt::Error> {
            Err(std::fmt::Error)
        }
    }
    assert_eq!(frontier(&Broken, 1), Err(TilesError::Store(std::fmt::Error)));
    assert_eq!(inclusion(&Broken, 0, 2), Err(TilesError::Store(std::fmt::Error)));
    assert_eq!(tile::grow(1, &leaves(1..2), &Broken), Err(TilesError::Store(std::fmt::Error)));
}

#[test]
fn bundles_hash_to_their_level_0_tile() {
    let store = stored(300);
    for index in 0..2 {
        let bundle = Bundle::at(index, 300).unwrap();
        let first = index * 256;
        let entries: Vec<[u8; 8]> =
            (first..first + u64::from(bundle.width())).map(u64::to_be_bytes).collect();
        let bytes = bundle::encode(&entries).unwrap();
        let hashes: Vec<u8> =
            bundle::decode(&bytes).unwrap().into_iter().flat_map(|e| leaf_hash(e).0).collect();
        assert_eq!(store[&(0, index)], hashes);
    }
}

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
        if size % 256 < 2 || size % 997 == 0 || size == LARGE {
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

    /// Whatever a stranger sends, verification answers.
    #[test]
    fn no_proof_makes_verification_panic(
        index: u64, size: u64, old: u64, hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let proof = Proof(hashes.into_iter().map(Hash).collect());
        prop_assert!(verify_inclusion(Hash::EMPTY, index, size, Hash::EMPTY, &proof).is_err());
        let _ = verify_consistency(old, Hash::EMPTY, size, Hash::EMPTY, &proof);
    }
}
