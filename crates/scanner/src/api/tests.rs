//! Documents of all editions, as both scans see them.

use super::*;
use serde_json::json;

fn files(root: Value) -> Files {
    Files::of_value(root)
}

fn description() -> Value {
    json!({
        "openapi": "3.1.0",
        "security": [{"key": []}],
        "servers": [{"url": "/v1"}, {"url": "https://{h}.example", "variables": {"h": {"default": "a"}}}],
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
                "application/json": {"schema": {"$ref": "#/components/schemas/Order"}}
            }}, "responses": {"201": {"$ref": "#/components/responses/Made"}}}}
        },
        "components": {
            "parameters": {"Id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}},
            "responses": {"Made": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}},
            "schemas": {
                "Order": {"type": "object", "required": ["a"], "properties": {
                    "a": {"type": "integer"}, "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
                    "parent": {"$ref": "#/components/schemas/Order"}}},
                "Line": {"allOf": [{"properties": {"sku": {"type": "string", "readOnly": true}}}]}
            }
        }
    })
}

#[test]
fn operations_and_their_security_are_read() {
    let files = files(description());
    let api = Api::read(&files).expect("readable");
    let public: Vec<_> = api.operations.iter().map(|one| (one.label(), one.is_public())).collect();
    let expected = [
        ("GET /health", true),
        ("GET /mixed", true),
        ("POST /orders", false),
        ("GET /orders/{id}", false),
        ("DELETE /orders/{id}", false),
        ("OPTIONS /orders/{id}", false),
    ];
    assert_eq!(public, expected.map(|(label, open)| (label.to_owned(), open)));
    assert_eq!(api.server_urls(), ["/v1", "https://a.example"]);
}

#[test]
fn an_operation_without_any_security_is_not_explicitly_public() {
    let mut root = description();
    root.as_object_mut().expect("object").remove("security");
    let files = files(root);
    let api = Api::read(&files).expect("readable");
    let order = api.operations.iter().find(|one| one.path == "/orders").expect("documented");
    assert!(!order.is_public() && order.security.is_open());
}

#[test]
fn an_operation_overrides_a_parameter_of_its_path() {
    let files = files(description());
    let api = Api::read(&files).expect("readable");
    let find = |label: &str| api.operations.iter().find(|one| one.label() == label).expect("there");
    let get = &find("GET /orders/{id}").parameters;
    assert_eq!(get.len(), 1);
    assert_eq!(api.parameter_value(&get[0]), (json!(7), true));
    let delete = &find("DELETE /orders/{id}").parameters;
    assert_eq!(delete[0].at.pointer, "/components/parameters/Id");
}

#[test]
fn json_bodies_are_preferred_and_sampled() {
    let files = files(description());
    let api = Api::read(&files).expect("readable");
    let post = api.operations.iter().find(|one| one.method == Method::Post).expect("there");
    let body = post.body().expect("a body");
    assert_eq!(body.media_type, "application/json");
    assert_eq!(api.body_value(body)["a"], json!(1));
}

#[test]
fn a_shape_stands_once_with_its_fields_and_the_operations_that_it_reaches() {
    let files = files(description());
    let api = Api::read(&files).expect("readable");
    let named = |name: &str| api.shapes.list.iter().find(|one| one.name == name).expect("there");
    let order = named("Order");
    let fields: Vec<_> = order.fields.iter().map(|one| (one.path.as_str(), one.required)).collect();
    assert_eq!(
        fields,
        [("", true), ("a", true), ("lines", false), ("lines[]", false), ("parent", false)]
    );
    let line = named("Line");
    assert_eq!((line.requests.len(), line.answers.len(), line.errors.len()), (1, 1, 0));
    let sku = line.fields.iter().find(|one| one.path == "sku").expect("there");
    assert!(sku.read_only);
    assert_eq!(sku.at.pointer, "/components/schemas/Line/allOf/0/properties/sku");
}

#[test]
fn circles_and_references_to_nowhere_end_and_are_named() {
    let files = files(json!({"openapi": "3.0.0", "paths": {
        "/a": {"get": {"parameters": [{"$ref": "#/x"}, {"$ref": "http://x/y"}]}},
        "/b": {"$ref": "#/nowhere"}
    }, "x": {"$ref": "#/y"}, "y": {"$ref": "#/x"}}));
    let api = Api::read(&files).expect("readable");
    assert_eq!(api.operations.len(), 1);
    assert_eq!(api.gaps.len(), 3, "{:?}", api.gaps);
}

#[test]
fn the_oldest_edition_has_bodies_forms_and_servers_too() {
    let files = files(
        json!({"swagger": "2.0", "host": "a.example", "basePath": "/v2", "schemes": ["http", "https"],
        "consumes": ["application/json"], "securityDefinitions": {"o": {"type": "oauth2", "flow": "accessCode",
            "authorizationUrl": "https://a.example/a", "tokenUrl": "https://a.example/t", "scopes": {"r": "read"}}},
        "definitions": {"P": {"type": "object", "properties": {"id": {"type": "integer"}}}},
        "paths": {"/p": {
            "post": {"parameters": [{"in": "body", "name": "b", "schema": {"$ref": "#/definitions/P"}}],
                "responses": {"200": {"schema": {"$ref": "#/definitions/P"}}}},
            "put": {"parameters": [{"in": "formData", "name": "f", "type": "file", "required": true},
                {"in": "query", "name": "q", "type": "string", "maxLength": 3}]}
        }}}),
    );
    let api = Api::read(&files).expect("readable");
    assert_eq!(api.server_urls(), ["http://a.example/v2", "https://a.example/v2"]);
    let [post, put] = &api.operations[..] else { panic!("two operations") };
    assert!(post.body().is_some_and(Media::is_json));
    let shape = api.shapes.get(post.bodies[0].schema.expect("a schema")).expect("known");
    assert_eq!((shape.name.as_str(), shape.requests.len(), shape.answers.len()), ("P", 1, 1));
    let form = api.shapes.get(put.bodies[0].schema.expect("a schema")).expect("known");
    assert_eq!(form.fields[1].name, "f");
    assert!(form.fields[1].required && form.fields[1].node.text("format") == Some("binary"));
    assert_eq!(put.parameters[0].schema.expect("a schema").node.number("maxLength"), Some(3.0));
    assert!(
        matches!(&api.schemes[0].kind, SchemeKind::OAuth { flows } if flows[0].name == "authorizationCode")
    );
}

#[test]
fn other_versions_are_refused() {
    let refused = |root: Value| Api::read(&files(root)).map(|_| ()).expect_err("refused");
    assert!(matches!(refused(json!({"swagger": "1.2", "paths": {}})), ApiError::Version(_)));
    assert!(matches!(refused(json!([])), ApiError::Version(_)));
    assert_eq!(refused(json!({"openapi": "3.0.0", "paths": {}})), ApiError::NoOperations);
}
