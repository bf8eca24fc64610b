//! Documents of each version, the adjustments, and documents that mean harm.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::catalog::operations::{Method, Placement};

fn read(document: &Value) -> Result<Imported, DocumentError> {
    import(document, &Adjust::default())
}

fn document(paths: Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Parcels", "version": "1" },
        "servers": [{ "url": "https://api.example.com/v1" }],
        "paths": paths,
    })
}

/// `code` at `pointer` of every problem.
fn problems(document: &Value, adjust: &Adjust) -> Vec<(String, &'static str)> {
    let error = import(document, adjust).unwrap_err();
    error.problems.iter().map(|one| (one.pointer.clone(), one.reason.code())).collect()
}

fn rows(imported: &Imported) -> Vec<(&str, Method, &str, &str)> {
    let rows = imported.operations.operations().iter();
    rows.map(|one| (one.id.as_str(), one.method, one.path.as_str(), one.scope.as_str())).collect()
}

fn scope_rows(imported: &Imported) -> Vec<(&str, &str, bool, bool)> {
    let rows = imported.operations.scopes().iter();
    rows.map(|one| (one.name.as_str(), one.title.as_str(), one.administration, one.sensitive))
        .collect()
}

#[test]
fn a_document_of_three_one_becomes_a_table() {
    let mut document = document(json!({
        "/parcels/{id}": {
            "get": { "operationId": "readParcel", "tags": ["Parcels", "other"] },
            "delete": { "operationId": "dropParcel", "tags": ["Parcels"] },
        },
        "/admin/users": { "get": { "operationId": "listUsers", "tags": ["Users"] } },
        "/untagged/{a}.{b}": { "post": {} },
        "x-internal": { "get": {} },
    }));
    document["webhooks"] = json!({ "arrived": { "post": { "operationId": "arrived" } } });
    document["components"] = json!({ "securitySchemes": {
        "a": { "type": "http", "scheme": "Bearer" },
        "b": { "$ref": "#/components/securitySchemes/c" },
        "c": { "type": "apiKey", "in": "header", "name": "X-Key" },
        "d": { "type": "apiKey", "in": "query", "name": "Key" },
        "e": { "type": "apiKey", "in": "cookie", "name": "session" },
        "f": { "type": "openIdConnect" },
        "g": { "type": "mutualTLS" },
        "h": { "type": "apiKey", "in": "header", "name": "Host" },
    } });
    let imported = read(&document).unwrap();
    assert_eq!((imported.title.as_str(), imported.version.as_str()), ("Parcels", "1"));
    assert_eq!(imported.servers, ["https://api.example.com/v1"]);
    assert_eq!(
        rows(&imported),
        [
            ("dropParcel", Method::Delete, "/parcels/{id}", "parcels:write"),
            ("listUsers", Method::Get, "/admin/users", "users.admin:read"),
            ("post:/untagged/{a}.{b}", Method::Post, "/untagged/{a}.{b}", "untagged:write"),
            ("readParcel", Method::Get, "/parcels/{id}", "parcels:read"),
        ]
    );
    assert_eq!(
        scope_rows(&imported),
        [
            ("parcels:read", "Parcels: read", false, false),
            ("parcels:write", "Parcels: write", false, false),
            ("untagged:write", "untagged: write", false, false),
            ("users.admin:read", "Users (administration): read", true, true),
        ]
    );
    assert_eq!(
        imported.operations.credential(),
        [
            Placement::Bearer,
            Placement::Header { name: "x-key".into() },
            Placement::Query { name: "Key".into() },
        ]
    );
    for left_out in ["`e`", "`g`", "`h`"] {
        assert!(imported.notes.iter().any(|note| note.contains(left_out)), "{:?}", imported.notes);
    }
}

#[test]
fn a_document_of_two_becomes_a_table() {
    let imported = read(&json!({
        "swagger": "2.0",
        "info": { "title": "Old", "version": "2" },
        "host": "old.example.com",
        "basePath": "/api/",
        "schemes": ["https", "http"],
        "securityDefinitions": {
            "basic": { "type": "basic" },
            "oauth": { "type": "oauth2", "flow": "implicit" },
        },
        "paths": { "/things": { "get": { "operationId": "things", "tags": ["Management"] } } },
    }))
    .unwrap();
    assert_eq!(imported.servers, ["https://old.example.com/api", "http://old.example.com/api"]);
    assert_eq!(imported.operations.credential(), [Placement::Basic, Placement::Bearer]);
    assert_eq!(rows(&imported), [("things", Method::Get, "/things", "management:read")]);
    assert_eq!(scope_rows(&imported), [("management:read", "Management: read", true, true)]);
}

