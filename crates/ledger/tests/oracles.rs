//! Other implementations as judges: the crates `tlog_tiles` and `signed_note`, in both directions.
#![expect(clippy::unwrap_used, reason = "a test stops where it goes wrong")]

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use ledger::{
    Checkpoint, Frontier, Hash, Note, Proof, Signer, Tile, VerifierKey, consistency, inclusion,
    leaf_hash, note, tile, verify_consistency, verify_inclusion,
};
use signed_note::{StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::{TileHashReader, TileReader};
use zeroize::Zeroizing;

/// The key of the examples of Go's `sumdb/note`, printed as that package prints it.
const SKEY: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

fn peter() -> Signer {
    let encoded = SKEY.splitn(5, '+').last().unwrap();
    let typed_seed = STANDARD.decode(encoded).unwrap();
    let seed = typed_seed.strip_prefix(&[1]).unwrap().try_into().unwrap();
    Signer::from_seed("PeterNeumann", &Zeroizing::new(seed)).unwrap()
}

/// Our tiles as `tlog_tiles` reads them; it checks every tile it gets against the root.
struct Stored(BTreeMap<(u8, u64), Vec<u8>>);

impl TileReader for Stored {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |wanted: &tlog_tiles::Tile| {
            let stored = self.0.get(&(wanted.level(), wanted.level_index()));
            let bytes = stored.and_then(|bytes| bytes.get(..wanted.width() as usize * 32));
            bytes.map(<[u8]>::to_vec).ok_or(tlog_tiles::Error::InvalidTile)
        };
        tiles.iter().map(read).collect()
    }

    fn save_tiles(&self, _tiles: &[tlog_tiles::Tile], _data: &[Vec<u8>]) {}
}

const SIZE: u64 = 65_536 + 256 + 7;
const SIZES: [u64; 14] = [1, 2, 3, 7, 8, 255, 256, 257, 511, 1_000, 65_535, 65_536, 65_537, SIZE];

fn entry(index: u64) -> Vec<u8> {
    index.to_be_bytes().repeat(1 + index as usize % 3)
}

fn tree() -> (Stored, Vec<Hash>) {
    let leaves: Vec<Hash> = (0..SIZE).map(|index| leaf_hash(&entry(index))).collect();
    let empty = BTreeMap::new();
    let grown = tile::grow(0, &leaves, &empty).unwrap();
    let tiles = grown.into_iter().map(|(tile, bytes)| ((tile.level(), tile.index()), bytes));
    (Stored(tiles.collect()), leaves)
}

fn root(leaves: &[Hash], size: u64) -> Hash {
    let mut frontier = Frontier::new();
    frontier.extend(leaves.iter().take(size as usize).copied());
    frontier.root()
}

fn theirs(hash: Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(hash.0)
}

fn their_proof(proof: &Proof) -> Vec<tlog_tiles::Hash> {
    proof.0.iter().copied().map(theirs).collect()
}

fn our_proof(proof: Vec<tlog_tiles::Hash>) -> Proof {
    Proof(proof.into_iter().map(|hash| Hash(hash.0)).collect())
}

#[test]
fn tlog_tiles_makes_and_accepts_the_same_proofs_from_our_tiles() {
    let (stored, leaves) = tree();
    for size in SIZES {
        let ours = root(&leaves, size);
        let reader = TileHashReader::new(size, theirs(ours), &stored);
        assert_eq!(tlog_tiles::tree_hash(size, &reader).unwrap(), theirs(ours));

        for index in SIZES.iter().map(|other| other - 1).filter(|index| *index < size) {
            let leaf = *leaves.get(index as usize).unwrap();
            assert_eq!(tlog_tiles::record_hash(&entry(index)), theirs(leaf));
            let proof = tlog_tiles::prove_record(size, index, &reader).unwrap();
            assert_eq!(inclusion(&stored.0, index, size), Ok(our_proof(proof.clone())));
            tlog_tiles::check_record(&proof, size, theirs(ours), index, theirs(leaf)).unwrap();
            assert_eq!(verify_inclusion(leaf, index, size, ours, &our_proof(proof)), Ok(()));
        }
        for old in SIZES.into_iter().filter(|old| *old <= size) {
            let old_root = root(&leaves, old);
            let proof = consistency(&stored.0, old, size).unwrap();
            let their_proof = their_proof(&proof);
            assert_eq!(tlog_tiles::prove_tree(size, old, &reader).unwrap(), their_proof);
            tlog_tiles::check_tree(&their_proof, size, theirs(ours), old, theirs(old_root))
                .unwrap();
            assert_eq!(verify_consistency(old, old_root, size, ours, &proof), Ok(()));
        }
    }
}

