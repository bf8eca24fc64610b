//! Accounts, invoices, signing up and logging in.

use serde_json::{Value, json};

use super::{cents, exactly, id, items, one_of, text};
use crate::api::callbacks::URL_CHARS;
use crate::api::signup::PASSWORD_CHARS;
use crate::input::{PAGE_ITEMS, TEXT_CHARS};

pub(super) fn all() -> Value {
    json!({
        "Customer": exactly(json!({
            "id": id(),
            "name": text(TEXT_CHARS),
            "email": text(TEXT_CHARS),
            "phone": text(TEXT_CHARS),
            "role": one_of(&["customer", "administrator"]),
            "credit_cents": cents(0),
            "created_at": cents(0),
        })),
        "NewCustomer": exactly(json!({ "name": id(), "password": password(PASSWORD_CHARS) })),
        "Login": exactly(json!({ "name": id(), "password": password(1) })),
        "Callback": exactly(json!({ "callback_url": url() })),
        "CallbackAnswer": exactly(json!({
            "callback_url": url(),
            "answered": { "type": "null", "description": "The status of the last call, if any" },
        })),
        "CustomerList": exactly(json!({ "items": items("Customer", PAGE_ITEMS) })),
        "AccountChange": {
            "type": "object",
            "properties": {
                "name": text(TEXT_CHARS),
                "email": text(TEXT_CHARS),
                "phone": text(TEXT_CHARS),
            },
            "minProperties": 1,
            "additionalProperties": false,
        },
        "Invoice": exactly(json!({
            "id": id(),
            "customer_id": id(),
            "amount_cents": cents(0),
            "refunded_cents": cents(0),
            "currency": { "type": "string", "pattern": "^[A-Z]{3}$", "maxLength": 3 },
            "issued_at": cents(0),
        })),
        "InvoiceList": exactly(json!({ "items": items("Invoice", PAGE_ITEMS) })),
        "Refund": exactly(json!({ "amount_cents": cents(1), "reason": text(TEXT_CHARS) })),
    })
}

fn password(least: usize) -> Value {
    json!({
        "type": "string", "format": "password", "minLength": least, "maxLength": TEXT_CHARS,
        "writeOnly": true,
    })
}

fn url() -> Value {
    json!({ "type": "string", "format": "uri", "minLength": 1, "maxLength": URL_CHARS })
}
