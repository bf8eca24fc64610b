//! Lists in requests without a length.

use super::{Check, Found, Spot};
use crate::api::{Api, Node, Way};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "array-unbounded",
        check: "array-unbounded",
        title: "Lists in requests have no length",
        severity: Severity::Info,
        confidence: Confidence::High,
        why: "One request can order the work of thousands: each item costs a lookup, a write or a \
              message, and a limit on calls counts it as one.",
        fix: "Give lists a `maxItems` that fits the operation and enforce it before the work \
              begins.",
        owasp: "API4:2023",
        cwe: 770,
    },
    asks: "How many items may one request bring?",
    judged: "One row. Lists in request bodies without `maxItems`, unless their items are a closed \
             set of values. Informational: few documents state it, and a limit on the whole body \
             does most of the work.",
    example: "properties:\n  lines: {type: array, items: {…}}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (shape, field) in api.fields(Way::Request) {
        if !field.referred && !field.read_only && is_unbounded(api, field.node) {
            let name = if field.path.is_empty() { "the body itself" } else { field.path.as_str() };
            found.at(
                "a list without `maxItems`",
                Spot::shape(shape, Way::Request, &field.at).detail(name),
            );
        }
    }
}

fn is_unbounded(api: &Api<'_>, node: Node<'_>) -> bool {
    let items = node.get("items").and_then(|items| api.files.resolve(items));
    let closed = items.is_some_and(|items| items.is_closed());
    let bounded = node.get("maxItems").is_some() || node.is_closed();
    node.is_type("array") && !bounded && !closed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(schema: serde_json::Value) -> Vec<String> {
        let body = json!({"content": {"application/json": {"schema": schema}}});
        let paths = json!({"/a": {"post": {"requestBody": body}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths })))
    }

    #[test]
    fn one_row_tells_of_lists_without_a_length() {
        let open = json!({"properties": {"lines": {"type": "array", "items": {"type": "object"}}, "tags": {"type": "array", "items": {"type": "string"}}}});
        let found_open = found(open);
        assert_eq!(found_open.len(), 1, "{found_open:?}");
        let bounded = json!({"properties": {"a": {"type": "array", "maxItems": 3, "items": {}},
            "b": {"type": "array", "items": {"type": "string", "enum": ["x"]}}}});
        assert!(found(bounded).is_empty());
    }
}
