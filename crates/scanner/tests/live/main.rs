//! Stories of the live scan: against weak and hardened twins, old TLS, hostile servers, in a child.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a story that cannot go on has failed"
)]

mod attacks;
mod authorisation;
mod child;
mod damaged;
mod hostile;
mod old_tls;
mod order;
mod twins;
