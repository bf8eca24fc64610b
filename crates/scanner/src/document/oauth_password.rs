//! The password flow of OAuth is offered.

use super::oauth;
use super::{Check, Found, Spot};
use crate::api::Api;
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "oauth-password",
        check: "oauth-password",
        title: "The password flow of OAuth is offered",
        severity: Severity::Medium,
        confidence: Confidence::High,
        why: "The client sees the user's password, which trains users to give it away, rules out \
              second factors and passkeys, and makes every client a place to steal it. RFC 9700 \
              §2.4 forbids the flow.",
        fix: "Use the authorization code flow with PKCE for people and client credentials for \
              machines; switch the password one off.",
        owasp: "API2:2023",
        cwe: 522,
    },
    asks: "Can a client use the password flow?",
    judged: "Every OAuth scheme with a flow `password`, whether an operation requires it or not: \
             the authorization server offers it either way.",
    example: "type: oauth2\nflows:\n  password: {…}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    oauth::flows(api, "password", |operations, flow| {
        found.at("flow `password`", Spot::many(operations, &flow.at));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    #[test]
    fn the_flow_is_found_in_every_edition_and_others_are_not() {
        let flows = json!({"password": {"scopes": {}}, "authorizationCode": {"scopes": {}}});
        let components = json!({"securitySchemes": {"o": {"type": "oauth2", "flows": flows}}});
        let three = trial::with(json!({ "components": components }));
        let wanted = ["flow `password` @ /components/securitySchemes/o/flows/password"];
        assert_eq!(trial::found(&CHECK, look, three), wanted);
        let two = json!({"swagger": "2.0", "paths": {"/a": {"get": {}}}, "securityDefinitions": {
            "o": {"type": "oauth2", "flow": "password"}, "p": {"type": "oauth2", "flow": "accessCode"}}});
        let wanted = ["flow `password` @ /securityDefinitions/o"];
        assert_eq!(trial::found(&CHECK, look, two), wanted);
    }
}
