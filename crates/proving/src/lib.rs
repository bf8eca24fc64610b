//! Bundled vendors for the tour and the tests: one shipping API, served weak or hardened.
//!
//! Start reading at [`Vendor::start`]. It serves "Parcel", a small but real HTTP API over real TLS
//! on the loopback address, with a fresh in-memory store, a fresh certificate authority and fresh
//! keys. Every [`Weakness`] is a behaviour of that server with its own switch: the hardened twin
//! ([`Switches::hardened`]) has none of them, the weak one ([`Switches::weak`]) has all.
//! Both publish the same OpenAPI document: it is true of the hardened twin only.
//!
//! Adding a weakness takes one line in `weakness.rs`, one `if` where it bites, and one attempt in
//! `tests/stories/attempts`.
//!
//! # Traps
//!
//! Both twins also have operations that are in order and look weak. A scanner that reports one of
//! them is wrong. They are documented as truly as the rest and live in `api/traps`.
//!
//! | operation | looks like | why it is in order |
//! |---|---|---|
//! | `GET /v1/parcels/{id}/insurance` | open, another's object: 200 | the body is `{"error": …}` |
//! | `PATCH /v1/preferences` | takes and repeats `role` | two fields are kept, the rest ignored |
//! | `GET /v1/search` | a quote gives 500, as in SQL | generic problem details, no database |
//! | `POST /v1/echo` | what is sent comes back | as JSON, encoded, and nothing reads it |
//! | `GET /v1/depots/nearest` | a payload takes 700 ms | so does everything else |
//! | `GET /v1/service-points/{id}` | A reads what B reads | it is a public catalogue |
//! | `DELETE /v1/address-book/{id}` | deletes another's, 204 | only one's own goes, then 410 |
//! | `GET /v1/admin/audit-events` | an administrator's list, 200 | it is empty for customers |
//!
//! Code map: `vendor` starts and stops a server, `operation` is the table of everything it serves,
//! `edge` and `guard` are the life of one call, `api` holds one file per noun, `document` describes it
//! all.

mod api;
mod certificate;
mod credential;
mod document;
mod echo;
mod edge;
mod fetch;
mod files;
mod grants;
mod guard;
mod idempotency;
mod input;
mod leak;
mod limiter;
mod operation;
mod password;
mod pattern;
mod problem;
mod random;
mod scope;
mod site;
mod store;
mod template;
mod token;
mod vendor;
mod weakness;

pub use certificate::{Authority, Tls};
pub use credential::Client;
pub use limiter::RateLimit;
pub use token::AUDIENCE;
pub use vendor::{Running, Vendor, VendorConfig, VendorError};
pub use weakness::{Switches, Weakness};