#[test]
fn versions_are_read_as_written_or_as_yaml_made_them() {
    for version in [json!("3.0.0"), json!("3.0"), json!("3.1.1"), json!(3.1)] {
        let mut document = document(json!({ "/a": { "get": {} } }));
        document["openapi"] = version;
        assert!(read(&document).is_ok(), "{document}");
    }
    for version in
        [json!("3.2.0"), json!("3.10.0"), json!("2.0"), json!(""), json!(null), json!([])]
    {
        let mut document = document(json!({}));
        document["openapi"] = version;
        let expected = [("#/openapi".to_owned(), "document-version")];
        assert_eq!(problems(&document, &Adjust::default()), expected, "{document}");
    }
    for other in [json!(null), json!([]), json!("3.0.0"), json!({})] {
        assert!(read(&other).is_err(), "{other}");
    }
}

#[test]
fn servers_are_given_with_their_variables_at_default() {
    let mut document = document(json!({ "/a": { "get": {} } }));
    document["servers"] = json!([{
        "url": "https://{region}.example.com:{port}/v1",
        "variables": { "region": { "default": "eu" }, "port": { "default": 8443 } },
    }]);
    assert_eq!(read(&document).unwrap().servers, ["https://eu.example.com:8443/v1"]);
    document["servers"] = json!([{ "url": "https://{region}.example.com" }]);
    let expected = [("#/servers/0".to_owned(), "document-type")];
    assert_eq!(problems(&document, &Adjust::default()), expected);
}

#[test]
fn operations_at_another_server_are_left_out_and_noted() {
    let imported = read(&document(json!({
        "/here": { "get": { "operationId": "here",
            "servers": [{ "url": "https://api.example.com/v1/" }] } },
        "/upload": { "servers": [{ "url": "https://uploads.example.com" }],
            "post": { "operationId": "upload" } },
    })))
    .unwrap();
    assert_eq!(imported.operations.operations().len(), 1);
    assert!(imported.notes.iter().any(|note| note.contains("`upload` is left out")));
}

#[test]
fn spanning_parameters_are_carried_where_a_path_ends() {
    let mut document = document(json!({
        "/contents/{path}": {
            "parameters": [{ "$ref": "#/components/parameters/path" }],
            "get": { "operationId": "read" },
            "put": { "operationId": "write", "parameters": [{ "name": "path", "in": "path" }] },
        },
        "/trees/{path}/size": {
            "get": { "operationId": "size", "parameters": [{ "$ref": "#/components/parameters/path" }] },
        },
        "/query/{path}": { "get": { "operationId": "query",
            "parameters": [{ "name": "path", "in": "query", "x-multi-segment": true }] } },
    }));
    document["components"] = json!({ "parameters": { "path": { "name": "path", "in": "path", "x-multi-segment": true } } });
    let imported = read(&document).unwrap();
    let path = |id: &str| imported.operations.operation(id).unwrap().path.as_str();
    assert_eq!(path("read"), "/contents/{path*}");
    assert_eq!(path("write"), "/contents/{path}");
    assert_eq!(path("size"), "/trees/{path}/size");
    assert_eq!(path("query"), "/query/{path}");
    let note = imported.notes.iter().find(|note| note.starts_with("1 operations have a parameter"));
    assert!(note.unwrap().ends_with("(first: #/paths/~1trees~1{path}~1size/get)"));
}

#[test]
fn a_path_by_reference_is_read_where_it_points() {
    let mut document = document(json!({
        "/a": { "$ref": "#/components/pathItems/one" },
        "/b": { "$ref": "#/paths/~1%61" },
    }));
    document["components"] =
        json!({ "pathItems": { "one": { "get": { "operationId": "one", "tags": ["t"] } } } });
    let imported = read(&document).unwrap();
    assert_eq!(
        rows(&imported),
        [("get:/a", Method::Get, "/a", "t:read"), ("get:/b", Method::Get, "/b", "t:read")]
    );
}

#[test]
fn references_that_lead_nowhere_are_problems_at_their_place() {
    let document = document(json!({
        "/gone": { "$ref": "#/components/pathItems/gone" },
        "/out": { "$ref": "other.json#/paths/~1a" },
        "/self": { "$ref": "#/paths/~1self" },
        "/ping": { "$ref": "#/paths/~1pong" },
        "/pong": { "$ref": "#/paths/~1ping" },
        "/both": { "$ref": "#/paths/~1ok", "get": {} },
        "/text": { "$ref": "#/info/title" },
        "/bad": { "$ref": "#/%zz" },
        "/ok": { "get": { "parameters": [{ "$ref": "#/nothing" }] } },
    }));
    let expected = [
        ("#/paths/~1bad", "reference-broken"),
        ("#/paths/~1both", "reference-with-methods"),
        ("#/paths/~1gone", "reference-broken"),
        ("#/paths/~1ok/get/parameters/0", "reference-broken"),
        ("#/paths/~1out", "reference-foreign"),
        ("#/paths/~1ping", "reference-endless"),
        ("#/paths/~1pong", "reference-endless"),
        ("#/paths/~1self", "reference-endless"),
        ("#/paths/~1text", "document-type"),
    ];
    assert_eq!(
        problems(&document, &Adjust::default()),
        expected.map(|(pointer, code)| (pointer.to_owned(), code))
    );
}

