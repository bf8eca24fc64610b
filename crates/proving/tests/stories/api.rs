//! What the API does for those who may call it, and how it refuses the others.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use proving::{AUDIENCE, Client};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::bench::{Bench, REQUESTS};

pub fn new_parcel() -> Value {
    json!({
        "recipient": {
            "name": "Robin", "street": "1 Street", "city": "Ghent",
            "postcode": "9000", "country": "BE",
        },
        "weight_grams": 800,
        "speed": "express",
    })
}

#[tokio::test]
async fn a_parcel_is_created_labelled_and_cancelled_once() {
    let bench = Bench::hardened().await;
    let key = bench.vendor.api_key();
    let (status, parcel) = bench.send(Method::POST, "/v1/parcels", key, &new_parcel()).await;
    assert_eq!((status, &parcel["customer_id"]), (StatusCode::CREATED, &json!("alice")));
    let path = format!("/v1/parcels/{}", parcel["id"].as_str().unwrap());
    assert_eq!(bench.json(&path, key).await, parcel);
    let label = bench.get(&format!("{path}/label"), key).await;
    assert_eq!(label.headers()[header::CONTENT_TYPE], "application/pdf");
    assert!(label.bytes().await.unwrap().starts_with(b"%PDF-1.4"));
    let cancel = format!("{path}/cancel");
    let (status, cancelled) = bench.send(Method::POST, &cancel, key, &Value::Null).await;
    assert_eq!((status, &cancelled["status"]), (StatusCode::OK, &json!("cancelled")));
    let (status, problem) = bench.send(Method::POST, &cancel, key, &Value::Null).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("not-cancellable")));
    bench.vendor.stop().await;
}

#[tokio::test]
async fn lists_are_paged_and_filtered() {
    let bench = Bench::hardened().await;
    let token = bench.token("alice");
    let first = bench.json("/v1/parcels?limit=1", &token).await;
    let next = first["next"].as_str().unwrap();
    let second = bench.json(&format!("/v1/parcels?limit=1&after={next}"), &token).await;
    assert_eq!(second["next"], Value::Null);
    assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
    let created = bench.json("/v1/parcels?status=created", &token).await;
    assert_eq!(created["items"].as_array().unwrap().len(), 1);
    for query in ["limit=0", "limit=101", "after=%27", "status=lost", "unknown=1"] {
        let status = bench.status(&format!("/v1/parcels?{query}"), &token).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
    }
    bench.vendor.stop().await;
}

