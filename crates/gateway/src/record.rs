//! Recording: a call has a number before it is forwarded, and a line when it ends.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use domain::usage;
use parking_lot::{Condvar, Mutex};

use crate::segment::Base;

/// More lines than this waiting for the disk, and nothing is forwarded.
const LONGEST_QUEUE: u64 = 65_536;
/// So many lines do not wait for the writer's next round.
const CROWDED: usize = 8192;

/// The calls' side of the spool: numbers out of a durable reservation, lines into a queue.
pub struct Recorder {
    counts: Arc<Counts>,
    queue: Arc<Queue>,
    block: u64,
}

/// What waits for the writer. Lines wait for its next round, so that a call wakes nobody; an order
/// wakes it at once.
#[derive(Default)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    urgent: Condvar,
}

#[derive(Default)]
pub struct Waiting {
    pub lines: Vec<usage::Call>,
    pub orders: Vec<Order>,
}

impl Queue {
    fn line(&self, call: usage::Call) {
        let mut waiting = self.waiting.lock();
        waiting.lines.push(call);
        if waiting.lines.len() == CROWDED {
            self.urgent.notify_one();
        }
    }

    fn order(&self, order: Order) {
        self.waiting.lock().orders.push(order);
        self.urgent.notify_one();
    }

    /// Swaps what has come by the deadline, or with the first order before it, for the empty `taken`.
    pub fn take(&self, taken: &mut Waiting, deadline: Instant) {
        let mut waiting = self.waiting.lock();
        while waiting.orders.is_empty() && waiting.lines.len() < CROWDED {
            if self.urgent.wait_until(&mut waiting, deadline).timed_out() {
                break;
            }
        }
        mem::swap(&mut *waiting, taken);
    }
}

/// What calls and the writer share.
#[derive(Default)]
pub struct Counts {
    /// The next number to be given out.
    pub next: AtomicU64,
    /// Numbers below this are reserved on disk.
    pub durable: AtomicU64,
    /// Whether the writer was asked for the next block.
    pub asked: AtomicBool,
    /// Whether the disk takes what it is given, within the limit.
    pub writable: AtomicBool,
    /// Lines that wait for the disk.
    pub waiting: AtomicU64,
}

/// What the writer is told beside lines.
pub enum Order {
    /// Where the ledger's chain of segments stands: recording can begin.
    Open(Box<Base>),
    /// Half of the reservation is used up.
    Reserve,
    /// The ledger holds the gateway's segments up to this one.
    Committed(u64),
    /// Closes what there is into a segment and ends.
    Stop,
}

impl Recorder {
    pub fn new(block: u64) -> Arc<Recorder> {
        Arc::new(Recorder { counts: Arc::default(), queue: Arc::default(), block: block.max(2) })
    }

    pub fn queue(&self) -> Arc<Queue> {
        self.queue.clone()
    }

    pub fn counts(&self) -> Arc<Counts> {
        self.counts.clone()
    }

    /// The number of one call; `None` when it could not be recorded, and must not be forwarded.
    ///
    /// INVARIANT: every number given out lies in a reservation that is on disk, so that a number
    /// without a line is noticed, whatever happens.
    pub fn reserve(&self) -> Option<u64> {
        let Counts { next, durable, writable, waiting, .. } = &*self.counts;
        if !writable.load(Ordering::Acquire) || waiting.load(Ordering::Relaxed) > LONGEST_QUEUE {
            return None;
        }
        let bound = durable.load(Ordering::Acquire);
        let below = |number: u64| (number < bound).then(|| number + 1);
        let number = next.fetch_update(Ordering::AcqRel, Ordering::Acquire, below).ok();
        if number.is_none_or(|number| bound - number <= self.block / 2) {
            self.ask();
        }
        number
    }

    fn ask(&self) {
        if !self.counts.asked.swap(true, Ordering::AcqRel) {
            self.order(Order::Reserve);
        }
    }

    pub fn write(&self, call: usage::Call) {
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        self.queue.line(call);
    }

    /// Tells the writer, at once.
    pub fn order(&self, order: Order) {
        self.queue.order(order);
    }

    pub fn is_writable(&self) -> bool {
        self.counts.writable.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_given_out_beyond_the_reservation_or_while_the_disk_fails() {
        let recorder = Recorder::new(4);
        assert_eq!(recorder.reserve(), None, "nothing is reserved yet");
        let counts = recorder.counts();
        counts.next.store(7, Ordering::Release);
        counts.durable.store(10, Ordering::Release);
        counts.writable.store(true, Ordering::Release);
        let numbers: Vec<_> = (0..4).map(|_| recorder.reserve()).collect();
        assert_eq!(numbers, [Some(7), Some(8), Some(9), None]);
        let mut taken = Waiting::default();
        recorder.queue().take(&mut taken, Instant::now());
        assert!(matches!(taken.orders[..], [Order::Reserve]), "more was asked for");
        counts.durable.store(20, Ordering::Release);
        assert_eq!(recorder.reserve(), Some(10));
        counts.writable.store(false, Ordering::Release);
        assert_eq!(recorder.reserve(), None);
    }
}
