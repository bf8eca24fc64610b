//! Scopes that the scheme does not know.

use std::collections::BTreeMap;

use super::{Check, Found, Spot};
use crate::api::{Api, At, SchemeKind};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "oauth-scope-unknown",
        check: "oauth-scope-unknown",
        title: "A scope is required that the scheme does not declare",
        severity: Severity::Low,
        confidence: Confidence::High,
        why: "No client can ask for it by the document: either the operation cannot be called, or \
              the scope is not checked, or the list of scopes is incomplete and reviewers approve \
              the wrong ones.",
        fix: "Declare the scope in the flows of the scheme, or name the one that is meant.",
        owasp: "API5:2023",
        cwe: 1059,
    },
    asks: "Is every scope that an operation requires declared?",
    judged: "Scopes in `security` that no flow of an `oauth2` scheme declares. OpenID Connect \
             publishes its scopes elsewhere and is not counted.",
    example: "security:\n  - oauth: [orders:wirte]",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let mut unknown: BTreeMap<(&str, &At), Vec<u32>> = BTreeMap::new();
    for (number, operation) in api.numbered() {
        for (name, scopes) in operation.security.named() {
            let Some(SchemeKind::OAuth { flows }) = api.scheme(name).map(|one| &one.kind) else {
                continue;
            };
            let declared = |scope: &str| {
                flows.iter().any(|flow| flow.scopes.iter().any(|(one, _)| *one == scope))
            };
            for scope in scopes.iter().filter(|scope| !flows.is_empty() && !declared(scope)) {
                unknown.entry((scope, &operation.security.at)).or_default().push(number);
            }
        }
    }
    for ((scope, at), operations) in unknown {
        found.at(format!("scope `{scope}`"), Spot::many(&operations, at));
    }
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
    fn misspelt_scopes_are_found_and_keys_have_none() {
        let paths = json!({"/a": {"get": {}, "put": {"security": [{"o": ["wirte"]}]}, "post": {"security": [{"k": ["admin"]}]}}});
        assert_eq!(trial::found(&CHECK, look, with(paths)), ["scope `wirte` @ PUT /a"]);
    }
}