#[test]
fn all_problems_are_told_at_once() {
    let document = json!({
        "openapi": "3.0.3",
        "info": { "title": " " },
        "servers": {},
        "paths": {
            "/a//b": { "get": { "operationId": "empty" } },
            "/x/{a}": { "get": { "operationId": "first" } },
            "/x/{b}": { "get": { "operationId": "second" }, "put": { "operationId": "other" } },
            "nope": { "get": { "operationId": "nope" } },
            "/t": { "get": 1, "parameters": 1 },
        },
    });
    let error = read(&document).unwrap_err();
    let found: Vec<_> =
        error.problems.iter().map(|one| (one.pointer.as_str(), one.reason.code())).collect();
    assert_eq!(
        found,
        [
            ("#/info", "document-missing"),
            ("#/info", "document-missing"),
            ("#/servers", "document-type"),
            ("#/paths/~1t/parameters", "document-type"),
            ("#/paths/~1t/get", "document-type"),
            ("#/paths/~1a~1~1b/get", "template-unmatchable"),
            ("#/paths/~1x~1{b}/get", "operations-clash"),
            ("#/paths/nope/get", "template-unmatchable"),
        ]
    );
    let text = error.to_string();
    assert!(text.contains("`second` matches the same paths as `first` at #/paths/~1x~1{a}/get"));
    assert!(text.contains("add `empty` to `leave_out`"), "{text}");
}

#[test]
fn what_cannot_be_matched_can_be_left_out() {
    let document = document(json!({
        "/x/{a}": { "get": { "operationId": "first" } },
        "/x/{b}": { "get": { "operationId": "second" } },
        "/#Action=1": { "get": {} },
    }));
    let leave_out = ["second", "get:/#Action=1"].map(str::to_owned).into();
    let imported = import(&document, &Adjust { leave_out, ..Adjust::default() }).unwrap();
    assert_eq!(rows(&imported), [("first", Method::Get, "/x/{a}", "x:read")]);
}

#[test]
fn ids_that_are_missing_odd_or_twice_are_made_of_method_and_path() {
    let imported = read(&document(json!({
        "/a": { "get": { "operationId": "same" }, "put": { "operationId": "same" } },
        "/b b": { "get": { "operationId": "has space" } },
        "/c": { "get": { "operationId": 7 }, "post": { "operationId": "fine/id" } },
    })))
    .unwrap();
    let ids: Vec<&str> = rows(&imported).iter().map(|row| row.0).collect();
    assert_eq!(ids, ["fine/id", "get:/a", "get:/b%20b", "get:/c", "put:/a"]);
    assert!(imported.notes.iter().any(|note| note.starts_with("4 operations have no")));
    let taken = document(json!({
        "/a": { "get": {} },
        "/b": { "get": { "operationId": "get:/a" } },
    }));
    let expected = [("#/paths/~1b/get".to_owned(), "operation-id-twice")];
    assert_eq!(problems(&taken, &Adjust::default()), expected);
}

#[test]
fn a_team_adjusts_scopes() {
    let document = document(json!({
        "/a": { "get": { "operationId": "a", "tags": ["T"] }, "put": { "operationId": "b", "tags": ["T"] } },
        "/admin": { "get": { "operationId": "c" } },
    }));
    let adjust: Adjust = serde_json::from_value(json!({
        "scopes": { "b": "payments:write" },
        "sensitive": { "payments:write": true, "admin:read": false },
    }))
    .unwrap();
    assert_eq!(
        scope_rows(&import(&document, &adjust).unwrap()),
        [
            ("admin:read", "admin: read", true, false),
            ("payments:write", "payments:write", false, true),
            ("t:read", "T: read", false, false),
        ]
    );
}

#[test]
fn adjustments_that_name_nothing_are_problems() {
    let document = document(json!({ "/a": { "get": { "operationId": "a" } },
        "/b": { "get": { "operationId": "b" } } }));
    let adjust: Adjust = serde_json::from_value(json!({
        "leave_out": ["gone", "b"],
        "scopes": { "gone/x": "s", "a": "Not A Scope", "b": "s" },
        "sensitive": { "nothing:read": true },
    }))
    .unwrap();
    let expected = [
        ("adjust/leave_out/gone", "adjust-unknown-operation"),
        ("adjust/scopes/a", "adjust-scope-name"),
        ("adjust/scopes/b", "adjust-left-out-and-scoped"),
        ("adjust/scopes/gone~1x", "adjust-unknown-operation"),
        ("adjust/sensitive/nothing:read", "adjust-unknown-scope"),
    ];
    let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code));
    assert_eq!(problems(&document, &adjust), expected);
    assert!(serde_json::from_value::<Adjust>(json!({ "leaveout": [] })).is_err());
    let all = Adjust { leave_out: ["a", "b"].map(str::to_owned).into(), ..Adjust::default() };
    assert_eq!(problems(&document, &all), [("#".to_owned(), "no-operations")]);
}

