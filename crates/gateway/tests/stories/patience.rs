//! Callers who take their time: heads, bodies and connections are bounded, streams are not.

use std::time::Duration;

use gateway::{Config, Tls};
use tokio::sync::mpsc;

use crate::ledger::{Ask, Setup};
use crate::raw::Raw;
use crate::vendor::{Say, Vendor};
use crate::world::World;

fn hurried(config: &mut Config) {
    config.timeouts.head = Duration::from_millis(300);
    config.timeouts.keep_alive = Duration::from_secs(1);
}

/// One byte at a time, always another one before anything could be called silent.
async fn drip(caller: &mut Raw, text: &str) -> bool {
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    for byte in text.bytes().cycle() {
        pace.tick().await;
        if !caller.try_send(&[byte]).await {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn a_slow_head_is_cut_off_and_other_callers_are_served() {
    let vendor = Vendor::plain().await;
    let world = World::with(&Setup::at(&vendor.url()), hurried).await;
    let token = world.token(&Ask::default()).await;
    let mut silent = Raw::to(world.address).await;
    let mut slow = Raw::to(world.address).await;
    slow.send(b"GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\n").await;
    assert!(drip(&mut slow, "X-A: b\r\n").await, "the connection was closed");
    assert_eq!(silent.rest().await, "");
    assert_eq!(world.get("/open/x", &token).send().await.unwrap().status(), 200);
    assert_eq!(vendor.requests().len(), 1);
}

/// The next request on a kept connection has no more time than the first.
#[tokio::test]
async fn a_slow_second_head_is_cut_off_too() {
    let vendor = Vendor::plain().await;
    let world = World::with(&Setup::at(&vendor.url()), hurried).await;
    let token = world.token(&Ask::default()).await;
    let mut caller = Raw::to(world.address).await;
    let request = format!(
        "GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    for _ in 0..2 {
        caller.send(request.as_bytes()).await;
        assert!(caller.answer().await.starts_with("HTTP/1.1 200 "));
    }
    caller.send(b"GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\n").await;
    assert!(drip(&mut caller, "X-A: b\r\n").await, "the connection was closed");
    assert_eq!(vendor.requests().len(), 2);
}

#[tokio::test]
async fn a_tls_handshake_that_does_not_come_is_cut_off() {
    let vendor = Vendor::plain().await;
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let world = World::with(&Setup::at(&vendor.url()), |config| {
        hurried(config);
        let key = made.signing_key.serialize_pem().into();
        config.tls = Some(Tls { certificates: made.cert.pem(), key });
    })
    .await;
    assert_eq!(Raw::to(world.address).await.rest().await, "");
}

/// A call may last much longer than its head may.
#[tokio::test]
async fn a_long_answer_is_not_cut_off() {
    let (pieces, script) = mpsc::channel(1);
    let mut script = Some(script);
    let vendor = Vendor::new(move |_| Say::Pieces(script.take().unwrap())).await;
    let world = World::with(&Setup::at(&vendor.url()), |config| {
        config.timeouts.head = Duration::from_millis(50);
        config.timeouts.keep_alive = Duration::from_millis(50);
    })
    .await;
    let token = world.token(&Ask::default()).await;
    let mut caller = Raw::to(world.address).await;
    let request = format!(
        "GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    caller.send(request.as_bytes()).await;
    pieces.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()).await.unwrap();
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    for number in 0..12 {
        pace.tick().await;
        pieces.send(format!("2\r\n{number:x}\n\r\n").into_bytes()).await.unwrap();
        let event = format!("{number:x}\n");
        caller.until(|text| text.contains(&event)).await;
    }
}

#[tokio::test]
async fn a_slow_body_of_a_known_length_is_refused_and_a_slow_stream_is_not() {
    let vendor = Vendor::plain().await;
    let world = World::with(&Setup::at(&vendor.url()), |config| {
        config.bounds.body_grace = Duration::ZERO;
        config.bounds.body_rate = 1000;
    })
    .await;
    let token = world.token(&Ask::default()).await;
    let head = |framing: &str| {
        format!(
            "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
             {framing}\r\n\r\n"
        )
    };
    let mut slow = Raw::to(world.address).await;
    slow.send(head("Content-Length: 100000").as_bytes()).await;
    assert!(drip(&mut slow, "x").await, "the connection was closed");
    let said = slow.rest().await;
    assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("body-too-slow"), "{said}");
    let calls = world.desk.recorded(|calls| !calls.is_empty()).await;
    assert_eq!((calls[0].status, calls[0].denied.as_deref()), (408, Some("body-too-slow")));
    let mut stream = Raw::to(world.address).await;
    stream.send(head("Transfer-Encoding: chunked").as_bytes()).await;
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    for _ in 0..15 {
        pace.tick().await;
        stream.send(b"1\r\nx\r\n").await;
    }
    stream.send(b"0\r\n\r\n").await;
    assert!(stream.answer().await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_body_that_stops_coming_is_answered() {
    let vendor = Vendor::plain().await;
    let world = World::with(&Setup::at(&vendor.url()), |config| {
        config.timeouts.idle = Duration::from_millis(200);
    })
    .await;
    let token = world.token(&Ask::default()).await;
    let mut caller = Raw::to(world.address).await;
    let request = format!(
        "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: 4\r\n\r\nab"
    );
    caller.send(request.as_bytes()).await;
    let said = caller.rest().await;
    // Whoever notices first: the gateway that waits for the caller, or that waits for the vendor.
    assert!(said.starts_with("HTTP/1.1 408 ") || said.starts_with("HTTP/1.1 504 "), "{said}");
}

#[tokio::test]
async fn connections_beyond_the_bound_are_told_so_and_places_are_freed() {
    let vendor = Vendor::plain().await;
    for of_address in [false, true] {
        let world = World::with(&Setup::at(&vendor.url()), |config| match of_address {
            false => config.bounds.connections = 20,
            true => config.bounds.connections_of_address = 20,
        })
        .await;
        let token = world.token(&Ask::default()).await;
        let request = format!(
            "GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        let mut served = Vec::new();
        for _ in 0..20 {
            let mut caller = Raw::to(world.address).await;
            caller.send(request.as_bytes()).await;
            assert!(caller.answer().await.starts_with("HTTP/1.1 200 "));
            served.push(caller);
        }
        for _ in 0..100 {
            let mut caller = Raw::to(world.address).await;
            caller.send(request.as_bytes()).await;
            let said = caller.rest().await;
            assert!(said.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{said}");
            assert!(said.to_ascii_lowercase().contains("retry-after: 5\r\n"), "{said}");
            assert!(said.contains("\"code\":\"too-many-connections\""), "{said}");
        }
        served[7].send(request.as_bytes()).await;
        assert!(served[7].answer().await.starts_with("HTTP/1.1 200 "), "those inside go on");
        served.clear();
        let status = loop {
            let mut caller = Raw::to(world.address).await;
            caller.send(request.as_bytes()).await;
            let said = caller.answer().await;
            if !said.contains("too-many-connections") {
                break said;
            }
        };
        assert!(status.starts_with("HTTP/1.1 200 "), "{status}");
    }
}

/// Nothing was ever proven fresh, so nothing was recorded and nothing is owed.
#[tokio::test]
async fn a_gateway_that_was_never_fresh_stops_at_once() {
    let desk = crate::world::Desk::new(&Setup::at("http://127.0.0.1:9"));
    desk.silent.store(true, std::sync::atomic::Ordering::Relaxed);
    let mut world = World::around(desk, tempfile::tempdir().unwrap());
    world.launch(|config| config.timeouts.stop = Duration::from_secs(3600));
    world.until(|report| report.size > 0).await;
    tokio::time::timeout(Duration::from_secs(10), world.stop()).await.expect("an end in time");
}
