//! Bundled vendors for the tour and the tests: one shipping API, served weak or hardened.
//!
//! Start reading at [`Vendor::start`]. It serves "Parcel", a small but real HTTP API over real TLS
//! on the loopback address, with a fresh in-memory store, a fresh certificate authority and fresh
//! keys. Every [`Weakness`] is a behaviour of that server with its own switch: the hardened twin
//! ([`Switches::hardened`]) has none of them, the weak one ([`Switches::weak`]) has all.
//! Both publish the same OpenAPI document: it is true of the hardened twin only.
//!
//! Adding a weakness takes one line in `weakness.rs`, one `if` where it bites, and one attempt in
//! `tests/stories/attempts.rs`.
//!
//! Code map: `vendor` starts and stops a server, `operation` is the table of everything it serves,
//! `guard` is the life of one call, `api` holds one file per noun, `document` describes it all.

mod api;
mod certificate;
mod credential;
mod document;
mod echo;
mod guard;
mod input;
mod leak;
mod limiter;
mod operation;
mod problem;
mod random;
mod scope;
mod site;
mod store;
mod token;
mod vendor;
mod weakness;

pub use certificate::{Authority, Tls};
pub use credential::Client;
pub use limiter::RateLimit;
pub use token::AUDIENCE;
pub use vendor::{Running, Vendor, VendorConfig, VendorError};
pub use weakness::{Switches, Weakness};
