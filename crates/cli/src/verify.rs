//! The offline verifier: every entry by the rulebook, every decision made again, every batch attested,
//! every segment of usage as it was committed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use control::journal::{Cached, JournalError, Reader, Store, Verdict};
use domain::digest::Digest;
use domain::entry::{Body, Entry};
use domain::signature::Seen;
use domain::usage::Segment;
use indicatif::{ProgressBar, ProgressStyle};
use ledger::{Frontier, leaf_hash};
use serde::Serialize;

use crate::exit::No;
use crate::home::Home;
use crate::show::{Show, count};

/// How many entries are read at once.
const ENTRIES: usize = 5_000;

#[derive(Debug, Args)]
pub struct Verify {
    /// A data directory or a backup; by default the server's, ~/.local/share/portcullis
    #[arg(env = "PORTCULLIS_DATA")]
    pub dir: Option<PathBuf>,
    /// The genesis hash that you pinned; without it the one found is reported, not proven
    #[arg(long)]
    pub genesis: Option<Digest>,
    /// A size and root that you saw before, `SIZE:ROOT`: the ledger must still have it
    #[arg(long, value_name = "SIZE:ROOT")]
    pub seen: Option<String>,
}

/// What was verified.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub origin: String,
    pub genesis: String,
    /// Whether the genesis was pinned by whoever asked.
    pub pinned: bool,
    pub entries: u64,
    pub root: String,
    pub batches: u64,
    /// Decisions that another engine's version makes otherwise.
    pub differences: usize,
    pub segments: u64,
    pub calls: u64,
    /// Segments that the ledger knows and that are not in the directory.
    pub missing_segments: u64,
    pub single_operator: bool,
    /// Caches of folds that lie in the directory; nothing that was verified rests on them.
    pub snapshots: Vec<Snapshot>,
}

/// A snapshot that does not contradict the ledger. Its seal needs the node's key: a start looks at that.
#[derive(Debug, Clone, Serialize)]
pub struct Snapshot {
    pub node: String,
    pub entries: u64,
    /// Whether it holds what the entries fold to; otherwise another version wrote it, and nothing reads it.
    pub compared: bool,
}

/// Usage that is not what the ledger committed to.
#[derive(Debug)]
pub struct Changed(pub String);

impl std::fmt::Display for Changed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Changed {}

pub async fn verify(verify: Verify, show: Show) -> Result<()> {
    let dir = match verify.dir {
        Some(dir) => dir,
        None => Home::data()?,
    };
    let bar = if show.json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    bar.set_style(ProgressStyle::with_template("{spinner} {msg} {elapsed}")?);
    bar.set_message("verifying from genesis: every entry, signature, decision and batch …");
    bar.enable_steady_tick(Duration::from_millis(100));
    let report = run(&dir, verify.genesis, verify.seen.as_deref()).await?;
    bar.finish_and_clear();
    show.print(&report, || said(&report, &dir));
    Ok(())
}

fn said(report: &Report, dir: &Path) {
    let batches = count(report.batches, "attested batch", "attested batches");
    println!("verified: {} in {batches}", count(report.entries, "entry", "entries"));
    println!("  found in  {}", dir.display());
    println!("  origin    {}", report.origin);
    let pinned = if report.pinned { "as pinned" } else { "not pinned: pass --genesis" };
    println!("  genesis   {} ({pinned})", report.genesis);
    println!("  root      {}", report.root);
    let segments = count(report.segments, "segment", "segments");
    println!("  usage     {} in {segments}", count(report.calls, "call", "calls"));
    if report.missing_segments > 0 {
        let missing = count(report.missing_segments, "segment is", "segments are");
        println!("  missing   {missing} not here");
    }
    for Snapshot { node, entries, compared } in &report.snapshots {
        let found = match compared {
            true => {
                "what the entries fold to; its seal was not looked at, which needs the node's key"
            }
            false => "not compared: another version wrote it, and nothing reads it",
        };
        println!("  snapshot  of {node} at {}: {found}", count(*entries, "entry", "entries"));
    }
    if report.differences > 0 {
        let differences = count(report.differences, "decision comes", "decisions come");
        println!("  engine    {differences} out otherwise here");
    }
    if report.single_operator {
        println!("  trust     single-operator");
    }
}

