//! Operations that are to go and are still there.

use super::{Check, Found, Spot};
use crate::api::Api;
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "operation-deprecated",
        check: "operation-deprecated",
        title: "Deprecated operations are still served",
        severity: Severity::Info,
        confidence: Confidence::High,
        why: "Old operations miss the checks that their successors got, and nobody watches them; \
              attackers look for them first.",
        fix: "Say when they end (`Deprecation`, RFC 9745, and `Sunset`, RFC 8594), watch who still \
              calls, and switch them off on that day.",
        owasp: "API9:2023",
        cwe: 1059,
    },
    asks: "Which operations are declared to be on their way out?",
    judged: "One row. Every operation with `deprecated: true`.",
    example: "get: {deprecated: true}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered().filter(|(_, one)| one.deprecated) {
        found.at("`deprecated`", Spot::operation(number, &operation.at.then("deprecated")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    #[test]
    fn deprecated_operations_are_one_row() {
        let paths = json!({"/a": {"get": {"deprecated": true}, "put": {"deprecated": true}, "post": {"deprecated": false}}});
        let found = trial::found(&CHECK, look, trial::with(json!({ "paths": paths })));
        assert_eq!(found, ["`deprecated` @ GET /a, PUT /a"]);
    }
}
