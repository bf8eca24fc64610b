//! Nowhere a word about limits.

use super::limits;
use super::{Check, Found, Spot};
use crate::api::{Api, At};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "limit-answer-missing",
        check: "limit-answer-missing",
        title: "The document knows no limit on calls",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        why: "Clients do not learn when to slow down, and it is likely that nothing slows them \
              down: guessing, scraping and exhaustion cost an attacker nothing.",
        fix: "Limit by caller and by operation, answer 429 (RFC 6585 §4) with `Retry-After`, and \
              document both for the operations that have them.",
        owasp: "API4:2023",
        cwe: 770,
    },
    asks: "Does any operation say what happens to callers who call too much?",
    judged: "One finding for the API, if no operation documents 429, a class `4XX`, or a header of \
             a limit (`Retry-After`, `RateLimit`, `X-RateLimit-…`), and no description, error's name \
             (`ThrottlingException`), parameter (`quotaUser`) or extension tells of one.",
    example: "responses:\n  \"200\": {…}   # nowhere a \"429\"",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    if !limits::are_told(api) {
        found.at("429 is documented nowhere", Spot::document(&At::default().then("paths")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(answers: serde_json::Value) -> usize {
        let paths = json!({"/a": {"get": {"responses": answers}}, "/b": {"get": {}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths }))).len()
    }

    #[test]
    fn one_word_about_limits_is_enough() {
        assert_eq!(found(json!({"200": {}, "default": {}})), 1);
        assert_eq!(found(json!({"200": {}, "429": {}})), 0);
        assert_eq!(found(json!({"200": {}, "4XX": {}})), 0);
        assert_eq!(found(json!({"200": {"headers": {"X-RateLimit-Remaining": {}}}})), 0);
        let info = json!({"description": "We apply Rate Limits of 100 calls a minute."});
        assert!(trial::found(&CHECK, look, trial::with(json!({ "info": info }))).is_empty());
    }
}
