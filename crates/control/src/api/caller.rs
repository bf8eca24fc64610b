//! Who calls the API: the person of a session, from `Authorization: Bearer pcs_…`.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use domain::id::PersonId;
use serde::de::DeserializeOwned;

use super::{App, Problem, bound};

/// The authenticated person.
#[derive(Debug, Clone, Copy)]
pub struct Caller(pub PersonId);

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Caller, Problem> {
        let token = bearer(&parts.headers).ok_or_else(|| {
            Problem::unauthenticated("no session; log in with `portcullis login`")
        })?;
        match app.authenticate(token).await {
            Ok(person) => Ok(Caller(person)),
            Err(crate::flow::Failure::Refused(refusal)) => {
                Err(Problem::unauthenticated(refusal.to_string()))
            }
            Err(failure) => Err(failure.into()),
        }
    }
}

/// The session's token in the header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// A JSON body; what is wrong with it comes back as a problem.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Body<T>, Problem> {
        let most = bound::of(&request);
        match axum::Json::<T>::from_request(request, app).await {
            Ok(axum::Json(value)) => Ok(Body(value)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Problem::too_large(most))
            }
            Err(rejection) => Err(Problem::bad_request(rejection.body_text())),
        }
    }
}

/// An id in a path or body.
pub fn id<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error: T::Err| Problem::bad_request(error.to_string()))
}
