//! The spool's files, and the order in which they change.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use domain::usage::{Call, SegmentCommitted};

use crate::files;
use crate::segment::{Line, Link};

/// The open files and what they hold.
pub struct Disk {
    data: PathBuf,
    /// The file that lines are appended to; `None` until it is opened or after a failure.
    calls: Option<File>,
    /// The number in that file's name.
    turn: u64,
    /// Segments on disk that control has not acknowledged, and their bytes.
    owed: BTreeMap<u64, u64>,
    /// The last segment on disk.
    last: u64,
    /// Bytes of the lines that are in no segment.
    spooled: u64,
}

/// What was found at the start.
pub struct Found {
    pub disk: Disk,
    pub lines: BTreeMap<u64, Line>,
    pub link: Link,
    pub reserved: u64,
}

impl Disk {
    /// Opens the folder and reads what an earlier run left: a torn last line is no line, and lines
    /// that made it into a segment are dropped.
    pub fn open(data: &Path) -> io::Result<Found> {
        fs::create_dir_all(data.join("spool"))?;
        fs::create_dir_all(data.join("segments"))?;
        let heads = heads(data)?;
        let link = heads.values().last().map_or(Link::NONE, |head| Link::of(&head.segment));
        let mut disk = Disk {
            data: data.to_owned(),
            calls: None,
            turn: 0,
            owed: BTreeMap::new(),
            last: link.number,
            spooled: 0,
        };
        for number in heads.keys() {
            let bytes = fs::metadata(segment(data, *number, "jsonl"))?.len();
            disk.owed.insert(*number, bytes);
        }
        let mut lines = BTreeMap::new();
        for (turn, path) in spools(data)? {
            disk.turn = disk.turn.max(turn);
            let bytes = fs::read(path)?;
            for text in bytes.split(|byte| *byte == b'\n') {
                if let Ok(call) = serde_json::from_slice::<Call>(text)
                    && call.number > link.last
                {
                    lines.insert(call.number, Line { at: call.at, text: text.to_vec() });
                }
            }
        }
        let reserved = files::read(&data.join("spool/reserved"))?;
        let reserved =
            reserved.and_then(|bytes| String::from_utf8(bytes).ok()?.trim().parse().ok());
        Ok(Found { disk, lines, link, reserved: reserved.unwrap_or(1) })
    }

    /// Bytes that control has not acknowledged.
    pub fn bytes(&self) -> u64 {
        self.owed.values().sum::<u64>().saturating_add(self.spooled)
    }

    pub fn last(&self) -> u64 {
        self.last
    }

    pub fn is_open(&self) -> bool {
        self.calls.is_some()
    }

    pub fn reserve(&self, bound: u64) -> io::Result<()> {
        files::replace(&self.data.join("spool/reserved"), bound.to_string().as_bytes())
    }

    /// Begins a new file with exactly these lines; only then the older ones go.
    pub fn turn(&mut self, lines: &BTreeMap<u64, Line>) -> io::Result<()> {
        self.calls = None;
        let turn = self.turn + 1;
        let path = self.data.join(format!("spool/calls-{turn:06}"));
        let mut bytes = Vec::new();
        for line in lines.values() {
            bytes.extend_from_slice(&line.text);
            bytes.push(b'\n');
        }
        let mut file = File::create(&path)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        files::sync_folder(&path)?;
        for (old, path) in spools(&self.data)? {
            if old != turn {
                fs::remove_file(path)?;
            }
        }
        (self.turn, self.calls, self.spooled) = (turn, Some(file), bytes.len() as u64);
        Ok(())
    }

    /// Appends whole lines and makes them durable.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(mut file) = self.calls.take() else {
            return Err(io::Error::other("the spool is not open"));
        };
        file.write_all(bytes)?;
        file.sync_data()?;
        self.calls = Some(file);
        self.spooled = self.spooled.saturating_add(bytes.len() as u64);
        Ok(())
    }

    /// Writes a segment: the lines first, the head that makes them one last.
    pub fn close(&mut self, head: &SegmentCommitted, lines: &[u8]) -> io::Result<()> {
        let number = head.segment.number;
        files::replace(&segment(&self.data, number, "jsonl"), lines)?;
        let text = serde_json::to_vec(head).map_err(io::Error::other)?;
        files::replace(&segment(&self.data, number, "json"), &text)?;
        self.owed.insert(number, lines.len() as u64);
        self.last = number;
        Ok(())
    }

    /// The ledger holds the segments up to `number`: their bytes are not owed any more, and all but
    /// the newest `keep` of them go.
    pub fn acknowledged(&mut self, number: u64, keep: u64) -> io::Result<()> {
        self.owed.retain(|owed, _| *owed > number);
        for old in heads(&self.data)?.keys().filter(|old| old.saturating_add(keep) <= number) {
            fs::remove_file(segment(&self.data, *old, "json"))?;
            fs::remove_file(segment(&self.data, *old, "jsonl"))?;
        }
        Ok(())
    }

    /// The ledger's chain is another or longer one than this folder's: what is here does not count.
    pub fn forget(&mut self, link: Link) -> io::Result<()> {
        for number in heads(&self.data)?.keys() {
            fs::remove_file(segment(&self.data, *number, "json"))?;
        }
        self.owed.clear();
        self.last = link.number;
        Ok(())
    }
}

fn segment(data: &Path, number: u64, ending: &str) -> PathBuf {
    data.join(format!("segments/{number:06}.{ending}"))
}

/// The signed heads on disk, by number.
fn heads(data: &Path) -> io::Result<BTreeMap<u64, SegmentCommitted>> {
    let mut heads = BTreeMap::new();
    for entry in fs::read_dir(data.join("segments"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            let head: SegmentCommitted = serde_json::from_slice(&fs::read(&path)?)
                .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
            heads.insert(head.segment.number, head);
        }
    }
    Ok(heads)
}

/// The files of lines, with the numbers in their names.
fn spools(data: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(data.join("spool"))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(turn) = name.strip_prefix("calls-").and_then(|turn| turn.parse().ok()) {
            found.push((turn, path));
        }
    }
    Ok(found)
}

/// The signed head of a segment on disk.
pub fn head_of(data: &Path, number: u64) -> io::Result<SegmentCommitted> {
    serde_json::from_slice(&fs::read(segment(data, number, "json"))?).map_err(io::Error::other)
}

/// The lines of a segment on disk, without their line feeds.
pub fn lines_of(data: &Path, number: u64) -> io::Result<Vec<Vec<u8>>> {
    let bytes = fs::read(segment(data, number, "jsonl"))?;
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Ok(lines.map(<[u8]>::to_vec).collect())
}