#[test]
fn tlog_tiles_agrees_which_tiles_a_tree_gains_and_where_they_lie() {
    let (stored, leaves) = tree();
    for pair in SIZES.windows(2) {
        let &[old, new] = pair else { unreachable!() };
        let added = leaves.get(old as usize..new as usize).unwrap();
        let grown = tile::grow(old, added, &stored.0).unwrap();
        let theirs = tlog_tiles::Tile::new_tiles(8, old, new);
        let paths = theirs.iter().map(|tile| tile.path().replacen("tile/8/", "tile/", 1));
        let ours: Vec<String> = grown.iter().map(|(tile, _)| tile.to_string()).collect();
        assert_eq!(ours, paths.collect::<Vec<_>>(), "{old} to {new}");
        for path in ours {
            let parsed: Tile = path.parse().unwrap();
            assert_eq!(Tile::at(parsed.level(), parsed.index(), new), Some(parsed));
        }
    }
}

#[test]
fn checkpoints_pass_both_ways() {
    let root = leaf_hash(b"root");
    let ours = Checkpoint::new("example.com/log", 42, root).unwrap();
    let read = tlog_tiles::Checkpoint::from_bytes(ours.to_string().as_bytes()).unwrap();
    assert_eq!((read.origin(), read.size(), read.hash()), ("example.com/log", 42, &theirs(root)));

    let extension = "one\ntwo\n";
    let theirs = tlog_tiles::Checkpoint::new("example.com/log", 42, theirs(root), extension);
    let text = String::from_utf8(theirs.unwrap().to_bytes()).unwrap();
    let read: Checkpoint = text.parse().unwrap();
    assert_eq!((read.origin(), read.size(), read.root()), ("example.com/log", 42, root));
    assert_eq!(read.extensions(), ["one", "two"]);
    assert_eq!(read.to_string(), text);
}

#[test]
fn notes_and_keys_pass_both_ways() {
    let ours = peter();
    let key: VerifierKey = VKEY.parse().unwrap();
    assert_eq!(ours.verifier(), &key);
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(VKEY).unwrap())]);

    let text = "two lines\n\nand an empty one\n";
    let signed = Note::sign(text, &[&ours]).unwrap().to_string();
    let read = signed_note::Note::from_bytes(signed.as_bytes()).unwrap();
    assert_eq!(read.text(), text.as_bytes());
    assert_eq!(read.verify(&known).unwrap().0.len(), 1);

    let mut theirs = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
    theirs.add_sigs(&[&StandardSigner::new(SKEY).unwrap()]).unwrap();
    let keys = [key];
    let opened = note::open(&theirs.to_bytes(), &keys);
    assert_eq!(opened, Ok((text.to_owned(), vec![keys.first().unwrap()])));
    assert_eq!(theirs.to_bytes(), signed.as_bytes());
}

/// Whatever `signed_note` refuses to parse, we refuse too: every byte of a good note in turn is
/// dropped, doubled and replaced by bytes that matter to the format.
#[test]
fn we_are_no_more_lenient_than_signed_note() {
    let good = Note::sign("a\n\nb\n", &[&peter()]).unwrap().to_string().into_bytes();
    let mut accepted_by_both = 0;
    for at in 0..good.len() {
        let (before, after) = good.split_at(at);
        let rest = after.get(1..).unwrap();
        for middle in
            [&b""[..], b"\n", b"\n\n", b" ", b"+", b"=", b"A", b"\r", b"\t", b"\0", b"\xff"]
        {
            let changed = [before, middle, rest].concat();
            let theirs = signed_note::Note::from_bytes(&changed).is_ok();
            let ours = Note::parse(&changed).is_ok();
            assert!(theirs || !ours, "we alone accept {:?}", String::from_utf8_lossy(&changed));
            accepted_by_both += usize::from(ours);
        }
    }
    assert!(accepted_by_both > 0);
}
