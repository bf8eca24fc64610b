//! Signing up, logging in, and requests that are sent twice.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::api::new_parcel;
use crate::attempts::login::{PASSWORD, log_in, sign_up};
use crate::attempts::oauth::session;
use crate::bench::Bench;

#[tokio::test]
async fn who_signs_up_is_a_customer_with_an_invoice_and_parcels_of_their_own() {
    let bench = Bench::hardened().await;
    let (status, customer) = sign_up(&bench, "carol", Value::Null).await;
    assert_eq!((status, &customer["id"]), (StatusCode::CREATED, &json!("carol")));
    assert_eq!(customer["role"], "customer");
    let (status, session) = log_in(&bench, "carol", PASSWORD).await;
    assert_eq!(status, StatusCode::OK, "{session}");
    let token = session["access_token"].as_str().unwrap();
    let invoices = bench.json("/v1/invoices", token).await;
    assert_eq!(invoices["items"][0]["customer_id"], "carol");
    let (status, _) = bench.send(Method::POST, "/v1/parcels", token, &new_parcel()).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(bench.status("/v1/admin/customers", token).await, StatusCode::FORBIDDEN);
    bench.vendor.stop().await;
}

#[tokio::test]
async fn names_are_taken_once_and_nobody_chooses_a_role() {
    let bench = Bench::hardened().await;
    for taken in ["alice", "admin"] {
        let (status, problem) = sign_up(&bench, taken, Value::Null).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("name-taken")));
    }
    for more in [json!({ "role": "customer" }), json!({ "role": "administrator" })] {
        let (status, _) = sign_up(&bench, "carol", more).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
    for (name, password) in [("Carol", PASSWORD), ("carol", "short"), ("", PASSWORD)] {
        let wish = json!({ "name": name, "password": password });
        let (status, _) = bench.send(Method::POST, "/v1/signup", "", &wish).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name} {password}");
    }
    bench.vendor.stop().await;
}

#[tokio::test]
async fn ten_wrong_passwords_close_a_name_for_a_while_and_no_other() {
    let bench = Bench::hardened().await;
    sign_up(&bench, "carol", Value::Null).await;
    sign_up(&bench, "dan", Value::Null).await;
    for _ in 0..10 {
        let (status, problem) = log_in(&bench, "carol", "wrong password").await;
        assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("login-refused")));
    }
    let wish = json!({ "name": "carol", "password": PASSWORD });
    let request = bench.request(Method::POST, "/v1/login", "").json(&wish);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = response.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(log_in(&bench, "dan", PASSWORD).await.0, StatusCode::OK);
    bench.vendor.stop().await;
}

#[tokio::test]
async fn a_seeded_customer_has_no_password() {
    let bench = Bench::hardened().await;
    let known = log_in(&bench, "alice", PASSWORD).await;
    assert_eq!(known.0, StatusCode::UNAUTHORIZED);
    assert_eq!(known, log_in(&bench, "nobody", PASSWORD).await);
    bench.vendor.stop().await;
}

#[tokio::test]
async fn a_key_is_carried_out_once_for_its_customer_and_its_request() {
    let bench = Bench::hardened().await;
    let (alice, bob) = (bench.token("alice"), bench.token("bob"));
    let create = async |token: &str, parcel: &Value| {
        let request = bench.request(Method::POST, "/v1/parcels", token).json(parcel);
        let answer = request.header("idempotency-key", "key-1").send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let first = create(&alice, &new_parcel()).await;
    assert_eq!(first.0, StatusCode::CREATED);
    assert_eq!(create(&alice, &new_parcel()).await, first);
    assert_ne!(create(&bob, &new_parcel()).await.1["id"], first.1["id"]);
    let mut other = new_parcel();
    other["weight_grams"] = 900.into();
    let (status, problem) = create(&alice, &other).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("key-reused")));
    let mine = bench.json("/v1/parcels", &alice).await;
    assert_eq!(mine["items"].as_array().unwrap().len(), 3);
    bench.vendor.stop().await;
}

#[tokio::test]
async fn a_parcel_is_changed_until_it_leaves_and_deleted_for_good() {
    let bench = Bench::hardened().await;
    let (token, _) = session(&bench, "carol").await;
    let (_, parcel) = bench.send(Method::POST, "/v1/parcels", &token, &new_parcel()).await;
    let path = format!("/v1/parcels/{}", parcel["id"].as_str().unwrap());
    let mut recipient = parcel["recipient"].clone();
    recipient["city"] = "Bruges".into();
    let change = json!({ "recipient": recipient });
    let (status, changed) = bench.send(Method::PATCH, &path, &token, &change).await;
    assert_eq!((status, &changed["recipient"]), (StatusCode::OK, &recipient));
    bench.send(Method::POST, &format!("{path}/cancel"), &token, &Value::Null).await;
    let (status, problem) = bench.send(Method::PATCH, &path, &token, &change).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("not-changeable")));
    for status in [StatusCode::NO_CONTENT, StatusCode::NOT_FOUND] {
        let deleted = bench.request(Method::DELETE, &path, &token).send().await.unwrap();
        assert_eq!(deleted.status(), status);
    }
    bench.vendor.stop().await;
}
