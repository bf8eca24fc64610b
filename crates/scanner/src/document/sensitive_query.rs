//! Secrets and identities in the query.

use std::collections::HashSet;

use super::credential_parameter::{is_credential, is_for_it};
use super::sensitive;
use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, At, Put};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "sensitive-query",
        check: "sensitive-query",
        title: "Something secret or personal stands in the query",
        severity: Severity::Medium,
        confidence: Confidence::High,
        why: "Addresses are kept in access logs, histories, monitoring and caches, and leak with \
              `Referer`; what stands there is known to all of them (RFC 9110 §17.9).",
        fix: "Send it in the body of a `POST`, or in a header.",
        owasp: "API2:2023",
        cwe: 598,
    },
    asks: "Does a query hold what must not stand in a log?",
    judged: "Query parameters named like a national identifier or card, and passwords and secrets \
             of logins and resets. Credentials of other operations are told by \
             `credential-parameter`.",
    example: "/login:\n  get: {parameters: [{name: password, in: query}]}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let ordinary = api.operations.iter().filter(|one| !is_for_it(one));
    // One definition may serve logins and others.
    let told: HashSet<&At> = ordinary
        .flat_map(|one| one.at_place(Put::Query))
        .filter(|one| is_credential(one))
        .map(|one| &one.at)
        .collect();
    for (number, operation) in api.numbered() {
        let login = is_for_it(operation);
        for parameter in operation.at_place(Put::Query) {
            let words = Words::of(parameter.name);
            let secret = login && sensitive::is_secret(&words) && !told.contains(&parameter.at);
            let kind = parameter.schema.is_none_or(|one| !one.node.is_type("boolean"));
            if kind && (sensitive::is_identity(&words) || secret) {
                let shape = format!("query parameter `{}`", parameter.name);
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

    fn found(path: &str, name: &str) -> usize {
        let paths = json!({path: {"post": {"parameters": [{"name": name, "in": "query", "schema": {"type": "string"}}]}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths }))).len()
    }

    #[test]
    fn passwords_of_logins_and_identities_are_found() {
        assert_eq!(found("/login", "password"), 1);
        assert_eq!(found("/people", "social_security_number"), 1);
        assert_eq!(found("/people", "password"), 0, "told by another check");
        assert_eq!(found("/people", "name"), 0);
        assert_eq!(found("/login", "password_hint"), 0);
    }

    #[test]
    fn what_serves_other_operations_too_is_told_once_by_another_check() {
        let shared = json!({"access_token": {"name": "access_token", "in": "query", "schema": {"type": "string"}}});
        let operation = json!({"parameters": [{"$ref": "#/components/parameters/access_token"}]});
        let with = |paths: serde_json::Value| {
            trial::with(json!({"components": {"parameters": shared}, "paths": paths}))
        };
        let both = json!({"/login": {"post": operation}, "/people": {"get": operation}});
        assert!(trial::found(&CHECK, look, with(both)).is_empty());
        let alone = json!({"/login": {"post": operation}});
        assert_eq!(trial::found(&CHECK, look, with(alone)).len(), 1);
    }
}
