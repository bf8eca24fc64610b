//! Following the database: its batches, believed one by one, and the tree's edge that they make.

use domain::digest::Digest;
use domain::follow::{Broken, Follower};
use domain::signature::Seen;
use domain::state::State;
use ledger::{Frontier, Hash, leaf_hash};

use super::JournalError;
use super::edge::Edge;
use super::read::{self, Stored};
use super::store::Database;

/// How many entries are followed at once.
const PAGE: usize = 2_000;

/// A believed state and the edge of its tree.
#[derive(Debug, Clone)]
pub(super) struct Fold {
    follower: Follower,
    edge: Edge,
}

impl Fold {
    pub(super) fn new(pinned: Option<Digest>) -> Fold {
        Fold { follower: Follower::new(pinned), edge: Edge::default() }
    }

    /// From a snapshot's state and the edge of its tree.
    pub(super) fn resume(state: State, frontier: Frontier, edge: Edge) -> Fold {
        Fold { follower: Follower::resume(state, frontier), edge }
    }

    pub(super) fn follower(&self) -> &Follower {
        &self.follower
    }

    pub(super) fn into_follower(self) -> Follower {
        self.follower
    }

    pub(super) fn state(&self) -> &State {
        self.follower.state()
    }

    pub(super) fn edge(&self) -> &Edge {
        &self.edge
    }

    /// Follows the database up to the tip that it states. On an error, everything believed before it
    /// stays.
    pub(super) async fn catch_up(&mut self, database: &Database) -> Result<(), JournalError> {
        let tip = read::tip(database).await?;
        let followed = self.state().size();
        if tip < followed {
            return Err(JournalError::Backwards { followed, database: tip });
        }
        if tip > followed {
            self.follow_to(database, u64::MAX).await?;
        }
        match self.state().size() < tip {
            true => Err(Broken::Gap { expected: self.state().size(), found: tip }.into()),
            false => Ok(()),
        }
    }

    /// Follows the batches that end at `until` entries or before. On an error, everything believed
    /// before it stays.
    pub(super) async fn follow_to(
        &mut self,
        database: &Database,
        until: u64,
    ) -> Result<(), JournalError> {
        loop {
            let stored = read::batches(database, self.state().size(), PAGE, until).await?;
            if stored.is_empty() {
                return Ok(());
            }
            let mut fold = self.clone();
            let accepted = tokio::task::spawn_blocking(move || {
                let accepted = fold.accept(&stored);
                (fold, accepted)
            });
            let (fold, accepted) =
                accepted.await.map_err(|error| JournalError::Interrupted(error.to_string()))?;
            *self = fold;
            accepted?;
        }
    }

    /// On an error, everything believed before it stays: then the page is followed a second time, up to
    /// there. A page that holds is followed once, on one copy of the state.
    fn accept(&mut self, stored: &[Stored]) -> Result<(), JournalError> {
        if let Ok(fold) = stored.iter().try_fold(self.clone(), Fold::extended) {
            self.warn(&fold);
            *self = fold;
            return Ok(());
        }
        for batch in stored {
            let fold = self.clone().extended(batch)?;
            self.warn(&fold);
            *self = fold;
        }
        Ok(())
    }

    fn extended(mut self, stored: &Stored) -> Result<Fold, JournalError> {
        let Stored { batch, root: found } = stored;
        self.follower = self.follower.extended(batch)?;
        let Seen { root: expected, size } = self.follower.seen();
        if *found != expected {
            return Err(Broken::Fork { size, expected, found: *found }.into());
        }
        let leaves: Vec<_> = batch.entries.iter().map(|bytes| leaf_hash(bytes)).collect();
        let grown = self.edge.grow(batch.first, &leaves)?;
        self.edge.keep(grown, size);
        Ok(self)
    }

    /// Says which decisions of the entries between this fold and `next` come out otherwise here.
    fn warn(&self, next: &Fold) {
        let new = |entry| entry >= self.state().size();
        for difference in next.follower.differences().iter().filter(|one| new(one.entry)) {
            tracing::warn!(entry = difference.entry, "this node's policy engine decides otherwise");
        }
    }

    /// Takes over a batch that was appended here: it was checked entry by entry before.
    pub(super) fn advance(&mut self, state: State, frontier: Frontier, edge: Edge) {
        self.follower = Follower::resume(state, frontier);
        self.edge = edge;
    }

    /// The edge of the tree with these leaves behind it.
    pub(super) fn frontier_with(&self, leaves: &[Hash]) -> Frontier {
        let mut frontier = self.follower.frontier().clone();
        frontier.extend(leaves.iter().copied());
        frontier
    }
}
