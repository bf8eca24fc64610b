//! What anyone may read: the key set, the key in PEM and the document.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::site::Site;

pub(crate) async fn key_set(State(site): State<Arc<Site>>) -> Json<Value> {
    Json(site.tokens.key_set())
}

pub(crate) async fn public_key(State(site): State<Arc<Site>>) -> Response {
    ([(header::CONTENT_TYPE, "application/x-pem-file")], site.tokens.public_pem()).into_response()
}

pub(crate) async fn document(State(site): State<Arc<Site>>) -> Json<Value> {
    Json(site.document.clone())
}
