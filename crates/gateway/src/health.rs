//! Health: ready only while calls can be admitted and recorded, and why not.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use domain::follow::Broken;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use pingora::Result;
use pingora::http::ResponseHeader;
use serde::Serialize;

use crate::gateway::Gateway;

/// Where health is asked for.
pub const PATH: &str = "/.well-known/portcullis/health";

/// What went wrong for good, or for now.
#[derive(Debug, Default)]
pub struct Health {
    broken: OnceLock<String>,
    watermark: AtomicBool,
    /// How many entries an earlier run had followed, until this one has; 0 then.
    owed: AtomicU64,
}

/// What a gateway says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub ready: bool,
    /// The size of the ledger that it follows.
    pub size: u64,
    /// Why it is not ready: `stale`, `no-spool`, `backwards` until it has followed as much as an earlier
    /// run had, or where and by which rule the ledger broke.
    pub why: Vec<String>,
}

impl Health {
    /// The ledger is not believed any more; nothing after this is followed.
    pub fn broken(&self, broken: &Broken) {
        let _ = self.broken.set(format!("ledger-broken ({}): {broken}", broken.rule()));
    }

    /// How many entries an earlier run had followed that this one has not; 0 once it has them all.
    pub fn owed(&self, size: u64) {
        self.owed.store(size, Ordering::Relaxed);
    }

    pub fn is_broken(&self) -> bool {
        self.broken.get().is_some()
    }

    /// Whether the watermark could be written the last time.
    pub fn watermark(&self, written: bool) {
        self.watermark.store(!written, Ordering::Relaxed);
    }

    pub fn report(&self, gateway: &Gateway) -> Report {
        let view = gateway.view.load();
        let clock = gateway.proof.clock();
        let fresh = clock.proven < view.state.settings().staleness;
        let mut why = Vec::new();
        why.extend(self.broken.get().cloned());
        if !fresh {
            why.push("stale".to_owned());
        }
        if !gateway.recorder.is_writable() {
            why.push("no-spool".to_owned());
        }
        if view.state.active_gateway(gateway.id).is_err() {
            why.push("not-enrolled".to_owned());
        }
        let owed = self.owed.load(Ordering::Relaxed);
        if owed > 0 {
            why.push(format!(
                "backwards ({owed} entries were followed before, up to {})",
                owed - 1
            ));
        }
        let ready = why.is_empty();
        if self.watermark.load(Ordering::Relaxed) {
            why.push("watermark-unwritable".to_owned());
        }
        Report { ready, size: view.state.size(), why }
    }
}

impl Report {
    /// For whoever asks on the port of the calls: the codes alone.
    pub fn answer(&self) -> Result<(ResponseHeader, Bytes)> {
        let code = |why: &String| why.split(' ').next().unwrap_or_default().to_owned();
        let brief = Report { why: self.why.iter().map(code).collect(), ..self.clone() };
        let body = Bytes::from(serde_json::to_vec(&brief).unwrap_or_default());
        let mut header =
            ResponseHeader::build_no_case(if self.ready { 200 } else { 503 }, Some(4))?;
        header.insert_header(CONTENT_TYPE, "application/json")?;
        header.insert_header(CACHE_CONTROL, "no-store")?;
        header.set_content_length(body.len())?;
        Ok((header, body))
    }
}
