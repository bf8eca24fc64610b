//! The implicit flow of OAuth is offered.

use super::oauth;
use super::{Check, Found, Spot};
use crate::api::Api;
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "oauth-implicit",
        check: "oauth-implicit",
        title: "The implicit flow of OAuth is offered",
        severity: Severity::Medium,
        confidence: Confidence::High,
        why: "It hands the access token to the browser in the address, where histories, scripts and \
              other sites get at it, and a stolen one can be put into another client. RFC 9700 \
              §2.1.2 says that it should not be used; OAuth 2.1 leaves it out.",
        fix: "Use the authorization code flow with PKCE (RFC 7636) for every client, those in the \
              browser too, and switch the implicit one off.",
        owasp: "API2:2023",
        cwe: 598,
    },
    asks: "Can a client use the implicit flow?",
    judged: "Every OAuth scheme with a flow `implicit`, whether an operation requires it or not: \
             the authorization server offers it either way.",
    example: "type: oauth2\nflows:\n  implicit: {…}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    oauth::flows(api, "implicit", |operations, flow| {
        found.at("flow `implicit`", Spot::many(operations, &flow.at));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    #[test]
    fn the_flow_is_found_in_every_edition_and_others_are_not() {
        let flows = json!({"implicit": {"scopes": {}}, "authorizationCode": {"scopes": {}}});
        let components = json!({"securitySchemes": {"o": {"type": "oauth2", "flows": flows}}});
        let three = trial::with(json!({ "components": components }));
        let wanted = ["flow `implicit` @ /components/securitySchemes/o/flows/implicit"];
        assert_eq!(trial::found(&CHECK, look, three), wanted);
        let two = json!({"swagger": "2.0", "paths": {"/a": {"get": {}}}, "securityDefinitions": {
            "o": {"type": "oauth2", "flow": "implicit"}, "p": {"type": "oauth2", "flow": "accessCode"}}});
        let wanted = ["flow `implicit` @ /securityDefinitions/o"];
        assert_eq!(trial::found(&CHECK, look, two), wanted);
    }
}
