//! The state that every handler of one instance shares.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::sync::watch;

use crate::api::traps::address_book::AddressBook;
use crate::api::traps::preferences::Preferences;
use crate::credential::Credentials;
use crate::files::Files;
use crate::grants::Grants;
use crate::idempotency::Memory;
use crate::limiter::Limiter;
use crate::store::Store;
use crate::token::TokenKeys;
use crate::weakness::{Switches, Weakness};

pub(crate) struct Site {
    pub switches: Switches,
    pub credentials: Credentials,
    pub tokens: TokenKeys,
    pub limiter: Limiter,
    /// Counts the wrong passwords for each name.
    pub logins: Limiter,
    pub grants: Mutex<Grants>,
    pub idempotency: Memory,
    pub files: Files,
    pub address_book: AddressBook,
    pub preferences: Preferences,
    pub document: Value,
    pub token_lifetime: Duration,
    pub heartbeat: Duration,
    pub store: Mutex<Store>,
    pub streams: watch::Sender<usize>,
    pub stopping: watch::Receiver<bool>,
}

impl Site {
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn has(&self, weakness: Weakness) -> bool {
        self.switches.has(weakness)
    }
}

/// Counts one open event stream for as long as it lives.
pub(crate) struct OpenStream(Arc<Site>);

impl OpenStream {
    pub(crate) fn of(site: Arc<Site>) -> Self {
        site.streams.send_modify(|open| *open += 1);
        Self(site)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.streams.send_modify(|open| *open = open.saturating_sub(1));
    }
}

/// Returns when the vendor stops.
pub(crate) async fn stopped(stopping: &watch::Receiver<bool>) {
    // A sender that is gone has stopped as well.
    let _ = stopping.clone().wait_for(|stopping| *stopping).await;
}

/// Seconds since 1970 (UTC).
pub(crate) fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}
