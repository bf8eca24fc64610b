//! What a refusal says of the fields that it did not like, and what to send instead.

use serde_json::{Value, json};

use crate::api::{Api, Operation};
use crate::live::actor::door;
use crate::live::invent::words;
use crate::live::reply::Reply;

/// A field that an answer complained of.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// JSON Pointer in the body.
    pub pointer: String,
    /// What the complaint asks for, where it says a type.
    pub value: Option<Value>,
}

/// Names that are read out of one refusal.
const MOST: usize = 12;

/// The fields that a refusal names: missing ones, and ones of a wrong type. The document's own
/// fields are looked for by name; what stands in quotes or before "is required" counts as well.
pub fn faults(
    document: &Api<'_>,
    operation: &Operation<'_>,
    reply: &Reply,
    body: &Value,
) -> Vec<Fault> {
    if !matches!(reply.status, 400 | 409 | 415 | 422 | 500) && !reply.is_success() {
        return Vec::new();
    }
    let mut found: Vec<Fault> = Vec::new();
    if let Some(json) = reply.json() {
        located(&json, &mut found);
    }
    let text = reply.text();
    let lower = text.to_ascii_lowercase();
    let called = reply.json().map(|json| own_names(&json)).unwrap_or_default();
    for name in quoted(&text)
        .into_iter()
        .filter(|name| !called.contains(name))
        .chain(before_required(&text))
        .chain(door::fields(document, operation))
    {
        if !is_word(&lower, &name.to_ascii_lowercase()) {
            continue;
        }
        let pointer = format!("/{name}");
        let missing = body.get(&name).is_none();
        let value = asked_type(&lower, &name.to_ascii_lowercase());
        if (missing || value.is_some()) && !found.iter().any(|one| one.pointer == pointer) {
            found.push(Fault { pointer, value });
        }
    }
    found.truncate(MOST);
    found
}

/// The first of the values that a refusal says it would take: `{"allowed": ["a", "b"]}`,
/// `must be one of: a, b`, `should be 'a' or 'b'`.
pub fn allowed(reply: &Reply) -> Option<String> {
    reply.json().as_ref().and_then(|answer| listed(answer, false)).or_else(|| {
        let text = reply.text();
        let words = [
            "be one of",
            "is one of",
            "allowed values",
            "valid values",
            "choose from",
            "should be '",
        ];
        let at = words.iter().find_map(|word| Some(text.find(word)? + word.len()))?;
        let rest = text.get(at..)?.trim_start_matches([' ', ':', '[', '(', '\'', '"', '`', '\\']);
        let value = rest.split([',', '\'', '"', '`', ']', ')', '|', '\\']).next()?.trim();
        is_name(value).then(|| value.to_owned())
    })
}

fn listed(answer: &Value, allowed: bool) -> Option<String> {
    match answer {
        Value::Array(items) if allowed => {
            let first = items.first().and_then(Value::as_str).filter(|text| is_name(text));
            first.map(str::to_owned).or_else(|| items.iter().find_map(|one| listed(one, true)))
        }
        Value::Array(items) => items.iter().find_map(|one| listed(one, false)),
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let lists =
                ["allowed", "whitelist", "permitted", "accepted", "valid", "supported", "enum"];
            let said = words(name);
            listed(value, allowed || said.iter().any(|word| lists.contains(&word.as_str())))
        }),
        _ => None,
    }
}

/// Lists of `{loc: ["body", "name"], type: "…"}` and `{field|param|path: "name"}`.
fn located(answer: &Value, found: &mut Vec<Fault>) {
    match answer {
        Value::Array(items) => items.iter().for_each(|one| located(one, found)),
        Value::Object(members) => {
            let place = ["loc", "field", "param", "path", "property", "name", "pointer"]
                .iter()
                .find_map(|key| members.get(*key));
            let parts: Vec<String> = match place {
                Some(Value::Array(parts)) => parts
                    .iter()
                    .filter(|part| *part != "body")
                    .map(crate::live::call::as_text)
                    .collect(),
                Some(Value::String(text)) => {
                    vec![text.trim_start_matches(['/', '.']).trim_start_matches("body.").to_owned()]
                }
                _ => Vec::new(),
            };
            let said = Value::Object(members.clone()).to_string().to_ascii_lowercase();
            let plain = |part: &String| {
                !part.is_empty()
                    && part.chars().all(|one| one.is_alphanumeric() || "_-".contains(one))
            };
            let told = members.contains_key("msg")
                || members.contains_key("message")
                || members.contains_key("error");
            if !parts.is_empty()
                && parts.iter().all(plain)
                && (told || members.contains_key("type"))
            {
                found.push(Fault {
                    pointer: format!("/{}", parts.join("/")),
                    value: of_type(&said),
                });
            }
            members.values().for_each(|one| located(one, found));
        }
        _ => {}
    }
}

