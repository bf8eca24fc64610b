//! The handlers, one file per noun. Who may call them is decided before, in `guard`.

pub(crate) mod account;
pub(crate) mod addresses;
pub(crate) mod authorize;
pub(crate) mod callbacks;
pub(crate) mod customers;
pub(crate) mod events;
pub(crate) mod exposed;
pub(crate) mod forms;
pub(crate) mod invoices;
pub(crate) mod label;
pub(crate) mod leave;
pub(crate) mod messages;
pub(crate) mod parcels;
pub(crate) mod published;
pub(crate) mod rates;
pub(crate) mod signup;
pub(crate) mod token;
pub(crate) mod traps;
