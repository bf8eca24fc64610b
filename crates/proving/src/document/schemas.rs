//! The schemas of everything that goes in or out, with their limits.

use serde_json::{Value, json};

use crate::input::{ID_CHARS, PAGE_ITEMS, POSTCODE_CHARS, TEXT_CHARS, WEIGHT_GRAMS};
use crate::scope::Scope;

/// The largest integer that JSON carries exactly everywhere (RFC 7493 §2.2).
const LARGEST: i64 = 9_007_199_254_740_991;

/// An id of any resource.
pub(super) fn id() -> Value {
    json!({ "type": "string", "pattern": "^[a-z0-9_-]+$", "minLength": 1, "maxLength": ID_CHARS })
}

/// `components/schemas`.
pub(super) fn all() -> Value {
    let mut schemas = shipping();
    for more in [money(), tokens(), published()] {
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

fn shipping() -> Value {
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
            "recipient": super::reference("Address"),
            "weight_grams": weight(),
            "speed": speed(),
        })),
        "Parcel": exactly(json!({
            "id": id(),
            "customer_id": id(),
            "status": super::reference("ParcelStatus"),
            "recipient": super::reference("Address"),
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

fn money() -> Value {
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

fn tokens() -> Value {
    let scopes: Vec<_> = Scope::ALL.iter().map(|scope| scope.code()).collect();
    json!({
        "TokenRequest": {
            "type": "object",
            "description": "Id and secret may come as Basic authentication instead",
            "required": ["grant_type"],
            "properties": {
                "grant_type": one_of(&["client_credentials"]),
                "client_id": text(ID_CHARS),
                "client_secret": {
                    "type": "string", "format": "password", "minLength": 1, "maxLength": TEXT_CHARS,
                },
                "scope": {
                    "type": "string", "maxLength": 200,
                    "description": format!("Some of: {}", scopes.join(" ")),
                },
            },
            "additionalProperties": false,
        },
        "TokenAnswer": exactly(json!({
            "access_token": { "type": "string", "maxLength": 2_048 },
            "token_type": one_of(&["Bearer"]),
            "expires_in": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 86_400 },
            "scope": { "type": "string", "maxLength": 200 },
        })),
        "TokenRefusal": exactly(json!({
            "error": one_of(&[
                "invalid_request", "invalid_client", "unsupported_grant_type", "invalid_scope",
            ]),
        })),
        "KeySet": exactly(json!({
            "keys": { "type": "array", "maxItems": 1, "items": exactly(json!({
                "kty": one_of(&["EC"]),
                "crv": one_of(&["P-256"]),
                "use": one_of(&["sig"]),
                "alg": one_of(&["ES256"]),
                "kid": text(ID_CHARS),
                "x": text(43),
                "y": text(43),
            })) },
        })),
    })
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
