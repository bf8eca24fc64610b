//! Tokens, codes and keys.

use serde_json::{Value, json};

use super::{exactly, one_of, text};
use crate::api::authorize::REDIRECT_URI;
use crate::input::{ID_CHARS, TEXT_CHARS};
use crate::scope::Scope;

pub(super) fn all() -> Value {
    let scopes: Vec<_> = Scope::ALL.iter().map(|scope| scope.code()).collect();
    json!({
        "TokenRequest": {
            "type": "object",
            "description": "Id and secret may come as Basic authentication instead",
            "required": ["grant_type"],
            "properties": {
                "grant_type": one_of(&["client_credentials", "authorization_code", "refresh_token"]),
                "client_id": text(ID_CHARS),
                "client_secret": secret(),
                "code": secret(),
                "redirect_uri": { "type": "string", "format": "uri", "enum": [REDIRECT_URI] },
                "code_verifier": {
                    "type": "string", "pattern": "^[A-Za-z0-9._~-]+$",
                    "minLength": 43, "maxLength": 128,
                },
                "refresh_token": secret(),
                "scope": {
                    "type": "string", "maxLength": 200,
                    "description": format!("Some of: {}", scopes.join(" ")),
                },
            },
            "additionalProperties": false,
        },
        "TokenAnswer": {
            "type": "object",
            "required": ["access_token", "token_type", "expires_in", "scope"],
            "properties": {
                "access_token": { "type": "string", "maxLength": 2_048 },
                "token_type": one_of(&["Bearer"]),
                "expires_in": {
                    "type": "integer", "format": "int32", "minimum": 1, "maximum": 86_400,
                },
                "scope": { "type": "string", "maxLength": 200 },
                "refresh_token": secret(),
            },
            "additionalProperties": false,
        },
        "Revocation": {
            "type": "object",
            "description": "Id and secret may come as Basic authentication instead, or not at all",
            "required": ["token"],
            "properties": {
                "token": { "type": "string", "minLength": 1, "maxLength": 2_048 },
                "token_type_hint": one_of(&["access_token", "refresh_token"]),
                "client_id": text(ID_CHARS),
                "client_secret": secret(),
            },
            "additionalProperties": false,
        },
        "PublicKey": { "type": "string", "maxLength": 200 },
        "TokenRefusal": exactly(json!({
            "error": one_of(&[
                "invalid_request", "invalid_client", "invalid_grant", "unsupported_grant_type",
                "invalid_scope", "login_required",
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

fn secret() -> Value {
    json!({ "type": "string", "format": "password", "minLength": 1, "maxLength": TEXT_CHARS })
}
