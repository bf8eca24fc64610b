//! Form fields of OpenAPI 2.0, which are parameters one by one, gathered into one schema.

use serde_json::{Map, Value, json};

/// The member of an operation that holds the gathered schema.
pub const FORM: &str = "x-gathered-form";

const METHODS: [&str; 7] = ["get", "head", "post", "put", "patch", "delete", "options"];

/// Gives every operation of a `swagger: 2.0` document that has form fields a schema of them.
pub fn gather(root: &mut Value) {
    let two = root.get("swagger").is_some_and(|version| match version {
        Value::String(text) => text.starts_with('2'),
        other => other.as_f64() == Some(2.0),
    });
    if !two {
        return;
    }
    let shared = root.get("parameters").cloned().unwrap_or(Value::Null);
    let paths = root.get_mut("paths").and_then(Value::as_object_mut);
    for item in paths.into_iter().flat_map(|paths| paths.values_mut()) {
        let of_path = item.get("parameters").cloned();
        for method in METHODS {
            let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) else {
                continue;
            };
            let own = operation.get("parameters").cloned();
            let lists = [own, of_path.clone()].into_iter().flatten();
            let all = lists.flat_map(|list| list.as_array().cloned().unwrap_or_default());
            if let Some(form) = form_of(all, &shared) {
                operation.insert(FORM.to_owned(), form);
            }
        }
    }
}

fn form_of(parameters: impl Iterator<Item = Value>, shared: &Value) -> Option<Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for parameter in parameters {
        let referred = parameter.get("$ref").and_then(Value::as_str);
        let named = referred.and_then(|text| shared.get(text.strip_prefix("#/parameters/")?));
        let parameter = named.cloned().unwrap_or(parameter);
        if parameter.get("in").and_then(Value::as_str) != Some("formData") {
            continue;
        }
        let Some(name) = parameter.get("name").and_then(Value::as_str).map(str::to_owned) else {
            continue;
        };
        if parameter.get("required").and_then(Value::as_bool) == Some(true) {
            required.push(Value::from(name.clone()));
        }
        let mut schema = parameter;
        if let Some(members) = schema.as_object_mut() {
            // Of a schema these say something else.
            for key in ["required", "in", "name"] {
                members.remove(key);
            }
            if members.get("type").and_then(Value::as_str) == Some("file") {
                members.insert("type".to_owned(), json!("string"));
                members.insert("format".to_owned(), json!("binary"));
            }
        }
        properties.entry(name).or_insert(schema);
    }
    (!properties.is_empty())
        .then(|| json!({ "type": "object", "properties": properties, "required": required }))
}
