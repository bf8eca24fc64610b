//! Idempotency keys: what is kept of a request says nothing to whoever reads the database alone.

use axum::body::Body;
use axum::http::StatusCode;
use domain::digest::Digest;
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};

use crate::{Site, request};

/// What the database keeps of a request that was made once.
async fn kept(site: &Site, body: &Value) -> Vec<u8> {
    let session = site.session(0).await;
    let sent = request("/v1/vendors", &session).header("idempotency-key", "once");
    let (status, text) = site.send(sent.body(Body::from(body.to_string())).unwrap()).await;
    assert_eq!(status, StatusCode::CREATED, "{text}");
    let url = format!("sqlite://{}", site.place.data().join("portcullis.db").display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let rows: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT request FROM answers").fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(rows.len(), 1);
    rows.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_secret_that_was_sent_cannot_be_guessed_from_what_is_kept() {
    let body = json!({ "name": "Parcel Ltd" });
    let site = Site::new(1).await;
    let first = kept(&site, &body).await;
    assert_eq!(first.len(), 32);
    let sent = body.to_string();
    let guesses = [
        Digest::of(sent.as_bytes()),
        Digest::of(format!("POST /v1/vendors\n{sent}").as_bytes()),
        Digest::over(&[b"POST", b" ", b"/v1/vendors", b"\n", sent.as_bytes()]),
    ];
    assert!(guesses.iter().all(|guess| guess.0.as_slice() != first));
    let other = kept(&Site::under(1, [8; 32]).await, &body).await;
    assert_ne!(first, other, "it takes the vault's key");
    let same = kept(&Site::new(1).await, &body).await;
    assert_eq!(first, same, "and nothing else");
}
