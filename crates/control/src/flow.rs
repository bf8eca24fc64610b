//! Flows: one file per noun, one function per verb. Build the entry, check, append, absorb; then effects.

pub mod act;
pub mod grant;
pub mod probe;
pub mod request;
pub mod revoke;
pub mod service;
pub mod statement;
pub mod ticket;
pub mod vendor;

use domain::refusal::Refusal;

use crate::journal::{CommitError, JournalError};
use crate::vault::VaultError;

/// Why a flow did not go through: a refusal is an answer, the rest is ours to mend.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the ledger is unavailable: {0}")]
    Unavailable(String),
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Failure {
        Failure::Unavailable(error.to_string())
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Failure {
        Failure::Unavailable(error.to_string())
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Failure {
        match error {
            CommitError::Refused(refusal) => Failure::Refused(refusal),
            other => Failure::Unavailable(other.to_string()),
        }
    }
}
