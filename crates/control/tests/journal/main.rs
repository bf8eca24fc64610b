//! The journal, from outside: real SQLite and PostgreSQL, real keys, real signatures.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod append;
mod crash;
mod records;
mod recover;
mod serve;
mod shared;
mod snapshots;
mod tamper;
mod time;
mod tls;
mod wire;

use control::journal::Journal;
use domain::state::State;

/// Everything that a state holds, as text.
fn all(state: &State) -> String {
    format!("{state:?}")
}

/// The ledger's bytes, from its first entry to its last.
async fn bytes(journal: &Journal) -> Vec<(u64, Vec<u8>)> {
    journal.entries(0, usize::MAX).await.unwrap()
}
