//! The OpenAPI 3.1 document, made from the table of operations. It describes the hardened twin.

mod answers;
mod parameters;
mod schemas;

use serde_json::{Map, Value, json};

use crate::limiter::RateLimit;
use crate::operation::{Operation, operations};
use crate::scope::{Access, Scope};

/// The document of an instance that is reached under `server`.
pub(crate) fn describe(server: &str, rate: &RateLimit) -> Value {
    let mut paths = Map::new();
    for operation in operations() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(operation.method.name().to_owned(), one(operation));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Parcel",
            "version": "1.4.0",
            "summary": "Ship parcels, follow them, settle the invoices",
            "description": "Money is in cents, weight in grams, time in seconds since 1970 (UTC). \
                Only TLS 1.2 and 1.3 are served. A resource of another customer is answered like \
                one that does not exist.",
            "contact": { "name": "Parcel Security", "email": "security@parcel.example" },
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "termsOfService": "https://parcel.example/terms",
        },
        "servers": [{ "url": server, "description": "Sandbox" }],
        "tags": tags(),
        "x-ratelimit": rate_limit(rate),
        "paths": paths,
        "components": {
            "securitySchemes": security_schemes(server),
            "parameters": parameters::all(),
            "headers": answers::headers(),
            "responses": answers::refusals(),
            "schemas": schemas::all(),
        },
    })
}

fn one(operation: &Operation) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": description(operation),
        "security": security(operation.access),
        "responses": answers::of(operation),
    });
    if !operation.parameters.is_empty() {
        let references = operation
            .parameters
            .iter()
            .map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }));
        set(&mut described, "parameters", references.collect());
    }
    if let Some((media, schema)) = operation.body {
        let body = json!({
            "required": true,
            "content": { media: { "schema": reference(schema) } },
        });
        set(&mut described, "requestBody", body);
    }
    described
}

/// Sets one field of a JSON object.
fn set(object: &mut Value, field: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn description(operation: &Operation) -> String {
    let access = match operation.access {
        Access::Public => "Needs no credential; counted for each address.".to_owned(),
        Access::Customers(scope) => {
            format!("Needs the scope `{}`. {}.", scope.code(), scope.meaning())
        }
        Access::Administrators(scope) => format!(
            "Needs the scope `{}` and the role `administrator`. {}.",
            scope.code(),
            scope.meaning()
        ),
    };
    match operation.notes {
        "" => access,
        notes => format!("{access} {notes}."),
    }
}

/// The API key stands for a customer, so that it never opens an administrator's operation.
fn security(access: Access) -> Value {
    match access {
        Access::Public => json!([]),
        Access::Customers(scope) => json!([
            { "oauth": [scope.code()] }, { "bearer": [scope.code()] }, { "apiKey": [] },
        ]),
        Access::Administrators(scope) => json!([
            { "oauth": [scope.code()] }, { "bearer": [scope.code()] },
        ]),
    }
}

fn security_schemes(server: &str) -> Value {
    let scopes: Map<String, Value> =
        Scope::ALL.iter().map(|scope| (scope.code().to_owned(), scope.meaning().into())).collect();
    json!({
        "oauth": {
            "type": "oauth2",
            "description": "An access token for a registered client.",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": format!("{server}/oauth/token"),
                    "scopes": scopes,
                },
                "authorizationCode": {
                    "authorizationUrl": format!("{server}/oauth/authorize"),
                    "tokenUrl": format!("{server}/oauth/token"),
                    "refreshUrl": format!("{server}/oauth/token"),
                    "scopes": scopes,
                },
            },
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The same access token: ES256 only, verified with the published key \
                set; `iss`, `aud`, `nbf` and `exp` are checked on every call.",
        },
        "apiKey": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "A service's key, sent as `Bearer KEY`. It has every scope of a \
                customer and none of an administrator.",
        },
    })
}

fn tags() -> Value {
    json!([
        { "name": "parcels", "description": "Parcels, labels and tracking" },
        { "name": "rates", "description": "Prices" },
        { "name": "places", "description": "Depots and service points" },
        { "name": "account", "description": "The caller's account" },
        { "name": "invoices", "description": "Invoices and refunds" },
        { "name": "customers", "description": "Administration" },
        { "name": "published", "description": "Tokens, keys and this document" },
    ])
}

fn rate_limit(rate: &RateLimit) -> Value {
    json!({
        "description": "A fixed window for each credential, and for each address without a valid \
            one. Over it: 429 with `Retry-After`. `RateLimit` and `RateLimit-Policy` come with \
            every answer of an operation.",
        "requests": rate.requests,
        "anonymousRequests": rate.anonymous_requests,
        "windowMilliseconds": u64::try_from(rate.window.as_millis()).unwrap_or(u64::MAX),
    })
}
