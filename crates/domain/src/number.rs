//! Integers on the wire: below 2^53 in size, so that every JSON reader sees the same one (RFC 7493 §2.2).

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// The largest integer that a document may hold.
pub const MAX: u64 = (1 << 53) - 1;

/// For `#[serde(deserialize_with)]` on every unsigned integer of an entry or material.
pub(crate) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    match u64::deserialize(from)? {
        number if number <= MAX => Ok(number),
        number => Err(D::Error::custom(format!("{number} is not below 2^53"))),
    }
}

/// For `#[serde(deserialize_with)]` on every signed integer of an entry or material.
pub(crate) fn signed<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    match i64::deserialize(from)? {
        number if number.unsigned_abs() <= MAX => Ok(number),
        number => Err(D::Error::custom(format!("{number} is not between -2^53 and 2^53"))),
    }
}
