//! Stories of the bundled vendors, told over real TLS.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests; the lint only spares the functions marked as such"
)]

mod api;
mod attempts;
mod bench;
mod certificates;
mod document;
mod oauth;
mod sessions;
mod streams;
mod traps;
mod weaknesses;
