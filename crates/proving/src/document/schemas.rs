//! The schemas of everything that goes in or out, with their limits.

mod customers;
mod shipping;
mod tokens;
mod traps;

use serde_json::{Value, json};

use crate::input::{ID_CHARS, TEXT_CHARS, WEIGHT_GRAMS};

/// The largest integer that JSON carries exactly everywhere (RFC 7493 §2.2).
const LARGEST: i64 = 9_007_199_254_740_991;

/// An id of any resource.
pub(super) fn id() -> Value {
    json!({ "type": "string", "pattern": "^[a-z0-9_-]+$", "minLength": 1, "maxLength": ID_CHARS })
}

/// `components/schemas`.
pub(super) fn all() -> Value {
    let mut schemas = shipping::all();
    for more in [customers::all(), tokens::all(), traps::all(), published()] {
        if let (Some(schemas), Value::Object(more)) = (schemas.as_object_mut(), more) {
            schemas.extend(more);
        }
    }
    schemas
}

/// An object that has all of these properties and no other.
fn exactly(properties: Value) -> Value {
    let names: Vec<_> = properties.as_object().into_iter().flat_map(|map| map.keys()).collect();
    json!({
        "type": "object",
        "required": names,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn text(most: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": most })
}

fn one_of(values: &[&str]) -> Value {
    json!({ "type": "string", "enum": values })
}

fn country() -> Value {
    json!({ "type": "string", "pattern": "^[A-Z]{2}$", "minLength": 2, "maxLength": 2 })
}

fn weight() -> Value {
    json!({ "type": "integer", "format": "int32", "minimum": 1, "maximum": WEIGHT_GRAMS })
}

fn cents(least: i64) -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": least, "maximum": LARGEST })
}

fn items(schema: &str, most: usize) -> Value {
    json!({ "type": "array", "items": super::reference(schema), "maxItems": most })
}

fn speed() -> Value {
    one_of(&["economy", "standard", "express"])
}

fn published() -> Value {
    json!({
        "Problem": {
            "description": "Problem details (RFC 9457)",
            "type": "object",
            "required": ["type", "title", "status", "code"],
            "properties": {
                "type": { "type": "string", "format": "uri", "maxLength": 200 },
                "title": text(TEXT_CHARS),
                "status": {
                    "type": "integer", "format": "int32", "minimum": 400, "maximum": 599,
                },
                "code": text(ID_CHARS),
            },
            "additionalProperties": false,
        },
        "Document": {
            "type": "object",
            "description": "An OpenAPI 3.1 document",
            "required": ["openapi", "info", "paths"],
            "maxProperties": 20,
        },
    })
}
