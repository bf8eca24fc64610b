//! When snapshots are written: now and then and at a clean stop, behind the commits and never in their way.

use std::sync::Arc;

use domain::snapshot::{self, SnapshotError};
use domain::state::State;
use ledger::Frontier;
use tokio::task::JoinHandle;

use super::JournalError;
use super::attester::Attester;
use super::fold::Fold;
use super::snapshots::{self, Kept};
use super::store::Database;

/// A snapshot is written after this many entries, and after an eighth of the ledger: so all of them
/// together cost no more than the ledger grew.
pub const SNAPSHOT_EVERY: u64 = 10_000;
const SHARE: u64 = 8;

/// Writes one snapshot at a time.
pub(super) struct Keeper {
    database: Database,
    attester: Arc<Attester>,
    /// The size of the newest one.
    newest: u64,
    at_work: Option<JoinHandle<()>>,
}

impl Keeper {
    pub(super) fn new(database: Database, attester: Arc<Attester>, newest: u64) -> Keeper {
        Keeper { database, attester, newest, at_work: None }
    }

    /// Begins to write one, if it is time.
    pub(super) fn look(&mut self, fold: &Fold) {
        let grown = fold.state().size().saturating_sub(self.newest);
        let idle = self.at_work.as_ref().is_none_or(JoinHandle::is_finished);
        if idle && grown >= SNAPSHOT_EVERY.max(self.newest / SHARE) {
            self.begin(fold);
        }
    }

    /// Writes one of everything that is new, and waits for it.
    pub(super) async fn finish(mut self, fold: &Fold) {
        if let Some(at_work) = self.at_work.take() {
            let _ = at_work.await; // it said what went wrong
        }
        if fold.state().size() > self.newest {
            self.begin(fold);
        }
        if let Some(at_work) = self.at_work.take() {
            let _ = at_work.await;
        }
    }

    fn begin(&mut self, fold: &Fold) {
        self.newest = fold.state().size();
        let (state, frontier) = (fold.state().clone(), fold.follower().frontier().clone());
        let (database, attester) = (self.database.clone(), self.attester.clone());
        self.at_work = Some(tokio::spawn(async move {
            let size = state.size();
            match write(&database, attester, state, frontier).await {
                Ok(()) => tracing::debug!(size, "a snapshot was written"),
                Err(error) => tracing::warn!(%error, size, "no snapshot was written"),
            }
        }));
    }
}

async fn write(
    database: &Database,
    attester: Arc<Attester>,
    state: State,
    frontier: Frontier,
) -> Result<(), JournalError> {
    let seal = move || -> Result<Kept, SnapshotError> {
        let bytes = snapshot::seal(&state, &frontier, attester.snapshot_key())?;
        Ok(Kept { node: attester.node().to_string(), size: state.size(), bytes })
    };
    let sealed = tokio::task::spawn_blocking(seal).await;
    let kept = sealed
        .map_err(|error| error.to_string())
        .and_then(|sealed| sealed.map_err(|error| error.to_string()))
        .map_err(JournalError::Interrupted)?;
    Ok(snapshots::keep(database, &kept).await?)
}
