//! Every denial: its code, its status, its headers, and that nothing reached the vendor.

use std::sync::atomic::Ordering;

use domain::revocation::Target;
use domain::service::ServiceSuspended;
use domain::time::Span;
use domain::{authority::Act, entry::Body, people::PersonOffboarded};

use crate::ledger::{Ask, OPERATOR, REQUESTER, SERVICE, Setup};
use crate::vendor::Vendor;
use crate::world::{World, problem};

async fn world() -> (Vendor, World) {
    let vendor = Vendor::plain().await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    (vendor, world)
}

#[tokio::test]
async fn without_a_known_token_a_call_is_unknown() {
    let (vendor, world) = world().await;
    let token = world.token(&Ask::default()).await;
    let response = world.client.get(world.url("/open/x")).send().await.unwrap();
    assert_eq!(response.headers()["www-authenticate"], "Bearer realm=\"portcullis\"");
    assert_eq!(problem(response).await, (401, "unknown".into()));
    let secret = domain::token::Secret::new(domain::id::TokenId(5), &[1; 32]);
    let other = world.token(&Ask::default()).await;
    for call in [
        world.get("/open/x", "some-vendors-own-key"),
        world.get("/open/x", secret.expose()),
        world.get("/open/x", &token).header("x-api-key", &other),
    ] {
        let response = call.send().await.unwrap();
        assert_eq!(problem(response).await, (401, "unknown".into()));
    }
    let response = world.get("/open/x", secret.expose()).send().await.unwrap();
    let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    assert!(vendor.requests().is_empty());
}

#[tokio::test]
async fn out_of_scope_is_told_apart_from_unknown() {
    let (vendor, world) = world().await;
    let token = world.token(&Ask { scopes: vec!["any:read"], ..Ask::default() }).await;
    let client = &world.client;
    let elsewhere = format!("http://{}/other/sandbox/open/x", world.address);
    for call in [
        client.post(world.url("/open/x")),
        client.delete(world.url("/open/x")),
        client.get(world.url("/closed")),
        client.get(world.url("/open/%2e%2e/admin")),
        client.get(world.url("/open/a%2Fb")),
        client.get(world.url("/open//b")),
        client.get(elsewhere),
    ] {
        let response = call.bearer_auth(&token).send().await.unwrap();
        let challenge = response.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains("insufficient_scope"), "{challenge}");
        assert_eq!(problem(response).await, (403, "out-of-scope".into()));
    }
    let response = client.get(format!("http://{}/nowhere", world.address)).send().await.unwrap();
    assert_eq!(problem(response).await, (404, "no-such-path".into()));
    assert!(vendor.requests().is_empty());
}

/// `open/a%2Fb` could be one operation or another: the denial says which character, and what to do.
#[tokio::test]
async fn a_path_that_reads_in_two_ways_is_denied_with_the_reason() {
    let (vendor, world) = world().await;
    let token = world.token(&Ask::default()).await;
    for (path, wanted) in [
        ("/open/feature%2Fx", ["`%2F`", "path-encoded-slash", "query or body"]),
        ("/open/a;b", ["`;`", "path-parameter", ""]),
    ] {
        let response = world.get(path, &token).send().await.unwrap();
        let document: serde_json::Value = response.json().await.unwrap();
        assert_eq!(document["code"], "out-of-scope");
        let detail = document["detail"].as_str().unwrap();
        assert!(wanted.iter().all(|part| detail.contains(part)), "{detail}");
    }
    assert!(vendor.requests().is_empty());
}

#[tokio::test]
async fn a_token_bound_to_other_addresses_is_refused_here() {
    let (vendor, world) = world().await;
    let there = world.token(&Ask { addresses: vec!["192.0.2.0/24"], ..Ask::default() }).await;
    let here = world.token(&Ask { addresses: vec!["127.0.0.0/8"], ..Ask::default() }).await;
    let response = world.get("/open/x", &there).send().await.unwrap();
    assert_eq!(problem(response).await, (403, "address".into()));
    assert_eq!(world.get("/open/x", &here).send().await.unwrap().status(), 200);
    assert_eq!(vendor.requests().len(), 1);
}

#[tokio::test]
async fn an_expired_token_says_so() {
    let (vendor, world) = world().await;
    let token = world.token(&Ask { life: Span(2000), ..Ask::default() }).await;
    let code = loop {
        let response = world.get("/open/x", &token).send().await.unwrap();
        if response.status() != 200 {
            let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
            assert!(challenge.contains("error_description=\"expired\""), "{challenge}");
            break problem(response).await;
        }
    };
    assert_eq!(code, (401, "expired".into()));
    let before = vendor.requests().len();
    world.get("/open/x", &token).send().await.unwrap();
    assert_eq!(vendor.requests().len(), before);
}

#[tokio::test]
async fn revoked_suspended_and_offboarded_all_end_a_token() {
    for way in 0..3 {
        let (vendor, world) = world().await;
        let (_, id, token) = world.desk.token(&Ask::default());
        world.settled().await;
        assert_eq!(world.get("/open/x", &token).send().await.unwrap().status(), 200);
        match way {
            0 => {
                world.desk.revoke(Target::Token(id));
            }
            1 => world.desk.change(|ledger| {
                let suspended = Body::ServiceSuspended(ServiceSuspended { service: SERVICE });
                ledger.append(Some(OPERATOR), suspended).unwrap();
            }),
            _ => world.desk.change(|ledger| {
                let gone = Act::PersonOffboarded(PersonOffboarded { person: REQUESTER });
                ledger.authority(gone, Vec::new());
            }),
        }
        world.settled().await;
        let response = world.get("/open/x", &token).send().await.unwrap();
        assert_eq!(problem(response).await, (401, "revoked".into()), "way {way}");
        assert_eq!(vendor.requests().len(), 1);
    }
}

#[tokio::test]
async fn without_a_lease_there_is_no_call_and_with_one_there_is() {
    let (vendor, world) = world().await;
    let token = world.token(&Ask::default()).await;
    world.desk.closed.store(true, Ordering::Relaxed);
    let response = world.get("/open/x", &token).send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "5");
    assert_eq!(problem(response).await, (503, "no-credential".into()));
    assert!(vendor.requests().is_empty());
    world.desk.closed.store(false, Ordering::Relaxed);
    assert_eq!(world.get("/open/x", &token).send().await.unwrap().status(), 200);
}

/// A rotated credential: the next call waits for the new lease and never goes out with the old one.
#[tokio::test]
async fn a_new_credential_replaces_the_lease_at_once() {
    let (vendor, world) = world().await;
    let token = world.token(&Ask::default()).await;
    assert_eq!(world.get("/open/x", &token).send().await.unwrap().status(), 200);
    *world.desk.credential.lock().unwrap() = "rotated-credential".to_owned();
    world.desk.change(|ledger| ledger.store_credential("sandbox"));
    world.settled().await;
    assert_eq!(world.get("/open/x", &token).send().await.unwrap().status(), 200);
    assert!(vendor.requests()[1].contains("Bearer rotated-credential"), "{:?}", vendor.requests());
    assert_eq!(world.desk.leases.load(Ordering::Relaxed), 2);
}
