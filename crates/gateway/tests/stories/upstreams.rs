//! The way to the vendor: only where it was declared, only who it says it is, never further.

use std::time::Duration;

use domain::address::Cidr;
use proving::{Vendor as Parcel, VendorConfig};

use crate::ledger::{Ask, Setup};
use crate::vendor::{Say, Vendor, answer, answer_with};
use crate::world::{World, problem};

async fn call(world: &World) -> (u16, String) {
    let token = world.token(&Ask::default()).await;
    problem(world.get("/open/x", &token).send().await.unwrap()).await
}

#[tokio::test]
async fn a_name_that_resolves_to_a_forbidden_address_is_not_connected_to() {
    let vendor = Vendor::plain().await;
    let port = vendor.address.port();
    for address in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"] {
        let setup = Setup::at(&format!("https://api.example.com:{port}"));
        let address = address.parse().unwrap();
        let world = World::with(&setup, |config| {
            config.names.insert("api.example.com".into(), vec![address]);
        })
        .await;
        assert_eq!(call(&world).await, (502, "upstream-address".into()), "{address}");
    }
    assert_eq!(*vendor.open.borrow(), 0);
}

/// An environment with private ranges reaches those and nothing else.
#[tokio::test]
async fn private_ranges_are_exactly_those_declared() {
    let mut setup = Setup::at("https://intranet.example.com");
    let ranges: Vec<Cidr> = vec!["10.1.0.0/16".parse().unwrap()];
    setup.environments.get_mut("sandbox").unwrap().private = ranges;
    for address in ["10.2.0.1", "192.0.2.1", "127.0.0.1"] {
        let address = address.parse().unwrap();
        let world = World::with(&setup, |config| {
            config.names.insert("intranet.example.com".into(), vec![address]);
        })
        .await;
        assert_eq!(call(&world).await, (502, "upstream-address".into()), "{address}");
    }
}

#[tokio::test]
async fn a_redirect_is_handed_to_the_caller_and_never_followed() {
    let inner = Vendor::plain().await;
    let location = format!("Location: {}/internal\r\n", inner.url());
    let vendor = Vendor::new(move |_| Say::All(answer_with("302 Found", &location, "moved"))).await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    let response = world.get("/open/x", &token).send().await.unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!(*inner.open.borrow(), 0);
}

#[tokio::test]
async fn only_the_declared_authorities_are_trusted() {
    let vendor = Parcel::start(VendorConfig::default()).await.unwrap();
    let other = Parcel::start(VendorConfig::default()).await.unwrap();
    for trusted in [None, Some(other.ca_pem.clone()), Some("no certificate".to_owned())] {
        let mut setup = Setup::at(&vendor.base_url);
        setup.environments.get_mut("sandbox").unwrap().authorities = trusted;
        let world = World::new(&setup).await;
        assert_eq!(call(&world).await, (502, "upstream-certificate".into()));
    }
    vendor.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn an_absent_and_a_silent_vendor_are_told_apart() {
    let gone = Vendor::plain().await.url();
    assert_eq!(call(&World::new(&Setup::at(&gone)).await).await.1, "upstream-unreachable");
    let silent = Vendor::new(|_| Say::Hold(Vec::new())).await;
    let world = World::with(&Setup::at(&silent.url()), |config| {
        config.timeouts.idle = Duration::from_millis(200);
    })
    .await;
    assert_eq!(call(&world).await, (504, "upstream-timeout".into()));
}

/// A kept connection that the vendor has closed: a GET goes out again, a POST does not.
#[tokio::test]
async fn only_safe_methods_are_tried_again() {
    let mut turn = 0;
    let vendor = Vendor::new(move |_| {
        turn += 1;
        if turn % 2 == 0 { Say::Close } else { Say::All(answer("hello")) }
    })
    .await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    assert_eq!(world.get("/open/1", &token).send().await.unwrap().status(), 200);
    assert_eq!(world.get("/open/2", &token).send().await.unwrap().status(), 200);
    assert_eq!(vendor.requests().len(), 3, "the second one went out twice");
    let call = world.client.post(world.url("/open/3")).bearer_auth(&token).body("once");
    let (status, code) = problem(call.send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (502, "upstream-unreachable"));
    assert_eq!(vendor.requests().len(), 4);
}
