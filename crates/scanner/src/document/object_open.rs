//! One object is addressed by its identifier, and nobody asks who calls.

use super::authentication_missing::{is_open, shape};
use super::purpose::{self, Guarded};
use super::{Check, Found, Spot};
use crate::api::Api;
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "object-open",
        check: "object-open",
        title: "An object is reached by its identifier without authentication",
        severity: Severity::High,
        confidence: Confidence::Medium,
        why: "Whoever knows or guesses an identifier reads or changes the object. Without \
              authentication there can be no object-level authorisation, the first risk of the \
              OWASP list.",
        fix: "Require authentication and check, for each object, that the caller may have it; \
              identifiers that cannot be guessed are no replacement.",
        owasp: "API1:2023",
        cwe: 639,
    },
    asks: "Is an object addressed by its id without any credential?",
    judged: "Operations with an identifier in their path and no requirement, in an API where most \
             operations have one. Reads count only of what belongs to somebody; those with an empty `security` are taken as meant for the public; \
             logins, webhooks, public documents and the like are not counted.",
    example: "paths:\n  /invoices/{invoiceId}:\n    get: {}   # the others have `security`",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let guarded = Guarded::of(api);
    if !guarded.is_rule() {
        return;
    }
    for (number, operation) in api.numbered() {
        if is_open(operation, guarded) && purpose::is_addressed(operation) {
            found.at(shape(operation), Spot::operation(number, &operation.at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    #[test]
    fn an_open_object_among_guarded_ones_is_found_and_public_ones_are_not() {
        let s = json!([{"token": []}]);
        let paths = json!({"/a": {"get": {"security": s}, "post": {"security": s}, "put": {"security": s}}, "/b": {"get": {"security": s}, "post": {"security": s}, "put": {"security": s}},
            "/invoices/{invoice_id}": {"get": {}, "delete": {"security": s}},
            "/news/{id}": {"get": {"security": []}}, "/files/{path}": {"get": {}},
            "/webhooks/{id}": {"post": {}}});
        let mut root = trial::with(json!({ "paths": paths }));
        root.as_object_mut().expect("object").remove("security");
        let found = trial::found(&CHECK, look, root);
        assert_eq!(found, ["a read without any requirement @ GET /invoices/{invoice_id}"]);
    }
}
