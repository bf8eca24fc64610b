//! The journal: the only SQL, the only owner of the mutable state. Commands in, attested batches out.
//!
//! [`Journal::commit`] runs a command on a [`Desk`], where every entry goes through the one rulebook,
//! and answers once the entries are durable in an attested batch. Commands that wait together become
//! one batch: one compare-and-swap on the tree's size, one transaction, one fsync. Readers hold whole
//! states ([`Journal::state`]) and never see anything that was not absorbed.

mod answers;
mod append;
mod attester;
mod blobs;
mod desk;
mod drafts;
mod edge;
mod error;
mod fold;
mod group;
mod keeper;
mod papers;
mod read;
mod reader;
mod recover;
mod refold;
mod secrets;
mod sessions;
mod snapshots;
mod start;
mod store;
mod watermark;
mod writer;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use domain::digest::Digest;
use domain::follow::Freshness;
use domain::refusal::Refusal;
use domain::signature::{Base64, Seen};
use domain::state::State;
use domain::time::Millis;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

pub use answers::{Answer, AnswerKey, Begun, KEPT as ANSWERS_KEPT};
pub use attester::Attester;
pub use blobs::LARGEST as LARGEST_BLOB;
pub use desk::{Desk, MAX_ENTRIES};
pub use drafts::Draft;
pub use error::{CommitError, JournalError, Outage};
pub use keeper::SNAPSHOT_EVERY;
pub use papers::Paper;
pub use reader::Reader;
pub use snapshots::{Cached, Verdict};
pub use store::{Store, StoreError};

use group::Waiting;
use keeper::Keeper;
use refold::{Refold, Standing};
use snapshots::Kept;
use start::Start;
use store::Database;
use watermark::Watermark;
use writer::{Board, Work, Writer};

/// How many commands may wait before [`Journal::commit`] itself does.
const WAITING: usize = 1_024;

/// What the journal asks for the time.
pub type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

/// A handle on the ledger of one organisation. Clones share it; the last one gone, the writer ends.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    state: Arc<ArcSwap<State>>,
    size: watch::Receiver<u64>,
    work: mpsc::Sender<Work>,
    attester: Arc<Attester>,
    clock: Clock,
    standing: watch::Receiver<Standing>,
    rests_on: Option<u64>,
}

/// A command's answer, durable.
#[derive(Debug, Clone)]
pub struct Committed<T> {
    pub value: T,
    /// The positions of the command's entries; empty when it appended none.
    pub entries: Range<u64>,
    /// The end of the batch that holds them.
    pub seen: Seen,
    /// The state behind that batch.
    pub state: Arc<State>,
}

impl Journal {
    /// Opens the store and replays the ledger in it by the rulebook: from this node's own snapshot, if
    /// there is one, and then from its first entry behind the start ([`Journal::proven`]). An empty store
    /// is fine: its genesis comes by [`Journal::commit`].
    ///
    /// `watermark` is a file beside the node's keys, outside the data; `pinned` is the hash of the one
    /// genesis to believe in.
    ///
    /// # Errors
    /// [`JournalError::Broken`] names the entry and the rule where the ledger does not hold, does not
    /// reach the watermark, or forks from it; [`JournalError::Snapshot`] when the entries hold, and the
    /// snapshot was changed.
    pub async fn open(
        store: Store,
        attester: Attester,
        watermark: PathBuf,
        pinned: Option<Digest>,
        clock: Clock,
    ) -> Result<Journal, JournalError> {
        let before = watermark::load(&watermark)?;
        let database = store.connect().await?;
        let Start { fold, rests_on } = start::believe(&database, &attester, pinned, before).await?;
        if !database.is_shared() {
            Journal::forget_unanswered(&database).await?;
        }
        let seen = fold.follower().seen();
        let watermark = Watermark::keep(watermark, seen).await?;

        let state = Arc::new(ArcSwap::from_pointee(fold.state().clone()));
        let (size_sender, size) = watch::channel(seen.size);
        let (work, receiver) = mpsc::channel(WAITING);
        let attester = Arc::new(attester);
        let snapshot = rests_on.as_ref().map(|kept| kept.size);
        let (standing, refold) = stand(&database, rests_on, fold.state());
        let writer = Writer {
            keeper: Keeper::new(database.clone(), attester.clone(), snapshot.unwrap_or(0)),
            standing: standing.clone(),
            refold,
            database: database.clone(),
            attester: attester.clone(),
            clock: clock.clone(),
            fold,
            board: Board { state: state.clone(), size: size_sender },
            watermark,
            work: receiver,
            suspect: false,
        };
        tokio::spawn(writer.run());
        let rests_on = snapshot;
        let shared = Shared { database, state, size, work, attester, clock, standing, rests_on };
        Ok(Journal { shared: Arc::new(shared) })
    }

