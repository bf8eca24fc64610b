//! Operations of which only success is described.

use super::{Check, Found, Spot};
use crate::api::Api;
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "error-answers-missing",
        check: "error-answers-missing",
        title: "Only success is described",
        severity: Severity::Info,
        confidence: Confidence::High,
        why: "Nobody knows how the operation refuses: clients cannot tell a wrong credential from a \
              broken server, and a test cannot tell a refusal from a leak.",
        fix: "Document the refusals: 400 or 422, 401 and 403 where there is a credential, 404 where \
              there is an identifier, and a `default` of RFC 9457 problem details.",
        owasp: "API8:2023",
        cwe: 1059,
    },
    asks: "Does the document say how an operation refuses?",
    judged: "One row. Operations with answers, of which none is 4xx, 5xx or `default`.",
    example: "responses:\n  \"200\": {…}   # and nothing else",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered() {
        let refuses = operation.answers.iter().any(|one| !one.status.starts_with(['1', '2', '3']));
        let server = operation.method.is_answered_by_the_server();
        if !refuses && !server && !operation.answers.is_empty() {
            found.at(
                "no answer of failure",
                Spot::operation(number, &operation.at.then("responses")),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    #[test]
    fn operations_that_never_refuse_are_found() {
        let paths = json!({"/a": {"get": {"responses": {"200": {}, "302": {}}}, "put": {"responses": {"200": {}, "default": {}}},
            "post": {"responses": {"201": {}, "422": {}}}, "options": {"responses": {"200": {}}}}});
        let found = trial::found(&CHECK, look, trial::with(json!({ "paths": paths })));
        assert_eq!(found, ["no answer of failure @ GET /a"]);
    }
}
