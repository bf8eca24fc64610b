//! Turns a documented operation into a request: paths, parameters and bodies filled with values.

use serde_json::Value;

use crate::api::{Api, Media, Method, Operation, Put};
use crate::live::request::{Request, escape, with_query};
use crate::live::target::Target;
use crate::order::Placement;

/// What to put where, instead of what the document suggests.
#[derive(Debug, Default, Clone)]
pub struct Fill {
    /// Path parameters by name, unescaped.
    pub path: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Option<Vec<u8>>,
}

/// Everything that a request of an operation may carry, as values. What is not in it is not sent.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Inputs {
    /// Path parameters by name, unescaped.
    pub path: Vec<(String, String)>,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    /// What the body says, whatever media type it is written in.
    pub body: Option<Value>,
    /// True if the body goes out as JSON although the document describes none.
    pub undocumented_body: bool,
}

impl Inputs {
    /// What the document itself suggests for path, required query and headers.
    pub fn of_document<'a>(document: &Api<'a>, operation: &Operation<'a>) -> Self {
        let mut inputs = Self::default();
        for parameter in operation.parameters.iter().filter(|one| one.required) {
            let text = as_text(&document.parameter_value(parameter).0);
            let pair = (parameter.name.to_owned(), text);
            match parameter.put {
                Put::Path => inputs.path.push(pair),
                Put::Query => inputs.query.push(pair),
                Put::Header => inputs.headers.push(pair),
                Put::Cookie => {}
            }
        }
        inputs
    }
}

/// Builds the request of an operation from these values, without a credential.
pub fn written(
    operation: &Operation<'_>,
    target: &Target,
    placement: &Placement,
    inputs: &Inputs,
) -> Request {
    let mut path = target.base.clone();
    let mut rest = operation.path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        path.push_str(&literal(before));
        let value = inputs.path.iter().find(|(key, _)| key == name);
        path.push_str(&escape(value.map_or("1", |(_, value)| value)));
        rest = after;
    }
    path.push_str(&literal(rest));
    for (name, value) in inputs.query.iter().filter(|(name, _)| !is_credential(placement, name)) {
        path = with_query(&path, name, &escape(value));
    }
    let ours = |name: &str| is_ours(placement, name);
    let headers = inputs.headers.iter().filter(|(name, _)| !ours(name));
    let mut headers: Vec<_> =
        headers.map(|(name, value)| (name.clone(), header_text(value))).collect();
    let body = inputs.body.as_ref().and_then(|value| {
        let media = operation.body().or_else(|| operation.bodies.first());
        match media {
            Some(media) => Some(in_media(media, value)),
            None if inputs.undocumented_body => {
                Some(("application/json".to_owned(), value.to_string().into_bytes()))
            }
            None => None,
        }
    });
    if let Some((media_type, _)) = &body {
        headers.push(("Content-Type".to_owned(), header_text(media_type)));
    }
    Request {
        method: operation.method,
        path,
        headers,
        body: body.map(|(_, bytes)| bytes),
        credential: None,
        operation: Some(operation.label()),
    }
}

/// Separates the parts of a multipart body (RFC 7578 §4.1).
const BOUNDARY: &str = "portcullis-boundary-5f1c";

fn in_media(media: &Media<'_>, value: &Value) -> (String, Vec<u8>) {
    if media.essence() != "multipart/form-data" {
        return (media.media_type.to_owned(), encoded(media, value));
    }
    let mut body = String::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        let name = name.replace(['"', '\r', '\n'], "_");
        let binary = media.schema.and_then(|schema| {
            let node = schema.node.get("properties")?.get(&name)?;
            // OpenAPI 3.1 says it by JSON Schema's own word.
            let said = node.text("contentMediaType").filter(|one| !one.starts_with("text/"));
            node.text("format").filter(|format| *format == "binary").or(said)
        });
        let file = if binary.is_some() {
            "; filename=\"probe.txt\"\r\nContent-Type: text/plain"
        } else {
            ""
        };
        body.push_str(&format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{}\r\n",
            as_text(value)
        ));
    }
    body.push_str(&format!("--{BOUNDARY}--\r\n"));
    (format!("multipart/form-data; boundary={BOUNDARY}"), body.into_bytes())
}