/// Verifies the directory from genesis; `seen` is a `SIZE:ROOT` that it must still have.
pub async fn run(dir: &Path, pinned: Option<Digest>, seen: Option<&str>) -> Result<Report> {
    if !dir.join("portcullis.db").exists() {
        return Err(No::usage(format!("{} holds no ledger (portcullis.db)", dir.display())));
    }
    let reader = Reader::open(Store::in_directory(dir)).await?;
    let (follower, cached) = reader.verify(pinned).await?;
    if let Some(seen) = seen {
        let unreadable = || No::Usage("`--seen` is SIZE:ROOT".to_owned());
        let (size, root) = seen.split_once(':').with_context(unreadable)?;
        follower.must_extend(Seen {
            root: root.parse().with_context(unreadable)?,
            size: size.parse().with_context(unreadable)?,
        })?;
    }
    let segments = segments(&reader, follower.state().size()).await?;
    let (calls, missing) = check_segments(dir, &segments)?;
    let state = follower.state();
    let snapshots = snapshots(cached)
        .with_context(|| format!("every entry is verified and holds ({})", state.size()))?;
    let origin = state.origin().context("the ledger is empty")?;
    Ok(Report {
        origin: origin.name.clone(),
        genesis: origin.hash.to_string(),
        pinned: pinned.is_some(),
        entries: state.size(),
        root: follower.seen().root.to_string(),
        batches: reader.batches().await?,
        differences: follower.differences().len(),
        segments: segments.len() as u64 - missing,
        calls,
        missing_segments: missing,
        single_operator: state.is_single_operator(),
        snapshots,
    })
}

/// The snapshots, none of which says something else than the entries.
fn snapshots(cached: Vec<Cached>) -> Result<Vec<Snapshot>, JournalError> {
    let judged = cached.into_iter().map(|Cached { node, size, verdict }| match verdict {
        Verdict::Fits => Ok(Snapshot { node, entries: size, compared: true }),
        Verdict::OtherVersion => Ok(Snapshot { node, entries: size, compared: false }),
        Verdict::Refused(why) => Err(JournalError::Snapshot { node, size, why }),
    });
    judged.collect()
}

/// The segments that the ledger knows.
async fn segments(reader: &Reader, size: u64) -> Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for from in (0..size).step_by(ENTRIES) {
        let entries = reader.entries(from, ENTRIES as u64).await?;
        segments.extend(entries.iter().filter_map(|(_, bytes)| segment(bytes)));
    }
    Ok(segments)
}

fn segment(bytes: &[u8]) -> Option<Segment> {
    match Entry::decode(bytes).ok()?.body {
        Body::SegmentCommitted(committed) => Some(committed.segment),
        _ => None,
    }
}

/// The lines of every segment that is here give the root that the ledger committed to.
fn check_segments(dir: &Path, segments: &[Segment]) -> Result<(u64, u64)> {
    let (mut calls, mut missing) = (0, 0);
    for segment in segments {
        let folder = dir.join("usage").join(segment.gateway.to_string());
        let file = folder.join(format!("{:06}.jsonl", segment.number));
        let Ok(text) = std::fs::read(&file) else {
            missing += 1;
            continue;
        };
        let mut frontier = Frontier::new();
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.for_each(|line| frontier.push(leaf_hash(line)));
        if frontier.size() != segment.count || frontier.root().0 != segment.root.0 {
            let calls = count(frontier.size(), "call", "calls");
            bail!(Changed(format!(
                "usage segment {} of {} was changed: {calls} under another root",
                segment.number, segment.gateway,
            )));
        }
        calls += segment.count;
    }
    Ok((calls, missing))
}
