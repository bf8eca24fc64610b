//! A call that may pass: the credential goes in, the token does not go out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::catalog::Placement;
use domain::limit::Rate;
use domain::time::Span;
use proving::{Vendor as Parcel, VendorConfig};

use crate::ledger::{Ask, Setup};
use crate::vendor::{Say, Vendor, answer};
use crate::world::{CREDENTIAL, World};

#[tokio::test]
async fn a_call_reaches_the_vendor_with_its_credential_and_without_the_token() {
    let vendor = Vendor::plain().await;
    let world = World::new(&Setup::at(&format!("{}/base/v2", vendor.url()))).await;
    let token = world.token(&Ask::default()).await;
    let response = world
        .get("/open/things/7?a=1&b=%20x&a=2", &token)
        .header("x-custom", "kept")
        .header("x-other", format!("again {token}"))
        .header("cookie", "session=callers-own")
        .header("x-forwarded-for", "203.0.113.9")
        .header("forwarded", "for=203.0.113.9")
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), "hello");
    let request = vendor.request();
    let line = "GET /base/v2/open/things/7?a=1&b=%20x&a=2 HTTP/1.1\r\n";
    assert!(request.starts_with(line), "{request}");
    let lower = request.to_ascii_lowercase();
    let credential = format!("authorization: bearer {}\r\n", CREDENTIAL.to_lowercase());
    assert!(lower.contains(&credential), "{request}");
    assert!(lower.contains(&format!("host: {}\r\n", vendor.address)));
    assert!(lower.contains("x-custom: kept") && lower.contains("accept-encoding: identity"));
    for gone in ["pcl_", "cookie", "forwarded", "x-other", "gzip"] {
        assert!(!lower.contains(gone), "{gone} in {request}");
    }
}

/// The whole way over real TLS, with the vendor's authority and no other trusted.
#[tokio::test]
async fn a_real_vendor_over_tls_answers_as_if_it_had_been_called_directly() {
    let vendor = Parcel::start(VendorConfig::default()).await.unwrap();
    let mut setup = Setup::at(&vendor.base_url);
    setup.environments.get_mut("sandbox").unwrap().authorities = Some(vendor.ca_pem.clone());
    let world = World::new(&setup).await;
    *world.desk.credential.lock().unwrap() = vendor.api_key().to_owned();
    let token = world.token(&Ask::default()).await;
    for _ in 0..3 {
        let response = world.get("/v1/parcels?limit=2", &token).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let page: serde_json::Value = response.json().await.unwrap();
        assert!(page.is_object(), "{page}");
    }
    vendor.stop().await;
}

#[tokio::test]
async fn the_credential_stands_where_this_vendor_wants_it() {
    let basic = format!("authorization: basic {}", STANDARD.encode(CREDENTIAL)).to_lowercase();
    let encoded = "api%5fkey=sk%5flive%2f9f8e7d6c5b4a%2bvendor%3dsecret http/1.1";
    for (placement, expected) in [
        (Placement::Basic, basic),
        (Placement::Header { name: "x-vendor-key".into() }, format!("x-vendor-key: {CREDENTIAL}")),
        (Placement::Query { name: "api_key".into() }, encoded.to_owned()),
    ] {
        let vendor = Vendor::plain().await;
        let setup = Setup { placement: placement.clone(), ..Setup::at(&vendor.url()) };
        let world = World::new(&setup).await;
        let token = world.token(&Ask::default()).await;
        let url = world.url("/open/x");
        let call = match placement {
            Placement::Basic => world.client.get(url).basic_auth(&token, Some("")),
            Placement::Header { name } => {
                world.client.get(url).header(name, &token).header("authorization", "Bearer own")
            }
            _ => world.client.get(format!("{url}?a=1&api%5Fkey={token}&b=2&api_key=own")),
        };
        assert_eq!(call.send().await.unwrap().status(), 200);
        let request = vendor.request().to_lowercase();
        assert!(request.contains(&expected), "{expected} not in {request}");
        assert!(!request.contains("pcl_") && !request.contains("own"), "{request}");
    }
}

#[tokio::test]
async fn bodies_stream_both_ways_and_connections_are_kept() {
    let large = "x".repeat(3 << 20);
    let back = large.clone();
    let vendor = Vendor::new(move |request| {
        assert!(request.ends_with(&back));
        Say::All(answer(&back))
    })
    .await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    for _ in 0..2 {
        let call = world.client.post(world.url("/open/in")).bearer_auth(&token);
        let response = call.body(large.clone()).send().await.unwrap();
        assert_eq!(response.text().await.unwrap().len(), large.len());
    }
    assert_eq!(vendor.requests().len(), 2);
    assert_eq!(*vendor.open.borrow(), 1, "the second call used the first one's connection");
}

#[tokio::test]
async fn what_is_left_of_a_limit_is_told_until_nothing_is() {
    let vendor = Vendor::plain().await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let rate = Some(Rate { count: 2, per: Span::HOUR });
    let token = world.token(&Ask { rate, ..Ask::default() }).await;
    for left in ["\"grant\";r=1;t=1800", "\"grant\";r=0;t=3600"] {
        let response = world.get("/open/x", &token).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["ratelimit"], left);
        assert_eq!(response.headers()["ratelimit-policy"], "\"grant\";q=2;w=3600");
    }
    let response = world.get("/open/x", &token).send().await.unwrap();
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1790..=1800).contains(&wait), "{wait}");
    assert_eq!(response.headers()["ratelimit"], format!("\"grant\";r=0;t={wait}").as_str());
    assert_eq!(vendor.requests().len(), 2);
}
