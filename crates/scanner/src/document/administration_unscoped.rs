//! Administration that asks no more than everything else.

use super::{Check, Found, Spot};
use super::{oauth, purpose};
use crate::api::Api;
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "administration-unscoped",
        check: "administration-unscoped",
        title: "Administration asks for no more than everything else",
        severity: Severity::Info,
        confidence: Confidence::Low,
        why: "By the document a plain user's credential opens the administrator's operations. Where \
              the check is left to code alone, one forgotten line makes every user an \
              administrator.",
        fix: "Require a scope or scheme of its own for administration, and check the role in one \
              place for the whole path.",
        owasp: "API5:2023",
        cwe: 285,
    },
    asks: "Do administrators need more than plain users?",
    judged: "Operations under a path segment like `admin` that have the same requirement as most of \
             the others, in an API that can tell callers apart by scopes or by several schemes. \
             APIs that are all administration are not counted.",
    example: "paths:\n  /admin/users:\n    delete: {security: [{oauth: []}]}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let scoped = api.schemes.iter().any(|one| oauth::has_scopes(&one.kind));
    let (above, plain): (Vec<_>, Vec<_>) =
        api.numbered().partition(|(_, one)| purpose::is_administration(one));
    if !(scoped || api.schemes.len() > 1) || plain.len() < above.len() {
        return;
    }
    for (number, operation) in above {
        let asked = &operation.security.alternatives;
        let same = plain.iter().filter(|(_, one)| one.security.alternatives == *asked).count();
        if !asked.is_empty() && same * 2 > plain.len() {
            found.at("the requirement of plain operations", Spot::operation(number, &operation.at));
        }
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
    fn administration_like_the_rest_is_found_and_one_with_its_own_scope_is_not() {
        let paths = json!({"/a": {"get": {}, "post": {}}, "/admin/users": {"get": {}, "delete": {"security": [{"o": ["write"]}]}}});
        let found = trial::found(&CHECK, look, with(paths));
        assert_eq!(found, ["the requirement of plain operations @ GET /admin/users"]);
        let bearer = trial::with(json!({"paths": {"/a": {"get": {}}, "/admin": {"get": {}}}}));
        assert!(trial::found(&CHECK, look, bearer).is_empty());
        assert!(trial::found(&CHECK, look, with(json!({"/admin/a": {"get": {}}}))).is_empty());
    }
}
