//! Calls in flight: judged again whenever the state changes, cut when they hold no more.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use domain::admission::{Denied, Permit};
use domain::id::{GrantId, ServiceId, TokenId};
use domain::time::Millis;
use domain::usage;
use parking_lot::Mutex;

use crate::clock::now;
use crate::flag::Flag;
use crate::record::Recorder;

const SHARDS: usize = 64;

/// One call, from the end of its header to the last byte of its answer.
#[derive(Default)]
pub struct Flight {
    permit: OnceLock<Permit>,
    /// Set to end the call at once.
    cut: Flag,
    /// Set when nothing of it is open any more.
    gone: Flag,
    pub bytes_in: AtomicU64,
    pub bytes_out: AtomicU64,
    pub status: AtomicU16,
    line: Mutex<Line>,
}

/// What will be written down of the call.
#[derive(Default)]
struct Line {
    /// When the part that this line is about began.
    began: Option<(Millis, Instant)>,
    number: Option<u64>,
    subject: Subject,
    denied: Option<&'static str>,
    /// What earlier lines have of a call that outlasts its segment.
    written: (u64, u64),
}

/// Who called what, as far as it is known.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    pub environment: String,
    pub grant: Option<GrantId>,
    pub operation: Option<String>,
    pub service: Option<ServiceId>,
    pub size: u64,
    pub token: Option<TokenId>,
}

impl Flight {
    /// The header of the call is there.
    pub fn begin(&self) {
        self.line.lock().began = Some((now(), Instant::now()));
    }

    /// The call has a number: it will be written down.
    pub fn number(&self, number: u64, subject: Subject) {
        let mut line = self.line.lock();
        line.number = Some(number);
        line.subject = subject;
    }

    pub fn denied(&self, code: &'static str) {
        self.line.lock().denied = Some(code);
    }

    pub fn permit(&self) -> Option<&Permit> {
        self.permit.get()
    }

    pub fn cut(&self, why: &Denied) {
        self.denied(why.code());
        self.cut.set();
    }

    pub fn is_cut(&self) -> bool {
        self.cut.is_set()
    }

    pub async fn until_cut(&self) {
        self.cut.wait().await;
    }

    pub async fn until_gone(&self) {
        self.gone.wait().await;
    }

    /// The call has ended: writes its line.
    fn land(&self, recorder: &Recorder) {
        let mut line = self.line.lock();
        if let Some(call) = self.take(&mut line) {
            recorder.write(call);
        }
    }

    /// Writes down what has passed of a call that has run for longer than `age`, and begins another
    /// line for the rest of it.
    fn split(&self, age: Duration, recorder: &Recorder) {
        let mut line = self.line.lock();
        let old = line.began.is_some_and(|(_, began)| began.elapsed() >= age);
        if !old || line.number.is_none() {
            return;
        }
        let Some(next) = recorder.reserve() else { return };
        if let Some(call) = self.take(&mut line) {
            recorder.write(call);
            line.written.0 += call_bytes(&self.bytes_in, line.written.0);
            line.written.1 += call_bytes(&self.bytes_out, line.written.1);
        }
        line.began = Some((now(), Instant::now()));
        line.number = Some(next);
    }

    fn take(&self, line: &mut Line) -> Option<usage::Call> {
        let number = line.number.take()?;
        let (at, began) = line.began?;
        let Subject { environment, grant, operation, service, size, token } = line.subject.clone();
        Some(usage::Call {
            at,
            bytes_in: call_bytes(&self.bytes_in, line.written.0),
            bytes_out: call_bytes(&self.bytes_out, line.written.1),
            denied: line.denied.map(str::to_owned),
            environment,
            grant,
            millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            number,
            operation,
            service,
            size,
            status: self.status.load(Ordering::Relaxed),
            token,
        })
    }
}

fn call_bytes(counted: &AtomicU64, written: u64) -> u64 {
    counted.load(Ordering::Relaxed).saturating_sub(written)
}

/// All admitted calls in flight, in shards of their own locks.
pub struct Flights {
    next: AtomicU64,
    shards: Vec<Mutex<HashMap<u64, Arc<Flight>>>>,
}

impl Flights {
    pub fn new() -> Flights {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Flights { next: AtomicU64::new(0), shards }
    }

    fn shard(&self, key: u64) -> Option<&Mutex<HashMap<u64, Arc<Flight>>>> {
        self.shards.get(usize::try_from(key % SHARDS as u64).ok()?)
    }

    /// Takes the call in; from here on [`Flights::judge`] sees it. The caller looks at the newest
    /// state once more behind this: a state published before is seen there, one published after
    /// finds the call here.
    pub fn enter(&self, flight: &Arc<Flight>, permit: Permit) -> u64 {
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        let _ = flight.permit.set(permit);
        if let Some(shard) = self.shard(key) {
            shard.lock().insert(key, flight.clone());
        }
        key
    }

    /// The call has ended and its connections are closed or free again.
    pub fn leave(&self, key: Option<u64>, flight: &Flight, recorder: &Recorder) {
        if let Some((key, shard)) = key.and_then(|key| Some((key, self.shard(key)?))) {
            shard.lock().remove(&key);
        }
        flight.land(recorder);
        flight.gone.set();
    }

    /// Cuts every call whose permit does not hold any more; returns those cut and not gone yet.
    pub fn judge(&self, recheck: impl Fn(&Permit) -> Result<(), Denied>) -> Vec<Arc<Flight>> {
        let mut cut = Vec::new();
        for shard in &self.shards {
            for flight in shard.lock().values() {
                let Some(permit) = flight.permit() else { continue };
                if let Err(why) = recheck(permit) {
                    flight.cut(&why);
                    cut.push(flight.clone());
                }
            }
        }
        cut
    }

    /// Splits the lines of calls older than `age`, so that they hold up no segment.
    pub fn split(&self, age: Duration, recorder: &Recorder) {
        for shard in &self.shards {
            let flights: Vec<_> = shard.lock().values().cloned().collect();
            flights.iter().for_each(|flight| flight.split(age, recorder));
        }
    }
}
