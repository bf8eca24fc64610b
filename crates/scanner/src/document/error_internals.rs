//! Errors that show the inside.

use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, Way};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "error-internals",
        check: "error-internals",
        title: "Errors show the inside of the server",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        why: "Stack traces, exceptions and queries tell which code and libraries run, where they \
              lie and how data is stored: each attack after that is aimed.",
        fix: "Answer with RFC 9457 problem details: a stable type, a sentence for people, an \
              identifier under which your own log has the rest.",
        owasp: "API8:2023",
        cwe: 209,
    },
    asks: "Do error answers have room for stack traces and queries?",
    judged: "Members of answers of failure named like a stack trace, exception, query in SQL or \
             debugging text. Identifiers of traces and flags are not counted.",
    example: "Error:\n  properties: {message: {…}, stackTrace: {type: string}}",
};

const INSIDE: &[&str] = &[
    "stack trace",
    "stacktrace",
    "stack",
    "backtrace",
    "back trace",
    "trace back",
    "traceback",
    "exception",
    "exception message",
    "exception type",
    "exception class",
    "exception details",
    "inner exception",
    "innerexception",
    "sql",
    "sql query",
    "sql state",
    "sqlstate",
    "debug",
    "debug info",
    "debug message",
    "debug information",
    "debug details",
    "developer stack",
    "stack frames",
    "source file",
    "trace",
];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (shape, field) in api.fields(Way::Error) {
        let node = field.node;
        let number = node.is_type("boolean") || node.is_type("integer") || node.is_closed();
        let named = Words::of(field.name).is(INSIDE).is_some();
        if named && !number && !field.path.is_empty() && !field.path.ends_with(']') {
            let spot = Spot::shape(shape, Way::Error, &field.at).detail(field.path.clone());
            found.at(format!("`{}`", field.name), spot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(status: &str, name: &str, kind: &str) -> Vec<String> {
        let schema = json!({"properties": {name: {"type": kind}, "message": {"type": "string"}}});
        let answers =
            json!({"200": {}, status: {"content": {"application/json": {"schema": schema}}}});
        trial::found(
            &CHECK,
            look,
            trial::with(json!({"paths": {"/a": {"get": {"responses": answers}}}})),
        )
    }

    #[test]
    fn room_for_the_inside_is_found_in_errors_only() {
        assert_eq!(found("500", "stackTrace", "string"), ["`stackTrace` @ GET /a"]);
        assert_eq!(found("default", "exception", "object").len(), 1);
        assert!(found("201", "stackTrace", "string").is_empty());
        assert!(found("500", "trace_id", "string").is_empty());
        assert!(found("500", "debug", "boolean").is_empty());
    }
}
