//! The thread that writes: lines in groups, reservations ahead, segments when they are due.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use aws_lc_rs::signature::Ed25519KeyPair;
use domain::id::GatewayId;
use domain::usage::Call;
use tokio::sync::watch;

use super::disk::{Disk, Found};
use crate::config::Recording;
use crate::flight::Flights;
use crate::record::{Order, Queue, Recorder, Waiting};
use crate::segment::{self, Base, Line, Link};

/// Lines wait at most this long, or until there are this many, for one common sync.
const GROUP: Duration = Duration::from_millis(50);
const GROUP_LINES: usize = 8192;
const CROWDED: Duration = Duration::from_secs(1);
/// After a failure the disk is tried again this much later.
const RETRY: Duration = Duration::from_secs(1);

/// The state of the writing thread.
pub struct Writer {
    disk: Disk,
    gateway: GatewayId,
    key: Arc<Ed25519KeyPair>,
    bounds: Recording,
    recorder: Arc<Recorder>,
    flights: Arc<Flights>,
    /// The newest segment on disk.
    closed: watch::Sender<u64>,
    base: Option<Base>,
    link: Link,
    lines: BTreeMap<u64, Line>,
    /// Lines that are in memory and not on disk yet.
    group: Vec<u8>,
    grouped: usize,
    /// Numbers below this belong to earlier runs.
    resumed: u64,
    reserved: u64,
    /// Since when the oldest line waits for its segment.
    since: Option<Instant>,
    failed: Option<Instant>,
}

impl Writer {
    /// Reads what an earlier run left in `data`.
    pub fn open(
        data: &Path,
        bounds: Recording,
        (gateway, key): (GatewayId, Arc<Ed25519KeyPair>),
        recorder: Arc<Recorder>,
        flights: Arc<Flights>,
    ) -> io::Result<(Writer, watch::Receiver<u64>)> {
        let Found { disk, lines, link, reserved } = Disk::open(data)?;
        let (closed, segments) = watch::channel(disk.last());
        let (base, group, since, failed) = (None, Vec::new(), None, None);
        let (resumed, grouped) = (reserved, 0);
        let writer = Writer {
            disk,
            gateway,
            key,
            bounds,
            recorder,
            flights,
            closed,
            base,
            link,
            lines,
            group,
            grouped,
            resumed,
            reserved,
            since,
            failed,
        };
        Ok((writer, segments))
    }

    /// Recording begins, behind whatever the ledger and this folder know.
    fn begin(&mut self, base: Base) -> io::Result<()> {
        let chain = base.chain.as_ref().map_or(Link::NONE, Link::of_chain);
        let other = chain.number == self.link.number && chain.root != self.link.root;
        if chain.number > self.link.number || other {
            tracing::warn!(
                "the ledger's chain of segments goes on at {}, not at this folder's {}",
                chain.number,
                self.link.number
            );
            self.disk.forget(chain)?;
            self.lines = self.lines.split_off(&(chain.last + 1));
            self.link = chain;
            self.closed.send_replace(chain.number);
        }
        let newest = self.lines.last_key_value().map_or(0, |(number, _)| number + 1);
        self.resumed = self.reserved.max(self.link.last + 1).max(newest);
        self.disk.turn(&self.lines)?;
        self.disk.acknowledged(chain.number, self.bounds.keep)?;
        let counts = self.recorder.counts();
        counts.next.store(self.resumed, Ordering::Release);
        self.base = Some(base);
        self.since = (self.link.last + 1 < self.resumed).then(Instant::now);
        self.reserve()
    }

    /// INVARIANT: the bound is on disk before anybody gets a number below it.
    fn reserve(&mut self) -> io::Result<()> {
        let counts = self.recorder.counts();
        counts.asked.store(false, Ordering::Release);
        if self.base.is_none() {
            return Ok(());
        }
        let bound = counts.next.load(Ordering::Acquire).saturating_add(self.bounds.block.max(2));
        self.disk.reserve(bound)?;
        self.reserved = bound;
        counts.durable.store(bound, Ordering::Release);
        Ok(())
    }

    fn line(&mut self, call: &Call) {
        let text = domain::entry::canonical(call);
        self.group.extend_from_slice(&text);
        self.group.push(b'\n');
        self.grouped += 1;
        self.lines.insert(call.number, Line { at: call.at, text });
        self.since.get_or_insert_with(Instant::now);
    }

