//! Go's checksum database packages (`sumdb/tlog`, `sumdb/note`) judge a log written by this crate, and
//! this crate opens what they sign. The Go program lies beside this file and reports every disagreement.
//!
//! Needs Debian's `golang-go` and `golang-golang-x-mod-dev`; their absence fails the test.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where it goes wrong")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use ledger::{
    Checkpoint, Frontier, Hash, Proof, Signer, consistency, inclusion, leaf_hash, tile,
    verify_consistency, verify_inclusion,
};
use zeroize::Zeroizing;

/// The only origin that Go's `tlog.ParseTree` reads.
const ORIGIN: &str = "go.sum database tree";
const NAME: &str = "example.com/node-1";
const SEED: [u8; 32] = *b"a seed which only this test uses";
const SIZES: [u64; 12] = [1, 2, 3, 5, 255, 256, 257, 700, 65_535, 65_536, 65_537, 66_000];

fn entry(index: u64) -> String {
    format!("entry {index}")
}

#[test]
fn go_accepts_our_log_and_we_accept_what_go_signs() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let signer = Signer::from_seed(NAME, &Zeroizing::new(SEED)).unwrap();
    let checkpoints = write_log(folder.path(), &signer);

    let answer = run_go(folder.path());

    // Go printed the key it derived from the seed and then the notes it signed, split by form feeds.
    let mut parts = answer.split('\u{c}');
    let key = signer.verifier().to_string();
    assert_eq!(parts.next(), Some(key.as_str()));
    let keys = [signer.verifier().clone()];
    for expected in checkpoints {
        let note = parts.next().unwrap();
        let (opened, signers) = Checkpoint::open(note.as_bytes(), ORIGIN, &keys).unwrap();
        assert_eq!((&opened, signers), (&expected, vec![signer.verifier()]));
        assert_eq!(expected.sign(&[&signer]).unwrap().to_string(), note);
    }
    assert_eq!(parts.next(), None);
}

/// Writes what a log serves (tiles, one checkpoint for each size) and a list of proofs with what they
/// claim; returns the checkpoints.
fn write_log(folder: &Path, signer: &Signer) -> Vec<Checkpoint> {
    let seed = hex::encode(SEED);
    fs::write(folder.join("key"), format!("{NAME}\n{seed}\n{}\n", signer.verifier())).unwrap();
    let (mut tiles, mut frontier) = (BTreeMap::new(), Frontier::new());
    let (mut checkpoints, mut claims) = (Vec::<Checkpoint>::new(), String::new());
    for size in SIZES {
        let leaves: Vec<Hash> =
            (frontier.size()..size).map(|index| leaf_hash(entry(index).as_bytes())).collect();
        for (tile, bytes) in tile::grow(frontier.size(), &leaves, &tiles).unwrap() {
            let path = folder.join(tile.to_string());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &bytes).unwrap();
            tiles.insert((tile.level(), tile.index()), bytes);
        }
        frontier.extend(leaves);
        let checkpoint = Checkpoint::of(ORIGIN, &frontier).unwrap();
        let note = checkpoint.sign(&[signer]).unwrap();
        fs::write(folder.join(format!("checkpoint-{size}")), note.to_string()).unwrap();
        checkpoints.push(checkpoint);
        claim(&mut claims, &checkpoints, &tiles);
    }
    fs::write(folder.join("claims"), claims).unwrap();
    checkpoints
}

/// Adds inclusion and consistency proofs of the newest checkpoint's tree, a line each.
fn claim(claims: &mut String, checkpoints: &[Checkpoint], tiles: &BTreeMap<(u8, u64), Vec<u8>>) {
    let Some(new) = checkpoints.last() else { return };
    let hashes = |proof: &Proof| -> String {
        proof.0.iter().map(|hash| format!(" {}", hash.to_base64())).collect()
    };
    for old in checkpoints {
        let (index, leaf) = (old.size() - 1, leaf_hash(entry(old.size() - 1).as_bytes()));
        let proof = inclusion(tiles, index, new.size()).unwrap();
        verify_inclusion(leaf, index, new.size(), new.root(), &proof).unwrap();
        writeln!(claims, "inclusion {} {index}{}", new.size(), hashes(&proof)).unwrap();

        let proof = consistency(tiles, old.size(), new.size()).unwrap();
        verify_consistency(old.size(), old.root(), new.size(), new.root(), &proof).unwrap();
        writeln!(claims, "consistency {} {}{}", new.size(), old.size(), hashes(&proof)).unwrap();
    }
}

fn run_go(folder: &Path) -> String {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/go_oracle/main.go");
    let needed = "this test needs Go with golang.org/x/mod: apt-get install golang-go golang-golang-x-mod-dev";
    let output = Command::new("go")
        .args(["run", program])
        .arg(folder)
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOFLAGS", "")
        .env("GOCACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/go-cache"))
        .output()
        .unwrap_or_else(|error| panic!("cannot run `go` ({error}); {needed}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("cannot find package"), "{needed}\n{errors}");
    assert!(output.status.success(), "Go disagrees:\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}
