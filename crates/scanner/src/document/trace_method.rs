//! The method TRACE.

use super::{Check, Found, Spot};
use crate::api::{Api, Method};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "trace-method",
        check: "trace-method",
        title: "TRACE is offered",
        severity: Severity::Low,
        confidence: Confidence::High,
        why: "It sends the request back with its headers, cookies and credentials among them, which \
              helps scripts and intermediaries to read what is kept from them (RFC 9110 §9.3.8).",
        fix: "Switch TRACE off in server and gateway and remove it from the document.",
        owasp: "API8:2023",
        cwe: 693,
    },
    asks: "Does the API answer TRACE?",
    judged: "Every operation that the document describes with the method `trace`.",
    example: "paths:\n  /orders: {trace: {…}}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered().filter(|(_, one)| one.method == Method::Trace) {
        found.at("TRACE", Spot::operation(number, &operation.at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    #[test]
    fn trace_is_found() {
        let paths = json!({"/a": {"get": {}, "trace": {}}, "/trace": {"get": {}}});
        assert_eq!(
            trial::found(&CHECK, look, trial::with(json!({ "paths": paths }))),
            ["TRACE @ TRACE /a"]
        );
    }
}
