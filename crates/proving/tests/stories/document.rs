//! The document says what is served, no less and no more.

use std::collections::BTreeSet;

use proving::{Switches, VendorConfig};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::api::new_parcel;
use crate::bench::Bench;

fn method(name: &str) -> Method {
    name.to_uppercase().parse().unwrap()
}

/// Every (path, method, description) of a document.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap();
            methods.iter().map(move |(method, one)| (path.as_str(), method.as_str(), one))
        })
        .collect()
}

#[tokio::test]
async fn exactly_the_documented_methods_are_served() {
    let bench = Bench::start(VendorConfig::default()).await;
    let document = bench.vendor.document();
    let documented: BTreeSet<_> =
        operations(&document).iter().map(|(path, method, _)| (*path, *method)).collect();
    assert_eq!(documented.len(), 42);
    for (path, _) in &documented {
        let filled = path.replace("{id}", "par_0");
        for name in ["get", "post", "put", "patch", "delete", "options"] {
            let response = bench.request(method(name), &filled, "").send().await.unwrap();
            let served = response.status() != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(served, documented.contains(&(*path, name)), "{name} {path}");
        }
    }
    for path in ["/", "/v1", "/v1/admin", "/v1/parcels/par_0/nothing", "/v1/customers"] {
        assert_eq!(bench.status(path, "").await, StatusCode::NOT_FOUND, "{path}");
    }
    bench.vendor.stop().await;
}

#[tokio::test]
async fn every_operation_is_as_guarded_as_it_says() {
    let bench = Bench::start(VendorConfig::default()).await;
    let document = bench.vendor.document();
    for (path, name, one) in operations(&document) {
        let filled = path.replace("{id}", "par_0");
        let none = bench.vendor.mint("admin", proving::AUDIENCE, 300, &[]).unwrap();
        let with_none = bench.request(method(name), &filled, &none).send().await.unwrap().status();
        if one["security"] == json!([]) {
            assert_ne!(with_none, StatusCode::FORBIDDEN, "{name} {path}");
            continue;
        }
        let without = bench.request(method(name), &filled, "").send().await.unwrap();
        if one["responses"].get("401").is_none() {
            // The trap that says so in the body; its own story looks closer.
            assert_eq!(one["operationId"], "getInsurance");
            assert!(without.json::<Value>().await.unwrap()["error"].is_string());
            continue;
        }
        let without = without.status();
        assert_eq!(without, StatusCode::UNAUTHORIZED, "{name} {path}");
        assert_eq!(with_none, StatusCode::FORBIDDEN, "{name} {path}");
        for status in ["401", "403", "429"] {
            assert!(one["responses"].get(status).is_some(), "{status} of {name} {path}");
        }
        let scope = one["security"][0]["oauth"][0].as_str().unwrap();
        let token = bench.vendor.mint("admin", proving::AUDIENCE, 300, &[scope]).unwrap();
        let with_it = bench.request(method(name), &filled, &token).send().await.unwrap().status();
        assert_ne!(with_it, StatusCode::FORBIDDEN, "{name} {path} with {scope}");
    }
    bench.vendor.stop().await;
}

#[tokio::test]
async fn the_served_document_names_its_server_and_is_the_same_for_the_weak_twin() {
    let bench = Bench::hardened().await;
    let served = bench.json("/openapi.json", "").await;
    assert_eq!(served, bench.vendor.document());
    assert_eq!(served["openapi"], "3.1.0");
    assert_eq!(served["servers"][0]["url"], bench.vendor.base_url.as_str());
    let weak = Bench::with(Switches::weak()).await;
    let text = weak.vendor.document().to_string();
    let expected = served.to_string().replace(&bench.vendor.base_url, &weak.vendor.base_url);
    assert_eq!(text, expected);
    bench.vendor.stop().await;
    weak.vendor.stop().await;
}

/// Walks a document; `seen` gets every reference, `schema` every object with a `type`.
fn walk<'a>(
    value: &'a Value,
    at: &str,
    seen: &mut Vec<&'a str>,
    schema: &mut dyn FnMut(&str, &Value),
) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                seen.push(reference);
            }
            if map.contains_key("type") {
                schema(at, value);
            }
            for (key, inner) in map {
                walk(inner, &format!("{at}/{key}"), seen, schema);
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| walk(inner, at, seen, schema)),
        _ => (),
    }
}

