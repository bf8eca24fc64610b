//! What the traps take and answer, as truly as the rest.

use serde_json::{Value, json};

use super::super::reference;
use super::{cents, exactly, id, items, one_of, text};
use crate::input::{PAGE_ITEMS, TEXT_CHARS};

pub(super) fn all() -> Value {
    let language = || one_of(&["en", "fr", "nl", "pt"]);
    let newsletter = || json!({ "type": "boolean" });
    let hour = || json!({ "type": "integer", "format": "int32", "minimum": 0, "maximum": 23 });
    json!({
        "Insurance": { "oneOf": [
            exactly(json!({ "parcel_id": id(), "covered_cents": cents(0) })),
            exactly(json!({ "error": text(TEXT_CHARS) })),
        ] },
        "Preferences": exactly(json!({ "language": language(), "newsletter": newsletter() })),
        "PreferencesChange": {
            "type": "object",
            "properties": { "language": language(), "newsletter": newsletter() },
            "maxProperties": 100,
            "additionalProperties": true,
        },
        "PreferencesReceived": exactly(json!({ "received": reference("PreferencesChange") })),
        "Found": exactly(json!({
            "parcel_ids": { "type": "array", "items": id(), "maxItems": PAGE_ITEMS },
        })),
        "Echo": exactly(json!({ "text": text(TEXT_CHARS) })),
        "Depot": exactly(json!({
            "depot": one_of(&["north", "east", "south", "west"]),
            "opens": hour(),
            "closes": hour(),
        })),
        "ServicePoint": exactly(json!({
            "id": id(), "city": text(TEXT_CHARS), "street": text(TEXT_CHARS),
        })),
        "ServicePointList": exactly(json!({ "items": items("ServicePoint", PAGE_ITEMS) })),
        "NewEntry": exactly(json!({ "line": text(TEXT_CHARS) })),
        "Entry": exactly(json!({ "id": id(), "line": text(TEXT_CHARS) })),
        "EntryList": exactly(json!({ "items": items("Entry", PAGE_ITEMS) })),
        "AuditEvent": exactly(json!({
            "event": one_of(&["signed-up"]), "customer_id": id(), "at": cents(0),
        })),
        "AuditEventList": exactly(json!({ "items": items("AuditEvent", PAGE_ITEMS) })),
    })
}