/// What an error calls itself: `unknown_event` of `{"code": "unknown_event"}`.
fn own_names(answer: &Value) -> Vec<String> {
    let Some(members) = answer.as_object() else { return Vec::new() };
    let mut found = Vec::new();
    for (name, value) in members {
        match value {
            Value::Object(_) => found.extend(own_names(value)),
            Value::String(text)
                if ["error", "code", "type", "reason", "kind"].contains(&name.as_str()) =>
            {
                found.extend([text.clone(), name.clone()]);
            }
            // `"ok": false` says how it went.
            Value::Bool(_) | Value::Null => found.push(name.clone()),
            _ => {}
        }
    }
    found
}

fn of_type(said: &str) -> Option<Value> {
    let cases: [(&[&str], Value); 6] = [
        (&["valid integer", "an integer", "int_parsing", "type integer", "'integer'"], json!(1)),
        (&["valid number", "a number", "numeric", "float", "type number", "'number'"], json!(1)),
        (&["boolean", "bool_parsing"], json!(true)),
        (&["valid list", "an array", "a list", "'array'"], json!([])),
        (&["valid dictionary", "an object", "'object'"], json!({})),
        (&["valid string", "a string", "'string'"], json!("pcl-text")),
    ];
    cases
        .into_iter()
        .find(|(words, _)| words.iter().any(|word| said.contains(word)))
        .map(|(_, value)| value)
}

/// The type that stands shortly after a name.
fn asked_type(lower: &str, name: &str) -> Option<Value> {
    let at = lower.find(name)? + name.len();
    let after: String = lower.get(at..)?.chars().take(60).collect();
    let sentence = after.split(['.', ';', '}']).next().unwrap_or_default().to_owned();
    of_type(&sentence)
}

fn quoted(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for sign in ['\'', '`', '"'] {
        let parts = text.split(sign).skip(1).step_by(2);
        found.extend(parts.filter(|part| is_name(part)).map(str::to_owned));
    }
    // Names of the answer's own members are in quotes as well.
    let own = [
        "error",
        "errors",
        "message",
        "detail",
        "details",
        "status",
        "code",
        "title",
        "type",
        "msg",
        "success",
        "fail",
        "loc",
        "body",
        "input",
        "ctx",
        "description",
        "instance",
        "path",
        "field",
        "fields",
        "missing",
        "required",
    ];
    found.retain(|name| !own.contains(&name.as_str()) || text.contains(&format!("'{name}'")));
    found.truncate(MOST);
    found
}

/// `title` of "title is required" and of "missing title".
fn before_required(text: &str) -> Vec<String> {
    let words: Vec<_> = text
        .split(|one: char| !(one.is_alphanumeric() || one == '_' || one == '-'))
        .filter(|word| !word.is_empty())
        .collect();
    let mut found = Vec::new();
    for three in words.windows(3) {
        if let [name, verb, what] = three {
            let verb = matches!(*verb, "is" | "are" | "must" | "cannot" | "field");
            let what = matches!(*what, "required" | "missing" | "be" | "mandatory");
            if verb && what && is_name(name) {
                found.push((*name).to_owned());
            }
        }
    }
    for two in words.windows(2) {
        let [verb, name] = two else { continue };
        let asks = ["missing", "require", "requires", "provide"];
        if asks.contains(&verb.to_ascii_lowercase().as_str()) && is_name(name) {
            found.push((*name).to_owned());
        }
    }
    let stop = [
        "field",
        "fields",
        "required",
        "parameter",
        "value",
        "data",
        "this",
        "and",
        "the",
        "body",
        "request",
        "input",
        "a",
        "an",
        "all",
        "json",
        "it",
        "is",
    ];
    found.retain(|name| !stop.contains(&name.to_ascii_lowercase().as_str()));
    found
}

