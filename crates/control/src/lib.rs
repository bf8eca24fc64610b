//! The control plane: the only crate with SQL, keys that sign the ledger, and vendor secrets.
//!
//! Start reading at [`journal`]: every change of the state goes through it.

pub mod api;
pub mod control;
pub mod flow;
pub mod jobs;
pub mod journal;
pub mod keys;
pub mod listen;
pub mod login;
#[cfg(feature = "testing")]
pub mod testing;
pub mod vault;
pub mod view;