    /// Makes the group durable. What fails stays in memory and is written again, all of it.
    fn sync(&mut self) {
        let counts = self.recorder.counts();
        counts.waiting.fetch_sub(self.grouped as u64, Ordering::Relaxed);
        let (group, _) = (std::mem::take(&mut self.group), std::mem::take(&mut self.grouped));
        let written = match (self.failed, self.base.is_some()) {
            (_, false) => return,
            (Some(failed), _) if failed.elapsed() < RETRY => return,
            (Some(_), _) => self.disk.turn(&self.lines).and_then(|()| self.reserve()),
            (None, _) if group.is_empty() => Ok(()),
            (None, _) => self.disk.append(&group),
        };
        self.judge(written);
    }

    /// Whether calls may go on after what just happened to the disk.
    fn judge(&mut self, outcome: io::Result<()>) {
        match outcome {
            Ok(()) => self.failed = None,
            Err(error) => {
                if self.failed.is_none() {
                    tracing::error!("the spool cannot be written: {error}");
                }
                self.failed = Some(Instant::now());
            }
        }
        let full = self.disk.bytes() > self.bounds.limit;
        let open = self.base.is_some() && self.disk.is_open();
        let writable = open && self.failed.is_none() && !full;
        self.recorder.counts().writable.store(writable, Ordering::Release);
    }

    fn is_due(&self) -> bool {
        let waited = self.since.is_some_and(|since| since.elapsed() >= self.bounds.every);
        self.failed.is_none() && (waited || self.lines.len() >= self.bounds.lines)
    }

    /// Calls that run for longer than this get another line, so that a segment can be closed in
    /// front of them: sooner when there are more lines than one segment holds.
    fn age(&self) -> Duration {
        match self.lines.len() >= self.bounds.lines {
            true => self.bounds.every.min(CROWDED),
            false => self.bounds.every,
        }
    }

    /// Closes every segment that can be closed now.
    fn close(&mut self) -> io::Result<()> {
        let Some(base) = self.base.clone() else { return Ok(()) };
        let mut any = false;
        while let Some((segment, numbers)) =
            segment::next(self.gateway, self.link, &self.lines, self.resumed, self.bounds.lines)
        {
            let mut bytes = Vec::new();
            for line in numbers.iter().filter_map(|number| self.lines.get(number)) {
                bytes.extend_from_slice(&line.text);
                bytes.push(b'\n');
            }
            let link = Link::of(&segment);
            let head = segment::sign(&base.genesis, segment, &self.key);
            self.disk.close(&head, &bytes)?;
            self.link = link;
            self.lines = self.lines.split_off(&(link.last + 1));
            any = true;
        }
        self.since = (!self.lines.is_empty()).then(Instant::now);
        if any {
            self.disk.turn(&self.lines)?;
            self.closed.send_replace(self.link.number);
        }
        Ok(())
    }

    /// Takes what waited and leaves it empty; `false` when the writer shall end.
    fn take(&mut self, waiting: &mut Waiting) -> bool {
        waiting.lines.drain(..).for_each(|call| self.line(&call));
        waiting.orders.drain(..).all(|order| self.obey(order))
    }

    fn obey(&mut self, order: Order) -> bool {
        let outcome = match order {
            Order::Open(base) if self.base.is_none() => self.begin(*base),
            Order::Open(_) => return true,
            Order::Reserve if self.failed.is_none() => self.reserve(),
            Order::Reserve => return true,
            Order::Committed(number) => self.disk.acknowledged(number, self.bounds.keep),
            Order::Stop => return false,
        };
        self.judge(outcome);
        true
    }

    /// After a clean end no number is missing: the reservation shrinks to what was given out.
    fn end(&mut self) {
        self.sync();
        let closed = self.close();
        self.judge(closed);
        let counts = self.recorder.counts();
        counts.writable.store(false, Ordering::Release);
        let next = counts.next.load(Ordering::Acquire);
        counts.durable.store(next, Ordering::Release);
        if self.base.is_some() && self.failed.is_none() {
            let shrunk = self.disk.reserve(next);
            self.judge(shrunk);
            counts.writable.store(false, Ordering::Release);
        }
    }
}

/// Writes until it is told to stop.
pub fn run(mut writer: Writer, queue: &Queue) {
    let mut waiting = Waiting::default();
    let mut deadline = Instant::now() + GROUP;
    loop {
        queue.take(&mut waiting, deadline);
        if !writer.take(&mut waiting) {
            break;
        }
        if Instant::now() < deadline && writer.grouped < GROUP_LINES {
            continue;
        }
        writer.sync();
        if writer.is_due() {
            let (flights, recorder) = (writer.flights.clone(), writer.recorder.clone());
            flights.split(writer.age(), &recorder);
            queue.take(&mut waiting, Instant::now());
            if !writer.take(&mut waiting) {
                break;
            }
            writer.sync();
            let closed = writer.close();
            writer.judge(closed);
        }
        deadline = Instant::now() + GROUP;
    }
    writer.end();
}
