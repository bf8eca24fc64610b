//! Reads of which the answer is not described.

use super::purpose;
use super::{Check, Found, Spot};
use crate::api::{Api, Method, Operation};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "answer-undescribed",
        check: "answer-undescribed",
        title: "What a read gives is not described",
        severity: Severity::Info,
        confidence: Confidence::Medium,
        why: "Nobody can tell whether the answer gives out more than it should: neither reviewers \
              nor tests nor a gateway that filters answers.",
        fix: "Describe the answer's content with its members.",
        owasp: "API3:2023",
        cwe: 1059,
    },
    asks: "Does the document say what a read gives?",
    judged: "One row. `GET` operations whose answers of success have neither a schema nor content \
             that needs none (text, files). 204, 304 and redirects, and checks of health are not \
             counted.",
    example: "get:\n  responses: {\"200\": {description: OK}}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered() {
        let reads = operation.method == Method::Get && !purpose::is_entrance(operation);
        if reads && is_undescribed(operation) {
            found.at(
                "a success without a schema",
                Spot::operation(number, &operation.at.then("responses")),
            );
        }
    }
}

fn is_undescribed(operation: &Operation<'_>) -> bool {
    let empty = |status: &str| matches!(status, "204" | "205" | "202");
    let mut given = operation.successes().filter(|one| !empty(one.status)).peekable();
    let described = |one: &crate::api::Answer<'_>| {
        one.content.iter().any(|media| media.schema.is_some() || !media.is_json())
    };
    given.peek().is_some() && !given.any(described)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(answers: serde_json::Value) -> usize {
        trial::found(
            &CHECK,
            look,
            trial::with(json!({"paths": {"/a": {"get": {"responses": answers}}}})),
        )
        .len()
    }

    #[test]
    fn a_success_without_a_schema_is_found() {
        assert_eq!(found(json!({"200": {"description": "OK"}})), 1);
        assert_eq!(found(json!({"200": {"content": {"application/json": {}}}})), 1);
        assert_eq!(found(json!({"200": {"content": {"application/json": {"schema": {}}}}})), 0);
        assert_eq!(found(json!({"200": {"content": {"text/csv": {}}}})), 0);
        assert_eq!(found(json!({"204": {}, "404": {}})), 0);
    }
}
