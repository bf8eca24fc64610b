//! Credentials as ordinary parameters.

use super::purpose;
use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, Operation, Parameter, Put, SchemeKind};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "credential-parameter",
        check: "credential-parameter",
        title: "A credential is an ordinary parameter",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        why: "What is no security scheme is not treated as a secret: tools log and cache it, \
              gateways do not check it, generated clients print it, and no reader of the document \
              can tell that the operation is protected. In a query it also stands in every log.",
        fix: "Declare it under `securitySchemes` and require it with `security`; take it in a \
              header.",
        owasp: "API2:2023",
        cwe: 522,
    },
    asks: "Are keys, tokens or passwords taken as plain parameters?",
    judged: "Header, query and cookie parameters that are named like a credential (`X-Api-Key`, \
             `access_token`, `Authorization`, `password` …), where no scheme of the same name and \
             place exists. Tokens of pages, uploads, forms, idempotency and signatures, and the \
             parameters of logins and password resets are not counted.",
    example: "parameters:\n  - {name: api_key, in: query, schema: {type: string}}",
};

/// Names of what proves who calls.
const CREDENTIAL: &[&str] = &[
    "authorization",
    "api key",
    "apikey",
    "api token",
    "apitoken",
    "access token",
    "accesstoken",
    "auth token",
    "authtoken",
    "auth key",
    "authkey",
    "bearer token",
    "session token",
    "sessiontoken",
    "secret key",
    "secretkey",
    "client secret",
    "clientsecret",
    "api secret",
    "apisecret",
    "app key",
    "appkey",
    "app secret",
    "appsecret",
    "application key",
    "subscription key",
    "password",
    "passwd",
    "jwt",
    "id token",
    "private token",
    "user token",
    "admin token",
    "login token",
    "access key",
    "accesskey",
    "x auth",
    "service key",
    "service token",
    "server token",
    "account token",
    "app token",
    "apptoken",
    "dev token",
    "devtoken",
    "usertoken",
    "authentication token",
    "client authentication",
    "license key",
];

/// Names that are a credential only if they stand alone.
const ALONE: &[&str] =
    &["token", "x token", "key token", "secret", "x secret", "auth", "x auth", "pwd"];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    for (number, operation) in api.numbered().filter(|(_, one)| !is_for_it(one)) {
        for parameter in operation.parameters.iter().filter(|one| is_credential(one)) {
            if declared(api, parameter) || is_filter(operation, parameter) {
                continue;
            }
            let place = match parameter.put {
                Put::Header => "header",
                Put::Cookie => "cookie",
                _ => "query parameter",
            };
            let shape = format!("{place} `{}`", parameter.name);
            found.at(shape, Spot::operation(number, &parameter.at));
        }
    }
}

/// True if operations take their credential as a parameter.
pub(super) fn is_described(api: &Api<'_>) -> bool {
    let takes = api.operations.iter().filter(|one| takes_one(one)).count();
    takes * 2 >= api.operations.len()
}

/// True if the operation takes a credential as a parameter.
pub(super) fn takes_one(operation: &Operation<'_>) -> bool {
    operation.parameters.iter().any(is_credential)
}

/// True if a parameter may prove who calls, whether it is told here or not: any header of a token,
/// a key, a signature or a secret.
pub(super) fn proves(operation: &Operation<'_>) -> bool {
    let other = ["csrf", "xsrf", "client token", "idempotency", "next", "page", "sync", "lock"];
    let header = |one: &Parameter<'_>| {
        let words = Words::of(one.name);
        words.ends(&["token", "key", "signature", "secret", "authentication"]).is_some()
            && words.says(&other).is_none()
            && !is_other_token(one.description)
    };
    takes_one(operation) || operation.at_place(Put::Header).any(header)
}

pub(super) fn is_credential(parameter: &Parameter<'_>) -> bool {
    let words = Words::of(parameter.name);
    let about = words.starts(&["temp", "has", "is", "no", "new", "csrf", "xsrf"]).is_some();
    let session = parameter.put != Put::Query && words.ends(&["session id", "sessionid"]).is_some();
    let named = session || words.ends(CREDENTIAL).is_some() || words.is(ALONE).is_some();
    let named = named && !about;
    named
        && parameter.put != Put::Path
        && !is_other_token(parameter.description)
        && !parameter.schema.is_some_and(|one| is_no_secret(one.node))
}