/// Builds the request for an operation, without a credential.
pub fn call<'a>(
    document: &Api<'a>,
    operation: &Operation<'a>,
    target: &Target,
    placement: &Placement,
    fill: &Fill,
) -> Request {
    let mut path = format!("{}{}", target.base, filled_path(document, operation, fill));
    let mut headers = Vec::new();
    for parameter in operation.parameters.iter().filter(|parameter| parameter.required) {
        let text = || as_text(&document.parameter_value(parameter).0);
        match parameter.put {
            Put::Query if !is_credential(placement, parameter.name) => {
                path = with_query(&path, parameter.name, &escape(&text()));
            }
            Put::Header if !is_ours(placement, parameter.name) => {
                headers.push((parameter.name.to_owned(), header_text(&text())));
            }
            _ => {}
        }
    }
    let body = operation.body().filter(|_| !operation.method.is_safe());
    let bytes = body.map(|body| match &fill.body {
        Some(bytes) => bytes.clone(),
        None => encoded(body, &document.body_value(body)),
    });
    if let (Some(body), Some(_)) = (body, &bytes) {
        headers.push(("Content-Type".to_owned(), header_text(body.media_type)));
    }
    let method = operation.method;
    Request {
        method,
        path,
        headers,
        body: bytes,
        credential: None,
        operation: Some(operation.label()),
    }
}

/// Names of path parameters for which the document states no example.
pub fn unstated<'a>(document: &Api<'a>, operation: &Operation<'a>) -> Vec<&'a str> {
    let in_path = operation.parameters.iter().filter(|one| one.put == Put::Path);
    let guessed = in_path.filter(|parameter| !document.parameter_value(parameter).1);
    guessed.map(|parameter| parameter.name).collect()
}

/// The path of the collection that an operation's first parameter picks from, for instance
/// `/orders` for `/orders/{id}/label`.
pub fn collection<'a>(operation: &Operation<'a>) -> Option<&'a str> {
    let (before, _) = operation.path.split_once('{')?;
    before.strip_suffix('/').filter(|path| !path.is_empty())
}

/// An id for this parameter out of the answer of its collection: of the first object in the first
/// list, the member of the parameter's name, or `id`, or one that ends in `id`.
pub fn harvest(answer: &Value, parameter: &str) -> Option<String> {
    let list = match answer {
        Value::Array(list) => list,
        Value::Object(members) => members.values().find_map(Value::as_array)?,
        _ => return None,
    };
    let first = list.first()?.as_object()?;
    let ending = || {
        first.iter().find(|(name, _)| name.to_ascii_lowercase().ends_with("id")).map(|(_, id)| id)
    };
    match first.get(parameter).or_else(|| first.get("id")).or_else(ending)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn filled_path<'a>(document: &Api<'a>, operation: &Operation<'a>, fill: &Fill) -> String {
    let mut path = String::new();
    let mut rest = operation.path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        path.push_str(&literal(before));
        path.push_str(&escape(&path_value(document, operation, name, fill)));
        rest = after;
    }
    path.push_str(&literal(rest));
    path
}

/// The fixed part of a documented path; what no URI may hold is escaped.
fn literal(text: &str) -> String {
    let part = |part: &str| if is_plain(part) { part.to_owned() } else { escape(part) };
    text.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn is_plain(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&byte))
}

fn path_value<'a>(
    document: &Api<'a>,
    operation: &Operation<'a>,
    name: &str,
    fill: &Fill,
) -> String {
    if let Some((_, value)) = fill.path.iter().find(|(key, _)| key == name) {
        return value.clone();
    }
    let mut in_path = operation.parameters.iter().filter(|one| one.put == Put::Path);
    let parameter = in_path.find(|one| one.name == name);
    let value = parameter.map(|parameter| as_text(&document.parameter_value(parameter).0));
    value.filter(|text| !text.is_empty()).unwrap_or_else(|| "1".to_owned())
}

fn is_credential(placement: &Placement, parameter: &str) -> bool {
    matches!(placement, Placement::Query { name } if name == parameter)
}

/// Headers that a description may list and that are not its to set (OpenAPI 3.1, Parameter Object).
fn is_ours(placement: &Placement, parameter: &str) -> bool {
    let credential = match placement {
        Placement::Header { name } => name,
        _ => "authorization",
    };
    let taken = ["accept", "authorization", "content-type", "host", "content-length", "connection"];
    taken.iter().copied().chain([credential]).any(|name| name.eq_ignore_ascii_case(parameter))
}

