//! Stories of a gateway: a real ledger, real callers, real vendors.

mod allowed;
mod ledger;
mod vendor;
mod world;
