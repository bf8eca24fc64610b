//! Text in requests without a length.

use super::{Check, Found, Spot};
use crate::api::{Api, Node, Way};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "string-unbounded",
        check: "string-unbounded",
        title: "Text in requests has no length",
        severity: Severity::Info,
        confidence: Confidence::High,
        why: "What is not bounded at the door is bounded by memory: long texts cost time in every \
              validator, index and log behind it.",
        fix: "Give texts a `maxLength`, or a `format`, `enum` or `pattern` that bounds them, and \
              refuse bodies above a size that fits the operation.",
        owasp: "API4:2023",
        cwe: 770,
    },
    asks: "How long may a text in a request be?",
    judged: "One row. Text in request bodies without `maxLength`, `enum`, `const`, `pattern` or a \
             format of fixed length; each schema is one place and says how many. Informational: few \
             documents state it, and a limit on the whole body does most of the work.",
    example: "properties:\n  comment: {type: string}",
};

const FIXED: &[&str] = &[
    "date",
    "date-time",
    "time",
    "duration",
    "uuid",
    "ipv4",
    "ipv6",
    "binary",
    "int32",
    "int64",
    "float",
    "double",
    "decimal",
    "boolean",
    "enum",
];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for shape in api.shapes.list.iter().filter(|one| !one.requests.is_empty()) {
        let texts = shape
            .fields
            .iter()
            .filter(|one| !one.referred && !one.read_only && is_unbounded(one.node));
        let names: Vec<&str> = texts.map(|one| one.name).collect();
        if let Some(first) = names.first() {
            let detail = match names.len() {
                1 => format!("`{first}`"),
                many => format!("`{first}` and {} more", many - 1),
            };
            found.at(
                "text without `maxLength`",
                Spot::shape(shape, Way::Request, &shape.at).detail(detail),
            );
        }
    }
}

fn is_unbounded(node: Node<'_>) -> bool {
    let bounded = ["maxLength", "pattern"].iter().any(|key| node.get(key).is_some());
    let fixed = node.text("format").is_some_and(|format| FIXED.contains(&format));
    node.is_type("string") && !bounded && !fixed && !node.is_closed()
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
    fn one_row_tells_of_texts_without_a_length() {
        let open = json!({"properties": {"a": {"type": "string"}, "b": {"type": ["string", "null"]}, "c": {"type": "string", "maxLength": 9}}});
        assert_eq!(found(open).len(), 1);
        let bounded = json!({"properties": {"a": {"type": "string", "format": "uuid"}, "b": {"type": "string", "enum": ["x"]},
            "c": {"type": "string", "pattern": "^a$"}, "d": {"type": "string", "readOnly": true}, "e": {"type": "integer"}}});
        assert!(found(bounded).is_empty());
    }
}
