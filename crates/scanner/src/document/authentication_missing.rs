//! Operations that need no credential in an API where the others do.

use super::purpose::{self, Guarded};
use super::{Check, Found, Spot};
use crate::api::{Api, Operation};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "authentication-missing",
        check: "authentication-missing",
        title: "An operation needs no credential, unlike its neighbours",
        severity: Severity::High,
        confidence: Confidence::Medium,
        why: "The document lets anyone call it. A forgotten `security` is how writes become public: \
              gateways, generated servers and tests take the document at its word.",
        fix: "Require authentication for the whole document and lift it, with an empty `security`, \
              only where the public is meant.",
        owasp: "API2:2023",
        cwe: 306,
    },
    asks: "Is an operation open though the API asks for credentials elsewhere?",
    judged: "Operations without any requirement in an API where most have one. Writes count also \
             where `security` is empty, reads only of what belongs to somebody (users, accounts, \
             orders …). Not counted: logins, sign-up, password reset, health, discovery, webhooks \
             that come in, people's pages under their public names, what words call open on purpose \
             or addressed by a signed link, what takes its credential as a parameter, and operations that address one object (`object-open` tells those).",
    example: "paths:\n  /orders:\n    get: {security: [{token: []}]}\n    post: {}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let guarded = Guarded::of(api);
    if !guarded.is_rule() {
        return;
    }
    for (number, operation) in api.numbered() {
        if is_open(operation, guarded) && !purpose::is_addressed(operation) {
            found.at(shape(operation), Spot::operation(number, &operation.at));
        }
    }
}

/// True for an operation that anybody may call and probably nobody meant to open.
pub(super) fn is_open(operation: &Operation<'_>, guarded: Guarded) -> bool {
    let security = &operation.security;
    let writes = purpose::is_writing(operation);
    // Many open reads are a decision, and so is what belongs to nobody.
    let nobodys = !purpose::is_personal(operation)
        || purpose::is_vocabulary(operation)
        || purpose::is_public_profile(operation);
    if !writes && (!guarded.is_strict() || nobodys) {
        return false;
    }
    // Said in so many words: for a read it is a decision, for a write worth a look.
    let open = !security.stated || (security.is_waived() && writes);
    open && !operation.method.is_answered_by_the_server()
        && !purpose::is_entrance(operation)
        && !purpose::is_meant_open(operation)
        && !super::credential_parameter::proves(operation)
}

pub(super) fn shape(operation: &Operation<'_>) -> &'static str {
    match (purpose::is_writing(operation), operation.security.stated) {
        (true, true) => "a write that is said to need no credential",
        (true, false) => "a write without any requirement",
        _ => "a read without any requirement",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(paths: serde_json::Value) -> Vec<String> {
        let mut root = trial::with(json!({ "paths": paths }));
        root.as_object_mut().expect("object").remove("security");
        trial::found(&CHECK, look, root)
    }

    #[test]
    fn open_operations_among_guarded_ones_are_found() {
        let s = json!([{"token": []}]);
        let paths = json!({"/a": {"get": {"security": s}, "put": {"security": s}}, "/b": {"get": {"security": s}, "post": {}}, "/e": {"get": {"security": s}, "put": {"security": s}, "post": {"security": s}},
            "/f": {"get": {"security": s}, "put": {"security": s}, "post": {"security": s}},
            "/customers": {"get": {}}, "/news": {"get": {}}, "/d": {"get": {"security": s}, "patch": {"security": []}}});
        let wanted = [
            "a write without any requirement @ POST /b",
            "a read without any requirement @ GET /customers",
            "a write that is said to need no credential @ PATCH /d",
        ];
        assert_eq!(found(paths), wanted);
    }

    #[test]
    fn entrances_public_reads_and_public_apis_are_not() {
        let s = json!([{"token": []}]);
        let paths = json!({"/a": {"get": {"security": s}, "post": {"security": s}, "put": {"security": s}},
            "/login": {"post": {}}, "/health": {"get": {}}, "/password/reset": {"post": {}}, "/users/register": {"post": {}},
            "/news": {"get": {"security": []}, "options": {}}, "/oauth/token": {"post": {"security": []}}});
        assert!(found(paths).is_empty());
        let public = json!({"/a": {"get": {}}, "/b": {"get": {}}, "/c": {"get": {}, "post": {"security": s}}});
        assert!(found(public).is_empty());
    }

    #[test]
    fn what_proves_the_caller_otherwise_or_is_open_on_purpose_is_not() {
        let s = json!([{"token": []}]);
        let beside = |path: &str, operation: serde_json::Value| {
            let paths = json!({"/a": {"get": {"security": s}, "post": {"security": s}, "put": {"security": s}},
                "/b": {"get": {"security": s}, "post": {"security": s}, "put": {"security": s}}, path: operation});
            found(paths).len()
        };
        let header = |name: &str| json!({"post": {"parameters": [{"name": name, "in": "header", "schema": {"type": "string"}}]}});
        assert_eq!(beside("/c", header("X-Shop-Signature")), 0);
        assert_eq!(beside("/c", header("X-Shop-Date")), 1);
        let described = |words: &str| json!({"put": {"description": words}});
        assert_eq!(beside("/c", described("The full URL comes from `POST /uploads`.")), 0);
        assert_eq!(beside("/c", described("Uploads something.")), 1);
        assert_eq!(beside("/users/{username}", json!({"get": {}})), 0);
        assert_eq!(beside("/users/{username}/orders", json!({"get": {}})), 1);
        assert_eq!(beside("/c", json!({"post": {"security": [{}]}})), 1, "a waiver of a write");
    }
}
