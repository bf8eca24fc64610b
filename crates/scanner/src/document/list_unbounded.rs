//! Lists without pages.

use super::purpose;
use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, Media, Method, Node, Operation};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "list-unbounded",
        check: "list-unbounded",
        title: "A list is given out whole",
        severity: Severity::Info,
        confidence: Confidence::Medium,
        why: "It grows with the data: one call can cost the server seconds and megabytes, and takes \
              everything out at once when a token leaks.",
        fix: "Give lists in pages with a parameter for the size, its `maximum`, and a cursor; or \
              state `maxItems` where the list cannot grow.",
        owasp: "API4:2023",
        cwe: 770,
    },
    asks: "Can a caller fetch a list without an end?",
    judged: "Reads whose answer is a list of objects without `maxItems`, where neither parameters \
             nor the answer (cursor, total, `Link`) tell of pages. Lists that hang on one object \
             and small fixed vocabularies are not counted. Informational: whether a list can grow is not seen here.",
    example: "paths:\n  /orders:\n    get: {responses: {\"200\": {content: {application/json: {schema: {type: array, items: {…}}}}}}}",
};

/// Parameters, headers and members that tell of pages or bound what is read.
const PAGES: &[&str] = &[
    "limit",
    "page",
    "pages",
    "pagesize",
    "perpage",
    "per page",
    "cursor",
    "offset",
    "skip",
    "take",
    "top",
    "first",
    "last",
    "after",
    "before",
    "max results",
    "maxresults",
    "max",
    "size",
    "count",
    "start",
    "end",
    "marker",
    "continuation",
    "next",
    "since",
    "until",
    "from",
    "to",
    "begin",
    "date",
    "rows",
    "range",
    "pagination",
    "paging",
    "total",
    "number",
    "ids",
    "id",
    "link",
    "links",
    "filter",
    "query",
    "q",
    "search",
    "next token",
    "start time",
    "batch",
    "year",
    "month",
    "day",
    "bbox",
    "lat",
    "latitude",
    "radius",
    "nearby",
    "list options",
];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered() {
        if operation.method != Method::Get || operation.is_templated() || is_paged(operation) {
            continue;
        }
        if purpose::is_entrance(operation) || purpose::is_vocabulary(operation) {
            continue;
        }
        let content = operation.successes().flat_map(|answer| &answer.content);
        if content.filter(|media| media.is_json()).any(|media| is_list(api, media)) {
            found.at("a list of objects without pages", Spot::operation(number, &operation.at));
        }
    }
}

fn is_paged(operation: &Operation<'_>) -> bool {
    let paged = |name: &str| Words::of(name).says(PAGES).is_some();
    let headers = operation.successes().flat_map(|answer| answer.headers.iter());
    operation.parameters.iter().any(|one| paged(one.name))
        || headers.into_iter().any(|one| paged(one))
}

/// True if the answer is a list of objects that nothing bounds.
fn is_list(api: &Api<'_>, media: &Media<'_>) -> bool {
    let Some(schema) = media.schema else { return false };
    let node = schema.node;
    if !node.is_type("array") || node.number("maxItems").is_some() {
        return false;
    }
    let items = node.get("items").and_then(|items| api.files.resolve(items));
    items.is_some_and(is_object)
}

fn is_object(node: Node<'_>) -> bool {
    node.is_type("object") || node.get("allOf").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(parameters: serde_json::Value, schema: serde_json::Value) -> Vec<String> {
        let answer = json!({"200": {"content": {"application/json": {"schema": schema}}}});
        let paths = json!({"/orders": {"get": {"parameters": parameters, "responses": answer}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths })))
    }

    #[test]
    fn a_list_without_pages_is_found() {
        let list = json!({"type": "array", "items": {"type": "object"}});
        assert_eq!(found(json!([]), list), ["a list of objects without pages @ GET /orders"]);
    }

    #[test]
    fn pages_bounds_and_single_objects_are_not() {
        let list = json!({"type": "array", "items": {"type": "object"}});
        assert!(found(json!([{"name": "$top", "in": "query"}]), list.clone()).is_empty());
        assert!(found(json!([{"name": "pageToken", "in": "query"}]), list).is_empty());
        assert!(
            found(json!([]), json!({"type": "array", "maxItems": 9, "items": {"type": "object"}}))
                .is_empty()
        );
        assert!(found(json!([]), json!({"type": "object"})).is_empty());
        assert!(found(json!([]), json!({"type": "array", "items": {"type": "string"}})).is_empty());
    }
}
