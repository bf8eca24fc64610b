//! Bodies have bounds, which hold before and while they are read, and for strangers above all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::StatusCode;
use futures_util::stream;
use serde_json::Value;

use crate::{Site, request};

const CHUNK: usize = 16 * 1024;

/// A body without a declared length that counts what is read of it.
fn endless(chunks: usize) -> (Body, Arc<AtomicUsize>) {
    let read = Arc::new(AtomicUsize::new(0));
    let count = read.clone();
    let chunks = (0..chunks).map(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok::<_, std::io::Error>(vec![b' '; CHUNK])
    });
    (Body::from_stream(stream::iter(chunks)), read)
}

#[tokio::test]
async fn a_body_that_says_it_is_too_long_is_not_read() {
    let site = Site::new(1).await;
    let session = site.session(0).await;
    let (login, small, document) = (16 * 1024, 64 * 1024, 64 * 1024 * 1024);
    for (path, most) in [
        ("/v1/login", login),
        ("/v1/login/challenge", login),
        ("/v1/vendors", small),
        ("/v1/requests", small),
        ("/v1/reviews", small),
        ("/v1/acts", 2 * 1024 * 1024),
        ("/v1/tickets", document),
    ] {
        for key in ["", "once"] {
            let (body, read) = endless(1);
            let length = (most + 1).to_string();
            let mut sent = request(path, &session).header("content-length", length);
            if !key.is_empty() {
                sent = sent.header("idempotency-key", key);
            }
            let (status, text) = site.send(sent.body(body).unwrap()).await;
            assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{path}: {text}");
            assert_eq!(read.load(Ordering::SeqCst), 0, "{path}");
            assert!(text.contains("urn:portcullis:problem:too-large"), "{text}");
            assert!(text.ends_with("}\n"), "a problem is a line of its own");
        }
    }
}

#[tokio::test]
async fn a_body_that_does_not_say_its_length_is_read_to_its_bound() {
    let site = Site::new(1).await;
    let session = site.session(0).await;
    for (path, most) in [("/v1/login", 16 * 1024), ("/v1/vendors", 64 * 1024)] {
        for key in [None, Some("once")] {
            let (body, read) = endless(1_000);
            let mut sent = request(path, &session);
            if let Some(key) = key {
                sent = sent.header("idempotency-key", key);
            }
            let (status, text) = site.send(sent.body(body).unwrap()).await;
            assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{path}: {text}");
            assert!(read.load(Ordering::SeqCst) <= most / CHUNK + 2, "{path}");
        }
    }
}

#[tokio::test]
async fn a_stranger_sends_documents_to_nobody() {
    let site = Site::new(1).await;
    for path in ["/v1/tickets", "/v1/acts", "/v1/tickets/tkt_00000000000000000000000001/evidence"] {
        let (body, read) = endless(1_000);
        let sent = request(path, "pcs_nobody").header("idempotency-key", "once");
        let (status, text) = site.send(sent.body(body).unwrap()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}: {text}");
        assert_eq!(read.load(Ordering::SeqCst), 0, "{path}: not a byte was read");
    }
}

#[tokio::test]
async fn what_fits_is_read() {
    let site = Site::new(1).await;
    let session = site.session(0).await;
    let (body, read) = endless(100);
    let sent = request("/v1/tickets", &session).body(body).unwrap();
    let (status, text) = site.send(sent).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "white space is no ticket: {text}");
    assert_eq!(read.load(Ordering::SeqCst), 100);
}

#[test]
fn the_description_says_what_a_repeated_request_may_be_answered_with() {
    let description = serde_json::to_value(control::api::description()).unwrap();
    let words = description["info"]["description"].as_str().unwrap();
    assert!(words.contains(r#"{"entries":[n]}"#), "{words}");
    let paths = description["paths"].as_object().unwrap();
    for path in ["/v1/login", "/v1/acts", "/v1/tickets", "/v1/tickets/{id}/evidence", "/v1/people"]
    {
        assert!(paths.get(path).is_some_and(Value::is_object), "{path}");
    }
}
