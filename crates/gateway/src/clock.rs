//! What time it is, and since when the state was last proven to be the newest.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::admission::Clock;
use domain::time::{Millis, Span};

/// The last proof of freshness, counted on the monotonic clock from the moment the question was sent.
///
/// INVARIANT: without a proof the state is infinitely old, so nothing is admitted before the first.
#[derive(Debug)]
pub struct Proof {
    base: Instant,
    /// Milliseconds after `base`, plus one; 0 while nothing is proven.
    sent: AtomicU64,
    /// The time that control proved.
    at: AtomicU64,
}

impl Proof {
    pub fn new() -> Proof {
        Proof { base: Instant::now(), sent: AtomicU64::new(0), at: AtomicU64::new(0) }
    }

    /// The state is proven to have been the newest at `sent`, when control's clock showed `at`.
    pub fn take(&self, sent: Instant, at: Millis) {
        let since = sent.saturating_duration_since(self.base).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX).saturating_add(1);
        self.at.fetch_max(at.0, Ordering::Relaxed);
        self.sent.fetch_max(since, Ordering::Release);
    }

    /// Whether there was a proof at all.
    pub fn is_proven(&self) -> bool {
        self.sent.load(Ordering::Acquire) > 0
    }

    pub fn clock(&self) -> Clock {
        let sent = self.sent.load(Ordering::Acquire);
        let age = match sent {
            0 => u64::MAX,
            sent => {
                let now = u64::try_from(self.base.elapsed().as_millis()).unwrap_or(u64::MAX);
                now.saturating_add(1).saturating_sub(sent)
            }
        };
        let now = Millis(now().0.max(self.at.load(Ordering::Relaxed)));
        Clock { now, proven: Span(age) }
    }
}

/// The machine's clock.
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)).min(Millis::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_proof_the_state_is_infinitely_old() {
        let proof = Proof::new();
        assert_eq!(proof.clock().proven, Span(u64::MAX));
        proof.take(Instant::now(), Millis(5));
        assert!(proof.clock().proven < Span::MINUTE);
    }

    #[test]
    fn the_age_counts_from_sending_and_never_backwards() {
        let proof = Proof { base: Instant::now() - Duration::from_secs(100), ..Proof::new() };
        proof.take(Instant::now() - Duration::from_secs(30), Millis(0));
        let age = proof.clock().proven;
        assert!(age >= Span(30_000) && age < Span(60_000), "{age}");
        proof.take(Instant::now() - Duration::from_secs(90), Millis(0));
        assert!(proof.clock().proven <= Span(age.0 + 10_000));
    }

    #[test]
    fn the_proven_time_bounds_a_clock_that_is_behind() {
        let proof = Proof::new();
        let ahead = now().after(Span::DAY);
        proof.take(Instant::now(), ahead);
        assert_eq!(proof.clock().now, ahead);
    }
}
