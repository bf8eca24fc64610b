//! The one writer: takes what waits, checks it as a group, appends it as one batch, then answers.
//!
//! The order, written once: run the commands on a draft → attest → compare-and-swap with everything
//! else in one transaction → publish the state → hand over the watermark → answer. A crash before the
//! commit leaves nothing; a crash after it leaves a batch that nobody was told of, which the next
//! start follows like any other.

use std::collections::VecDeque;
use std::sync::Arc;

use arc_swap::ArcSwap;
use domain::signature::Seen;
use domain::state::State;
use domain::time::{Millis, Span};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use super::append::{NewBatch, append};
use super::attester::Attester;
use super::fold::Fold;
use super::group::{self, Group, Job, Published};
use super::keeper::Keeper;
use super::refold::{self, Standing};
use super::store::Database;
use super::watermark::Watermark;
use super::{Clock, JournalError, Outage};

/// How many commands one group takes.
const GROUP: usize = 256;
/// How often a group is run again because another node was faster.
const ATTEMPTS: usize = 32;
/// How far the newest entry may lie ahead of the clock.
const AHEAD: Span = Span::MINUTE;
/// How long until this node looks what others have appended.
const LOOK: std::time::Duration = std::time::Duration::from_millis(200);

/// What reaches the writer.
pub(super) enum Work {
    Run(Box<dyn Job>),
    /// Follow what other nodes appended, now.
    Follow(oneshot::Sender<Result<(), Outage>>),
    /// Finish what waits, and end.
    Close,
}

/// Where readers look.
pub(super) struct Board {
    pub state: Arc<ArcSwap<State>>,
    pub size: watch::Sender<u64>,
}

pub(super) struct Writer {
    pub database: Database,
    pub attester: Arc<Attester>,
    pub clock: Clock,
    pub fold: Fold,
    pub board: Board,
    pub watermark: Watermark,
    pub work: mpsc::Receiver<Work>,
    /// A transaction failed: it may have been kept all the same, so the database is followed first.
    pub suspect: bool,
    pub keeper: Keeper,
    pub standing: watch::Receiver<Standing>,
    /// The work of folding everything again, after a start from a snapshot.
    pub refold: Option<AbortHandle>,
}

type Queue = VecDeque<Box<dyn Job>>;

impl Writer {
    pub(super) async fn run(mut self) {
        let mut waiting = Queue::new();
        loop {
            if waiting.is_empty() {
                let Some(work) = self.next().await else { break };
                self.take(work, &mut waiting).await;
            }
            while waiting.len() < GROUP {
                let Ok(work) = self.work.try_recv() else { break };
                self.take(work, &mut waiting).await;
            }
            if !waiting.is_empty()
                && let Err(outage) = self.round(&mut waiting).await
            {
                tracing::warn!(%outage, commands = waiting.len(), "nothing was appended");
                waiting.drain(..).for_each(|job| job.fail(outage.clone()));
            }
        }
        if let Some(refold) = &self.refold {
            refold.abort();
        }
        self.watermark.finish().await;
        // INVARIANT: only what rests on every entry is sealed, so that no snapshot rests on another.
        if matches!(*self.standing.borrow(), Standing::Entries) {
            self.keeper.finish(&self.fold).await;
        }
        self.database.close().await;
    }

    /// The next piece of work; meanwhile a shared ledger is followed.
    async fn next(&mut self) -> Option<Work> {
        if !self.database.is_shared() {
            return self.work.recv().await;
        }
        loop {
            match tokio::time::timeout(LOOK, self.work.recv()).await {
                Ok(work) => return work,
                Err(_) => {
                    if let Err(error) = self.catch_up().await {
                        tracing::error!(%error, "the ledger cannot be followed");
                    }
                }
            }
        }
    }

    async fn take(&mut self, work: Work, waiting: &mut Queue) {
        match work {
            Work::Run(job) => waiting.push_back(job),
            Work::Follow(answer) => {
                let _ = answer.send(self.catch_up().await.map_err(Outage::from));
            }
            Work::Close => self.work.close(),
        }
    }

    /// Appends one batch of what waits and answers it; what did not fit stays in `waiting`, and so does
    /// everything when it fails.
    async fn round(&mut self, waiting: &mut Queue) -> Result<(), Outage> {
        for _ in 0..ATTEMPTS {
            if self.suspect {
                self.catch_up().await?;
            }
            let now = self.now()?;
            let (mut group, batch) = self.prepare(waiting, now).await?;
            let added = std::mem::take(&mut group.added);
            let appended = match added.is_empty() {
                true => Ok(true),
                false => append(&self.database, batch.as_ref(), added).await,
            };
            if let Ok(true) = appended {
                self.publish(batch);
                let published = self.published();
                group.ran.into_iter().for_each(|(job, entries)| job.finish(&published, entries));
                return Ok(());
            }
            group.ran.into_iter().rev().for_each(|(job, _)| waiting.push_front(job));
            self.suspect = true;
            appended.map_err(|error| Outage::from(JournalError::Store(error)))?;
        }
        Err(Outage::Contended)
    }

    /// The arithmetic, off the runtime's threads.
    async fn prepare(
        &self,
        waiting: &mut Queue,
        now: Millis,
    ) -> Result<(Group, Option<NewBatch>), Outage> {
        let mut queue = std::mem::take(waiting);
        let (fold, attester) = (self.fold.clone(), self.attester.clone());
        let prepared = tokio::task::spawn_blocking(move || {
            let mut group = group::run(fold.state(), &mut queue, attester.node(), now);
            let batch = NewBatch::prepare(&fold, &mut group, &attester);
            (queue, group, batch)
        });
        let (queue, group, batch) =
            prepared.await.map_err(|error| JournalError::Interrupted(error.to_string()))?;
        *waiting = queue;
        match batch {
            Ok(batch) => Ok((group, batch)),
            Err(error) => {
                group.ran.into_iter().rev().for_each(|(job, _)| waiting.push_front(job));
                Err(error.into())
            }
        }
    }

    fn now(&self) -> Result<Millis, Outage> {
        refold::broken(&self.standing)?;
        let (clock, tip) = ((self.clock)(), self.fold.state().at());
        if tip > clock.after(AHEAD) {
            return Err(Outage::Clock { clock, tip });
        }
        if self.watermark.is_failing() {
            return Err(Outage::Watermark);
        }
        Ok(clock.max(tip))
    }

    /// Follows what the database has beyond this node's state: other nodes' batches, or an own one of
    /// which the answer was lost.
    async fn catch_up(&mut self) -> Result<(), JournalError> {
        let before = self.fold.state().size();
        let followed = self.fold.catch_up(&self.database).await;
        if self.fold.state().size() > before {
            self.show();
        }
        followed?;
        self.suspect = false;
        Ok(())
    }

    fn publish(&mut self, batch: Option<NewBatch>) {
        if let Some(batch) = batch {
            self.fold.advance(batch.state, batch.frontier, batch.edge);
            self.show();
        }
    }

    /// What was absorbed becomes what readers see.
    fn show(&mut self) {
        let state = self.fold.state();
        self.board.state.store(Arc::new(state.clone()));
        self.board.size.send_replace(state.size());
        self.watermark.reached(self.seen());
        if matches!(*self.standing.borrow(), Standing::Entries) {
            self.keeper.look(&self.fold);
        }
    }

    fn seen(&self) -> Seen {
        self.fold.follower().seen()
    }

    fn published(&self) -> Published {
        Published { state: self.board.state.load_full(), seen: self.seen() }
    }
}