#[tokio::test]
async fn references_lead_somewhere_and_strings_arrays_and_numbers_have_limits() {
    let bench = Bench::hardened().await;
    let document = bench.vendor.document();
    let mut references = Vec::new();
    walk(&document, "", &mut references, &mut |at, schema| {
        let bounded = match schema["type"].as_str() {
            Some("string") => ["maxLength", "enum"].iter().any(|key| schema.get(key).is_some()),
            Some("array") => schema.get("maxItems").is_some(),
            Some("integer") => ["minimum", "maximum"].iter().all(|key| schema.get(key).is_some()),
            _ => true,
        };
        assert!(bounded, "{at}");
    });
    let used: BTreeSet<_> = references.into_iter().collect();
    for reference in &used {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for kind in ["schemas", "responses", "parameters", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.contains(reference.as_str()), "{reference} is never used");
        }
    }
    bench.vendor.stop().await;
}

/// The names of an object's fields.
fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn answers_hold_exactly_the_documented_fields() {
    let bench = Bench::hardened().await;
    let (alice, admin) = (bench.token("alice"), bench.token("admin"));
    let document = bench.vendor.document();
    let schema = |name: &str| document["components"]["schemas"][name]["properties"].clone();
    let account = bench.json("/v1/account", &alice).await;
    assert_eq!(names(&account), names(&schema("Customer")));
    let customers = bench.json("/v1/admin/customers", &admin).await;
    assert_eq!(names(&customers["items"][0]), names(&schema("Customer")));
    let parcels = bench.json("/v1/parcels", &alice).await;
    assert_eq!(names(&parcels), names(&schema("ParcelPage")));
    assert_eq!(names(&parcels["items"][0]), names(&schema("Parcel")));
    let invoices = bench.json("/v1/invoices", &alice).await;
    assert_eq!(names(&invoices["items"][0]), names(&schema("Invoice")));
    for (path, list) in
        [("/v1/service-points", "ServicePoint"), ("/v1/admin/audit-events", "AuditEvent")]
    {
        let answer = bench.json(path, &admin).await;
        assert_eq!(names(&answer["items"][0]), names(&schema(list)), "{path}");
    }
    for (path, answer) in [
        ("/v1/preferences", "Preferences"),
        ("/v1/depots/nearest?city=Ghent", "Depot"),
        ("/v1/search?words=Ghent", "Found"),
    ] {
        assert_eq!(names(&bench.json(path, &alice).await), names(&schema(answer)), "{path}");
    }
    let problem = bench.json("/v1/account", "").await;
    assert_eq!(names(&problem), names(&schema("Problem")));
    let keys = bench.json("/.well-known/jwks.json", "").await;
    assert_eq!(names(&keys["keys"][0]), names(&schema("KeySet")["keys"]["items"]["properties"]));
    bench.vendor.stop().await;
}

#[tokio::test]
async fn answers_to_bodies_hold_exactly_the_documented_fields() {
    let bench = Bench::hardened().await;
    let alice = bench.token("alice");
    let document = bench.vendor.document();
    let account = json!({ "name": "carol", "password": "correct horse" });
    let callback = json!({ "callback_url": "https://hooks.shop.example/parcel" });
    for (method, path, body, status, answer) in [
        (Method::POST, "/v1/signup", &account, 201, "Customer"),
        (Method::POST, "/v1/login", &account, 200, "TokenAnswer"),
        (Method::POST, "/v1/parcels", &new_parcel(), 201, "Parcel"),
        (Method::POST, "/v1/addresses/check", &json!({ "line": "a" }), 200, "Verdict"),
        (Method::POST, "/v1/messages", &json!({ "text": "a" }), 200, "MessagePreview"),
        (Method::POST, "/v1/callbacks", &callback, 202, "CallbackAnswer"),
        (Method::POST, "/v1/echo", &json!({ "text": "a" }), 200, "Echo"),
        (Method::POST, "/v1/address-book", &json!({ "line": "a" }), 201, "Entry"),
        (Method::PATCH, "/v1/preferences", &json!({}), 200, "PreferencesReceived"),
    ] {
        let name = method.as_str().to_lowercase();
        let responses = &document["paths"][path][&name]["responses"];
        let reference = &responses[status.to_string()]["content"]["application/json"]["schema"];
        assert_eq!(reference["$ref"], format!("#/components/schemas/{answer}"), "{path}");
        let (got, fields) = bench.send(method, path, &alice, body).await;
        assert_eq!(got.as_u16(), status, "{path}: {fields}");
        let schema = &document["components"]["schemas"][answer]["properties"];
        assert_eq!(names(&fields), names(schema), "{path}");
    }
    bench.vendor.stop().await;
}
