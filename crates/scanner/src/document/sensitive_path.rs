//! Secrets and identities in the path.

use super::sensitive;
use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, Put};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "sensitive-path",
        check: "sensitive-path",
        title: "Something secret or personal stands in the path",
        severity: Severity::Medium,
        confidence: Confidence::High,
        why: "Paths are kept in access logs, histories, monitoring and caches, and leak with \
              `Referer`; what stands there is known to all of them (RFC 9110 §17.9).",
        fix: "Send it in a header or in the body, or replace it by an identifier that means nothing \
              elsewhere.",
        owasp: "API2:2023",
        cwe: 598,
    },
    asks: "Does a path hold what must not stand in a log?",
    judged: "Path parameters named like a password, key, access token, national identifier or card. \
             Links that can be used once (as of a password reset) are not counted.",
    example: "paths:\n  /users/{ssn}: {…}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered() {
        for parameter in operation.at_place(Put::Path) {
            let words = Words::of(parameter.name);
            if sensitive::is_secret(&words) || sensitive::is_identity(&words) {
                let shape = format!("path parameter `{}`", parameter.name);
                found.at(shape, Spot::operation(number, &parameter.at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(name: &str) -> usize {
        let path = format!("/users/{{{name}}}");
        let paths = json!({path: {"get": {"parameters": [{"name": name, "in": "path", "required": true}]}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths }))).len()
    }

    #[test]
    fn secrets_and_identities_are_found_and_identifiers_are_not() {
        for name in ["ssn", "password", "accessToken", "api_key", "cardNumber"] {
            assert_eq!(found(name), 1, "{name}");
        }
        for name in ["id", "token", "secret_name", "passwordPolicyId", "keyId", "secretId", "key"] {
            assert_eq!(found(name), 0, "{name}");
        }
    }
}
