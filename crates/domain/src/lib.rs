//! The rules of Portcullis, and nothing else: no async, SQL, HTTP, clock, randomness or files.
//!
//! Start reading at [`entry`] (everything that can happen), then [`step`] (the one door through
//! which it happens), then [`admission`] (what all of it is for). Each noun's module owns the rules
//! of that noun.

pub mod actor;
pub mod address;
pub mod admission;
pub mod authority;
pub mod catalog;
pub mod contract;
pub mod credential;
pub mod digest;
pub mod entry;
pub mod evidence;
pub mod follow;
pub mod fuse;
pub mod gate;
pub mod genesis;
pub mod grant;
pub mod id;
pub mod limit;
pub mod machine;
pub mod material;
pub mod number;
pub mod people;
pub mod policy;
pub mod probe;
mod projection;
pub mod refusal;
pub mod request;
pub mod review;
pub mod revocation;
pub mod sealed;
pub mod service;
pub mod signature;
pub mod snapshot;
pub mod standard;
pub mod state;
pub mod statement;
pub mod step;
#[cfg(feature = "testing")]
#[expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a world for tests, which fail by panicking"
)]
pub mod testing;
pub mod ticket;
pub mod time;
pub mod token;
pub mod usage;
