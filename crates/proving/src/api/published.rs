//! What anyone may read: the key set and the document.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::site::Site;

pub(crate) async fn key_set(State(site): State<Arc<Site>>) -> Json<Value> {
    Json(site.tokens.key_set())
}

pub(crate) async fn document(State(site): State<Arc<Site>>) -> Json<Value> {
    Json(site.document.clone())
}
