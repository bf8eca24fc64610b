//! One scope that reads and deletes.

use std::collections::BTreeSet;

use super::{Check, Found, Spot};
use crate::api::{Api, Method, Operation, SchemeKind};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "oauth-scope-coarse",
        check: "oauth-scope-coarse",
        title: "Who only wants to read must be allowed to delete",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        why: "A client that reads gets a token that can delete, because there is no smaller scope. \
              What such a token does when it leaks is limited by nothing (RFC 9700 §2.3).",
        fix: "Split the scope into one for reading and one for changing, and require the smaller \
              one where it is enough.",
        owasp: "API5:2023",
        cwe: 269,
    },
    asks: "Is there a smaller scope for those who only read?",
    judged: "A scope that alone suffices for `DELETE` and that some read needs in each of its \
             alternatives.",
    example: "get: {security: [{oauth: [orders]}]}\ndelete: {security: [{oauth: [orders]}]}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let deletes = api.operations.iter().filter(|one| one.method == Method::Delete);
    let deleting: BTreeSet<&str> = deletes.flat_map(|one| alone(api, one)).collect();
    let mut reads: Vec<(&str, Vec<u32>)> = Vec::new();
    for (number, operation) in api.numbered().filter(|(_, one)| one.method == Method::Get) {
        let alternatives = alone(api, operation);
        // Another alternative may be the smaller one.
        let [scope] = alternatives[..] else { continue };
        if operation.security.alternatives.len() != 1 || !deleting.contains(scope) {
            continue;
        }
        match reads.iter_mut().find(|(known, _)| *known == scope) {
            Some((_, operations)) => operations.push(number),
            None => reads.push((scope, vec![number])),
        }
    }
    for (scope, operations) in reads {
        for number in operations {
            let Some(operation) = api.operations.get(number as usize) else { continue };
            found.at(format!("scope `{scope}`"), Spot::operation(number, &operation.security.at));
        }
    }
}

/// Scopes that are enough by themselves.
fn alone<'a>(api: &Api<'a>, operation: &Operation<'a>) -> Vec<&'a str> {
    let single = |one: &crate::api::Requirement<'a>| match &one.schemes[..] {
        [(name, scopes)] => match (&scopes[..], api.scheme(name).map(|one| &one.kind)) {
            ([scope], Some(SchemeKind::OAuth { .. })) => Some(*scope),
            _ => None,
        },
        _ => None,
    };
    operation.security.alternatives.iter().filter_map(single).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn with(paths: serde_json::Value) -> serde_json::Value {
        let flows =
            json!({"clientCredentials": {"tokenUrl": "/t", "scopes": {"read": "", "write": ""}}});
        let schemes = json!({"o": {"type": "oauth2", "flows": flows}, "k": {"type": "apiKey", "in": "header", "name": "k"}});
        trial::with(
            json!({"components": {"securitySchemes": schemes}, "security": [{"o": ["read"]}], "paths": paths}),
        )
    }

    #[test]
    fn a_scope_for_everything_is_found_and_a_choice_is_not() {
        let all = json!([{"o": ["write"]}]);
        let paths = json!({"/a": {"get": {"security": all}, "delete": {"security": all}}, "/b": {"get": {"security": [{"o": ["write"]}, {"o": ["read"]}]}}});
        assert_eq!(trial::found(&CHECK, look, with(paths)), ["scope `write` @ GET /a"]);
        let split =
            json!({"/a": {"get": {"security": [{"o": ["read"]}]}, "delete": {"security": all}}});
        assert!(trial::found(&CHECK, look, with(split)).is_empty());
    }
}
