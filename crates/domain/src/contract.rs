//! The contract with the vendor: when it ends, and the paper that says so.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::time::Millis;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    pub ends: Millis,
    pub paper: Digest,
}
