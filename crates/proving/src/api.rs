//! The handlers, one file per noun. Who may call them is decided before, in `guard`.

pub(crate) mod account;
pub(crate) mod customers;
pub(crate) mod events;
pub(crate) mod invoices;
pub(crate) mod label;
pub(crate) mod parcels;
pub(crate) mod published;
pub(crate) mod rates;
pub(crate) mod token;
