//! Parcels, their labels, events and messages; prices.

use serde_json::{Value, json};

use super::super::reference;
use super::{LARGEST, cents, country, exactly, id, items, one_of, speed, text, weight};
use crate::input::{ID_CHARS, PAGE_ITEMS, POSTCODE_CHARS, TEXT_CHARS};

pub(super) fn all() -> Value {
    json!({
        "Address": exactly(json!({
            "name": text(TEXT_CHARS),
            "street": text(TEXT_CHARS),
            "city": text(TEXT_CHARS),
            "postcode": text(POSTCODE_CHARS),
            "country": country(),
        })),
        "ParcelStatus": one_of(&["created", "in-transit", "delivered", "cancelled"]),
        "NewParcel": exactly(json!({
            "recipient": reference("Address"),
            "weight_grams": weight(),
            "speed": speed(),
        })),
        "ParcelChange": exactly(json!({ "recipient": reference("Address") })),
        "Parcel": exactly(json!({
            "id": id(),
            "customer_id": id(),
            "status": reference("ParcelStatus"),
            "recipient": reference("Address"),
            "weight_grams": weight(),
            "speed": speed(),
            "price_cents": cents(0),
            "created_at": cents(0),
        })),
        "ParcelPage": exactly(json!({
            "items": items("Parcel", PAGE_ITEMS),
            "next": {
                "type": ["string", "null"], "pattern": "^[a-z0-9_-]+$", "maxLength": ID_CHARS,
                "description": "What to send as `after`; null on the last page",
            },
        })),
        "Message": exactly(json!({ "text": text(TEXT_CHARS) })),
        "MessagePreview": exactly(json!({
            "text": text(TEXT_CHARS),
            "lines": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 4 },
        })),
        "Form": { "type": "string", "maxLength": 16_384 },
        "Line": exactly(json!({ "line": text(TEXT_CHARS) })),
        "Verdict": exactly(json!({ "valid": { "type": "boolean" } })),
        "Label": {
            "type": "string", "contentMediaType": "application/pdf", "maxLength": 16_384,
        },
        "EventStream": {
            "type": "string", "maxLength": LARGEST,
            "description": "Events in the format of the HTML standard, without an end",
        },
        "Shipment": exactly(json!({
            "from_country": country(),
            "to_country": country(),
            "weight_grams": weight(),
        })),
        "Quote": exactly(json!({
            "speed": speed(),
            "price_cents": cents(0),
            "days": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 60 },
        })),
        "Quotes": exactly(json!({ "quotes": items("Quote", 3) })),
    })
}
