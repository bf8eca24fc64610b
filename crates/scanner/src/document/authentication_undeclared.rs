//! An API that nowhere says who may call it.

use super::authentication_missing::is_open;
use super::purpose::{self, Guarded};
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
             `security` says that this is meant; or if some require one and most do not, and most \
             writes, three at least, are among these (where few do not, `authentication-missing` \
             names them). \
             Not counted: APIs that only read and show nothing \
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
    if required && !passed {
        return look_half(api, found);
    }
    if required || passed || !matters || (said && api.schemes.is_empty()) {
        return;
    }
    let (shape, at) = match api.schemes.first() {
        Some(scheme) => ("a scheme is declared and no operation requires it", scheme.at.clone()),
        None => ("no scheme is declared", At::default().then("paths")),
    };
    found.at(shape, Spot::document(&at));
}

/// Writes without a requirement from which on they are no oversight in one place.
const FEW: usize = 3;

/// Where a requirement is the exception, nobody knows which of the others were meant to be open.
fn look_half(api: &Api<'_>, found: &mut Found<'_>) {
    let guarded = Guarded::of(api);
    let asking = api.operations.iter().filter(|one| one.security.named().next().is_some()).count();
    let writes = || api.numbered().filter(|(_, one)| purpose::is_writing(one));
    let open = writes().filter(|(_, one)| is_open(one, guarded)).map(|(number, _)| number);
    let open: Vec<u32> = open.collect();
    // One that asks alone may be another kind of thing.
    if asking > 1 && !guarded.is_rule() && open.len() >= FEW && open.len() * 2 > writes().count() {
        let at = At::default().then("paths");
        found.at("a scheme is required by some, and most writes are open", Spot::many(&open, &at));
    }
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
        let addressed =
            json!({"security": null, "components": null, "servers": servers, "paths": paths});
        assert!(found(addressed).is_empty());
    }

    #[test]
    fn a_requirement_that_is_the_exception_is_found() {
        let s = json!([{"token": []}]);
        let with = |open: serde_json::Value| {
            let paths = json!({"/a": {"get": {"security": s}, "head": {"security": s}}, "/b": {"post": open, "put": open, "patch": open, "get": open}});
            found(json!({"security": null, "paths": paths}))
        };
        let wanted = ["a scheme is required by some, and most writes are open @ /paths"];
        assert_eq!(with(json!({})), wanted);
        assert_eq!(with(json!({"security": [{}]})), wanted, "empty alternatives only");
        assert!(with(json!({"security": s})).is_empty());
        let optional = json!({"get": {"security": [{"token": []}, {}]}, "head": {"security": [{"token": []}, {}]}});
        let few = |asking: serde_json::Value, open: serde_json::Value| {
            found(json!({"security": null, "paths": {"/a": asking, "/b": open}})).len()
        };
        let (two, one) = (
            json!({"get": {"security": s}, "head": {"security": s}}),
            json!({"get": {"security": s}}),
        );
        let three = json!({"post": {}, "put": {}, "patch": {}});
        assert_eq!(few(two.clone(), three.clone()), 1);
        assert_eq!(few(optional, three.clone()), 1, "some ask, if not in earnest");
        assert_eq!(few(two.clone(), json!({"post": {}, "put": {}, "get": {}})), 0, "two writes");
        assert_eq!(few(one, three.clone()), 0, "one that asks");
        let mostly =
            json!({"post": {"security": s}, "put": {"security": s}, "patch": {"security": s}});
        assert_eq!(few(mostly, three), 0, "half of the writes ask");
    }
}
