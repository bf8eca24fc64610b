//! Writes that any token of the API may make.

use super::{Check, Found, Spot};
use super::{oauth, purpose};
use crate::api::Api;
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "oauth-scopes-missing",
        check: "oauth-scopes-missing",
        title: "A write asks for no scope",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        why: "Any token that the authorization server gives out for this API is enough, one for \
              reading too. A leaked token of the least trusted client can then change everything \
              (RFC 9700 §2.3 asks for the least privilege).",
        fix: "Name for each operation the scopes that it needs, different ones for reading and for \
              changing.",
        owasp: "API5:2023",
        cwe: 862,
    },
    asks: "Does a write say which scope it needs?",
    judged: "Operations that change something and require an OAuth scheme with scopes, without \
             naming one. Schemes that declare no scopes or none that divides anything (a blank one, \
             `default` alone), and alternatives of other kinds, are not \
             counted.",
    example: "security:\n  - oauth: []   # of a scheme with scopes",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered().filter(|(_, one)| purpose::is_writing(one)) {
        let bare = operation.security.named().find(|(name, scopes)| {
            scopes.is_empty() && api.scheme(name).is_some_and(|one| oauth::has_scopes(&one.kind))
        });
        if let Some((name, _)) = bare.filter(|_| !purpose::is_entrance(operation)) {
            let spot = Spot::operation(number, &operation.security.at);
            found.at(format!("scheme `{name}` without a scope"), spot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn with(paths: serde_json::Value) -> serde_json::Value {
        scoped(json!({"read": "", "write": ""}), paths)
    }

    fn scoped(scopes: serde_json::Value, paths: serde_json::Value) -> serde_json::Value {
        let flows = json!({"clientCredentials": {"tokenUrl": "/t", "scopes": scopes}});
        let schemes = json!({"o": {"type": "oauth2", "flows": flows}, "k": {"type": "apiKey", "in": "header", "name": "k"}});
        trial::with(
            json!({"components": {"securitySchemes": schemes}, "security": [{"o": ["read"]}], "paths": paths}),
        )
    }

    #[test]
    fn writes_without_a_scope_are_found() {
        let none = json!([{"o": []}]);
        let paths = json!({"/a": {"get": {"security": none}, "post": {"security": none}, "put": {"security": [{"o": ["write"]}]},
            "patch": {"security": [{"k": []}]}}, "/login": {"post": {"security": none}}});
        assert_eq!(
            trial::found(&CHECK, look, with(paths)),
            ["scheme `o` without a scope @ POST /a"]
        );
    }

    #[test]
    fn a_scheme_whose_scopes_divide_nothing_is_not() {
        let paths = || json!({"/a": {"post": {"security": [{"o": []}]}}});
        let found = |scopes| trial::found(&CHECK, look, scoped(scopes, paths())).len();
        assert_eq!(found(json!({" ": "Scopes not required"})), 0);
        assert_eq!(found(json!({"default": "all"})), 0);
        assert_eq!(found(json!({"default": "all", "email": ""})), 1);
    }
}
