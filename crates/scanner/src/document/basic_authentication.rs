//! A password in every request.

use super::purpose;
use super::{Check, Found, Spot};
use crate::api::{Api, Operation, SchemeKind};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "basic-authentication",
        check: "basic-authentication",
        title: "Callers send a password with every request",
        severity: Severity::Medium,
        confidence: Confidence::High,
        why: "Basic authentication (RFC 7617 §4) carries a lasting password in each request: every \
              log, proxy and client that sees one request can be anyone's undoing, and it can \
              neither expire nor be limited to some operations.",
        fix: "Issue tokens that expire and carry scopes: OAuth client credentials for machines, the \
              authorization code flow with PKCE for people.",
        owasp: "API2:2023",
        cwe: 522,
    },
    asks: "Do operations accept HTTP Basic?",
    judged: "Schemes of HTTP Basic that an operation requires. Token, revocation and introspection \
             endpoints, where OAuth clients authenticate this way (RFC 6749 §2.3.1), and where a password is changed, are not counted.",
    example: "components:\n  securitySchemes:\n    login: {type: http, scheme: basic}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for scheme in api.schemes.iter().filter(|one| matches!(one.kind, SchemeKind::Basic)) {
        let takes = api.numbered().filter(|(_, operation)| {
            let named = operation.security.named().any(|(name, _)| *name == scheme.name);
            named && !is_proof_again(operation) && !purpose::is_entrance(operation)
        });
        let operations: Vec<u32> = takes.map(|(number, _)| number).collect();
        if !operations.is_empty() {
            let spot = Spot::many(&operations, &scheme.at).detail(scheme.name);
            found.at("HTTP Basic", spot);
        }
    }
}

/// Where somebody shows his password in order to change it, or to be given something for it.
fn is_proof_again(operation: &Operation<'_>) -> bool {
    let again = ["password", "api key", "apikey"];
    purpose::is_login(operation) || purpose::last(operation).ends(&again).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(paths: serde_json::Value) -> Vec<String> {
        let schemes = json!({"b": {"type": "http", "scheme": "Basic"}, "t": {"type": "http", "scheme": "bearer"}});
        trial::found(
            &CHECK,
            look,
            trial::with(json!({
            "security": [{"t": []}], "components": {"securitySchemes": schemes}, "paths": paths})),
        )
    }

    #[test]
    fn basic_that_is_required_is_found_once() {
        let s = json!([{"b": []}]);
        let found = found(
            json!({"/a": {"get": {"security": s}, "post": {"security": [{"t": []}, {"b": []}]}}}),
        );
        assert_eq!(found, ["HTTP Basic @ /components/securitySchemes/b"]);
    }

    #[test]
    fn unused_and_clients_at_the_token_endpoint_are_not() {
        let found =
            found(json!({"/a": {"get": {}}, "/oauth/token": {"post": {"security": [{"b": []}]}}}));
        assert!(found.is_empty());
    }
}
