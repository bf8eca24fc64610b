//! The rules as a whole, through the one door: stories, tampering, canonical bytes, properties.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking, their helpers too"
)]

mod admission;
mod bounds;
mod canonical;
mod codes;
mod compile_fail;
mod everything;
mod hardware;
mod held_back;
mod invariants;
mod machines;
mod memo;
mod people;
mod policies;
mod reach;
mod renewal;
mod renewed;
mod responsible;
mod rewritten;
mod signatures;
mod snapshot;
mod tamper;
mod ticket;
mod token;
mod walks;

use std::collections::BTreeSet;

use domain::refusal::{Code, Refusal};

/// The codes of a refusal; a panic when it was none.
fn codes<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> BTreeSet<Code> {
    answer.unwrap_err().reasons.iter().map(|reason| reason.code).collect()
}

/// That the rulebook says no, for this reason and no other.
#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T, Refusal>, code: Code) {
    assert_eq!(codes(answer), BTreeSet::from([code]));
}
