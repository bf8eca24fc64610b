//! The document scan against documents that nobody here wrote, and against hostile ones.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a story that cannot go on has failed"
)]

mod corpus;
mod generated;
mod hostile;
mod precision;
mod real;
