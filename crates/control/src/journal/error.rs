//! What goes wrong with a journal: failures of reading and starting, and why a command got no answer.

use std::path::PathBuf;
use std::sync::Arc;

use domain::follow::Broken;
use domain::id::NodeId;
use domain::refusal::Refusal;
use domain::time::Millis;

use super::store::StoreError;

/// Why the journal does not start, or cannot say.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the ledger does not hold, by the rule `{rule}`: {0}", rule = .0.rule())]
    Broken(#[from] Broken),
    #[error("the tree's tiles do not fit its entries, by the rule `tiles`: {0}")]
    Tiles(String),
    #[error(
        "the snapshot of {node} up to entry {last} does not hold, by the rule `snapshot`: {why}; find \
         out who wrote it, then delete it with `portcullis ledger drop-snapshots` and start from the \
         entries",
        last = .size.saturating_sub(1)
    )]
    Snapshot { node: String, size: u64, why: String },
    #[error("the watermark `{path}` cannot be used: {why}")]
    Watermark { path: PathBuf, why: String },
    #[error(
        "the database has {database} entries where this node has followed {followed}, by the rule \
         `backwards`: stop, and put the newest copy of the database back"
    )]
    Backwards { followed: u64, database: u64 },
    #[error("the ledger enrols node {0} with another key than this node holds")]
    OtherKey(NodeId),
    #[error("node {0} cannot vouch for the ledger: {1}")]
    NotVouching(NodeId, Refusal),
    #[error("the database is ahead of this node, which has not followed yet; try again")]
    NotNewest,
    #[error("the attestation cannot be signed: {0}")]
    Signing(#[from] ledger::note::NoteError),
    #[error("there is a ledger already: {0}; name an empty database or a new directory")]
    NotEmpty(String),
    #[error("no batch ends at {0} entries")]
    NoSuchSize(u64),
    #[error(transparent)]
    Outage(#[from] Outage),
    #[error("the journal's work was interrupted: {0}")]
    Interrupted(String),
}

impl JournalError {
    /// The stable code of the rule that the database breaks; none for what may go away by itself.
    pub fn rule(&self) -> Option<&'static str> {
        match self {
            JournalError::Broken(broken) => Some(broken.rule()),
            JournalError::Tiles(_) => Some("tiles"),
            JournalError::Snapshot { .. } => Some("snapshot"),
            JournalError::Backwards { .. } => Some("backwards"),
            JournalError::Store(StoreError::Corrupt { .. }) => Some("corrupt"),
            _ => None,
        }
    }
}

/// Why nothing was appended although nobody refused it. Nothing of the command has happened, except
/// after [`Outage::Storage`], when the database may have kept it without saying so: the state tells.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Outage {
    #[error(
        "the node's clock says {clock}, more than a minute before the newest entry at {tip}: if the \
         clock is wrong, set it; if it is right, an entry was dated ahead while it was wrong, and \
         entries are appended again from {tip} on"
    )]
    Clock { clock: Millis, tip: Millis },
    #[error("other nodes append without a pause; try again")]
    Contended,
    #[error("the ledger cannot be written: {0}")]
    Storage(Arc<JournalError>),
    #[error("the watermark cannot be written; nothing is appended until it can")]
    Watermark,
    #[error("the command failed inside; nothing of it was appended")]
    Panicked,
    #[error("the journal is closed")]
    Closed,
}

impl Outage {
    /// The stable name of this outage.
    pub fn code(&self) -> &'static str {
        match self {
            Outage::Clock { .. } => "clock-behind",
            Outage::Contended => "ledger-contended",
            Outage::Storage(_) => "ledger-unavailable",
            Outage::Watermark => "watermark-unavailable",
            Outage::Panicked => "command-failed",
            Outage::Closed => "journal-closed",
        }
    }
}

impl From<JournalError> for Outage {
    fn from(error: JournalError) -> Outage {
        match error {
            JournalError::Outage(outage) => outage,
            error => Outage::Storage(Arc::new(error)),
        }
    }
}

/// A command's other ends: the rulebook says no, or there is no answer now.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Unavailable(#[from] Outage),
}
