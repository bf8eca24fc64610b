//! What happens around the router, for every request: the headers of an answer, and the weaknesses
//! of servers and proxies rather than of operations.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::site::Site;
use crate::weakness::Weakness;

/// Left on a request whose method was rewritten: the checks were made for a POST.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overridden;

/// Wraps the whole router.
pub(crate) async fn pass(
    State(site): State<Arc<Site>>,
    mut request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let origin = origin.filter(|_| site.has(Weakness::CorsAnyOriginWithCredentials));
    let mut response = if request.method() == Method::TRACE && site.has(Weakness::TraceAnswered) {
        trace(&request)
    } else if request.method() == Method::OPTIONS && origin.is_some() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        if site.has(Weakness::MethodOverride) {
            override_method(&mut request);
        }
        next.run(request).await
    };
    if let Some(origin) = origin {
        share(origin, &mut response);
    }
    if !site.has(Weakness::SecurityHeadersMissing) {
        protect(&mut response);
    }
    response
}

/// The headers that every answer carries.
fn protect(response: &mut Response) {
    let headers: [(HeaderName, &'static str); 6] = [
        (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

/// The request as it came, with every header (RFC 9110 §9.3.8).
fn trace(request: &Request) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut text = format!("TRACE {path} HTTP/1.1\r\n");
    for (name, value) in request.headers() {
        text.push_str(&format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes())));
    }
    text.push_str("\r\n");
    ([(header::CONTENT_TYPE, "message/http")], Body::from(text)).into_response()
}

fn override_method(request: &mut Request) {
    let wanted = request.headers().get("x-http-method-override");
    let wanted = wanted.and_then(|value| Method::from_bytes(value.as_bytes()).ok());
    if let (&Method::POST, Some(wanted)) = (request.method(), wanted) {
        *request.method_mut() = wanted;
        request.extensions_mut().insert(Overridden);
    }
}

/// Lets pages of `origin` read the answer and send credentials (Fetch standard, CORS protocol).
fn share(origin: HeaderValue, response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let fixed = [
        (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PATCH, DELETE"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
        (header::VARY, "origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
