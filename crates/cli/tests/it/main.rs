//! The stories: the real binary, a fresh server each, everything that it starts ended by it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod backup;
mod crash;
mod house;
mod postgres;
mod real;
mod server;
mod story;
mod tamper;