    /// The newest absorbed state.
    pub fn state(&self) -> Arc<State> {
        self.shared.state.load_full()
    }

    /// The ledger's size, whenever it changes.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.shared.size.clone()
    }

    pub fn now(&self) -> Millis {
        (self.shared.clock)()
    }

    /// Runs the command and resolves when what it did is durable. It runs again, on the newer state,
    /// whenever another node appended first, and has no effects but those on its desk. A caller that
    /// stops waiting does not take the command back.
    ///
    /// # Errors
    /// The command's own refusal; [`CommitError::Unavailable`] when nothing could be appended.
    pub async fn commit<T, F>(&self, mut command: F) -> Result<Committed<T>, CommitError>
    where
        T: Send + 'static,
        F: FnMut(&mut Desk) -> Result<T, Refusal> + Send + 'static,
    {
        let request = answers::at_work();
        let command = move |desk: &mut Desk| {
            let value = command(desk)?;
            if let Some(key) = &request {
                desk.answer_by_entries(key);
            }
            Ok(value)
        };
        let (answer, outcome) = oneshot::channel();
        let job = Box::new(Waiting { command, outcome: None, answer });
        let sent = self.shared.work.send(Work::Run(job)).await;
        sent.map_err(|_| Outage::Closed)?;
        outcome.await.map_err(|_| Outage::Closed)?
    }

    /// The node's word that it knows the newest ledger: the database's own tip was read within the
    /// call.
    pub async fn fresh(&self, nonce: Digest) -> Result<Freshness, JournalError> {
        refold::broken(&self.shared.standing)?;
        let followed = self.state().size();
        let asked = self.now();
        let database = read::tip(&self.shared.database).await?;
        if database < followed {
            return Err(JournalError::Backwards { followed, database });
        }
        if self.state().size() < database {
            self.follow().await?;
        }
        let state = self.state();
        let Some(seen) = state.seen().filter(|seen| seen.size >= database) else {
            return Err(JournalError::NotNewest);
        };
        self.vouch(&state, nonce, seen, asked.max(state.at()))
    }

    fn vouch(
        &self,
        state: &State,
        nonce: Digest,
        seen: Seen,
        at: Millis,
    ) -> Result<Freshness, JournalError> {
        let node = self.shared.attester.node();
        let key = state.active_node(node).map_err(|no| JournalError::NotVouching(node, no))?;
        if *key != self.shared.attester.key() {
            return Err(JournalError::OtherKey(node));
        }
        let genesis = state.genesis_hash().ok_or(JournalError::NotNewest)?;
        let mut fresh = Freshness { at, node, nonce, seen, signature: Base64(Vec::new()) };
        fresh.signature = Base64(self.shared.attester.sign(&fresh.message(&genesis)));
        Ok(fresh)
    }

    /// Follows what other nodes appended up to now.
    pub async fn follow(&self) -> Result<(), Outage> {
        let (answer, outcome) = oneshot::channel();
        self.shared.work.send(Work::Follow(answer)).await.map_err(|_| Outage::Closed)?;
        outcome.await.map_err(|_| Outage::Closed)?
    }

    /// Appends what waits, brings the watermark up to it, leaves a snapshot and closes the database. Whatever comes later
    /// is [`Outage::Closed`].
    pub async fn close(&self) {
        // An error says that it is closed already.
        let _ = self.shared.work.send(Work::Close).await;
        self.shared.work.closed().await;
        let mut size = self.watch();
        while size.changed().await.is_ok() {}
    }
}

/// What the state rests on; if that is a snapshot, the work that changes it begins.
fn stand(
    database: &Database,
    rests_on: Option<Kept>,
    state: &State,
) -> (watch::Receiver<Standing>, Option<AbortHandle>) {
    let Some(kept) = rests_on else { return (watch::channel(Standing::Entries).1, None) };
    let (standing, receiver) = watch::channel(Standing::Snapshot);
    let (database, genesis) = (database.clone(), state.genesis_hash());
    let refold = tokio::spawn(Refold { database, kept, genesis, standing }.run());
    (receiver, Some(refold.abort_handle()))
}
