//! How fast a ledger is folded, how large its state is, how soon a snapshot opens, how fast policy decides.
//!
//! `cargo run --release -p domain --example fold [ENTRIES]` (a million when nothing is said) makes a
//! ledger of the [`mix`], follows it in a process of its own, and opens its snapshot in another, so that
//! no phase measures the memory of the one before. Times are CPU times of one thread.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement that fails by panicking"
)]

mod measure;
mod mix;
mod parts;
mod policy;

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::follow::{Batch, Follower};
use domain::material::Kind;
use domain::snapshot;
use measure::{Cost, Stopwatch, against, resident, row, whole};
use parts::Parts;

/// As in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const KEY: [u8; 32] = [3; 32];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["make", folder, entries] => make(Path::new(folder), entries.parse().unwrap()),
        ["follow", folder] => follow(Path::new(folder)),
        ["open", folder] => open(Path::new(folder)),
        ["policy"] => policy::decide_under(&[10, 100, 1_000]),
        [] => phases("1000000"),
        [entries] => phases(entries),
        _ => eprintln!("usage: fold [ENTRIES]"),
    }
}

/// Every phase in its own process.
fn phases(entries: &str) {
    let folder = std::env::temp_dir().join(format!("fold-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let place = folder.to_str().unwrap();
    let phases: [&[&str]; 4] =
        [&["make", place, entries], &["follow", place], &["open", place], &["policy"]];
    for phase in phases {
        let status = Command::new(std::env::current_exe().unwrap()).args(phase).status();
        assert!(status.unwrap().success(), "{phase:?}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

fn make(folder: &Path, entries: usize) {
    let mut ledger = BufWriter::new(File::create(ledger_in(folder)).unwrap());
    mix::make(entries, |batch| write(&mut ledger, batch));
    println!("the mix, of 1,000 entries, in batches of {}", mix::BATCH);
    mix::MIX.iter().for_each(|(kind, share)| row(kind, &share.to_string(), ""));
}

/// Follows the whole ledger as a node does when it starts. After each batch its signatures and decisions are made
/// once more by themselves; what is left of the whole without them is hashing and rules.
fn follow(folder: &Path) {
    let mut ledger = BufReader::new(File::open(ledger_in(folder)).unwrap());
    let mut follower = Follower::new(None);
    let (mut all, mut parts) = (Cost::default(), Parts::new());
    let before = resident();
    while let Some(batch) = read(&mut ledger) {
        let watch = Stopwatch::start();
        follower = follower.extended(&batch).unwrap();
        all.add(&watch);
        parts.repeat(&batch, follower.state());
    }
    let bytes = resident().saturating_sub(before) as f64;
    let entries = follower.state().size() as f64;
    let live = follower.state().grants.values().filter(|grant| grant.revoked.is_none()).count();
    println!("fold of {} entries, {} live grants", whole(entries), whole(live as f64));
    let rules = all.seconds - parts.signatures() - parts.policy();
    let speed =
        |seconds: f64| (entries / seconds, format!("{} entries/s", whole(entries / seconds)));
    let (fast, figure) = speed(rules);
    row("hash and rules", &figure, &against("300,000", fast >= 300_000.0));
    row("with signatures", &speed(rules + parts.signatures()).1, "");
    row("with signatures and policy", &speed(all.seconds).1, "");
    let by_cedar = rules + parts.signatures() + parts.policy_by_cedar();
    row("  if Cedar made every decision again", &speed(by_cedar).1, "");
    let each = bytes / live as f64;
    let goal = against("at most 1,024", each <= 1_024.0);
    row("memory of one live grant, all included", &format!("{} bytes", whole(each)), &goal);
    parts.print();
    let watch = Stopwatch::start();
    let sealed = snapshot::seal(follower.state(), follower.frontier(), &KEY).unwrap();
    println!("snapshot, {} bytes", whole(sealed.len() as f64));
    row("sealed", &format!("{:.2} s", watch.seconds()), "");
    std::fs::write(folder.join("snapshot"), sealed).unwrap();
}

/// Opens the snapshot, from the bytes on disk to a state that can be followed.
fn open(folder: &Path) {
    let watch = Stopwatch::start();
    let bytes = std::fs::read(folder.join("snapshot")).unwrap();
    let material = |_: Kind, digest: &domain::digest::Digest| mix::material(digest);
    let (state, frontier) = snapshot::open(&bytes, &KEY, material).unwrap();
    let follower = Follower::resume(state, frontier);
    let seconds = watch.seconds();
    let goal = against("under 2 s", seconds < 2.0);
    row("opened, from disk to a follower", &format!("{seconds:.2} s"), &goal);
    assert!(follower.state().size() > 0);
}

fn ledger_in(folder: &Path) -> PathBuf {
    folder.join("ledger")
}

fn write(ledger: &mut impl Write, batch: &Batch) {
    let bytes = postcard::to_stdvec(batch).unwrap();
    ledger.write_all(&u32::try_from(bytes.len()).unwrap().to_be_bytes()).unwrap();
    ledger.write_all(&bytes).unwrap();
}

fn read(ledger: &mut impl Read) -> Option<Batch> {
    let mut length = [0; 4];
    ledger.read_exact(&mut length).ok()?;
    let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
    ledger.read_exact(&mut bytes).unwrap();
    Some(postcard::from_bytes(&bytes).unwrap())
}
