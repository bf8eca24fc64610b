//! Judges APIs from outside: parses hostile answers, holds no secrets of ours, runs as a child process.
//!
//! Start reading at [`document`] (a description is judged, one file per check) and [`live`] (a sandbox
//! is, as [`order`] asks), both over [`api`]; then [`report`] (what comes back). [`child`] puts a live
//! scan into a process of its own.

pub mod api;
pub mod child;
pub mod document;
pub mod flaw;
pub mod live;
pub mod order;
pub mod pages;
pub mod report;
pub mod secret;

pub use live::{Check, CheckId, check};
pub use order::{Bounds, Credentials, Intensity, Login, Logins, OAuthClient, Order, Placement};
pub use report::{Finding, Report, Value};
pub use secret::Secret;

/// The version that the scanner names to the servers it visits.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
