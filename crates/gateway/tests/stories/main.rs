//! Stories of a gateway: a real ledger, real callers, real vendors.

mod allowed;
mod answers;
mod denied;
mod following;
mod ledger;
mod raw;
mod recorded;
mod revoked;
mod smuggling;
mod upstreams;
mod vendor;
mod world;
