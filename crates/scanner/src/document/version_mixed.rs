//! The same operation in two versions.

use std::collections::HashMap;

use super::{Check, Found, Spot};
use crate::api::{Api, Method};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "version-mixed",
        check: "version-mixed",
        title: "An older version of an operation is still served",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        why: "The newer one was made because something had to change; the older one keeps what was \
              wrong, and rarely gets the newer checks.",
        fix: "Mark the older one `deprecated`, say when it ends (`Sunset`, RFC 8594), and switch it \
              off.",
        owasp: "API9:2023",
        cwe: 1059,
    },
    asks: "Is the same operation served in two versions?",
    judged: "Operations that differ only in a version segment of their path (`/v1/orders`, \
             `/v2/orders`), the older one not marked `deprecated`. Not counted where their summaries tell in brackets that they \
             are two ways to do it.",
    example: "paths:\n  /v1/orders: {…}\n  /v2/orders: {…}",
};

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let mut newest: HashMap<(Method, String), (u32, &str)> = HashMap::new();
    for operation in &api.operations {
        if let Some((version, rest)) = versioned(operation.path) {
            let newest = newest.entry((operation.method, rest)).or_default();
            if version >= newest.0 {
                *newest = (version, operation.summary);
            }
        }
    }
    for (number, operation) in api.numbered().filter(|(_, one)| !one.deprecated) {
        let Some((version, rest)) = versioned(operation.path) else { continue };
        let newest = newest.get(&(operation.method, rest)).copied();
        let (newest, summary) = newest.unwrap_or_default();
        if version < newest && !is_another(operation.summary, summary) {
            found
                .at(format!("v{version} beside v{newest}"), Spot::operation(number, &operation.at));
        }
    }
}

/// True if two summaries tell in brackets in what their operations differ.
fn is_another(one: &str, other: &str) -> bool {
    let way = |text: &str| {
        let (_, way) = text.trim().strip_suffix(')')?.rsplit_once('(')?;
        let aged = ["deprecated", "legacy", "old", "v0", "v1", "v2", "v3"];
        Some(way.to_lowercase()).filter(|way| !aged.iter().any(|word| way.contains(word)))
    };
    matches!((way(one), way(other)), (Some(one), Some(other)) if one != other)
}

/// The version of a path, and the path with parameters' names and the version left out.
fn versioned(path: &str) -> Option<(u32, String)> {
    let mut version = None;
    let rest: Vec<&str> = path
        .split('/')
        .map(|part| {
            match part.strip_prefix(['v', 'V']).and_then(|number| number.parse::<u32>().ok()) {
                Some(number) if version.is_none() => {
                    version = Some(number);
                    "v"
                }
                _ if part.starts_with('{') => "{}",
                _ => part,
            }
        })
        .collect();
    // A version alone is no operation.
    version.filter(|_| rest.len() > 2).map(|version| (version, rest.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    #[test]
    fn the_older_of_two_is_found() {
        let paths = json!({"/v1/orders/{id}": {"get": {}, "put": {"deprecated": true}}, "/v2/orders/{order}": {"get": {}, "put": {}},
            "/v0/data": {"get": {"summary": "Read (with webhook)"}}, "/v1/data": {"get": {"summary": "Read (with input)"}},
            "/v1/all": {"get": {"summary": "Read (old)"}}, "/v2/all": {"get": {"summary": "Read (new)"}},
            "/v1/other": {"get": {}}, "/v1": {"get": {}}, "/v2": {"get": {}}});
        let found = trial::found(&CHECK, look, trial::with(json!({ "paths": paths })));
        assert_eq!(found, ["v1 beside v2 @ GET /v1/all, GET /v1/orders/{id}"]);
    }
}
