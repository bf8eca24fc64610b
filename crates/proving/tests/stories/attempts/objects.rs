//! Attempts at others' objects, and at fields that are not the caller's to see or set.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

/// A parcel of bob that has not left yet.
async fn parcel_of_bob(bench: &Bench) -> String {
    let created = bench.json("/v1/parcels?status=created", &bench.token("bob")).await;
    format!("/v1/parcels/{}", created["items"][0]["id"].as_str().unwrap())
}

pub async fn reads_another(bench: &Bench) -> bool {
    let parcel = parcel_of_bob(bench).await;
    let response = bench.get(&parcel, &bench.token("alice")).await;
    let status = response.status();
    let found: Value = response.json().await.unwrap();
    status == StatusCode::OK && found["customer_id"] == "bob"
}

pub async fn changes_another(bench: &Bench) -> bool {
    let parcel = parcel_of_bob(bench).await;
    let recipient = json!({
        "name": "Mallory", "street": "2 Street", "city": "Ghent",
        "postcode": "9000", "country": "BE",
    });
    let change = json!({ "recipient": recipient });
    let (status, _) = bench.send(Method::PATCH, &parcel, &bench.token("alice"), &change).await;
    let changed = bench.json(&parcel, &bench.token("bob")).await["recipient"] == recipient;
    assert_eq!(changed, status == StatusCode::OK);
    changed
}

pub async fn deletes_another(bench: &Bench) -> bool {
    let parcel = parcel_of_bob(bench).await;
    let alice = bench.token("alice");
    let request = bench.request(Method::DELETE, &parcel, &alice);
    let status = request.send().await.unwrap().status();
    let gone = bench.status(&parcel, &bench.token("bob")).await == StatusCode::NOT_FOUND;
    assert_eq!(gone, status == StatusCode::NO_CONTENT);
    gone
}

pub async fn sets_the_price(bench: &Bench) -> bool {
    let alice = bench.token("alice");
    let mut parcel = crate::api::new_parcel();
    let sneaked = json!({ "customer_id": "bob", "status": "delivered", "price_cents": 1 });
    parcel.as_object_mut().unwrap().extend(sneaked.as_object().unwrap().clone());
    let (status, created) = bench.send(Method::POST, "/v1/parcels", &alice, &parcel).await;
    if status != StatusCode::CREATED {
        return false;
    }
    let path = format!("/v1/parcels/{}", created["id"].as_str().unwrap());
    let kept = bench.json(&path, &bench.token("bob")).await;
    sneaked.as_object().unwrap().iter().all(|(name, value)| kept[name] == *value)
}

pub async fn becomes_administrator(bench: &Bench) -> bool {
    let token = bench.token("alice");
    let wish = json!({ "role": "administrator" });
    let (status, _) = bench.send(Method::PATCH, "/v1/account", &token, &wish).await;
    let role = bench.json("/v1/account", &token).await["role"].clone();
    assert_eq!(status == StatusCode::OK, role == "administrator");
    role == "administrator"
}

pub async fn shows_too_much(bench: &Bench) -> bool {
    let account = bench.json("/v1/account", &bench.token("alice")).await;
    account.get("password_hash").is_some() && account.get("internal_note").is_some()
}

pub async fn lists_too_much(bench: &Bench) -> bool {
    let parcels = bench.json("/v1/parcels", &bench.token("alice")).await;
    parcels["items"][0].get("carrier_cost_cents").is_some()
}
