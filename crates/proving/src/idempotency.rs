//! Requests that carry an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): each key
//! is carried out once, and then answered like the first time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde_json::Value;

use crate::input::ID_CHARS;
use crate::problem::Problem;
use crate::scope::Principal;
use crate::site::Site;
use crate::weakness::Weakness;

/// The most keys that are remembered, so that a caller cannot fill the memory.
const MOST: usize = 10_000;

/// The `Idempotency-Key` of a request.
pub(crate) struct Key(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let key = value.to_str().map_err(Problem::malformed)?;
        if key.is_empty() || key.len() > ID_CHARS {
            return Err(Problem::malformed("Idempotency-Key"));
        }
        Ok(Self(Some(key.to_owned())))
    }
}

/// What was asked with a key, and what it was answered.
struct Told {
    request: String,
    status: StatusCode,
    body: Value,
}

#[derive(Default)]
pub(crate) struct Memory(Mutex<HashMap<(String, String), Told>>);

/// Carries out what `asker` wants, or answers again what `key` was answered before.
/// `request` names what is asked with all its details.
///
/// # Errors
/// [`Problem::KeyReused`] for a key that came with another request; what `act` refuses, which is
/// not remembered.
pub(crate) fn once(
    site: &Site,
    asker: &Principal,
    Key(key): Key,
    request: String,
    act: impl FnOnce() -> Result<(StatusCode, Value), Problem>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let key = key.filter(|_| !site.has(Weakness::IdempotencyIgnored));
    let Some(key) = key.map(|key| (asker.customer.clone(), key)) else {
        return act().map(|(status, body)| (status, Json(body)));
    };
    // Held while `act` runs, so that two requests with one key cannot pass each other.
    let mut told = site.idempotency.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(told) = told.get(&key) {
        if told.request != request {
            return Err(Problem::KeyReused);
        }
        return Ok((told.status, Json(told.body.clone())));
    }
    let (status, body) = act()?;
    if told.len() >= MOST {
        told.clear();
    }
    told.insert(key, Told { request, status, body: body.clone() });
    Ok((status, Json(body)))
}
