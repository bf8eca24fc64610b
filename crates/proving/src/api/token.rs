//! The token endpoint: client credentials (RFC 6749 §4.4) in the form or as Basic authentication.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::json;

use crate::problem::Problem;
use crate::scope::Scope;
use crate::site::{Site, now};
use crate::token::AUDIENCE;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grant {
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    scope: Option<String>,
}

/// The error codes of RFC 6749 §5.2 that can occur here.
#[derive(Debug, Clone, Copy)]
enum Refused {
    InvalidRequest,
    InvalidClient,
    UnsupportedGrantType,
    InvalidScope,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, code) = match self {
            Self::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::InvalidClient => (StatusCode::UNAUTHORIZED, "invalid_client"),
            Self::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            Self::InvalidScope => (StatusCode::BAD_REQUEST, "invalid_scope"),
        };
        let mut response = (status, Json(json!({ "error": code }))).into_response();
        if let Self::InvalidClient = self {
            let challenge = header::HeaderValue::from_static("Basic realm=\"parcel\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

pub(crate) async fn issue(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    form: Result<Form<Grant>, axum::extract::rejection::FormRejection>,
) -> Response {
    let Ok(Form(grant)) = form else { return Refused::InvalidRequest.into_response() };
    if grant.grant_type != "client_credentials" {
        return Refused::UnsupportedGrantType.into_response();
    }
    let Some((id, secret)) = credentials(&headers, &grant) else {
        return Refused::InvalidRequest.into_response();
    };
    let Some(client) = site.credentials.client(&id, &secret) else {
        return Refused::InvalidClient.into_response();
    };
    let Some(scope) = granted(&client.scopes, grant.scope.as_deref()) else {
        return Refused::InvalidScope.into_response();
    };
    let lifetime = i64::try_from(site.token_lifetime.as_secs()).unwrap_or(i64::MAX);
    match site.tokens.issue(&client.subject, AUDIENCE, lifetime, &scope, now()) {
        Ok(token) => Json(json!({
            "access_token": token, "token_type": "Bearer", "expires_in": lifetime, "scope": scope,
        }))
        .into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Id and secret, from one place only (RFC 6749 §2.3).
fn credentials(headers: &HeaderMap, grant: &Grant) -> Option<(String, String)> {
    let in_form = grant.client_id.clone().zip(grant.client_secret.clone());
    match (headers.get(header::AUTHORIZATION), in_form) {
        (None, Some(pair)) => Some(pair),
        (Some(value), None) => {
            let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
            if !scheme.eq_ignore_ascii_case("basic") {
                return None;
            }
            let pair = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
            pair.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
        }
        _ => None,
    }
}

/// The scopes asked for, or all that the client has; none when it asks for more.
fn granted(held: &[Scope], asked: Option<&str>) -> Option<String> {
    let scopes = match asked {
        None => held.to_vec(),
        Some(asked) => asked
            .split(' ')
            .map(|code| Scope::from_code(code).filter(|scope| held.contains(scope)))
            .collect::<Option<Vec<_>>>()?,
    };
    Some(scopes.iter().map(|scope| scope.code()).collect::<Vec<_>>().join(" "))
}