#[tokio::test]
async fn refunds_never_exceed_the_invoice() {
    let bench = Bench::hardened().await;
    let token = bench.token("alice");
    let invoice = bench.first("/v1/invoices", &token).await;
    let path = format!("/v1/invoices/{invoice}/refund");
    let refund = |cents: i64| json!({ "amount_cents": cents, "reason": "lost" });
    let (status, after) = bench.send(Method::POST, &path, &token, &refund(4_000)).await;
    assert_eq!((status, &after["refunded_cents"]), (StatusCode::OK, &json!(4_000)));
    let (status, _) = bench.send(Method::POST, &path, &token, &refund(201)).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (status, _) = bench.send(Method::POST, &path, &token, &refund(-1)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = bench.send(Method::POST, &path, &bench.token("bob"), &refund(1)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let narrow = bench.vendor.mint("alice", AUDIENCE, 300, &["invoices:read"]).unwrap();
    let (status, _) = bench.send(Method::POST, &path, &narrow, &refund(1)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    bench.vendor.stop().await;
}

#[tokio::test]
async fn a_quote_and_a_changed_account() {
    let bench = Bench::hardened().await;
    let token = bench.token("bob");
    let shipment = json!({ "from_country": "BE", "to_country": "PT", "weight_grams": 1_000 });
    let (_, answer) = bench.send(Method::POST, "/v1/rates", &token, &shipment).await;
    let economy = json!({ "speed": "economy", "price_cents": 980, "days": 6 });
    assert_eq!(answer["quotes"][0], economy);
    let change = json!({ "phone": "+351 22 000 00 00" });
    let (status, account) = bench.send(Method::PATCH, "/v1/account", &token, &change).await;
    assert_eq!((status, &account["phone"]), (StatusCode::OK, &change["phone"]));
    assert_eq!(account["name"], "Bob Example");
    for body in [json!({}), json!({ "name": null }), json!({ "credit_cents": 1 })] {
        let (status, _) = bench.send(Method::PATCH, "/v1/account", &token, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    bench.vendor.stop().await;
}

#[tokio::test]
async fn an_administrator_deletes_a_customer_whose_tokens_then_fail() {
    let bench = Bench::hardened().await;
    let (admin, bob) = (bench.token("admin"), bench.token("bob"));
    assert_eq!(bench.status("/v1/account", &bob).await, StatusCode::OK);
    let path = "/v1/admin/customers/bob";
    let deleted = bench.request(Method::DELETE, path, &admin).send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert_eq!(bench.status("/v1/account", &bob).await, StatusCode::UNAUTHORIZED);
    bench.vendor.stop().await;
}

#[tokio::test]
async fn neither_the_scope_nor_the_role_alone_makes_an_administrator() {
    let bench = Bench::hardened().await;
    let path = "/v1/admin/customers";
    let scope_only = bench.vendor.mint("alice", AUDIENCE, 300, &["customers:admin"]).unwrap();
    assert_eq!(bench.json(path, &scope_only).await["code"], "administrators-only");
    let role_only = bench.vendor.mint("admin", AUDIENCE, 300, &["account:read"]).unwrap();
    let refused = bench.get(path, &role_only).await;
    let challenge = refused.headers()[header::WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.contains("scope=\"customers:admin\""), "{challenge}");
    assert_eq!(bench.status(path, bench.vendor.api_key()).await, StatusCode::FORBIDDEN);
    bench.vendor.stop().await;
}

async fn exchange(bench: &Bench, client: &Client, more: &[(&str, &str)]) -> (StatusCode, Value) {
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", client.id.as_str()),
        ("client_secret", client.secret.as_str()),
    ];
    form.extend_from_slice(more);
    let response =
        bench.request(Method::POST, "/oauth/token", "").form(&form).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn client_credentials_become_a_token_that_the_key_set_verifies() {
    let bench = Bench::hardened().await;
    let client = bench.vendor.client("bob").unwrap();
    let (status, answer) = exchange(&bench, client, &[("scope", "account:read")]).await;
    assert_eq!((status, &answer["scope"]), (StatusCode::OK, &json!("account:read")));
    let token = answer["access_token"].as_str().unwrap();
    let account = bench.json("/v1/account", token).await;
    assert_eq!(account["id"], "bob");
    assert_eq!(bench.status("/v1/parcels", token).await, StatusCode::FORBIDDEN);

    let keys: JwkSet =
        serde_json::from_value(bench.json("/.well-known/jwks.json", "").await).unwrap();
    let key = DecodingKey::from_jwk(&keys.keys[0]).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[&bench.vendor.base_url]);
    let decoded = jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap();
    assert_eq!(decoded.claims["sub"], "bob");
    bench.vendor.stop().await;
}

#[tokio::test]
async fn the_token_endpoint_refuses_in_the_words_of_oauth() {
    let bench = Bench::hardened().await;
    let bob = bench.vendor.client("bob").unwrap();
    let (status, answer) = exchange(&bench, bob, &[("scope", "customers:admin")]).await;
    assert_eq!((status, answer), (StatusCode::BAD_REQUEST, json!({ "error": "invalid_scope" })));
    let mut wrong = bob.clone();
    wrong.secret = "wrong".to_owned();
    let (status, answer) = exchange(&bench, &wrong, &[]).await;
    assert_eq!((status, answer), (StatusCode::UNAUTHORIZED, json!({ "error": "invalid_client" })));
    let form = [("grant_type", "client_credentials")];
    let request = bench.client.post(format!("{}/oauth/token", bench.vendor.base_url)).form(&form);
    let basic = request.basic_auth(&bob.id, Some(&bob.secret)).send().await.unwrap();
    assert_eq!(basic.status(), StatusCode::OK);
    let form = [("grant_type", "password")];
    let response =
        bench.request(Method::POST, "/oauth/token", "").form(&form).send().await.unwrap();
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer, json!({ "error": "unsupported_grant_type" }));
    bench.vendor.stop().await;
}

#[tokio::test]
async fn a_used_up_window_says_when_to_come_back() {
    let bench = Bench::hardened().await;
    let token = bench.token("alice");
    let first = bench.get("/v1/account", &token).await;
    assert_eq!(first.headers()["ratelimit-policy"], format!("\"default\";q={REQUESTS};w=600"));
    assert!(
        first.headers()["ratelimit"].to_str().unwrap().contains(&format!("r={}", REQUESTS - 1))
    );
    for _ in 1..REQUESTS {
        assert_eq!(bench.status("/v1/account", &token).await, StatusCode::OK);
    }
    let limited = bench.get("/v1/account", &token).await;
    assert_eq!(limited.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = limited.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=600).contains(&wait), "{wait}");
    let again = bench.token("alice");
    assert_eq!(bench.status("/v1/account", &again).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(bench.status("/v1/account", &bench.token("bob")).await, StatusCode::OK);
    bench.vendor.stop().await;
}

#[tokio::test]
async fn guesses_at_credentials_are_limited_for_each_address() {
    let bench = Bench::hardened().await;
    for guess in 0..REQUESTS {
        let status = bench.status("/v1/account", &format!("guess-{guess}")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let status = bench.status("/v1/account", "another-guess").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(bench.status("/v1/account", &bench.token("alice")).await, StatusCode::OK);
    bench.vendor.stop().await;
}

#[tokio::test]
async fn bodies_are_refused_unless_they_match() {
    let bench = Bench::hardened().await;
    let token = bench.token("alice");
    let mut unknown = new_parcel();
    unknown["price_cents"] = 1.into();
    let mut long = new_parcel();
    long["recipient"]["name"] = "a".repeat(101).into();
    for body in [unknown, long, json!({}), json!([])] {
        let (status, problem) = bench.send(Method::POST, "/v1/parcels", &token, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(problem["code"], "malformed");
    }
    let large = json!({ "recipient": "a".repeat(20_000) });
    let (status, _) = bench.send(Method::POST, "/v1/parcels", &token, &large).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let text = bench.request(Method::POST, "/v1/parcels", &token).body("{}").send().await.unwrap();
    assert_eq!(text.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let odd = bench.status("/v1/parcels/par'%20OR%201=1", &token).await;
    assert_eq!(odd, StatusCode::BAD_REQUEST);
    bench.vendor.stop().await;
}

#[tokio::test]
async fn every_answer_is_protected_and_every_refusal_is_problem_details() {
    let bench = Bench::hardened().await;
    for (path, credential) in
        [("/v1/account", ""), ("/v1/account", "nonsense"), ("/nothing", ""), ("/v1/rates", "")]
    {
        let response = bench.get(path, credential).await;
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{path}");
        for name in ["strict-transport-security", "x-content-type-options", "cache-control"] {
            assert!(headers.contains_key(name), "{name} of {path}");
        }
        let status = response.status().as_u16();
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["status"], status);
    }
    let not_allowed = bench.get("/v1/rates", "").await;
    assert_eq!(not_allowed.headers()[header::ALLOW], "POST");
    bench.vendor.stop().await;
}
