//! The counters behind the rates: exact in one process, one lock per shard, bounded in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use domain::admission::{Left, Limits};
use domain::id::GrantId;
use domain::limit::Rate;
use domain::time::Span;
use parking_lot::RwLock;

const SHARDS: usize = 64;
/// A shard that holds more cells than this drops those that have run empty before it adds one.
const CROWDED: usize = 1024;
const NANOS: u64 = 1_000_000;

/// Per grant the theoretical arrival time of the generic cell rate algorithm, in nanoseconds.
///
/// A cell is changed only under its shard's read lock, by compare-and-exchange, and removed only under
/// the write lock: no call is counted on a cell that is gone. A cell whose time has passed says the
/// same as no cell, so dropping it loses nothing.
pub struct Limiter {
    base: Instant,
    shards: Vec<RwLock<HashMap<GrantId, AtomicU64>>>,
}

impl Limiter {
    pub fn new() -> Limiter {
        let shards = (0..SHARDS).map(|_| RwLock::default()).collect();
        Limiter { base: Instant::now(), shards }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn take_at(&self, grant: GrantId, rate: Rate, now: u64) -> Result<Left, Span> {
        // Ids are UUIDv7: the last bits are random.
        let place = usize::try_from(grant.0 & (SHARDS as u128 - 1)).unwrap_or(0);
        let Some(shard) = self.shards.get(place) else { return Err(rate.per) };
        if let Some(cell) = shard.read().get(&grant) {
            return take(cell, rate, now);
        }
        let mut cells = shard.write();
        if cells.len() >= CROWDED {
            cells.retain(|_, cell| *cell.get_mut() > now);
        }
        take(cells.entry(grant).or_default(), rate, now)
    }
}

fn take(cell: &AtomicU64, rate: Rate, now: u64) -> Result<Left, Span> {
    let mut arrival = cell.load(Ordering::Relaxed);
    loop {
        let next = rate.admit(arrival, now).map_err(|wait| Span(wait.div_ceil(NANOS)))?;
        match cell.compare_exchange_weak(arrival, next, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => {
                let reset = Span(next.saturating_sub(now).div_ceil(NANOS));
                return Ok(Left { calls: rate.left(next, now), reset });
            }
            Err(found) => arrival = found,
        }
    }
}

impl Limits for Limiter {
    fn take(&self, grant: GrantId, rate: Rate) -> Result<Left, Span> {
        self.take_at(grant, rate, self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;

    const RATE: Rate = Rate { count: 1000, per: Span::MINUTE };

    /// Many rounds at one frozen moment: whatever the interleaving, exactly `count` calls pass.
    #[test]
    fn exactly_the_rate_passes_under_eight_threads() {
        let limiter = Limiter::new();
        for round in 0..200_u128 {
            let passed = AtomicUsize::new(0);
            let start = Barrier::new(8);
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        start.wait();
                        let calls = (0..250).filter(|_| {
                            limiter.take_at(GrantId(round << 6), RATE, 7_000_000).is_ok()
                        });
                        passed.fetch_add(calls.count(), Ordering::Relaxed);
                    });
                }
            });
            assert_eq!(passed.into_inner(), 1000, "round {round}");
        }
    }

    #[test]
    fn what_is_left_counts_down_and_a_refusal_says_how_long_to_wait() {
        let limiter = Limiter::new();
        let rate = Rate { count: 2, per: Span::SECOND };
        let take = |now| limiter.take_at(GrantId(1), rate, now);
        assert_eq!(take(0), Ok(Left { calls: 1, reset: Span(500) }));
        assert_eq!(take(0), Ok(Left { calls: 0, reset: Span(1000) }));
        assert_eq!(take(0), Err(Span(500)));
        assert_eq!(take(500 * NANOS), Ok(Left { calls: 0, reset: Span(1000) }));
    }

    #[test]
    fn cells_that_ran_empty_are_dropped_and_full_ones_are_not() {
        let limiter = Limiter::new();
        let rate = Rate { count: 1, per: Span::SECOND };
        let later = 2_000 * NANOS;
        assert!(limiter.take_at(GrantId(0), rate, later).is_ok());
        for grant in 1..CROWDED as u128 * 3 {
            assert!(limiter.take_at(GrantId(grant << 6), rate, 0).is_ok());
        }
        assert!(limiter.take_at(GrantId(1 << 40), rate, later).is_ok());
        assert!(limiter.shards[0].read().len() < 10);
        assert!(limiter.take_at(GrantId(0), rate, later).is_err(), "its call still counts");
    }
}
