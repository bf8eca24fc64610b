//! The answers of an operation, the wanted one and every refusal.

use serde_json::{Map, Value, json};

use crate::operation::{Operation, Words};
use crate::scope::Access;

/// Status, name under `components/responses`, meaning.
const REFUSALS: &[(u16, &str, &str)] = &[
    (400, "Malformed", "The request does not match the schema"),
    (401, "Unauthenticated", "There is no valid credential"),
    (403, "Forbidden", "The credential lacks the scope or the role"),
    (404, "NotFound", "There is no such resource of the caller"),
    (409, "Conflict", "The state of the resource does not allow it"),
    (410, "Gone", "The resource was deleted"),
    (413, "TooLarge", "The body is larger than 16 KiB"),
    (415, "UnsupportedMediaType", "The body is of another media type"),
    (429, "RateLimited", "Too many requests in this window"),
    (500, "Internal", "Something went wrong on the vendor's side"),
];

/// The `responses` of one operation.
pub(super) fn of(operation: &Operation) -> Value {
    let mut answers = Map::new();
    let mut wanted = json!({
        "description": operation.answer.meaning,
        "headers": quota_headers(),
    });
    if operation.answer.status == 303 {
        let mut headers = quota_headers();
        super::set(&mut headers, "Location", header("Location"));
        super::set(&mut wanted, "headers", headers);
    }
    if let Some((media, schema)) = operation.answer.content {
        super::set(
            &mut wanted,
            "content",
            json!({ media: { "schema": super::reference(schema) } }),
        );
    }
    answers.insert(operation.answer.status.to_string(), wanted);
    for (status, name, _) in REFUSALS.iter().filter(|(status, _, _)| applies(*status, operation)) {
        let name = if is_token_error(*status, operation) { "TokenRefused" } else { name };
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        answers.insert(status.to_string(), reference);
    }
    Value::Object(answers)
}

fn applies(status: u16, operation: &Operation) -> bool {
    let json = operation.body.is_some_and(|(media, _)| media == "application/json");
    operation.refusals.contains(&status)
        || match status {
            400 => json || !operation.parameters.is_empty(),
            _ if operation.words == Words::InBody && (401..=404).contains(&status) => false,
            401 | 403 => operation.access != Access::Public,
            404 => operation.parameters.contains(&"id"),
            413 | 415 => json,
            429 | 500 => true,
            _ => false,
        }
}

/// Whether it refuses in the words of RFC 6749 §5.2 instead of problem details.
fn is_token_error(status: u16, operation: &Operation) -> bool {
    operation.words == Words::OAuth && matches!(status, 400 | 401)
}

/// `components/responses`.
pub(super) fn refusals() -> Value {
    let mut refusals = Map::new();
    for (status, name, meaning) in REFUSALS {
        let mut headers = quota_headers();
        match status {
            401 | 403 => super::set(&mut headers, "WWW-Authenticate", header("Challenge")),
            429 => super::set(&mut headers, "Retry-After", header("RetryAfter")),
            _ => (),
        }
        let problem = json!({ "schema": super::reference("Problem") });
        let refusal = json!({
            "description": meaning,
            "headers": headers,
            "content": { "application/problem+json": problem },
        });
        refusals.insert((*name).to_owned(), refusal);
    }
    let refused = json!({
        "description": "The client or its request is refused (RFC 6749 section 5.2)",
        "headers": quota_headers(),
        "content": { "application/json": { "schema": super::reference("TokenRefusal") } },
    });
    refusals.insert("TokenRefused".to_owned(), refused);
    Value::Object(refusals)
}

/// `components/headers`.
pub(super) fn headers() -> Value {
    let text = |description: &str, most: u32| {
        json!({
            "description": description,
            "schema": { "type": "string", "maxLength": most },
        })
    };
    json!({
        "RateLimit": text("What is left: `\"default\";r=REQUESTS;t=SECONDS`", 64),
        "RateLimitPolicy": text("The limit: `\"default\";q=REQUESTS;w=SECONDS`", 64),
        "Challenge": text("How to authenticate (RFC 6750 section 3)", 256),
        "Location": text("Where to go on", 1_000),
        "RetryAfter": {
            "description": "Seconds until the window ends",
            "schema": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 86_400 },
        },
    })
}

fn quota_headers() -> Value {
    json!({ "RateLimit": header("RateLimit"), "RateLimit-Policy": header("RateLimitPolicy") })
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}
