//! The mirror of `credential-echoed`: what came in as a credential goes out with the answer.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};

/// More than any JSON answer of this API is long.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Puts the credential in a header of the answer and, when its body is a JSON object, in a field.
pub(crate) async fn repeat(presented: Option<&str>, mut response: Response) -> Response {
    let Some(credential) = presented else { return response };
    if let Ok(value) = HeaderValue::try_from(format!("Bearer {credential}")) {
        response.headers_mut().insert(HeaderName::from_static("x-debug-authorization"), value);
    }
    let media = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !media.is_some_and(|media| media.contains("json")) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, MOST_BYTES).await.unwrap_or_default();
    let Ok(Value::Object(mut object)) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    object.insert("debug".to_owned(), json!({ "authorization": format!("Bearer {credential}") }));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(Value::Object(object).to_string()))
}
