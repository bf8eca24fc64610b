//! The watermark: the newest (size, root) that this node attested or followed, in a file beside its keys.
//!
//! It is written behind the database, never ahead of it: after a crash between the two the database
//! may have more than the watermark says, and never less. A start on a database that does not extend
//! the watermark is refused, so nobody can hand the node an older copy of its own ledger.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::entry::canonical;
use domain::signature::Seen;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::JournalError;

const RETRY: Duration = Duration::from_secs(1);

/// Reads the file; `None` when there is none yet.
pub(super) fn load(path: &Path) -> Result<Option<Seen>, JournalError> {
    let failed = |why: String| JournalError::Watermark { path: path.to_owned(), why };
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            failed(format!("{error}; if the file was damaged, put back a copy of it"))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Replaces the file: it holds the old or the new watermark whole, whatever happens.
fn save(path: &Path, seen: Seen) -> std::io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = std::fs::File::create(&fresh)?;
    file.write_all(&canonical(&seen))?;
    file.sync_data()?;
    std::fs::rename(&fresh, path)
}

/// Writes behind: commits hand over what they reached and go on, the file follows.
pub(super) struct Watermark {
    newest: watch::Sender<Seen>,
    failing: Arc<AtomicBool>,
    keeper: JoinHandle<()>,
}

impl Watermark {
    /// Writes `seen`, which the database holds, and keeps the file behind it from now on.
    pub(super) async fn keep(path: PathBuf, seen: Seen) -> Result<Watermark, JournalError> {
        if seen.size > 0 {
            write(path.clone(), seen).await.map_err(|error| JournalError::Watermark {
                path: path.clone(),
                why: error.to_string(),
            })?;
        }
        let (newest, follow) = watch::channel(seen);
        let failing = Arc::new(AtomicBool::new(false));
        let keeper = tokio::spawn(follow_up(path, follow, failing.clone()));
        Ok(Watermark { newest, failing, keeper })
    }

    pub(super) fn reached(&self, seen: Seen) {
        self.newest.send_replace(seen);
    }

    /// While the file cannot be written, nothing is appended: a node without a memory of how far it
    /// was could be turned back.
    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Waits until the file has caught up.
    pub(super) async fn finish(self) {
        drop(self.newest);
        if let Err(error) = self.keeper.await {
            tracing::error!(%error, "the watermark was not written to its end");
        }
    }
}

async fn write(path: PathBuf, seen: Seen) -> std::io::Result<()> {
    let saved = tokio::task::spawn_blocking(move || save(&path, seen)).await;
    saved.unwrap_or_else(|error| Err(std::io::Error::other(error)))
}

async fn follow_up(path: PathBuf, mut newest: watch::Receiver<Seen>, failing: Arc<AtomicBool>) {
    while newest.changed().await.is_ok() {
        loop {
            let seen = *newest.borrow_and_update();
            let Err(error) = write(path.clone(), seen).await else { break };
            failing.store(true, Ordering::Relaxed);
            tracing::error!(path = %path.display(), %error, "the watermark cannot be written");
            if newest.has_changed().is_err() {
                return; // the journal is closed; the next start compares with the older one
            }
            tokio::time::sleep(RETRY).await;
        }
        failing.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::digest::Digest;

    #[tokio::test]
    async fn the_file_follows_and_is_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("watermark");
        assert_eq!(load(&path).unwrap(), None);
        let seen = |size| Seen { root: Digest([size as u8; 32]), size };
        let watermark = Watermark::keep(path.clone(), seen(1)).await.unwrap();
        assert_eq!(load(&path).unwrap(), Some(seen(1)));
        watermark.reached(seen(2));
        watermark.reached(seen(3));
        watermark.finish().await;
        assert_eq!(load(&path).unwrap(), Some(seen(3)));
    }

    #[test]
    fn a_damaged_file_is_named_and_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("watermark");
        std::fs::write(&path, "{\"size\":").unwrap();
        let refused = load(&path).unwrap_err().to_string();
        assert!(refused.contains("watermark") && refused.contains("cannot be used"), "{refused}");
    }
}
