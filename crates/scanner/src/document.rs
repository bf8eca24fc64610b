//! Reads an OpenAPI 3.x description: operations, which of them are public, and how to call them.

use serde_json::Value;

pub mod sample;

/// The most references that are followed to reach one thing; beyond it the document is circular.
const MAX_HOPS: usize = 16;

/// A document that a live scan cannot work with.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error("`openapi` must be a version `3.x`, found `{0}`")]
    Version(String),
    #[error("`paths` is missing or holds no operation")]
    NoOperations,
}

/// The HTTP methods that a live scan sends. OPTIONS and TRACE answer for the server, not for the
/// operation, and are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    const ALL: [(&'static str, Self); 6] = [
        ("get", Self::Get),
        ("head", Self::Head),
        ("post", Self::Post),
        ("put", Self::Put),
        ("patch", Self::Patch),
        ("delete", Self::Delete),
    ];

    /// The name as it goes on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// True if the method only reads (RFC 9110 §9.2.1).
    pub fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

/// Where a parameter goes. Cookies are not filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterPlace {
    Path,
    Query,
    Header,
}

/// A documented parameter.
#[derive(Debug, Clone)]
pub struct Parameter<'a> {
    pub name: &'a str,
    pub place: ParameterPlace,
    pub required: bool,
    definition: &'a Value,
}

/// A documented request body in the media type that the scan would send.
#[derive(Debug, Clone)]
pub struct Body<'a> {
    pub media_type: &'a str,
    definition: &'a Value,
}

impl Body<'_> {
    /// True for `application/json` and `…+json`.
    pub fn is_json(&self) -> bool {
        let essence = self.media_type.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json") || essence.ends_with("+json")
    }
}

/// One method on one path.
#[derive(Debug, Clone)]
pub struct Operation<'a> {
    pub method: Method,
    /// The path template, for instance `/orders/{id}`.
    pub path: &'a str,
    /// True only if the document says in so many words that no credential is needed.
    pub public: bool,
    pub parameters: Vec<Parameter<'a>>,
    pub body: Option<Body<'a>>,
}

impl Operation<'_> {
    /// `METHOD /path`, the name that findings use.
    pub fn label(&self) -> String {
        format!("{} {}", self.method.name(), self.path)
    }

    /// True if the path has a `{parameter}`.
    pub fn is_templated(&self) -> bool {
        self.path.contains('{')
    }
}

/// A description, with its operations in the document's order.
#[derive(Debug)]
pub struct Document<'a> {
    root: &'a Value,
    pub operations: Vec<Operation<'a>>,
}

impl<'a> Document<'a> {
    /// Reads the operations. What is malformed inside one operation is skipped, not fatal: vendors'
    /// documents have mistakes, and the rest must still be judged.
    ///
    /// # Errors
    /// The version is not 3.x, or there is no operation at all.
    pub fn read(root: &'a Value) -> Result<Self, DocumentError> {
        let version = root.get("openapi").and_then(Value::as_str).unwrap_or_default();
        if !version.starts_with("3.") {
            return Err(DocumentError::Version(version.to_owned()));
        }
        let paths = root.get("paths").and_then(Value::as_object);
        let mut operations = Vec::new();
        // In one order, whatever order the reader of the JSON keeps.
        let mut paths: Vec<_> = paths.into_iter().flatten().collect();
        paths.sort_by_key(|(path, _)| path.as_str());
        for (path, item) in paths.into_iter().filter(|(path, _)| path.starts_with('/')) {
            let item = resolve(root, item);
            for (key, method) in Method::ALL {
                if let Some(definition) = item.get(key) {
                    operations.push(operation(root, path, item, method, definition));
                }
            }
        }
        if operations.is_empty() {
            return Err(DocumentError::NoOperations);
        }
        Ok(Self { root, operations })
    }

    /// The `servers` URLs, in order.
    pub fn servers(&self) -> Vec<&'a str> {
        let servers = self.root.get("servers").and_then(Value::as_array);
        servers.into_iter().flatten().filter_map(|server| server.get("url")?.as_str()).collect()
    }

    /// A value for this parameter. The second member is false where the document gives no example
    /// and the value was made up from the type alone.
    pub fn parameter_value(&self, parameter: &Parameter<'a>) -> (Value, bool) {
        let definition = parameter.definition;
        if let Some(example) = sample::example(self.root, definition) {
            return (example, true);
        }
        let schema = definition.get("schema").or_else(|| {
            let content = definition.get("content")?.as_object()?;
            content.values().next()?.get("schema")
        });
        match schema {
            Some(schema) => {
                let stated = sample::example(self.root, resolve(self.root, schema)).is_some();
                (sample::sample(self.root, schema), stated)
            }
            None => (Value::from("1"), false),
        }
    }

    /// A body that should satisfy the schema.
    pub fn body_value(&self, body: &Body<'a>) -> Value {
        let schema = body.definition.get("schema");
        sample::example(self.root, body.definition)
            .or_else(|| schema.map(|schema| sample::sample(self.root, schema)))
            .unwrap_or(Value::Null)
    }
}

fn operation<'a>(
    root: &'a Value,
    path: &'a str,
    item: &'a Value,
    method: Method,
    definition: &'a Value,
) -> Operation<'a> {
    let security = definition.get("security").or_else(|| root.get("security"));
    Operation {
        method,
        path,
        public: security.is_some_and(is_public),
        parameters: parameters(root, item, definition),
        body: definition.get("requestBody").and_then(|body| body_of(root, body)),
    }
}

