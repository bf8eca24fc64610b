//! OAuth and OpenID addresses over plain HTTP.

use super::server_internal::is_local;
use super::{Check, Found, Spot};
use crate::api::{Api, SchemeKind};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "credential-url-plaintext",
        check: "credential-url-plaintext",
        title: "A credential is issued over plain HTTP",
        severity: Severity::High,
        confidence: Confidence::High,
        why: "Whoever stands in between reads the authorization code, the client secret or the \
              token, or sends the user to a false login. RFC 6749 §3.1 and §3.2 require TLS at both \
              endpoints, RFC 9700 §2.6 repeats it.",
        fix: "Serve the authorization, token, refresh and discovery addresses over `https` only and \
              correct the document.",
        owasp: "API2:2023",
        cwe: 319,
    },
    asks: "Are tokens and logins asked for over plain HTTP?",
    judged: "`authorizationUrl`, `tokenUrl`, `refreshUrl` and `openIdConnectUrl` of every scheme \
             that begin with `http://`. Addresses on the developer's own machine are not counted.",
    example: "tokenUrl: http://login.example.com/oauth/token",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for scheme in &api.schemes {
        match &scheme.kind {
            SchemeKind::OpenId { url } => {
                note(found, url, "openIdConnectUrl", &scheme.at.then("openIdConnectUrl"));
            }
            SchemeKind::OAuth { flows } => {
                for flow in flows {
                    for (key, url) in [
                        ("authorizationUrl", flow.authorization_url),
                        ("tokenUrl", flow.token_url),
                        ("refreshUrl", flow.refresh_url),
                    ] {
                        note(found, url.unwrap_or_default(), key, &flow.at.then(key));
                    }
                }
            }
            _ => {}
        }
    }
}

fn note(found: &mut Found<'_>, url: &str, key: &str, at: &crate::api::At) {
    let plain = url.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("http://"));
    if plain && !is_local(url) {
        found.at(format!("`{key}` without TLS"), Spot::document(at).detail(url));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn with(flow: serde_json::Value) -> serde_json::Value {
        trial::with(json!({"components": {"securitySchemes": {
            "o": {"type": "oauth2", "flows": {"authorizationCode": flow}},
            "i": {"type": "openIdConnect", "openIdConnectUrl": "https://a.com/c"}}}}))
    }

    #[test]
    fn a_plain_token_address_is_found() {
        let flow = json!({"authorizationUrl": "https://a.com/a", "tokenUrl": "http://a.com/t", "scopes": {}});
        let place = "/components/securitySchemes/o/flows/authorizationCode/tokenUrl";
        let wanted = format!("`tokenUrl` without TLS @ {place}");
        assert_eq!(trial::found(&CHECK, look, with(flow)), [wanted]);
    }

    #[test]
    fn encrypted_relative_and_local_ones_are_not() {
        let flow = json!({"authorizationUrl": "/a", "tokenUrl": "http://localhost/t", "refreshUrl": "HTTPS://a.com"});
        assert!(trial::found(&CHECK, look, with(flow)).is_empty());
    }
}
