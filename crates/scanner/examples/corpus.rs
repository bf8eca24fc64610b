//! Judges every document below the given places and prints what came of it: `corpus [--list FILE] PLACE…`.
//!
//! `--list FILE` writes every finding's places as tab-separated lines, for reading some by hand.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use scanner::api::Files;
use scanner::document::{self, Options};
use scanner::report::{Finding, Report};

/// Seconds after which a document counts as one that hangs.
const BOUND: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Tally {
    judged: usize,
    operations: u64,
    refused: Vec<(String, String)>,
    /// Of each flaw: documents, findings, places.
    flaws: BTreeMap<String, (usize, usize, usize)>,
    slowest: Vec<(Duration, String)>,
    largest: Vec<(u64, String)>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut places = Vec::new();
    let mut list = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--list" => list = arguments.next().map(std::fs::File::create).transpose()?,
            _ => places.push(PathBuf::from(argument)),
        }
    }
    let mut paths = Vec::new();
    places.iter().try_for_each(|place| collect(place, &mut paths))?;
    paths.sort();
    if paths.is_empty() {
        return Err("no documents there; `make test-setup` installs them".into());
    }
    let mut tally = Tally::default();
    for path in &paths {
        judge(path, &mut tally, list.as_mut())?;
    }
    print(&mut tally, paths.len());
    let hung = tally.slowest.first().is_some_and(|(time, _)| *time > BOUND);
    let few = tally.judged * 100 < paths.len() * 99;
    if hung || few { Err("too slow or too few judged".into()) } else { Ok(()) }
}

fn collect(place: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !place.is_dir() {
        paths.push(place.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(place)? {
        let path = entry?.path();
        let document = path.extension().is_some_and(|end| end == "json" || end == "yaml");
        let manifest = path.file_name().is_some_and(|name| name == "package.json");
        if path.is_dir() {
            collect(&path, paths)?;
        } else if document && !manifest {
            paths.push(path);
        }
    }
    Ok(())
}

fn judge(path: &Path, tally: &mut Tally, list: Option<&mut std::fs::File>) -> std::io::Result<()> {
    let bytes = std::fs::read(path)?;
    let name = path.to_string_lossy().into_owned();
    forget_peak();
    let clock = Instant::now();
    let alone = |_: &str| Err("not followed".to_owned());
    let read = Files::read(&name, bytes, &alone).map_err(|error| error.to_string());
    let report = read.and_then(|files| {
        let options = Options::default();
        document::audit(&files, &name, &options, 0).map_err(|error| error.to_string())
    });
    tally.slowest.push((clock.elapsed(), name.clone()));
    tally.largest.push((peak(), name.clone()));
    match report {
        Ok(report) => {
            tally.add(&report);
            list.map_or(Ok(()), |list| write(list, &name, &report))
        }
        Err(error) => {
            tally.refused.push((name, error));
            Ok(())
        }
    }
}

impl Tally {
    fn add(&mut self, report: &Report) {
        self.judged += 1;
        self.operations += report.document.as_ref().map_or(0, |one| u64::from(one.operations));
        let mut seen: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in &report.findings {
            seen.entry(&finding.flaw).or_default().push(finding);
        }
        for (flaw, findings) in seen {
            let known = self.flaws.entry(flaw.to_owned()).or_default();
            known.0 += 1;
            known.1 += findings.len();
            known.2 += findings.iter().map(|one| one.places.len()).sum::<usize>();
        }
    }
}

fn write(list: &mut std::fs::File, name: &str, report: &Report) -> std::io::Result<()> {
    let mut text = String::new();
    for finding in &report.findings {
        for place in finding.places.iter().take(3) {
            let operation = place.operation.as_deref().unwrap_or("-");
            let detail = place.detail.as_deref().unwrap_or("-");
            text += &format!(
                "{name}\t{}\t{}\t{operation}\t{}\t{}\t{detail}\t{}\n",
                finding.flaw, finding.shape, place.pointer, place.line, finding.reach
            );
        }
    }
    list.write_all(text.as_bytes())
}

fn print(tally: &mut Tally, all: usize) {
    println!("{:<28} {:>9} {:>9} {:>9}", "flaw", "documents", "findings", "places");
    for (flaw, (documents, findings, places)) in &tally.flaws {
        println!("{flaw:<28} {documents:>9} {findings:>9} {places:>9}");
    }
    tally.slowest.sort_by(|one, other| other.cmp(one));
    tally.largest.sort_by(|one, other| other.cmp(one));
    println!("\nslowest:");
    tally.slowest.iter().take(5).for_each(|(time, name)| println!("  {time:>9.3?} {name}"));
    println!("largest memory:");
    tally
        .largest
        .iter()
        .take(5)
        .for_each(|(peak, name)| println!("  {:>6} MB {name}", peak / 1024));
    let total: Duration = tally.slowest.iter().map(|(time, _)| *time).sum();
    println!("\n{} of {all} judged, {} operations, {total:.1?}", tally.judged, tally.operations);
    tally.refused.iter().for_each(|(name, why)| println!("refused: {name}: {why}"));
}

/// Lets the kernel count the peak of memory anew (Linux, `proc(5)`); elsewhere nothing happens.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The peak of memory since then in KB; 0 where it is not known.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
