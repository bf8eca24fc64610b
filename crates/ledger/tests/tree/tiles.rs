//! What tiles hold, how they grow, and what is said when they are missing.

use ledger::tile::{self, bundle};
use ledger::{Bundle, Hash, Tile, TilesError, consistency, frontier, inclusion, leaf_hash, tiles};

use crate::naive::Naive;
use crate::{Store, append, leaves, stored};

/// Every hash of every tile is what the definition in tlog-tiles says, across the 256 and 65536 bounds.
#[test]
fn tiles_hold_the_hashes_of_their_definition() {
    let size = 65_536 + 256 + 3;
    let mut naive = Naive::new(leaves(0..size));
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
