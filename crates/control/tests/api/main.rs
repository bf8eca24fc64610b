//! The HTTP API, from outside: the real router over a real journal, real signatures.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod acts;
mod bounds;
mod login;
mod once;
mod pages;
mod vendors;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use control::api::router;
use control::control::Control;
use control::testing::{Ledger, Place, Someone};
use control::vault::Vault;
use domain::signature::LOGIN_NAMESPACE;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use zeroize::Zeroizing;

/// A control node with its API, gone when it is dropped.
struct Site {
    place: Place,
    ledger: Ledger,
    control: Arc<Control>,
    router: Router,
}

impl Site {
    /// With so many operators.
    async fn new(operators: u8) -> Site {
        Site::under(operators, [7; 32]).await
    }

    /// The same, its vault under this key.
    async fn under(operators: u8, key: [u8; 32]) -> Site {
        let (place, ledger) = (Place::default(), Ledger::new(operators));
        let journal = place.founded(&ledger).await;
        let vault = Vault::new([(1, Zeroizing::new(key))]).unwrap();
        let url = "http://127.0.0.1:7400".to_owned();
        let clock = place.clock.clock();
        let control = Arc::new(Control::new(journal, vault, clock, url.clone(), url));
        let router = router(control.clone());
        Site { place, ledger, control, router }
    }

    /// The answer's status and text.
    async fn send(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn post(&self, path: &str, session: &str, body: &Value) -> (StatusCode, Value) {
        let request = request(path, session).body(Body::from(body.to_string())).unwrap();
        let (status, text) = self.send(request).await;
        (status, serde_json::from_str(&text).unwrap())
    }

    async fn challenge(&self, key: &str) -> Value {
        let (status, challenge) =
            self.post("/v1/login/challenge", "", &json!({ "key": key })).await;
        assert_eq!(status, StatusCode::OK, "{challenge}");
        challenge
    }

    async fn answer(&self, who: &Someone, challenge: &Value) -> (StatusCode, Value) {
        let statement = challenge["statement"].as_str().unwrap();
        let signature = BASE64.encode(who.sign(LOGIN_NAMESPACE, statement.as_bytes()).0);
        let key = who.public().fingerprint().to_string();
        let nonce = &challenge["nonce"];
        self.post("/v1/login", "", &json!({ "key": key, "nonce": nonce, "signature": signature }))
            .await
    }

    /// A session of the operator with this number.
    async fn session(&self, operator: usize) -> String {
        let who = self.ledger.operators[operator].clone();
        let challenge = self.challenge(&who.public().fingerprint().to_string()).await;
        let (status, opened) = self.answer(&who, &challenge).await;
        assert_eq!(status, StatusCode::OK, "{opened}");
        opened["session"].as_str().unwrap().to_owned()
    }
}

/// A change, to be given its body.
fn request(path: &str, session: &str) -> axum::http::request::Builder {
    Request::post(path)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {session}"))
}