/// Tokens that stand for a place or a state, not for somebody.
fn is_other_token(description: &str) -> bool {
    let others = [
        "lock token",
        "page token",
        "pagination token",
        "continuation token",
        "sync token",
        "upload token",
    ];
    let text = description.to_lowercase();
    others.iter().any(|one| text.contains(one))
}

/// True where a list can be narrowed by a member of that name (`auth_key`, `auth_key__n`).
fn is_filter(operation: &Operation<'_>, parameter: &Parameter<'_>) -> bool {
    let refined = |one: &Parameter<'_>| {
        one.name.strip_prefix(parameter.name).is_some_and(|rest| rest.starts_with("__"))
    };
    operation.parameters.iter().any(refined)
}

/// A flag, a choice or a list is no credential, whatever its name.
fn is_no_secret(node: crate::api::Node<'_>) -> bool {
    let other = ["boolean", "integer", "array", "object"].iter().any(|kind| node.is_type(kind));
    other || node.is_closed()
}

/// Where a credential is what the operation is about.
pub(super) fn is_for_it(operation: &Operation<'_>) -> bool {
    purpose::is_login(operation) || purpose::is_entrance(operation)
}

fn declared(api: &Api<'_>, parameter: &Parameter<'_>) -> bool {
    let authorization = parameter.name.eq_ignore_ascii_case("authorization");
    api.schemes.iter().any(|scheme| match scheme.kind {
        SchemeKind::Key { name, put } => {
            let same = match put {
                "query" => parameter.put == Put::Query,
                "cookie" => parameter.put == Put::Cookie,
                _ => parameter.put == Put::Header,
            };
            same && name.eq_ignore_ascii_case(parameter.name)
        }
        SchemeKind::Unknown => false,
        // The header that these schemes use.
        _ => authorization && parameter.put == Put::Header,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(path: &str, name: &str, put: &str, schema: serde_json::Value) -> Vec<String> {
        let parameter = json!({"name": name, "in": put, "schema": schema});
        let paths = json!({path: {"post": {"parameters": [parameter]}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths })))
    }

    #[test]
    fn keys_and_passwords_are_found_by_their_names() {
        let text = json!({"type": "string"});
        assert_eq!(
            found("/a", "X-API-Key", "header", text.clone()),
            ["header `X-API-Key` @ POST /a"]
        );
        assert_eq!(
            found("/a", "accessToken", "query", text.clone()),
            ["query parameter `accessToken` @ POST /a"]
        );
        assert_eq!(
            found("/a", "token", "query", text.clone()),
            ["query parameter `token` @ POST /a"]
        );
        assert_eq!(found("/a", "user_password", "query", text.clone()).len(), 1);
        for name in ["X-Shop-Service-Token", "Shop-DevToken", "X-Shop-Client-Authentication"] {
            assert_eq!(found("/a", name, "header", text.clone()).len(), 1, "{name}");
        }
    }

    #[test]
    fn other_tokens_schemes_and_logins_are_not() {
        let text = json!({"type": "string"});
        for name in [
            "page_token",
            "nextToken",
            "x-csrf-token",
            "pageKey",
            "key",
            "Idempotency-Key",
            "password_policy",
            "tokens",
            "upload-token",
            "session_id",
            "tempPassword",
        ] {
            assert!(found("/a", name, "query", text.clone()).is_empty(), "{name}");
        }
        assert!(found("/login", "password", "query", text.clone()).is_empty());
        assert!(found("/a", "Authorization", "header", text).is_empty());
        assert!(found("/a", "password", "query", json!({"type": "boolean"})).is_empty());
        assert!(found("/a", "auth", "query", json!({"type": "array"})).is_empty());
    }

    #[test]
    fn a_header_of_a_token_or_signature_proves_who_calls() {
        let proven = |name: &str| {
            let parameter = json!({"name": name, "in": "header", "required": true, "schema": {"type": "string"}});
            let root = trial::with(json!({"paths": {"/a": {"post": {"parameters": [parameter]}}}}));
            let files = crate::api::Files::of_value(root);
            proves(&Api::read(&files).expect("readable").operations[0])
        };
        for name in ["X-Shop-Service-Token", "X-Hub-Signature", "Shop-DevToken", "X-Auth-Secret"] {
            assert!(proven(name), "{name}");
        }
        for name in
            ["Idempotency-Key", "X-CSRF-Token", "X-Next-Token", "X-Amz-Client-Token", "Accept"]
        {
            assert!(!proven(name), "{name}");
        }
    }
}
