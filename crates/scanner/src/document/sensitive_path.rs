//! Secrets and identities in the path.

use super::purpose;
use super::sensitive;
use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, At, Operation, Put};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "sensitive-path",
        check: "sensitive-path",
        title: "Something secret or personal stands in the path",
        severity: Severity::Medium,
        confidence: Confidence::High,
        why: "Paths are kept in access logs, histories, monitoring and caches, and leak with \
              `Referer`; what stands there is known to all of them (RFC 9110 §17.9).",
        fix: "Send it in a header or in the body, or replace it by an identifier that means nothing \
              elsewhere.",
        owasp: "API2:2023",
        cwe: 598,
    },
    asks: "Does a path hold what must not stand in a log?",
    judged: "Path parameters named like a password, key, access token, national identifier or card, \
             and variables of a server's address named like a key or token. \
             Links that can be used once (a segment like `invite`, `reset` or `unsubscribe`) are not \
             counted.",
    example: "paths:\n  /users/{ssn}: {…}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (name, at) in server_credentials(api) {
        found.at(format!("server variable `{name}`"), Spot::document(at));
    }
    for (number, operation) in api.numbered().filter(|(_, one)| !is_link(one)) {
        for parameter in operation.at_place(Put::Path) {
            let words = Words::of(parameter.name);
            if sensitive::is_secret(&words) || sensitive::is_identity(&words) {
                let shape = format!("path parameter `{}`", parameter.name);
                found.at(shape, Spot::operation(number, &parameter.at));
            }
        }
    }
}

/// Variables of servers' addresses in which callers send who they are.
pub(super) fn server_credentials<'a>(api: &'a Api<'_>) -> impl Iterator<Item = &'a (String, At)> {
    let variables = api.servers.iter().flat_map(|server| &server.variables);
    variables.filter(|(name, _)| {
        let words = Words::of(name);
        sensitive::is_secret(&words) || words.is(&["token"]).is_some()
    })
}

/// True where the address is a link of a mail, made to be followed once.
fn is_link(operation: &Operation<'_>) -> bool {
    let once = [
        "invite",
        "invites",
        "invitation",
        "invitations",
        "reset",
        "unsubscribe",
        "activate",
        "activation",
        "confirm",
        "confirmation",
        "verify",
        "verification",
        "recover",
        "recovery",
    ];
    purpose::fixed(operation).any(|part| Words::of(part).says(&once).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(name: &str) -> usize {
        below("/users", name)
    }

    fn below(path: &str, name: &str) -> usize {
        let path = format!("{path}/{{{name}}}");
        let paths = json!({path: {"get": {"parameters": [{"name": name, "in": "path", "required": true}]}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths }))).len()
    }

    #[test]
    fn secrets_and_identities_are_found_and_identifiers_are_not() {
        for name in ["ssn", "password", "accessToken", "api_key", "cardNumber"] {
            assert_eq!(found(name), 1, "{name}");
        }
        for name in ["id", "token", "secret_name", "passwordPolicyId", "keyId", "secretId", "key"] {
            assert_eq!(found(name), 0, "{name}");
        }
        assert_eq!(below("/apps/invite", "accessToken"), 0);
        assert_eq!(below("/password-reset", "accessToken"), 0);
        assert_eq!(below("/games", "accessToken"), 1);
    }

    #[test]
    fn a_token_in_the_servers_address_is_found() {
        let found = |name: &str| {
            let variables = json!({name: {"default": "x"}});
            let server = json!({"url": format!("https://api.shop.com/bot{{{name}}}"), "variables": variables});
            trial::found(&CHECK, look, trial::with(json!({"servers": [server]})))
        };
        assert_eq!(found("token"), ["server variable `token` @ /servers/0/variables/token"]);
        assert_eq!(found("apiKey").len(), 1);
        assert!(found("region").is_empty());
    }
}
