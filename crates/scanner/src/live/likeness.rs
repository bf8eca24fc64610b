//! Whether two answers mean the same: what separates "let in" from "turned away politely".

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::live::reply::Reply;

/// Members that say "this is an error" when they hold anything but null, false, zero or nothing.
const ERROR_MEMBERS: [&str; 7] =
    ["error", "errors", "error_code", "errorCode", "error_description", "fault", "exception"];
/// Words with which an answer says that it failed, in members named `status`, `result` or `code`.
const ERROR_WORDS: [&str; 8] =
    ["error", "fail", "failed", "failure", "unauthorized", "unauthorised", "forbidden", "denied"];

/// True if the body says that the request failed, whatever the status says.
pub fn tells_of_error(reply: &Reply) -> bool {
    let problem = reply.media_type() == "application/problem+json";
    problem || reply.json().as_ref().and_then(Value::as_object).is_some_and(is_error)
}

/// True if the two answers give the same kind of thing: the same media type and, for JSON, mostly
/// the same members. Values may differ, they belong to whoever asks.
pub fn alike(left: &Reply, right: &Reply) -> bool {
    match (left.json(), right.json()) {
        (Some(left), Some(right)) => same_shape(&left, &right),
        (None, None) => {
            left.media_type() == right.media_type() && left.body.is_empty() == right.body.is_empty()
        }
        _ => false,
    }
}

/// True if the answer sends its reader to a page for logging in.
pub fn leads_to_login(reply: &Reply) -> bool {
    let place = reply.header("location").unwrap_or_default().to_ascii_lowercase();
    let words = ["login", "log-in", "signin", "sign-in", "oauth", "authorize", "sso", "/auth"];
    (300..400).contains(&reply.status) && words.iter().any(|word| place.contains(word))
}

fn is_error(object: &Map<String, Value>) -> bool {
    let marked = ERROR_MEMBERS.iter().any(|name| object.get(*name).is_some_and(is_something));
    let failed =
        ["success", "ok"].iter().any(|name| object.get(*name) == Some(&Value::Bool(false)));
    let worded = ["status", "result", "code"].iter().any(|name| match object.get(*name) {
        Some(Value::String(word)) => ERROR_WORDS.contains(&word.to_ascii_lowercase().as_str()),
        Some(Value::Number(number)) => {
            number.as_u64().is_some_and(|status| (400..600).contains(&status))
        }
        _ => false,
    });
    marked || failed || worded
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_i64() != Some(0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    }
}

fn same_shape(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let left: BTreeSet<_> = left.keys().collect();
            let right: BTreeSet<_> = right.keys().collect();
            // At least half of all members in common.
            2 * left.intersection(&right).count() >= left.union(&right).count()
        }
        (Value::Array(left), Value::Array(right)) => match (left.first(), right.first()) {
            (Some(left), Some(right)) => same_shape(left, right),
            // A list is a list, whoever sees more of it.
            _ => true,
        },
        (left, right) => std::mem::discriminant(left) == std::mem::discriminant(right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::{json, reply};

    #[test]
    fn errors_are_told_by_their_body() {
        let errors = [
            r#"{"error": "unauthorized"}"#,
            r#"{"success": false, "data": null}"#,
            r#"{"status": "error", "message": "no"}"#,
            r#"{"code": 401, "message": "no"}"#,
            r#"{"errors": [{"detail": "x"}]}"#,
        ];
        for body in errors {
            assert!(tells_of_error(&json(200, body)), "{body}");
        }
        let fine = [
            r#"{"errors": [], "data": {}}"#,
            r#"{"error": null, "id": 1}"#,
            r#"{"status": "shipped"}"#,
            r#"{"code": 7}"#,
            "[]",
        ];
        for body in fine {
            assert!(!tells_of_error(&json(200, body)), "{body}");
        }
    }

    #[test]
    fn answers_are_alike_by_their_members() {
        let one = json(200, r#"{"id": 1, "name": "a"}"#);
        assert!(alike(&one, &json(200, r#"{"id": 2, "name": "b", "debug": {}}"#)));
        assert!(!alike(&one, &json(200, r#"{"message": "please log in"}"#)));
        assert!(!alike(&one, &reply(200, &[("content-type", "text/html")], "<html>")));
        assert!(alike(&json(200, "[]"), &json(200, r#"[{"id": 1}]"#)));
        assert!(!alike(&json(200, "[]"), &json(200, "{}")));
        let text = |body| reply(200, &[("content-type", "text/plain")], body);
        assert!(alike(&text("a"), &text("b")));
        assert!(!alike(&text("a"), &text("")));
    }

    #[test]
    fn a_redirect_to_the_login_page_is_recognised() {
        assert!(leads_to_login(&reply(302, &[("location", "/Login?next=/x")], "")));
        assert!(!leads_to_login(&reply(302, &[("location", "/orders/7")], "")));
    }
}