fn is_name(text: &str) -> bool {
    (2..=40).contains(&text.len())
        && text.starts_with(|one: char| one.is_ascii_alphabetic() || one == '_')
        && text.chars().all(|one| one.is_ascii_alphanumeric() || one == '_' || one == '-')
}

fn is_word(text: &str, name: &str) -> bool {
    let is_part = |one: Option<char>| one.is_some_and(|one| one.is_alphanumeric() || one == '_');
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|part| part.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|part| part.chars().next());
        !is_part(before) && !is_part(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Files;
    use crate::live::reply::made::json as answered;

    fn told(answer: &str, body: &Value) -> Vec<Fault> {
        let root = json!({"openapi": "3.0.0", "paths": {"/x": {"post": {"requestBody": {"content": {
            "application/json": {"schema": {"properties": {"title": {"type": "string"}, "count": {}}}}}}}}}});
        let files = Files::of_value(root);
        let document = Api::read(&files).expect("an api");
        faults(&document, &document.operations[0], &answered(422, answer), body)
    }

    fn pointers(answer: &str, body: &Value) -> Vec<String> {
        told(answer, body).into_iter().map(|one| one.pointer).collect()
    }

    #[test]
    fn what_an_error_calls_itself_is_no_field() {
        let body = json!({"title": "t", "count": 1});
        let named = r#"{"error": {"code": "unknown_event", "message": "not on sale"}}"#;
        assert_eq!(pointers(named, &body), [""; 0]);
        assert_eq!(pointers(r#"{"ok": false, "reason": "unknown_code"}"#, &body), [""; 0]);
        let missing = r#"{"error": "missing_field", "message": "'colour' is required"}"#;
        assert_eq!(pointers(missing, &body), ["/colour"]);
    }

    #[test]
    fn missing_fields_are_read_in_many_words() {
        let empty = json!({});
        for answer in [
            r#"{"detail": [{"loc": ["body", "owner"], "msg": "Field required", "type": "missing"}]}"#,
            r#"{"error": "'owner' is a required property"}"#,
            r#"{"message": "owner is required"}"#,
            r#"{"error": "Missing owner"}"#,
            r#"{"errors": [{"field": "owner", "message": "may not be blank"}]}"#,
        ] {
            assert_eq!(pointers(answer, &empty), ["/owner"], "{answer}");
        }
        assert_eq!(
            pointers(r#"{"message": "title and count needed"}"#, &empty),
            ["/count", "/title"]
        );
    }

    #[test]
    fn what_would_be_taken_is_read_in_many_words() {
        for answer in [
            r#"{"errors": [{"whitelist": {"commands": ["status", "uptime"]}}]}"#,
            r#"{"error": "kind is wrong", "allowedValues": ["status"]}"#,
            r#"{"message": "kind must be one of: status, uptime"}"#,
            r#"{"detail": "Input should be 'status' or 'uptime'"}"#,
            r#"{"detail": "must be one of [\"status\", \"uptime\"]"}"#,
        ] {
            assert_eq!(allowed(&answered(422, answer)).as_deref(), Some("status"), "{answer}");
        }
        for answer in [
            r#"{"error": "no such thing", "invalid": ["kind"]}"#,
            r#"{"phoneNumber": ["required"]}"#,
            r#"{"message": "at least one of name, email is required"}"#,
            r#"{"validationErrors": ["email"]}"#,
        ] {
            assert_eq!(allowed(&answered(422, answer)), None, "{answer}");
        }
    }

    #[test]
    fn a_wrong_type_is_changed() {
        let body = json!({"title": "x", "count": "y"});
        let found = told(r#"{"error": "count must be an integer"}"#, &body);
        assert_eq!(found, [Fault { pointer: "/count".to_owned(), value: Some(json!(1)) }]);
    }
}
