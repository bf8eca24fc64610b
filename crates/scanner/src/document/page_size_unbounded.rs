//! Page sizes without a maximum.

use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, Parameter, Put};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "page-size-unbounded",
        check: "page-size-unbounded",
        title: "The size of a page has no maximum",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        why: "Whoever asks for a million rows gets a million rows, or nobody knows what he gets: \
              pages protect nothing then.",
        fix: "State the `maximum` that the server enforces, and refuse or cap what is above it.",
        owasp: "API4:2023",
        cwe: 770,
    },
    asks: "How many rows can one call ask for?",
    judged: "Query parameters like `limit`, `per_page`, `pageSize` or `$top` that are numbers \
             without `maximum` or `enum`, and whose description tells of no bound either.",
    example: "parameters:\n  - {name: limit, in: query, schema: {type: integer}}",
};

const SIZE: &[&str] = &[
    "limit",
    "page size",
    "pagesize",
    "per page",
    "perpage",
    "max results",
    "maxresults",
    "page limit",
    "top",
    "max items",
    "items per page",
    "results per page",
    "max page size",
];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered() {
        for parameter in operation.at_place(Put::Query).filter(|one| is_unbounded(one)) {
            let shape = format!("query parameter `{}`", parameter.name);
            found.at(shape, Spot::operation(number, &parameter.at));
        }
    }
}

fn is_unbounded(parameter: &Parameter<'_>) -> bool {
    let Some(schema) = parameter.schema else { return false };
    let node = schema.node;
    let bounded = ["maximum", "exclusiveMaximum", "enum", "const", "anyOf", "oneOf", "allOf"]
        .iter()
        .any(|key| node.get(key).is_some());
    let sized = Words::of(parameter.name).is(SIZE).is_some()
        && (node.is_type("integer") || node.is_type("number"));
    // Of a picture it is an edge.
    let sized = sized && parameter.name != "top";
    let told = told(parameter.description) || node.text("description").is_some_and(told);
    sized && !bounded && !told
}

/// True if a description names a most: for people the bound is there.
fn told(description: &str) -> bool {
    let text = description.to_lowercase();
    let numbered = text.bytes().any(|byte| byte.is_ascii_digit());
    let bound = [
        "max",
        "up to",
        "at most",
        "between",
        "greater than",
        "exceed",
        "cap",
        "limited to",
        "less than",
        "from 0",
        "from 1",
        "0 to",
        "1 to",
        "1-",
        "≤",
        "<=",
        "range",
        "upper",
    ];
    // A most that depends on something else is told all the same.
    let depends = ["maximum depends", "limit depends", "maximum is", "is capped"];
    (numbered && bound.iter().any(|word| text.contains(word)))
        || depends.iter().any(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(name: &str, schema: serde_json::Value, description: &str) -> usize {
        let parameter =
            json!({"name": name, "in": "query", "schema": schema, "description": description});
        let paths = json!({"/a": {"get": {"parameters": [parameter]}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths }))).len()
    }

    #[test]
    fn sizes_without_a_most_are_found() {
        let integer = json!({"type": "integer"});
        for name in ["limit", "per_page", "pageSize", "$top", "page[size]"] {
            assert_eq!(found(name, integer.clone(), "How many, by default 20."), 1, "{name}");
        }
        for name in ["page", "limit_type", "credit_limit"] {
            assert_eq!(found(name, integer.clone(), ""), 0, "{name}");
        }
        assert_eq!(found("limit", json!({"type": "integer", "maximum": 100}), ""), 0);
        assert_eq!(found("limit", integer, "Maximum is 100."), 0);
        let told = "The number of rows from 0 to 100 inclusive.";
        assert_eq!(found("limit", json!({"type": "integer"}), told), 0);
        let told = "How many. The maximum depends on the subscription.";
        assert_eq!(found("limit", json!({"type": "integer"}), told), 0);
        let name = "Maximum number of rows";
        assert_eq!(found("limit", json!({"type": "integer"}), name), 1, "the name, not the bound");
        assert_eq!(found("limit", json!({"type": "string"}), ""), 0);
    }
}
