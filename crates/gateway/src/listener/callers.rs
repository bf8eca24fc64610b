//! The connections of callers: how many there may be, and how long each may take to ask something.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::config::{Bounds, Timeouts};

/// All open connections of callers, counted.
pub struct Callers {
    bounds: Bounds,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    /// How many of each address; none that has none.
    of: HashMap<IpAddr, usize>,
    /// When it was last said that somebody was turned away, and how many were since.
    said: Option<Instant>,
    unsaid: u64,
}

/// How often it is said that callers are turned away.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// One connection among all; counted until it is dropped.
pub struct Place {
    callers: Arc<Callers>,
    address: IpAddr,
}

impl Callers {
    pub fn new(bounds: Bounds) -> Arc<Callers> {
        Arc::new(Callers { bounds, open: Mutex::default() })
    }

    /// A place for a connection from this address; `None` when there are too many.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = origin(address);
        let mut open = self.open.lock();
        let same = open.of.get(&address).copied().unwrap_or(0);
        if open.all >= self.bounds.connections || same >= self.bounds.connections_of_address {
            open.turned_away();
            return None;
        }
        open.all += 1;
        open.of.insert(address, same + 1);
        Some(Place { callers: self.clone(), address })
    }
}

impl Open {
    fn turned_away(&mut self) {
        self.unsaid += 1;
        if self.said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
            tracing::warn!(open = self.all, "too many connections: {} turned away", self.unsaid);
            (self.said, self.unsaid) = (Some(Instant::now()), 0);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.callers.open.lock();
        open.all = open.all.saturating_sub(1);
        if let Some(same) = open.of.get_mut(&self.address) {
            *same -= 1;
            if *same == 0 {
                open.of.remove(&self.address);
            }
        }
    }
}

/// Whom connections are counted for: an IPv4 address, or the /64 that an IPv6 host chooses its
/// addresses from.
fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address => address,
    }
}

/// One connection and what is waited for on it. Between calls a clock runs; during one it does not.
pub struct Caller {
    opened: Instant,
    head: Duration,
    keep_alive: Duration,
    /// When the head of a request has to be there: milliseconds after `opened`; 0 during a call.
    due: AtomicU64,
}

impl Caller {
    /// A connection that was just accepted.
    pub fn new(timeouts: &Timeouts) -> Caller {
        let Timeouts { head, keep_alive, .. } = *timeouts;
        Caller { opened: Instant::now(), head, keep_alive, due: AtomicU64::new(millis(head)) }
    }

    /// The head of a request is there.
    pub fn asked(&self) {
        self.due.store(0, Ordering::Relaxed);
    }

    /// Its answer is written: the next request may follow.
    pub fn answered(&self) {
        let due = self.opened.elapsed() + self.keep_alive + self.head;
        self.due.store(millis(due), Ordering::Relaxed);
    }

    /// Returns when the head of a request is due and not there.
    pub async fn until_late(&self) {
        loop {
            let since = self.opened.elapsed();
            let left = match self.due.load(Ordering::Relaxed) {
                // Whatever comes to be due then is due no sooner.
                0 => self.head,
                due => Duration::from_millis(due).saturating_sub(since),
            };
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_together_and_by_address_and_freed() {
        let bounds = Bounds { connections: 3, connections_of_address: 2, ..Bounds::default() };
        let callers = Callers::new(bounds);
        let enter = |address: &str| callers.enter(address.parse().unwrap());
        let first = enter("192.0.2.1").unwrap();
        let _second = enter("::ffff:192.0.2.1").unwrap();
        assert!(enter("192.0.2.1").is_none(), "two of one address");
        let _third = enter("2001:db8::1").unwrap();
        assert!(enter("192.0.2.2").is_none(), "three of all");
        drop(first);
        assert!(enter("192.0.2.1").is_some());
        let _fourth = enter("2001:db8::2").unwrap();
        assert_eq!(callers.open.lock().of.len(), 2, "one /64, one IPv4 address");
        assert!(enter("2001:db8::3").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_is_due_from_the_start_and_after_every_answer() {
        let timeouts = Timeouts {
            head: Duration::from_secs(0),
            keep_alive: Duration::from_secs(0),
            ..Timeouts::default()
        };
        let caller = Caller::new(&timeouts);
        caller.asked();
        assert_eq!(caller.due.load(Ordering::Relaxed), 0);
        caller.answered();
        caller.until_late().await;
    }
}