fn header_text(text: &str) -> String {
    text.chars().filter(|one| (' '..='~').contains(one)).collect()
}

pub fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(as_text).collect::<Vec<_>>().join(","),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn encoded(body: &Media<'_>, value: &Value) -> Vec<u8> {
    if body.is_json() {
        return value.to_string().into_bytes();
    }
    match value.as_object() {
        Some(fields) => {
            let pair = |(name, value): (&String, &Value)| {
                format!("{}={}", escape(name), escape(&as_text(value)))
            };
            fields.iter().map(pair).collect::<Vec<_>>().join("&").into_bytes()
        }
        None => as_text(value).into_bytes(),
    }
}

/// A JSON body in which every member has a type that the schema does not allow.
pub fn wrong_types(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), wrong_types(value))).collect()
        }
        Value::String(_) => serde_json::json!({ "unexpected": [1, 2] }),
        _ => Value::from("unexpected"),
    }
}

/// True if a body that no server can accept may be sent with the valid credential: POST creates at
/// worst, and what cannot be parsed does not even create.
pub fn takes_json_post(operation: &Operation<'_>) -> bool {
    operation.method == Method::Post && operation.body().is_some_and(Media::is_json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Files;
    use serde_json::json;

    fn built(placement: &Placement, fill: &Fill) -> Vec<Request> {
        let root = json!({"openapi": "3.0.3", "paths": {
            "/orders/{id}/lines/{line}": {"get": {"parameters": [
                {"name": "id", "in": "path", "required": true, "example": "a b/c"},
                {"name": "line", "in": "path", "required": true, "schema": {"type": "integer"}},
                {"name": "key", "in": "query", "required": true, "schema": {"type": "string"}},
                {"name": "page", "in": "query", "schema": {"type": "integer"}},
                {"name": "X-Tenant", "in": "header", "required": true, "example": "t\r\n1"}
            ]}},
            "/form": {"post": {"requestBody": {"content": {"application/x-www-form-urlencoded":
                {"schema": {"type": "object", "properties": {"a b": {"type": "integer"}}}}}}}}
        }});
        let files = Files::of_value(root);
        let document = Api::read(&files).unwrap();
        let target = Target::read("https://x.example/v1", &[]).unwrap();
        let operations = document.operations.iter();
        operations.map(|one| call(&document, one, &target, placement, fill)).collect()
    }

    fn find(requests: Vec<Request>, part: &str) -> Request {
        requests.into_iter().find(|one| one.path.contains(part)).unwrap()
    }

    #[test]
    fn paths_and_required_parameters_are_filled_and_escaped() {
        let request = find(built(&Placement::Bearer, &Fill::default()), "orders");
        assert_eq!(request.path, "/v1/orders/a%20b%2Fc/lines/1?key=probe");
        assert_eq!(request.headers, [("X-Tenant".to_owned(), "t1".to_owned())]);
    }

    #[test]
    fn the_credentials_own_parameter_is_left_to_the_credential() {
        let placement = Placement::Query { name: "key".to_owned() };
        let request = find(built(&placement, &Fill::default()), "orders");
        assert!(!request.path.contains("key="));
    }

    #[test]
    fn forms_are_encoded() {
        let request = find(built(&Placement::Bearer, &Fill::default()), "form");
        assert_eq!(request.body.as_deref(), Some(&b"a%20b=1"[..]));
    }

    #[test]
    fn ids_are_harvested_from_lists() {
        let cases = [
            (json!([{"id": 7}]), Some("7")),
            (json!({"next": null, "items": [{"orderId": "o1", "id": "x"}]}), Some("o1")),
            (json!({"items": [{"uuid": "u"}]}), Some("u")),
            (json!({"items": []}), None),
            (json!("text"), None),
        ];
        for (answer, expected) in cases {
            assert_eq!(harvest(&answer, "orderId").as_deref(), expected, "{answer}");
        }
    }

    #[test]
    fn wrong_types_leave_no_member_as_it_was() {
        let wrong = wrong_types(&json!({"a": 1, "b": {"c": "x"}}));
        assert_eq!(wrong, json!({"a": "unexpected", "b": {"c": {"unexpected": [1, 2]}}}));
    }
}
