//! Event streams: they go on, and they end when either side leaves.

use std::time::Duration;

use reqwest::Response;
use tokio::time::timeout;

use crate::bench::Bench;

const PATIENCE: Duration = Duration::from_secs(10);

async fn open(bench: &Bench) -> Response {
    let token = bench.token("alice");
    let parcel = bench.first("/v1/parcels", &token).await;
    let response = bench.get(&format!("/v1/parcels/{parcel}/events"), &token).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response
}

/// Reads until `text` holds `count` heartbeats.
async fn heartbeats(response: &mut Response, count: usize) -> String {
    let mut text = String::new();
    while text.matches("event: heartbeat").count() < count {
        let chunk = timeout(PATIENCE, response.chunk()).await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
    }
    text
}

#[tokio::test]
async fn a_stream_tells_the_past_then_beats_until_the_client_leaves() {
    let bench = Bench::hardened().await;
    let mut open_streams = bench.vendor.open_streams();
    let mut response = open(&bench).await;
    let text = heartbeats(&mut response, 3).await;
    assert!(text.starts_with("id: 1\nevent: tracking\n"), "{text}");
    assert!(text.contains("\"status\":\"created\""), "{text}");
    assert_eq!(*open_streams.borrow(), 1);
    drop(response);
    timeout(PATIENCE, open_streams.wait_for(|open| *open == 0)).await.unwrap().unwrap();
    bench.vendor.stop().await;
}

#[tokio::test]
async fn a_vendor_that_stops_ends_its_streams() {
    let bench = Bench::hardened().await;
    let mut response = open(&bench).await;
    heartbeats(&mut response, 1).await;
    let address = bench.vendor.address;
    timeout(PATIENCE, bench.vendor.stop()).await.unwrap();
    // An end, not an error: the body was completed before the connection closed.
    while timeout(PATIENCE, response.chunk()).await.unwrap().unwrap().is_some() {}
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_dropped_vendor_cuts_its_streams() {
    let bench = Bench::hardened().await;
    let mut response = open(&bench).await;
    heartbeats(&mut response, 1).await;
    drop(bench);
    while let Ok(Some(_)) = timeout(PATIENCE, response.chunk()).await.unwrap() {}
}
