//! Bounds of bodies: of each, before a byte is read and while reading, and of large ones at a time.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::Problem;

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

    fn is_large(&self, request: &Request) -> bool {
        self.most.0 > Most::ACT.0 && request.method() != Method::GET
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
    // Never closed, so there is always a place in the end.
    let _place = match bounds.is_large(&request) {
        true => bounds.large.acquire().await.ok(),
        false => None,
    };
    next.run(request).await
}

/// The bound of a request's body.
pub fn of(request: &Request) -> usize {
    request.extensions().get::<Most>().unwrap_or(&Most::SMALL).0
}
