//! Bounds of bodies: checked by the declared length before a byte is read, and while reading.

use axum::extract::{Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

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

/// Refuses a body that says it is too long, and tells whoever reads it where to stop.
pub async fn bound(State(most): State<Most>, mut request: Request, next: Next) -> Response {
    let declared = request.headers().get(CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > most.0 as u64) {
        return Problem::too_large(most.0).into_response();
    }
    request.extensions_mut().insert(most);
    next.run(request).await
}

/// The bound of a request's body.
pub fn of(request: &Request) -> usize {
    request.extensions().get::<Most>().unwrap_or(&Most::SMALL).0
}
