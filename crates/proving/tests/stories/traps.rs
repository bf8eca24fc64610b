//! The traps look weak and are not, in both twins.

use std::time::{Duration, Instant};

use proving::{Switches, Weakness};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

/// Every trap, as a scanner would step into it.
async fn all_are_in_order(switches: Switches) {
    let bench = Bench::limited(switches, 10_000).await;
    a_refusal_may_be_200(&bench).await;
    a_change_may_be_ignored(&bench).await;
    a_500_may_say_nothing(&bench).await;
    an_echo_is_data(&bench).await;
    a_delay_may_be_constant(&bench).await;
    a_catalogue_is_everybodys(&bench).await;
    a_delete_may_do_nothing(&bench).await;
    a_list_may_be_empty(&bench).await;
    bench.vendor.stop().await;
}

#[tokio::test]
async fn in_the_hardened_twin() {
    all_are_in_order(Switches::hardened()).await;
}

/// Without the weaknesses of all operations, which would be weaknesses of these as well.
#[tokio::test]
async fn in_the_weak_twin() {
    let switches = Switches::weak().without(Weakness::CredentialEchoed);
    all_are_in_order(switches).await;
}

async fn a_refusal_may_be_200(bench: &Bench) {
    let parcel = bench.first("/v1/parcels", &bench.token("bob")).await;
    let path = format!("/v1/parcels/{parcel}/insurance");
    let own = bench.json(&path, &bench.token("bob")).await;
    assert_eq!(own["parcel_id"], *parcel);
    for (credential, error) in [
        (bench.token("alice"), "there is no such resource"),
        (String::new(), "this operation needs a credential"),
        ("nonsense".to_owned(), "the credential is not valid"),
    ] {
        let refused = bench.get(&path, &credential).await;
        assert_eq!(refused.status(), StatusCode::OK);
        assert_eq!(refused.json::<Value>().await.unwrap(), json!({ "error": error }));
    }
}

async fn a_change_may_be_ignored(bench: &Bench) {
    let alice = bench.token("alice");
    let change = json!({ "newsletter": true, "role": "administrator", "credit_cents": 9 });
    let (status, answer) = bench.send(Method::PATCH, "/v1/preferences", &alice, &change).await;
    assert_eq!((status, &answer["received"]), (StatusCode::OK, &change));
    let kept = bench.json("/v1/preferences", &alice).await;
    assert_eq!(kept, json!({ "language": "en", "newsletter": true }));
    let account = bench.json("/v1/account", &alice).await;
    assert_eq!(account["role"], "customer");
    assert_eq!(account["credit_cents"], 5_000);
    let others = bench.json("/v1/preferences", &bench.token("bob")).await;
    assert_eq!(others["newsletter"], false);
}

async fn a_500_may_say_nothing(bench: &Bench) {
    let alice = bench.token("alice");
    let response = bench.get("/v1/search?words='", &alice).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["code"], "internal");
    let found = bench.json("/v1/search?words=Ghent", &alice).await;
    assert_eq!(found["parcel_ids"].as_array().unwrap().len(), 2);
    let others = bench.json("/v1/search?words=Porto", &alice).await;
    assert_eq!(others["parcel_ids"], json!([]));
}

async fn an_echo_is_data(bench: &Bench) {
    let alice = bench.token("alice");
    let sent = json!({ "text": "<script>alert(1)</script>{{7*7}}'\"" });
    let response = bench.request(Method::POST, "/v1/echo", &alice).json(&sent);
    let response = response.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.json::<Value>().await.unwrap(), sent);
}

async fn a_delay_may_be_constant(bench: &Bench) {
    for city in ["Ghent", "1;SELECT pg_sleep(5)--", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"] {
        let start = Instant::now();
        let query = [("city", city)];
        let request = bench.request(Method::GET, "/v1/depots/nearest", &bench.token("alice"));
        let response = request.query(&query).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{city}");
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(250), "{took:?} for {city}");
        assert!(took < Duration::from_millis(2_500), "{took:?} for {city}");
    }
}

async fn a_catalogue_is_everybodys(bench: &Bench) {
    let point = bench.first("/v1/service-points?limit=1", &bench.token("bob")).await;
    let path = format!("/v1/service-points/{point}");
    let (alice, bob) = (bench.token("alice"), bench.token("bob"));
    assert_eq!(bench.json(&path, &alice).await, bench.json(&path, &bob).await);
}

async fn a_delete_may_do_nothing(bench: &Bench) {
    let (alice, bob) = (bench.token("alice"), bench.token("bob"));
    let entry = json!({ "line": "1 Example Street" });
    let (status, made) = bench.send(Method::POST, "/v1/address-book", &bob, &entry).await;
    assert_eq!(status, StatusCode::CREATED);
    let path = format!("/v1/address-book/{}", made["id"].as_str().unwrap());
    assert_eq!(bench.status(&path, &alice).await, StatusCode::NOT_FOUND);
    let delete = async |token: &str| {
        let request = bench.request(Method::DELETE, &path, token);
        request.send().await.unwrap().status()
    };
    assert_eq!(delete(&alice).await, StatusCode::NO_CONTENT);
    assert_eq!(bench.json(&path, &bob).await, made);
    assert_eq!(delete(&bob).await, StatusCode::NO_CONTENT);
    assert_eq!(bench.status(&path, &bob).await, StatusCode::GONE);
    assert_eq!(bench.status(&path, &alice).await, StatusCode::NOT_FOUND);
}

async fn a_list_may_be_empty(bench: &Bench) {
    let path = "/v1/admin/audit-events";
    assert_eq!(bench.json(path, &bench.token("alice")).await, json!({ "items": [] }));
    let all = bench.json(path, &bench.token("admin")).await;
    assert_eq!(all["items"].as_array().unwrap().len(), 3);
}
