//! Secrets in answers.

use super::sensitive;
use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::{Api, Field, Method, Way};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "sensitive-answer",
        check: "sensitive-answer",
        title: "An answer gives out a secret",
        severity: Severity::High,
        confidence: Confidence::Medium,
        why: "Whoever can read the object gets a password, its hash, a private key or the numbers \
              of a card, and with them more than the operation was meant to give. Logs and caches \
              of clients keep it.",
        fix: "Leave it out of answers (`writeOnly: true`, or a schema of its own). Show a secret \
              once, when it is made; store hashes of passwords and never give them out.",
        owasp: "API3:2023",
        cwe: 200,
    },
    asks: "Does a read give back what should only go in?",
    judged: "Members of what `GET` answers that are named like a password, its hash, a private key, \
             a client secret or a card's number or code, and are text and not `writeOnly`. Not \
             counted: operations that are there to give a secret (`…/secret`, `…/credentials`, \
             `…/keys`), masked values, members of which only the name is like it, and secrets shown \
             once when they are made.",
    example: "User:\n  properties: {name: {…}, password_hash: {type: string}}",
};

/// Operations that exist in order to give a secret.
const FOR_IT: &[&str] = &[
    "secret",
    "secrets",
    "credential",
    "credentials",
    "key",
    "keys",
    "password",
    "passwords",
    "token",
    "tokens",
    "connection",
    "connections",
    "login",
    "kubeconfig",
    "certificate",
    "certificates",
    "connection string",
    "connection strings",
    "config",
    "listkeys",
    "apikey",
    "apikeys",
    "env",
    "sensitive",
    "configuration file",
];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let reads = |number: &&u32| {
        api.operations.get(**number as usize).is_some_and(|one| {
            let path = one
                .path
                .split('/')
                .any(|part| !part.contains('{') && Words::of(part).ends(FOR_IT).is_some());
            one.method == Method::Get && !path
        })
    };
    for (shape, field) in api.fields(Way::Answer).filter(|(_, field)| is_given(field)) {
        let words = Words::of(field.name);
        let secret = sensitive::is_secret(&words) && !sensitive::is_token(&words);
        let named = secret || sensitive::is_stored(&words) || sensitive::is_identity(&words);
        if !named || Words::of(&shape.name).says(FOR_IT).is_some() {
            continue;
        }
        let reached: Vec<u32> = shape.answers.iter().filter(reads).copied().collect();
        if !reached.is_empty() {
            found.at(
                format!("`{}`", field.name),
                Spot::many(&reached, &field.at).detail(field.path.clone()),
            );
        }
    }
}

fn is_given(field: &Field<'_>) -> bool {
    let node = field.node;
    let text = node.is_type("string")
        || (node.types().is_empty() && node.get("properties").is_none() && !field.referred);
    let description = node.text("description").unwrap_or_default().to_lowercase();
    let told = [
        "mask",
        "redact",
        "last 4",
        "last four",
        "obfuscat",
        "encrypted",
        "never returned",
        "not returned",
        "write-only",
        "write only",
        "always empty",
        "always null",
        "reference to",
        "only returned",
        "whether",
        "omitted",
        "hidden",
        "public",
    ];
    text && !field.write_only
        && !node.is_closed()
        && node.text("format") != Some("uri")
        && !field.path.is_empty()
        && !told.iter().any(|word| description.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(method: &str, path: &str, field: serde_json::Value) -> Vec<String> {
        let schema = json!({"properties": field});
        let answer = json!({"200": {"content": {"application/json": {"schema": schema}}}});
        let paths = json!({path: {method: {"responses": answer}}});
        trial::found(&CHECK, look, trial::with(json!({ "paths": paths })))
    }

    #[test]
    fn secrets_that_a_read_gives_are_found() {
        for name in
            ["password", "passwordHash", "private_key", "clientSecret", "cvv", "ssn", "cardNumber"]
        {
            let found = found("get", "/users", json!({name: {"type": "string"}}));
            assert_eq!(found, [format!("`{name}` @ GET /users")]);
        }
    }

    #[test]
    fn new_ones_masked_ones_policies_and_flags_are_not() {
        let text = json!({"type": "string"});
        for (method, path, field) in [
            ("post", "/clients", json!({"clientSecret": text})),
            ("get", "/apps/{id}/credentials", json!({"clientSecret": text})),
            (
                "get",
                "/users",
                json!({"password": {"type": "boolean"}, "passwordPolicy": text, "secret_name": text, "hash": text}),
            ),
            ("get", "/users", json!({"password": {"type": "string", "writeOnly": true}})),
            (
                "get",
                "/users",
                json!({"card_number": {"type": "string", "description": "Masked but for the last 4 digits"}}),
            ),
        ] {
            assert!(found(method, path, field).is_empty(), "{path}");
        }
    }
}
