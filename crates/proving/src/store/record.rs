//! The records of the store, and which of their fields a reader may see.

use serde::{Deserialize, Serialize};

use crate::scope::Role;

/// A record with the fields that its readers may see; the others are the vendor's own.
pub(crate) trait Record: Serialize {
    const PUBLIC: &'static [&'static str];
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub id: String,
    pub name: String,
    pub email: String,
    pub phone: String,
    pub role: Role,
    pub credit_cents: i64,
    pub created_at: i64,
    pub(super) password_hash: String,
    pub(super) risk_score: u8,
    pub(super) internal_note: String,
}

impl Customer {
    /// Someone who signed up a moment ago.
    pub(super) fn new(id: &str, role: Role, password_hash: String, now: i64) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            email: format!("{id}@example.com"),
            phone: "+32 9 000 00 00".to_owned(),
            role,
            credit_cents: 0,
            created_at: now,
            password_hash,
            risk_score: 12,
            internal_note: "signed up by themselves".to_owned(),
        }
    }
}

impl Record for Customer {
    const PUBLIC: &'static [&'static str] =
        &["id", "name", "email", "phone", "role", "credit_cents", "created_at"];
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    pub name: String,
    pub street: String,
    pub city: String,
    pub postcode: String,
    pub country: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Speed {
    Economy,
    Standard,
    Express,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ParcelStatus {
    Created,
    InTransit,
    Delivered,
    Cancelled,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub id: String,
    pub customer_id: String,
    pub status: ParcelStatus,
    pub recipient: Address,
    pub weight_grams: u32,
    pub speed: Speed,
    pub price_cents: i64,
    pub created_at: i64,
    pub(super) carrier_cost_cents: i64,
    pub(super) warehouse_bin: String,
}

impl Record for Parcel {
    const PUBLIC: &'static [&'static str] = &[
        "id",
        "customer_id",
        "status",
        "recipient",
        "weight_grams",
        "speed",
        "price_cents",
        "created_at",
    ];
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Invoice {
    pub id: String,
    pub customer_id: String,
    pub amount_cents: i64,
    pub refunded_cents: i64,
    pub currency: String,
    pub issued_at: i64,
    pub(super) margin_cents: i64,
    pub(super) booking_account: String,
}

impl Record for Invoice {
    const PUBLIC: &'static [&'static str] =
        &["id", "customer_id", "amount_cents", "refunded_cents", "currency", "issued_at"];
}

/// What an asker wants with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Read,
    Change,
    Delete,
}
