//! A flag that is set once and can be waited for.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

#[derive(Debug, Default)]
pub struct Flag {
    set: AtomicBool,
    waiting: Notify,
}

impl Flag {
    pub fn set(&self) {
        self.set.store(true, Ordering::Release);
        self.waiting.notify_waiters();
    }

    pub fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    /// Returns once the flag is set, also when that was before.
    pub async fn wait(&self) {
        let waiting = self.waiting.notified();
        tokio::pin!(waiting);
        // Registered before the look, so that a flag set in between is not missed.
        waiting.as_mut().enable();
        if !self.is_set() {
            waiting.await;
        }
    }
}
