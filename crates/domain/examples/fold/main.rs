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
mod policy;

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::follow::{Batch, Follower};
use domain::material::Kind;
use domain::snapshot;
use measure::{Stopwatch, resident};

const KEY: [u8; 32] = [3; 32];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["follow", folder] => follow(Path::new(folder)),
        ["open", folder] => open(Path::new(folder)),
        [] => all(1_000_000),
        [entries] => all(entries.parse().unwrap()),
        _ => eprintln!("usage: fold [ENTRIES]"),
    }
}

fn all(entries: usize) {
    let folder = std::env::temp_dir().join(format!("fold-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut ledger = BufWriter::new(File::create(ledger_in(&folder)).unwrap());
    let made = mix::make(entries, |batch| write(&mut ledger, batch));
    drop(ledger);
    println!("mix, per 1,000 entries");
    mix::MIX.iter().for_each(|(kind, share)| println!("  {share:>4} {kind}"));
    println!("ledger\n  {} entries in batches of {}", made.entries, mix::BATCH);
    println!("  people's signatures    {:>9} in {:.2} s", made.people.count, made.people.seconds);
    println!(
        "  machines' signatures   {:>9} in {:.2} s",
        made.machines.count, made.machines.seconds
    );
    println!(
        "  attestations           {:>9} in {:.2} s",
        made.attestations.count, made.attestations.seconds
    );
    println!(
        "  decisions made again   {:>9} in {:.2} s",
        made.decisions.count, made.decisions.seconds
    );
    let text = format!(
        "{} {} {}",
        made.people.seconds + made.machines.seconds + made.attestations.seconds,
        made.decisions.seconds,
        made.live
    );
    std::fs::write(folder.join("costs"), text).unwrap();
    for phase in ["follow", "open"] {
        let status =
            Command::new(std::env::current_exe().unwrap()).arg(phase).arg(&folder).status();
        assert!(status.unwrap().success(), "{phase}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
    policy::decide_under(&[10, 100, 1_000]);
}

/// Follows the whole ledger as a gateway does, and takes the known costs off.
fn follow(folder: &Path) {
    let costs = std::fs::read_to_string(folder.join("costs")).unwrap();
    let costs: Vec<f64> = costs.split(' ').map(|number| number.parse().unwrap()).collect();
    let (signatures, policy, live) = (costs[0], costs[1], costs[2]);
    let mut ledger = BufReader::new(File::open(ledger_in(folder)).unwrap());
    let mut follower = Follower::new(None);
    let mut folded = 0.0;
    let before = resident();
    while let Some(batch) = read(&mut ledger) {
        let watch = Stopwatch::start();
        follower.accept(&batch).unwrap();
        folded += watch.seconds();
    }
    let bytes = resident().saturating_sub(before) as f64;
    let entries = follower.state().size() as f64;
    let rules = folded - signatures - policy;
    println!("fold");
    println!(
        "  hash and rules         {:>9.0} entries/s (the whole less the costs above)",
        entries / rules
    );
    println!("  with signatures        {:>9.0} entries/s", entries / (rules + signatures));
    println!(
        "  and with policy        {:>9.0} entries/s (the whole: {folded:.2} s)",
        entries / folded
    );
    println!(
        "  memory                 {:>9.0} bytes a live grant ({live} of them; everything kept)",
        bytes / live
    );
    let watch = Stopwatch::start();
    let sealed = snapshot::seal(follower.state(), follower.frontier(), &KEY).unwrap();
    println!("snapshot");
    println!("  sealed in              {:>9.2} s, {} bytes", watch.seconds(), sealed.len());
    std::fs::write(folder.join("snapshot"), sealed).unwrap();
}

/// Opens the snapshot, from the bytes on disk to a state that can be followed.
fn open(folder: &Path) {
    let watch = Stopwatch::start();
    let bytes = std::fs::read(folder.join("snapshot")).unwrap();
    let material = |_: Kind, digest: &domain::digest::Digest| mix::material(digest);
    let (state, frontier) = snapshot::open(&bytes, &KEY, material).unwrap();
    let follower = Follower::resume(state, frontier);
    let live = follower.state().grants.values().filter(|grant| grant.revoked.is_none()).count();
    println!("  opened in              {:>9.2} s, {live} live grants", watch.seconds());
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
