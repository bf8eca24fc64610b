//! The parameters of all operations, by the name that `operation` gives them.

use serde_json::{Value, json};

use super::{reference, schemas};
use crate::api::authorize::{CHALLENGE_CHARS, REDIRECT_URI, STATE_CHARS};
use crate::api::callbacks::URL_CHARS;
use crate::files::FORMS;
use crate::input::{ID_CHARS, PAGE_ITEMS, TEXT_CHARS};

/// `components/parameters`.
pub(super) fn all() -> Value {
    let mut all = paging();
    for more in [asking(), texts()] {
        if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
            all.extend(more);
        }
    }
    all
}

fn paging() -> Value {
    json!({
        "id": {
            "name": "id", "in": "path", "required": true,
            "description": "The id of the resource", "schema": schemas::id(),
        },
        "limit": {
            "name": "limit", "in": "query", "description": "The most items of the page",
            "schema": {
                "type": "integer", "format": "int32",
                "minimum": 1, "maximum": PAGE_ITEMS, "default": PAGE_ITEMS,
            },
        },
        "after": {
            "name": "after", "in": "query",
            "description": "The `next` of the page before", "schema": schemas::id(),
        },
        "status": {
            "name": "status", "in": "query", "description": "Only parcels with this status",
            "schema": reference("ParcelStatus"),
        },
        "idempotencyKey": {
            "name": "Idempotency-Key", "in": "header",
            "description": "A request that comes again with its key is answered like the first \
                time and not carried out again; with another request the key is refused (409)",
            "schema": { "type": "string", "minLength": 1, "maxLength": ID_CHARS },
        },
    })
}

/// A parameter of the query.
fn query(name: &str, required: bool, description: &str, schema: Value) -> Value {
    json!({
        "name": name, "in": "query", "required": required,
        "description": description, "schema": schema,
    })
}

/// The question of RFC 6749 §4.1.1 and RFC 7636 §4.3.
fn asking() -> Value {
    let code = json!({ "type": "string", "enum": ["code"] });
    let redirect = json!({ "type": "string", "format": "uri", "enum": [REDIRECT_URI] });
    let challenge = json!({
        "type": "string", "pattern": "^[A-Za-z0-9_-]+$",
        "minLength": CHALLENGE_CHARS, "maxLength": CHALLENGE_CHARS,
    });
    let method = json!({ "type": "string", "enum": ["S256"] });
    let state = json!({ "type": "string", "maxLength": STATE_CHARS });
    let scope = json!({ "type": "string", "maxLength": STATE_CHARS });
    json!({
        "responseType": query("response_type", true, "What to get", code),
        "clientId": query("client_id", true, "The client that asks", schemas::id()),
        "redirectUri": query("redirect_uri", true, "The registered URI of every client", redirect),
        "scope": query("scope", false, "Less than all that the subject has", scope),
        "state": query("state", false, "Comes back as it was sent", state),
        "codeChallenge": query("code_challenge", true, "The hash of the verifier", challenge),
        "codeChallengeMethod": query("code_challenge_method", true, "How it was made", method),
    })
}

fn texts() -> Value {
    let text = |most: usize| json!({ "type": "string", "minLength": 1, "maxLength": most });
    let form = json!({
        "type": "string", "minLength": 1, "maxLength": TEXT_CHARS,
        "examples": FORMS.map(|(name, _)| name),
    });
    let path = json!({
        "type": "string", "pattern": "^/[A-Za-z0-9/_.?=&-]*$", "maxLength": URL_CHARS,
        "examples": ["/openapi.json"],
    });
    json!({
        "formName": query("name", true, "The name of the form", form),
        "to": query("to", true, "A path of this site", path),
        "words": query("words", true, "What to look for", text(TEXT_CHARS)),
        "city": query("city", true, "Where to look", text(TEXT_CHARS)),
    })
}
