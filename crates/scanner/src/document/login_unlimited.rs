//! Logins without a documented limit.

use super::limits;
use super::purpose;
use super::{Check, Found, Spot};
use crate::api::Api;
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "login-unlimited",
        check: "login-unlimited",
        title: "A login documents no limit",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        why: "Passwords, codes and reset links can be guessed as fast as the server answers; stolen \
              lists of passwords are tried against operations like this one first.",
        fix: "Limit attempts by account and by address, slow down after failures, and document 429 \
              with `Retry-After` (RFC 6585 §4).",
        owasp: "API2:2023",
        cwe: 307,
    },
    asks: "What stops somebody who tries every password?",
    judged: "Logins, token endpoints that take a password or code, and password resets without 429 \
             (or `4XX`) among their answers, and without a word or extension that tells of a limit. \
             Tokens that stand for something else, as of a card, \
             are not counted.",
    example: "paths:\n  /login:\n    post: {responses: {\"200\": {}, \"401\": {}}}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered() {
        if purpose::is_guessable(api, operation) && !limits::is_told(operation) {
            found.at("429 is not documented", Spot::operation(number, &operation.at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    #[test]
    fn logins_are_found_and_limited_ones_and_other_tokens_are_not() {
        let body = |field: &str| json!({"content": {"application/json": {"schema": {"properties": {field: {"type": "string"}}}}}});
        let paths = json!({"/login": {"post": {"responses": {"401": {}}}}, "/auth/token": {"post": {"requestBody": body("password")}},
            "/v1/tokens": {"post": {"requestBody": body("card")}}, "/signin": {"post": {"responses": {"429": {}}}},
            "/sign_in": {"post": {"x-shop": {"rate-limit": 10, "rate-time": 3600}}},
            "/password/reset": {"post": {}}, "/login/history": {"get": {}}});
        let found = trial::found(&CHECK, look, trial::with(json!({ "paths": paths })));
        assert_eq!(
            found,
            ["429 is not documented @ POST /auth/token, POST /login, POST /password/reset"]
        );
    }
}
