//! Following the ledger: batches are verified and folded, in order, and nothing else changes the
//! state. What breaks a rule ends the following for good, so that staleness closes the gate.

pub mod fresh;
pub mod receipts;
pub mod watermark;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::digest::Digest;
use domain::follow::{Batch, Broken, Follower};
use domain::signature::Seen;

use crate::control::{Control, ControlError};
use crate::gateway::Gateway;

use self::fresh::Proofs;
use self::receipts::Receipts;

/// How long control may take for an answer: it waits for news itself for some ten seconds.
const PATIENCE: Duration = Duration::from_secs(30);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// One gateway's following of one ledger.
pub struct Follow {
    pub gateway: Arc<Gateway>,
    pub control: Arc<dyn Control>,
    pub proofs: Arc<Proofs>,
    pub receipts: Receipts,
    watermark: PathBuf,
    /// What an earlier run had followed and this one has not reached yet.
    owed: Option<Seen>,
    follower: Follower,
}

impl Follow {
    pub fn new(
        gateway: Arc<Gateway>,
        control: Arc<dyn Control>,
        proofs: Arc<Proofs>,
        receipts: Receipts,
        (pinned, watermark, owed): (Digest, PathBuf, Option<Seen>),
    ) -> Follow {
        let follower = Follower::new(Some(pinned));
        gateway.health.owed(owed.map_or(0, |seen| seen.size));
        Follow { gateway, control, proofs, receipts, watermark, owed, follower }
    }

    /// Follows until the ledger breaks.
    pub async fn run(mut self) {
        let mut pause = SHORTEST_PAUSE;
        loop {
            let batches = self.control.batches(self.follower.state().size());
            let batches = tokio::time::timeout(PATIENCE, batches).await;
            let late = || Err(ControlError::Unreachable("it takes too long".to_owned()));
            match batches.unwrap_or_else(|_| late()) {
                Ok(batches) => {
                    pause = SHORTEST_PAUSE;
                    if let Err(broken) = self.take(&batches) {
                        tracing::error!(
                            rule = broken.rule(),
                            "the ledger is not believed: {broken}"
                        );
                        self.gateway.health.broken(&broken);
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!("no batches: {error}");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn take(&mut self, batches: &[Batch]) -> Result<(), Broken> {
        let before = self.follower.state().size();
        let outcome = batches.iter().try_for_each(|batch| self.accept(batch));
        // What was followed up to a broken batch stays in force until it is stale.
        if self.follower.state().size() > before && self.owed.is_none() {
            self.publish();
        }
        outcome
    }

    fn accept(&mut self, batch: &Batch) -> Result<(), Broken> {
        self.follower.accept(batch)?;
        let state = self.follower.state();
        self.receipts.enrolled(batch.first, state.active_gateway(self.gateway.id).is_ok());
        for difference in self.follower.differences().iter().filter(|d| d.entry >= batch.first) {
            tracing::warn!(entry = difference.entry, "another engine decided otherwise");
        }
        if let Some(owed) = self.owed.filter(|owed| state.size() >= owed.size) {
            self.follower.must_extend(owed)?;
            self.owed = None;
            self.gateway.health.owed(0);
        }
        Ok(())
    }

    fn publish(&mut self) {
        let state = self.follower.state().clone();
        let seen = self.follower.seen();
        let cut = self.gateway.publish(state);
        self.proofs.folded(&self.gateway);
        self.receipts.follow(&self.gateway, &self.control, cut);
        // Behind the publishing: a full disk must not keep a revocation from coming into force.
        let written = watermark::write(&self.watermark, seen);
        self.gateway.health.watermark(written.is_ok());
        if let Err(error) = written {
            tracing::error!("the watermark cannot be written: {error}");
        }
    }
}
