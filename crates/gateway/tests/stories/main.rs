//! Stories of a gateway: a real ledger, real callers, real vendors.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests; the lint only spares the functions marked as such"
)]

mod allowed;
mod answers;
mod denied;
mod following;
mod ledger;
mod patience;
mod raw;
mod recorded;
mod revoked;
mod smuggling;
mod upstreams;
mod vendor;
mod wire;
mod world;
