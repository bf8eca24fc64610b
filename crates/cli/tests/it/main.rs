//! The stories: the real binary, a fresh server each, everything that it starts ended by it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod authority;
mod backup;
mod crash;
mod exits;
mod house;
mod postgres;
mod real;
mod review;
mod sandbox;
mod scan;
mod server;
mod story;
mod tamper;
mod terminal;
