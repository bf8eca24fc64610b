//! How much a scan may still send: a number of requests, a pace, an end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::order::Bounds;

/// What ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    Requests,
    Time,
}

/// Hands out turns. Every connection takes one, whatever it carries.
#[derive(Debug)]
pub struct Budget {
    max_requests: u32,
    sent: AtomicU32,
    interval: Duration,
    next: Mutex<Instant>,
    start: Instant,
    end: Instant,
}

impl Budget {
    /// The time starts to run now.
    pub fn new(bounds: Bounds) -> Self {
        let now = Instant::now();
        Self {
            max_requests: bounds.max_requests,
            sent: AtomicU32::new(0),
            interval: Duration::from_secs(1) / bounds.per_second.max(1),
            next: Mutex::new(now),
            start: now,
            end: now + Duration::from_secs(u64::from(bounds.seconds)),
        }
    }

    /// Waits for the next turn and takes it.
    ///
    /// # Errors
    /// No request is left, or the turn would come after the end.
    pub async fn turn(&self) -> Result<(), Spent> {
        let mut next = self.next.lock().await;
        if self.left() == 0 {
            return Err(Spent::Requests);
        }
        let at = (*next).max(Instant::now());
        if at >= self.end {
            return Err(Spent::Time);
        }
        sleep_until(at).await;
        *next = at + self.interval;
        self.sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Waits this long.
    ///
    /// # Errors
    /// The wait would go past the end; nothing is waited then.
    pub async fn pause(&self, wait: Duration) -> Result<(), Spent> {
        let until = Instant::now() + wait;
        if until >= self.end {
            return Err(Spent::Time);
        }
        sleep_until(until).await;
        Ok(())
    }

    /// When something that starts now and may take `most` has to be given up.
    pub fn deadline(&self, most: Duration) -> Instant {
        self.end.min(Instant::now() + most)
    }

    /// True once the scan's time is over.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Whole seconds since the start.
    pub fn seconds_spent(&self) -> i64 {
        i64::try_from(self.start.elapsed().as_secs()).unwrap_or(i64::MAX)
    }

    /// Requests that may still be sent.
    pub fn left(&self) -> u32 {
        self.max_requests.saturating_sub(self.sent())
    }

    /// Requests sent so far.
    pub fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(max_requests: u32, per_second: u32, seconds: u32) -> Bounds {
        Bounds { max_requests, per_second, seconds, max_answer_bytes: 1 }
    }

    #[tokio::test(start_paused = true)]
    async fn turns_keep_the_pace_and_the_number() {
        let budget = Budget::new(bounds(3, 2, 60));
        let start = Instant::now();
        for _ in 0..3 {
            budget.turn().await.expect("a turn");
        }
        assert_eq!(start.elapsed(), Duration::from_secs(1));
        assert_eq!(budget.turn().await, Err(Spent::Requests));
        assert_eq!(budget.sent(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn no_turn_comes_after_the_end() {
        let budget = Budget::new(bounds(100, 1, 2));
        budget.turn().await.expect("at once");
        budget.turn().await.expect("after a second");
        assert_eq!(budget.turn().await, Err(Spent::Time));
        assert_eq!(budget.pause(Duration::from_secs(5)).await, Err(Spent::Time));
    }
}
