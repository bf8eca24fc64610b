//! Behind a start from a snapshot: every entry is folded again, and any difference ends the node.

use std::sync::Arc;
use std::time::Duration;

use domain::digest::Digest;
use tokio::sync::watch;

use super::fold::Fold;
use super::snapshots::{Kept, Verdict};
use super::store::Database;
use super::{Journal, JournalError, Outage};

const RETRY: Duration = Duration::from_secs(1);

/// What the state rests on.
#[derive(Debug)]
pub(super) enum Standing {
    /// On a snapshot, whose entries are being folded again.
    Snapshot,
    /// On every entry, from the first.
    Entries,
    /// On nothing: the entries do not hold, or fold to something else. Nothing more is appended.
    Broken(Arc<JournalError>),
}

pub(super) struct Refold {
    pub database: Database,
    pub kept: Kept,
    pub genesis: Option<Digest>,
    pub standing: watch::Sender<Standing>,
}

impl Refold {
    pub(super) async fn run(self) {
        let Refold { database, kept, genesis, standing } = self;
        standing.send_replace(match again(&database, kept, genesis).await {
            Ok(()) => Standing::Entries,
            Err(error) => {
                tracing::error!(%error, "the ledger does not hold what this node started from");
                Standing::Broken(Arc::new(error))
            }
        });
    }
}

async fn again(
    database: &Database,
    kept: Kept,
    genesis: Option<Digest>,
) -> Result<(), JournalError> {
    let mut fold = Fold::new(genesis);
    while let Err(error) = fold.follow_to(database, kept.size).await {
        if error.rule().is_some() {
            return Err(error);
        }
        tracing::warn!(%error, "the ledger cannot be read to its end; trying again");
        tokio::time::sleep(RETRY).await;
    }
    let compared = tokio::task::spawn_blocking(move || match kept.compare(&fold) {
        Verdict::Refused(why) => Err(kept.refused(format!(
            "it is sealed with this node's key, and {why}: somebody else has that key, or this \
             machine cannot be relied on"
        ))),
        Verdict::Fits | Verdict::OtherVersion => Ok(()),
    });
    compared.await.map_err(|error| JournalError::Interrupted(error.to_string()))?
}

impl Journal {
    /// The size of the snapshot that this start rested on, if it did.
    pub fn rests_on(&self) -> Option<u64> {
        self.shared.rests_on
    }

    /// Resolves once the state rests on every entry from the first, which after a start from a snapshot
    /// takes a while.
    ///
    /// # Errors
    /// What the entries say instead: by then nothing is appended any more, and the process should end.
    /// [`Outage::Closed`] when the journal was closed before.
    pub async fn proven(&self) -> Result<(), Arc<JournalError>> {
        let mut standing = self.shared.standing.clone();
        match standing.wait_for(|standing| !matches!(standing, Standing::Snapshot)).await.as_deref()
        {
            Ok(Standing::Broken(error)) => Err(error.clone()),
            Ok(_) => Ok(()),
            Err(_) => Err(Arc::new(Outage::Closed.into())),
        }
    }
}

/// The reason for which nothing is appended and nobody is vouched for.
pub(super) fn broken(standing: &watch::Receiver<Standing>) -> Result<(), Outage> {
    match &*standing.borrow() {
        Standing::Broken(error) => Err(Outage::Storage(error.clone())),
        _ => Ok(()),
    }
}