/// An empty list, or an alternative that asks for nothing, says "no credential needed"
/// (OpenAPI 3.1, Operation Object and Security Requirement Object).
fn is_public(security: &Value) -> bool {
    security.as_array().is_some_and(|alternatives| {
        alternatives.is_empty()
            || alternatives.iter().any(|one| one.as_object().is_some_and(serde_json::Map::is_empty))
    })
}

fn parameters<'a>(root: &'a Value, item: &'a Value, definition: &'a Value) -> Vec<Parameter<'a>> {
    let lists = [definition.get("parameters"), item.get("parameters")];
    let mut found: Vec<Parameter<'a>> = Vec::new();
    for value in lists.into_iter().flatten().filter_map(Value::as_array).flatten() {
        let Some(parameter) = parameter(resolve(root, value)) else { continue };
        let known =
            |other: &Parameter<'_>| other.name == parameter.name && other.place == parameter.place;
        if !found.iter().any(known) {
            found.push(parameter);
        }
    }
    found
}

fn parameter(definition: &Value) -> Option<Parameter<'_>> {
    let place = match definition.get("in")?.as_str()? {
        "path" => ParameterPlace::Path,
        "query" => ParameterPlace::Query,
        "header" => ParameterPlace::Header,
        _ => return None,
    };
    let required = definition.get("required").and_then(Value::as_bool).unwrap_or(false);
    let name = definition.get("name")?.as_str()?;
    Some(Parameter { name, place, required, definition })
}

fn body_of<'a>(root: &'a Value, body: &'a Value) -> Option<Body<'a>> {
    let content = resolve(root, body).get("content")?.as_object()?;
    let bodies = || content.iter().map(|(media_type, definition)| Body { media_type, definition });
    let form = |body: &Body<'_>| body.media_type.starts_with("application/x-www-form-urlencoded");
    let text = |body: &Body<'_>| body.media_type.starts_with("text/");
    bodies().find(Body::is_json).or_else(|| bodies().find(form)).or_else(|| bodies().find(text))
}

/// Follows local references (`#/…`). Remote ones and circles yield null: nothing is fetched.
pub(crate) fn resolve<'a>(root: &'a Value, mut value: &'a Value) -> &'a Value {
    static NOTHING: Value = Value::Null;
    for _ in 0..MAX_HOPS {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return value };
        let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        match target {
            Some(target) => value = target,
            None => return &NOTHING,
        }
    }
    &NOTHING
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn description() -> Value {
        json!({
            "openapi": "3.1.0",
            "security": [{"key": []}],
            "servers": [{"url": "/v1"}],
            "paths": {
                "/orders/{id}": {
                    "parameters": [{"$ref": "#/components/parameters/Id"}],
                    "get": {"parameters": [{"name": "id", "in": "path", "required": true, "example": 7}]},
                    "delete": {},
                    "options": {}
                },
                "/health": {"get": {"security": []}},
                "/mixed": {"get": {"security": [{"key": []}, {}]}},
                "/orders": {"post": {"requestBody": {"content": {
                    "text/plain": {},
                    "application/json": {"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}
                }}}}
            },
            "components": {"parameters": {
                "Id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}
            }}
        })
    }

    #[test]
    fn operations_and_their_security_are_read() {
        let root = description();
        let document = Document::read(&root).expect("readable");
        let public: Vec<_> =
            document.operations.iter().map(|one| (one.label(), one.public)).collect();
        let expected = [
            ("GET /health", true),
            ("GET /mixed", true),
            ("POST /orders", false),
            ("GET /orders/{id}", false),
            ("DELETE /orders/{id}", false),
        ];
        assert_eq!(public, expected.map(|(label, open)| (label.to_owned(), open)));
    }

    #[test]
    fn an_operation_without_any_security_is_not_explicitly_public() {
        let mut root = description();
        root.as_object_mut().expect("object").remove("security");
        let document = Document::read(&root).expect("readable");
        assert!(document.operations.iter().any(|one| one.path == "/orders" && !one.public));
    }

    #[test]
    fn an_operation_overrides_a_parameter_of_its_path() {
        let root = description();
        let document = Document::read(&root).expect("readable");
        let get = document.operations.iter().find(|one| one.label() == "GET /orders/{id}");
        let parameters = &get.expect("documented").parameters;
        assert_eq!(parameters.len(), 1);
        assert_eq!(document.parameter_value(&parameters[0]), (json!(7), true));
    }

    #[test]
    fn json_bodies_are_preferred_and_sampled() {
        let root = description();
        let document = Document::read(&root).expect("readable");
        let post = document.operations.iter().find(|one| one.method == Method::Post);
        let body = post.and_then(|one| one.body.clone()).expect("a body");
        assert_eq!(body.media_type, "application/json");
        assert_eq!(document.body_value(&body), json!({"a": 1}));
    }

    #[test]
    fn circles_and_remote_references_end() {
        let root = json!({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}, "c": {"$ref": "http://x/y"}});
        assert!(resolve(&root, &root["a"]).is_null());
        assert!(resolve(&root, &root["c"]).is_null());
    }

    #[test]
    fn other_versions_are_refused() {
        let root = json!({"swagger": "2.0", "paths": {}});
        assert!(matches!(Document::read(&root), Err(DocumentError::Version(_))));
        let root = json!({"openapi": "3.0.0", "paths": {}});
        assert!(matches!(Document::read(&root), Err(DocumentError::NoOperations)));
    }
}
