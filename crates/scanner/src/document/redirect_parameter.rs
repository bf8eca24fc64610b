//! Addresses to which a browser is sent.

use super::purpose;
use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, Method, Operation, Parameter, Put};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "redirect-parameter",
        check: "redirect-parameter",
        title: "The caller names where the browser goes next",
        severity: Severity::Low,
        confidence: Confidence::Low,
        why: "A link to the trusted host leads to a false one: that is how passwords and codes are \
              fished for, and how tokens in addresses leak.",
        fix: "Compare the whole address with a registered list (RFC 9700 §4.1.3), or take only \
              paths of your own host.",
        owasp: "API8:2023",
        cwe: 601,
    },
    asks: "Can a caller choose where a browser is sent?",
    judged: "Query parameters of reads like `redirect`, `return_url`, `next_url`, `goto`. \
             `redirect_uri` of OAuth endpoints, which the server has to compare with what is \
             registered, and what filters a list are not counted.",
    example: "/login:\n  get: {parameters: [{name: return_url, in: query}]}",
};

const NAMES: &[&str] = &[
    "redirect",
    "redirect url",
    "redirect uri",
    "redirecturl",
    "redirecturi",
    "redirect to",
    "return url",
    "return uri",
    "returnurl",
    "return to",
    "returnto",
    "next url",
    "continue url",
    "goto",
    "success url",
    "failure url",
    "back url",
    "relay state",
    "target link uri",
    "destination url",
    "post logout redirect uri",
];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered().filter(|(_, one)| one.method == Method::Get) {
        for parameter in operation.at_place(Put::Query) {
            let closed = parameter
                .schema
                .is_some_and(|one| one.node.is_closed() || one.node.is_type("boolean"));
            let words = Words::of(parameter.name);
            let named = words.is(NAMES).is_some();
            let registered = words.is(&["redirect uri"]).is_some() && is_oauth(operation);
            if named && !closed && !registered && !is_filter(parameter) {
                let shape = format!("query parameter `{}`", parameter.name);
                found.at(shape, Spot::operation(number, &parameter.at));
            }
        }
    }
}

/// True for what narrows a list: nobody is sent there.
fn is_filter(parameter: &Parameter<'_>) -> bool {
    let words = Words::of(parameter.description);
    words.starts(&["filter", "filters", "filter by", "only"]).is_some()
}

fn is_oauth(operation: &Operation<'_>) -> bool {
    let client = operation.at_place(Put::Query).any(|one| one.name == "client_id");
    client
        || purpose::fixed(operation).any(|part| {
            Words::of(part).says(&["oauth", "authorize", "oidc", "saml", "token"]).is_some()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(path: &str, name: &str, schema: serde_json::Value) -> usize {
        let paths = json!({path: {"get": {"parameters": [{"name": name, "in": "query", "schema": schema}]}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths }))).len()
    }

    #[test]
    fn a_filter_of_a_list_is_not() {
        let told = |words: &str| {
            let parameter = json!({"name": "redirect", "in": "query", "description": words, "schema": {"type": "string"}});
            let paths = json!({"/domains": {"get": {"parameters": [parameter]}}});
            trial::found(&CHECK, look, trial::with(json!({ "paths": paths }))).len()
        };
        assert_eq!(told("Filters domains based on their redirect target."), 0);
        assert_eq!(told("Where to go afterwards."), 1);
    }

    #[test]
    fn redirects_are_found_and_those_of_oauth_and_flags_are_not() {
        let text = json!({"type": "string"});
        assert_eq!(found("/login", "return_url", text.clone()), 1);
        assert_eq!(found("/login", "returnTo", text.clone()), 1);
        assert_eq!(found("/oauth/authorize", "redirect_uri", text.clone()), 0);
        assert_eq!(found("/callback:generateToken", "redirectUri", text.clone()), 0);
        assert_eq!(found("/login", "redirect", json!({"type": "boolean"})), 0);
        assert_eq!(found("/items", "next", text), 0);
    }
}
