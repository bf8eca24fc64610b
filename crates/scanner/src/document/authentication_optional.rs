//! Writes that are served with or without a credential.

use super::purpose;
use super::{Check, Found, Spot};
use crate::api::Api;
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "authentication-optional",
        check: "authentication-optional",
        title: "Authentication is optional for a write",
        severity: Severity::High,
        confidence: Confidence::Medium,
        why: "One of the alternatives asks for nothing, so the credential proves nothing: whoever \
              leaves it away is served as well.",
        fix: "Remove the empty alternative (`{}`) from `security`, or split the public part into an \
              operation of its own.",
        owasp: "API2:2023",
        cwe: 306,
    },
    asks: "Can a write be made without the credential that it names?",
    judged: "Operations that change something and whose `security` has an empty alternative beside \
             others. Reads, logins, sign-up and the like are not counted: there it is often meant.",
    example: "security:\n  - token: []\n  - {}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered() {
        let optional =
            operation.security.is_optional() && operation.security.named().next().is_some();
        if optional && purpose::is_writing(operation) && !purpose::is_entrance(operation) {
            found.at("an empty alternative", Spot::operation(number, &operation.security.at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    #[test]
    fn optional_writes_are_found_and_reads_and_logins_are_not() {
        let s = json!([{"token": []}, {}]);
        let paths = json!({"/a": {"get": {"security": s}, "post": {"security": s}}, "/login": {"post": {"security": s}}, "/a/search": {"post": {"security": s}}});
        let found = trial::found(&CHECK, look, trial::with(json!({ "paths": paths })));
        assert_eq!(found, ["an empty alternative @ POST /a"]);
    }
}
