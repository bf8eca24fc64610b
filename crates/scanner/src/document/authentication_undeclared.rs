//! An API that nowhere says who may call it.

use super::purpose;
use super::{Check, Found, Spot};
use crate::api::{Api, At};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "authentication-undeclared",
        check: "authentication-undeclared",
        title: "The document does not say who may call",
        severity: Severity::High,
        confidence: Confidence::Medium,
        why: "Either the API is open to anyone, or its protection is described nowhere: clients, \
              gateways and reviewers cannot tell, and nothing can be tested against the document.",
        fix: "Declare the scheme under `components.securitySchemes` and require it with a \
              `security` of the whole document; give the few public operations an empty `security`.",
        owasp: "API2:2023",
        cwe: 306,
    },
    asks: "Does the document say how callers prove who they are?",
    judged: "One finding for the API, if no operation requires a scheme and nowhere an empty \
             `security` says that this is meant. Not counted: APIs that only read and show nothing \
             of persons, and those that take their credential as a parameter or in the \
             server's address (`credential-parameter` and `sensitive-path` tell).",
    example: "paths:\n  /orders:\n    post: {}   # and no `security` anywhere",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let said = api.operations.iter().any(|one| one.security.stated);
    let required = api.operations.iter().any(|one| one.security.named().next().is_some());
    let passed = super::credential_parameter::is_described(api)
        || super::sensitive_path::server_credentials(api).next().is_some();
    let matters =
        api.operations.iter().any(|one| purpose::is_writing(one) || purpose::is_personal(one));
    if required || passed || !matters || (said && api.schemes.is_empty()) {
        return;
    }
    let (shape, at) = match api.schemes.first() {
        Some(scheme) => ("a scheme is declared and no operation requires it", scheme.at.clone()),
        None => ("no scheme is declared", At::default().then("paths")),
    };
    found.at(shape, Spot::document(&at));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(members: serde_json::Value) -> Vec<String> {
        let mut root = trial::with(members);
        root.as_object_mut().expect("object").retain(|_, value| !value.is_null());
        trial::found(&CHECK, look, root)
    }

    #[test]
    fn writes_without_a_word_are_found_once() {
        let paths = json!({"/orders": {"post": {}, "get": {}}, "/carts/{id}": {"delete": {}}});
        let bare = json!({"security": null, "components": null, "paths": paths});
        assert_eq!(found(bare), ["no scheme is declared @ /paths"]);
        let unused = found(json!({"security": null, "paths": paths}));
        assert_eq!(
            unused,
            [
                "a scheme is declared and no operation requires it @ /components/securitySchemes/token"
            ]
        );
        assert_eq!(
            found(json!({"security": null, "components": null, "paths": {"/users": {"get": {}}}}))
                .len(),
            1
        );
    }

    #[test]
    fn what_is_required_said_or_public_data_is_not() {
        assert!(found(json!({})).is_empty());
        assert!(
            found(json!({"security": [], "components": null, "paths": {"/x": {"post": {}}}}))
                .is_empty()
        );
        assert!(
            found(
                json!({"security": null, "components": null, "paths": {"/weather": {"get": {}}}})
            )
            .is_empty()
        );
        let keyed = json!({"/x": {"post": {"parameters": [{"name": "X-Api-Key", "in": "header", "schema": {"type": "string"}}]}}});
        assert!(found(json!({"security": null, "components": null, "paths": keyed})).is_empty());
        let servers = json!([{"url": "https://api.shop.com/bot{token}", "variables": {"token": {"default": "1"}}}]);
        let paths = json!({"/x": {"post": {}}});
        let addressed = json!({"security": null, "components": null, "servers": servers, "paths": paths});
        assert!(found(addressed).is_empty());
    }
}
