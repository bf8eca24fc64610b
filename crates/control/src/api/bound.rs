//! Bounds of bodies: of each, before a byte is read and while reading, and of large ones at a time.

use std::sync::Arc;

use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Problem, SLOWEST};

/// The most bytes that the body of a request may have.
#[derive(Debug, Clone, Copy)]
pub struct Most(pub usize);

impl Most {
    /// What somebody sends who has not logged in yet: a key's digest, a nonce, a signature.
    pub const LOGIN: Most = Most(16 * 1024);
    /// Words and signatures.
    pub const SMALL: Most = Most(64 * 1024);
    /// An act with the standard or policy that it publishes, in base 64.
    pub const ACT: Most = Most(2 * 1024 * 1024);
    /// A piece of evidence, in base 64.
    pub const EVIDENCE: Most = Most(24 * 1024 * 1024);
    /// An API's document and its papers, in base 64.
    pub const DOCUMENT: Most = Most(64 * 1024 * 1024);
}

/// The bounds of a group of routes.
#[derive(Clone)]
pub struct Bounds {
    pub most: Most,
    /// Large bodies are read and judged so many at a time, whoever sends them; others wait.
    pub large: Arc<Semaphore>,
}

impl Bounds {
    /// How many large bodies control works on at a time.
    pub const LARGE: usize = 4;

    /// By what it says of its length; a body that says nothing may become one.
    fn is_large(request: &Request) -> bool {
        request.body().size_hint().upper().is_none_or(|most| most > Most::ACT.0 as u64)
    }
}

/// Refuses a body that says it is too long, and tells whoever reads it where to stop.
pub async fn bound(State(bounds): State<Bounds>, mut request: Request, next: Next) -> Response {
    let most = bounds.most;
    let declared = request.headers().get(CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > most.0 as u64) {
        return Problem::too_large(most.0).into_response();
    }
    request.extensions_mut().insert(most);
    match most.0 > Most::ACT.0 && Bounds::is_large(&request) {
        true => large(bounds.large, next.run(request)).await,
        false => next.run(request).await,
    }
}

/// Runs a request in its place. A client that hangs up leaves its work behind, and the place with it.
async fn large(
    places: Arc<Semaphore>,
    work: impl Future<Output = Response> + Send + 'static,
) -> Response {
    // Never closed, so there is always a place in the end.
    let place = places.acquire_owned().await;
    let work = tokio::spawn(async move {
        let answer = timeout(SLOWEST, work).await;
        drop(place);
        answer.unwrap_or_else(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())
    });
    match work.await {
        Ok(answer) => answer,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    }
}

/// The bound of a request's body.
pub fn of(request: &Request) -> usize {
    request.extensions().get::<Most>().unwrap_or(&Most::SMALL).0
}
