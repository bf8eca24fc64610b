//! Bodies of which the document says nothing.

use super::purpose;
use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, Media, Node};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "body-untyped",
        check: "body-untyped",
        title: "A request body may hold anything",
        severity: Severity::Info,
        confidence: Confidence::Medium,
        why: "Nothing can be checked at the door: gateways and generated servers let everything \
              through, and what the code does with unexpected members decides (mass assignment, \
              injection).",
        fix: "Describe the body's members with their types and bounds; where free members are \
              meant, say so in one named member.",
        owasp: "API8:2023",
        cwe: 20,
    },
    asks: "Does the document say what a body may hold?",
    judged: "JSON bodies of changing operations without a schema, with an empty one, or of `type: \
             object` without properties or a schema for further ones. Patches (RFC 6902, RFC 7396), \
             GraphQL and webhooks that come in are not counted.",
    example: "requestBody:\n  content:\n    application/json: {schema: {type: object}}",
};

/// Whatever is sent is meant to be anything.
const FREE: &[&str] = &[
    "graphql",
    "webhook",
    "webhooks",
    "events",
    "echo",
    "metadata",
    "proxy",
    "rpc",
    "json rpc",
    "batch",
    "ingest",
    "track",
    "payload",
    "attributes",
    "properties",
    "config",
    "preferences",
    "settings",
    "state",
    "user data",
    "custom",
    "data",
    "options",
];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered().filter(|(_, one)| purpose::is_writing(one)) {
        let free = Words::of(operation.path).says(FREE).is_some();
        let body = operation.bodies.iter().find(|body| body.is_json());
        let Some(body) = body.filter(|body| !free && !body.essence().contains("patch")) else {
            continue;
        };
        if let Some(shape) = shape(body) {
            found.at(shape, Spot::operation(number, &body.at));
        }
    }
}

fn shape(body: &Media<'_>) -> Option<&'static str> {
    if body.node.get("schema").is_none() {
        return Some("no schema");
    }
    let node = body.schema?.node;
    if has(
        node,
        &[
            "properties",
            "allOf",
            "anyOf",
            "oneOf",
            "items",
            "enum",
            "$ref",
            "patternProperties",
            "not",
            "const",
            "if",
        ],
    ) {
        return None;
    }
    let further = node.get("additionalProperties").is_some_and(|one| {
        one.value.as_object().is_some_and(|one| !one.is_empty())
            || one.value.as_bool() == Some(false)
    });
    match node.types()[..] {
        [] if !further && node.text("format").is_none() => Some("an empty schema"),
        ["object"] if !further => Some("an object without properties"),
        _ => None,
    }
}

fn has(node: Node<'_>, keys: &[&str]) -> bool {
    keys.iter().any(|key| node.get(key).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(media: serde_json::Value) -> Vec<String> {
        let paths =
            json!({"/a": {"post": {"requestBody": {"content": {"application/json": media}}}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths })))
    }

    #[test]
    fn bodies_that_may_hold_anything_are_found() {
        assert_eq!(found(json!({})), ["no schema @ POST /a"]);
        assert_eq!(found(json!({"schema": {}})), ["an empty schema @ POST /a"]);
        assert_eq!(
            found(json!({"schema": {"type": "object"}})),
            ["an object without properties @ POST /a"]
        );
        for typed in [
            json!({"type": "object", "properties": {}}),
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"type": "string"}),
            json!({"oneOf": []}),
            json!({"type": "object", "additionalProperties": false}),
        ] {
            assert!(found(json!({ "schema": typed })).is_empty(), "{typed}");
        }
    }
}
