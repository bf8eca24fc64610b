//! Changes that a cookie alone authorises.

use super::purpose;
use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, Method, Operation, SchemeKind};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "key-in-cookie",
        check: "key-in-cookie",
        title: "A cookie alone authorises changes",
        severity: Severity::Medium,
        confidence: Confidence::Low,
        why: "Browsers add cookies to requests that other sites cause, so another site can act in \
              the name of whoever is logged in (cross-site request forgery), unless something else \
              in the request proves where it comes from.",
        fix: "Take the credential in a header, or require a token against forgery beside the \
              cookie, set `SameSite=Lax` or `Strict` (RFC 6265bis §5.6.7), and check `Origin`.",
        owasp: "API2:2023",
        cwe: 352,
    },
    asks: "Can another site make a browser change something here?",
    judged: "Changes by `POST` that accept an alternative of cookies alone, where no scheme or \
             parameter looks like a token against forgery and the scheme's words tell of no defence. \
             `PUT`, `PATCH` and `DELETE` are not counted: a browser asks before it sends them for \
             another site (Fetch Standard, CORS-preflight).",
    example: "components:\n  securitySchemes:\n    session: {type: apiKey, in: cookie, name: sid}",
};

const PROOF: &[&str] = &[
    "csrf",
    "xsrf",
    "csrftoken",
    "xsrftoken",
    "anti forgery",
    "antiforgery",
    "origin",
    "request verification",
];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let cookie = |name: &str| match api.scheme(name).map(|scheme| &scheme.kind) {
        Some(SchemeKind::Key { put, .. }) => *put == "cookie",
        _ => false,
    };
    let told = |name: &str| api.scheme(name).is_some_and(|one| is_defended(one.description));
    let forged = |one: &Operation<'_>| one.method == Method::Post && purpose::is_writing(one);
    for (number, operation) in api.numbered().filter(|(_, one)| forged(one)) {
        let alone = operation.security.alternatives.iter().find(|one| {
            !one.schemes.is_empty()
                && one.schemes.iter().all(|(name, _)| cookie(name) && !told(name))
        });
        let proven =
            operation.parameters.iter().any(|one| Words::of(one.name).says(PROOF).is_some());
        let Some(alone) = alone.filter(|_| !proven && !purpose::is_entrance(operation)) else {
            continue;
        };
        let names: Vec<&str> = alone.schemes.iter().map(|(name, _)| *name).collect();
        found
            .at(format!("scheme `{}`", names.join("`, `")), Spot::operation(number, &operation.at));
    }
}

/// True if words tell what keeps other sites out.
fn is_defended(description: &str) -> bool {
    let text = description.to_lowercase();
    ["same-origin", "same origin", "samesite", "csrf", "xsrf"].iter().any(|one| text.contains(one))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    #[test]
    fn a_cookie_alone_is_found_and_one_with_a_proof_is_not() {
        let schemes = json!({"sid": {"type": "apiKey", "in": "cookie", "name": "sid"}, "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF"}});
        let paths = || {
            json!({"/a": {"get": {}, "post": {}, "put": {"security": [{"sid": [], "csrf": []}]},
            "delete": {}, "patch": {"parameters": [{"name": "X-XSRF-TOKEN", "in": "header"}]}}})
        };
        let found = |schemes: &serde_json::Value| {
            let root = json!({"security": [{"sid": []}], "components": {"securitySchemes": schemes}, "paths": paths()});
            trial::found(&CHECK, look, trial::with(root))
        };
        assert_eq!(found(&schemes), ["scheme `sid` @ POST /a"]);
        let mut defended = schemes;
        defended["sid"]["description"] = json!("The cookie is `SameSite=Strict`.");
        assert!(found(&defended).is_empty());
    }
}
