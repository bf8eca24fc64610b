//! A fixed window of requests for each caller.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many requests one caller may make in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests in a window for a credential that is good.
    pub requests: u32,
    /// Requests in a window for an address whose requests carry no good credential.
    pub anonymous_requests: u32,
    /// How long a window is; it opens with the first request in it.
    pub window: Duration,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { requests: 120, anonymous_requests: 240, window: Duration::from_secs(10) }
    }
}

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Counted {
    ApiKey,
    Customer(String),
    Address(IpAddr),
}

/// What is left of a window after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    pub limit: u32,
    pub remaining: u32,
    pub reset: Duration,
    pub exceeded: bool,
}

struct Window {
    opened: Instant,
    taken: u32,
}

pub(crate) struct Limiter {
    rate: RateLimit,
    windows: Mutex<HashMap<Counted, Window>>,
}

impl Limiter {
    pub(crate) fn new(rate: RateLimit) -> Self {
        Self { rate, windows: Mutex::new(HashMap::new()) }
    }

    pub(crate) fn window(&self) -> Duration {
        self.rate.window
    }

    /// How long `caller` has to wait after a window that is used up; counts nothing.
    pub(crate) fn wait(&self, caller: &Counted, now: Instant) -> Option<Duration> {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.get(caller).filter(|window| window.taken >= self.limit(caller))?;
        let left = self.rate.window.saturating_sub(now.duration_since(window.opened));
        (!left.is_zero()).then_some(left)
    }

    fn limit(&self, caller: &Counted) -> u32 {
        match caller {
            Counted::Address(_) => self.rate.anonymous_requests,
            Counted::ApiKey | Counted::Customer(_) => self.rate.requests,
        }
    }

    /// Counts one request of `caller` at `now`.
    pub(crate) fn take(&self, caller: Counted, now: Instant) -> Quota {
        let limit = self.limit(&caller);
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.retain(|_, window| now.duration_since(window.opened) < self.rate.window);
        let window = windows.entry(caller).or_insert(Window { opened: now, taken: 0 });
        window.taken = window.taken.saturating_add(1);
        Quota {
            limit,
            remaining: limit.saturating_sub(window.taken),
            reset: self.rate.window.saturating_sub(now.duration_since(window.opened)),
            exceeded: window.taken > limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_refuses_what_is_over_its_limit_and_opens_again() {
        let window = Duration::from_secs(10);
        let limiter = Limiter::new(RateLimit { requests: 2, anonymous_requests: 1, window });
        let start = Instant::now();
        let alice = || Counted::Customer("alice".to_owned());
        assert_eq!(limiter.take(alice(), start).remaining, 1);
        assert!(!limiter.take(alice(), start).exceeded);
        let third = limiter.take(alice(), start + Duration::from_secs(4));
        assert!(third.exceeded);
        assert_eq!(third.reset, Duration::from_secs(6));
        assert!(!limiter.take(Counted::ApiKey, start).exceeded, "others are counted apart");
        assert!(!limiter.take(alice(), start + window).exceeded);
    }

    #[test]
    fn an_address_has_its_own_limit() {
        let window = Duration::from_secs(10);
        let limiter = Limiter::new(RateLimit { requests: 2, anonymous_requests: 1, window });
        let here = || Counted::Address(IpAddr::from([127, 0, 0, 1]));
        let now = Instant::now();
        assert!(!limiter.take(here(), now).exceeded);
        assert!(limiter.take(here(), now).exceeded);
    }
}
