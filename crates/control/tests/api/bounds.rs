//! Bodies have bounds, which hold before and while they are read, and for strangers above all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::routing::get;
use control::listen::serve;
use futures_util::stream;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tower::ServiceExt as _;

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

#[tokio::test]
async fn large_bodies_are_read_four_at_a_time() {
    let site = Site::new(1).await;
    let session = site.session(0).await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    // A body that says when it is read first, and breaks when its client goes.
    let send = || {
        let (begun, (client, gone)) = (begun.clone(), oneshot::channel::<()>());
        let broken = stream::once(async move {
            begun.send(()).unwrap();
            let _ = gone.await;
            Err::<Vec<u8>, _>(std::io::Error::other("gone"))
        });
        let sent = request("/v1/tickets", &session).body(Body::from_stream(broken)).unwrap();
        tokio::spawn(site.router.clone().oneshot(sent));
        client
    };
    let mut clients: Vec<_> = (0..4).map(|_| send()).collect();
    for _ in &clients {
        begins.recv().await.unwrap();
    }
    clients.push(send());
    let early = timeout(Duration::from_millis(200), begins.recv()).await;
    assert!(early.is_err(), "the fifth waits");
    drop(clients.swap_remove(0));
    begins.recv().await.unwrap();
}

/// Time stands still but for what is waited for, so ten seconds take none.
#[tokio::test(start_paused = true)]
async fn a_client_that_asks_nothing_is_let_go() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let router = Router::new().route("/", get(|| async { "here" }));
    let server = tokio::spawn(serve(listener, router, stopped));
    for asked in ["", "GET / HTTP/1.1\r\nHost: ", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(asked.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = client.read_to_string(&mut answer);
        timeout(Duration::from_secs(60), read).await.expect("the connection ends").unwrap();
        assert_eq!(answer.ends_with("here"), asked.ends_with("\r\n\r\n"), "{answer}");
    }
    stop.send(true).unwrap();
    server.await.unwrap();
}

/// Says when it is gone.
struct Guard(mpsc::UnboundedSender<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_of_its_answer_is_let_go() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (gone, mut went) = mpsc::unbounded_channel();
    let answer = move || {
        let chunk = |guard| async { Some((Ok::<_, std::io::Error>(vec![b' '; CHUNK]), guard)) };
        let endless = stream::unfold(Guard(gone.clone()), chunk);
        async move { Body::from_stream(endless) }
    };
    let (_stop, stopped) = watch::channel(false);
    let server = tokio::spawn(serve(listener, Router::new().route("/", get(answer)), stopped));
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let went = timeout(Duration::from_secs(300), went.recv()).await;
    assert_eq!(went, Ok(Some(())), "the answer is given up");
    server.abort();
}
