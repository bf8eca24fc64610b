//! Requirements that name no scheme.

use std::collections::BTreeMap;

use super::{Check, Found, Spot};
use crate::api::{Api, At, SchemeKind};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "scheme-unknown",
        check: "scheme-unknown",
        title: "A requirement names a scheme that does not exist",
        severity: Severity::Medium,
        confidence: Confidence::High,
        why: "Tools leave out what they do not find: generated servers and gateways then serve the \
              operation without authentication, and clients send no credential.",
        fix: "Declare the scheme under this name, or require the one that is meant.",
        owasp: "API2:2023",
        cwe: 306,
    },
    asks: "Does every requirement name a scheme that is declared?",
    judged: "Names in `security` under which no scheme is declared, and required schemes of a type \
             that the specification does not know.",
    example: "security:\n  - bearerAuth: []   # declared is `BearerAuth`",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let mut unknown: BTreeMap<(String, &At), Vec<u32>> = BTreeMap::new();
    for (number, operation) in api.numbered() {
        for (name, _) in operation.security.named() {
            let shape = match api.scheme(name).map(|one| &one.kind) {
                None => format!("`{name}` is not declared"),
                Some(SchemeKind::Unknown) => format!("`{name}` is of no known type"),
                Some(_) => continue,
            };
            unknown.entry((shape, &operation.security.at)).or_default().push(number);
        }
    }
    for ((shape, at), operations) in unknown {
        found.at(shape, Spot::many(&operations, at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    #[test]
    fn names_without_a_scheme_are_found() {
        let schemes = json!({"a": {"type": "http", "scheme": "bearer"}, "b": {"type": "cookie"}});
        let root = trial::with(
            json!({"components": {"securitySchemes": schemes}, "security": [{"A": []}],
            "paths": {"/x": {"get": {}, "put": {}, "post": {"security": [{"a": []}]}, "patch": {"security": [{"b": []}]}}}}),
        );
        let wanted = ["`A` is not declared @ /security", "`b` is of no known type @ PATCH /x"];
        assert_eq!(trial::found(&CHECK, look, root), wanted);
    }
}
