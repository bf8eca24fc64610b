//! Makes a value that should satisfy a schema: stated examples first, then the plainest of its type.

use serde_json::{Map, Value, json};

use super::{Files, Node};

/// How deep an invented value may nest; deeper parts are null.
const MAX_DEPTH: usize = 8;
/// How many properties of one object are filled.
const MAX_PROPERTIES: usize = 64;

/// What the document itself gives as an example of a parameter, media type or schema.
pub fn example(files: &Files, definition: Node<'_>) -> Option<Value> {
    let named = || {
        let stated = definition.get("examples")?;
        if let Value::Array(list) = stated.value {
            return list.first().cloned();
        }
        let (_, first) = stated.members().next()?;
        files.resolve(first)?.value.get("value").cloned()
    };
    let definition = definition.value;
    let listed = || definition.get("enum")?.as_array()?.first().cloned();
    definition
        .get("example")
        .cloned()
        .or_else(named)
        .or_else(|| definition.get("const").cloned())
        .or_else(|| definition.get("default").cloned())
        .or_else(listed)
}

/// A value for this schema. Never fails; a schema that cannot be satisfied gets null.
pub fn sample(files: &Files, schema: Node<'_>) -> Value {
    build(files, schema, 0)
}

fn build(files: &Files, schema: Node<'_>, depth: usize) -> Value {
    let Some(schema) = files.resolve(schema).filter(|_| depth <= MAX_DEPTH) else {
        return Value::Null;
    };
    if let Some(stated) = example(files, schema) {
        return stated;
    }
    if schema.get("allOf").is_some_and(|parts| parts.value.is_array()) {
        return merged(files, schema, depth);
    }
    let choices = ["oneOf", "anyOf"].into_iter().filter_map(|key| schema.get(key));
    if let Some(choice) = choices.flat_map(Node::items).next() {
        return build(files, choice, depth + 1);
    }
    match type_of(schema.value) {
        "object" => Value::Object(object(files, schema, depth)),
        "array" => array(files, schema, depth),
        "integer" => json!(integer(schema.value)),
        "number" => schema.value.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(true),
        "null" => Value::Null,
        _ => Value::String(string(schema.value)),
    }
}

/// The type that is stated or, where none is, the one that the keywords imply.
fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    }
}

fn merged(files: &Files, schema: Node<'_>, depth: usize) -> Value {
    let mut whole = object(files, schema, depth);
    let parts: Vec<_> = schema.get("allOf").into_iter().flat_map(Node::items).collect();
    for part in &parts {
        match build(files, *part, depth + 1) {
            Value::Object(more) => whole.extend(more),
            other if parts.len() == 1 => return other,
            _ => {}
        }
    }
    Value::Object(whole)
}

fn object(files: &Files, schema: Node<'_>, depth: usize) -> Map<String, Value> {
    let properties = schema.get("properties").into_iter().flat_map(Node::members);
    properties
        .filter(|(_, node)| files.resolve(*node).is_some_and(|node| !node.flag("readOnly")))
        .take(MAX_PROPERTIES)
        .map(|(name, node)| (name.to_owned(), build(files, node, depth + 1)))
        .collect()
}

fn array(files: &Files, schema: Node<'_>, depth: usize) -> Value {
    match schema.get("items") {
        Some(items) if items.value.is_object() => json!([build(files, items, depth + 1)]),
        _ => json!([]),
    }
}

fn integer(schema: &Value) -> i64 {
    let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
    let above = bound("exclusiveMinimum").map(|least| least.saturating_add(1));
    above.or(bound("minimum")).or(bound("maximum").map(|most| most.min(1))).unwrap_or(1)
}

fn string(schema: &Value) -> String {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    let plain = match format {
        "uuid" => "00000000-0000-4000-8000-000000000001",
        "date" => "2024-01-01",
        "date-time" => "2024-01-01T00:00:00Z",
        "time" => "00:00:00Z",
        "email" => "probe@example.com",
        "uri" | "url" => "https://example.com/",
        "hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "byte" => "cHJvYmU=",
        _ => "probe",
    };
    let least = length(schema, "minLength").unwrap_or(0).min(1_000);
    let most = length(schema, "maxLength").unwrap_or(usize::MAX);
    let padded = plain.chars().chain(std::iter::repeat('e'));
    padded.take(plain.len().max(least).min(most)).collect()
}

fn length(schema: &Value, key: &str) -> Option<usize> {
    usize::try_from(schema.get(key)?.as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(root: &Value, pointer: &str) -> Value {
        let files = Files::of_value(root.clone());
        let value = files.list[0].root.pointer(pointer).expect("a schema");
        sample(&files, Node { file: 0, value })
    }

    #[test]
    fn stated_values_win_over_invented_ones() {
        let cases = [
            (json!({"type": "string", "example": "e", "default": "d"}), json!("e")),
            (json!({"type": "string", "enum": ["x", "y"]}), json!("x")),
            (json!({"type": "integer", "const": 9}), json!(9)),
            (json!({"type": "string", "examples": ["first"]}), json!("first")),
        ];
        for (schema, expected) in cases {
            assert_eq!(made(&schema, ""), expected);
        }
    }

    #[test]
    fn lengths_and_bounds_are_kept() {
        assert_eq!(made(&json!({"type": "string", "minLength": 7}), ""), "probeee");
        assert_eq!(made(&json!({"type": "string", "maxLength": 2}), ""), "pr");
        assert_eq!(made(&json!({"type": "integer", "minimum": 18}), ""), 18);
        assert_eq!(made(&json!({"type": "integer", "exclusiveMinimum": 3}), ""), 4);
        assert_eq!(made(&json!({"type": "integer", "maximum": -5}), ""), -5);
    }

    #[test]
    fn objects_are_filled_without_read_only_parts() {
        let schema = json!({"allOf": [
            {"properties": {"id": {"type": "integer", "readOnly": true}, "name": {"type": "string"}}},
            {"type": "object", "properties": {"tags": {"type": "array", "items": {"type": "string"}}}}
        ]});
        assert_eq!(made(&schema, ""), json!({"name": "probe", "tags": ["probe"]}));
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let root = json!({"Node": {"type": "object", "properties": {"next": {"$ref": "#/Node"}}}});
        let value = made(&root, "/Node");
        assert!(value.pointer("/next/next").is_some());
    }
}