#[test]
fn too_many_operations_are_refused() {
    let paths = |count: usize| {
        let path = |number| (format!("/p{number}"), json!({ "get": {} }));
        Value::Object((0..count).map(path).collect())
    };
    let problems = problems(&document(paths(50_001)), &Adjust::default());
    assert!(problems.contains(&("#/paths".to_owned(), "too-many-operations")));
    assert_eq!(read(&document(paths(50_000))).unwrap().operations.operations().len(), 50_000);
}

#[test]
fn shared_parts_do_not_multiply_the_work() {
    let parameters: Vec<Value> = (0..1_001).map(|_| json!({ "name": "a", "in": "path" })).collect();
    let long = document(json!({ "/a": { "get": {}, "parameters": parameters } }));
    let expected = [("#/paths/~1a/parameters".to_owned(), "too-many-parameters")];
    assert_eq!(problems(&long, &Adjust::default())[..1], expected);
    let shared = |number| (format!("/p{number}"), json!({ "$ref": "#/components/pathItems/a" }));
    let mut document = document(Value::Object((0..260).map(shared).collect()));
    document["components"] =
        json!({ "pathItems": { "a": { "get": {}, "parameters": parameters[..1_000] } } });
    let expected = ("#/paths".to_owned(), "too-many-parameters");
    assert!(problems(&document, &Adjust::default()).contains(&expected));
}

#[test]
fn only_the_first_hundred_problems_are_told_in_full() {
    let path = |number| (format!("/p{number}//"), json!({ "get": {} }));
    let error = read(&document(Value::Object((0..130).map(path).collect()))).unwrap_err();
    assert_eq!((error.problems.len(), error.more), (100, 30));
    assert!(error.to_string().ends_with("and 30 more problems"));
}

#[test]
fn a_path_of_any_length_makes_a_short_message() {
    let path = format!("/{}", "{a}".repeat(100_000));
    let named = document(json!({ path.clone(): { "get": { "operationId": "a" } } }));
    assert_eq!(read(&named).unwrap_err().problems[0].reason.code(), "template-unmatchable");
    let nameless = document(json!({ path: { "get": {} } }));
    let error = read(&nameless).unwrap_err();
    assert_eq!(error.problems[0].reason.code(), "operation-without-id");
    assert!(error.to_string().len() < 1_000 && read(&named).unwrap_err().to_string().len() < 1_000);
}

#[test]
fn tags_cannot_hide_anything_in_a_title() {
    let imported = read(&document(json!({
        "/a": { "get": { "tags": ["Pay\u{202E}ments\u{0}"] }, "put": { "tags": ["包裹"] },
            "post": { "tags": ["\u{200B}"] }, "patch": { "tags": ["x".repeat(5_000)] } },
    })))
    .unwrap();
    let names: Vec<&str> = scope_rows(&imported).iter().map(|row| row.0).collect();
    assert_eq!(names[..3], ["a:write", "pay-ments:read", &format!("{}:write", "x".repeat(64))]);
    assert_eq!(scope_rows(&imported)[1].1, "Pay ments: read");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z/#{}~.*]{0,8}".prop_map(Value::from),
        prop_oneof![Just("#/paths"), Just("#/paths/~1a"), Just("path"), Just("header")]
            .prop_map(Value::from),
    ];
    let key = prop_oneof![
        6 => proptest::sample::select(vec![
            "$ref", "get", "put", "head", "parameters", "in", "name", "x-multi-segment", "tags",
            "operationId", "servers", "url", "variables", "default", "/a", "/{a}", "/a/{b}",
            "securitySchemes", "type", "pathItems",
        ])
        .prop_map(str::to_owned),
        1 => "[/a-z{}]{0,6}",
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_document_is_answered_and_every_table_is_whole(
        paths in any_json(), components in any_json(), servers in any_json(),
    ) {
        let mut document = document(paths);
        document["components"] = components;
        document["servers"] = servers;
        if let Ok(imported) = read(&document) {
            let bytes = imported.operations.to_canonical().unwrap();
            prop_assert_eq!(Operations::from_canonical(&bytes), Ok(imported.operations));
        }
    }

    #[test]
    fn any_path_items_are_answered(
        items in proptest::collection::btree_map("/[a-c{}*./%;]{0,8}", any_json(), 0..8)
    ) {
        let _ = read(&document(Value::Object(items.into_iter().collect())));
    }
}
