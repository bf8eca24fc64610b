//! Traps: operations of both twins that are in order, and look as if they were not. A scanner that
//! reports one of them has not looked at what a request changed. The table is in the crate's docs.

pub(crate) mod address_book;
pub(crate) mod audit;
pub(crate) mod depots;
pub(crate) mod echo;
pub(crate) mod insurance;
pub(crate) mod preferences;
pub(crate) mod search;
pub(crate) mod service_points;
