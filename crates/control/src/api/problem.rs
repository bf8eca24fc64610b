//! Problem details (RFC 9457): the one place where refusals and failures become HTTP.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::refusal::{Code, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::Failure;

/// A problem detail; `reasons` holds every rule that said no, with its stable code.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:portcullis:problem:` and the first reason's code.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    #[serde(default)]
    pub reasons: Vec<ReasonView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReasonView {
    pub code: String,
    pub message: String,
}

impl Problem {
    pub fn new(status: StatusCode, code: &str, title: &str, detail: impl Into<String>) -> Problem {
        Problem {
            kind: format!("urn:portcullis:problem:{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            reasons: Vec::new(),
        }
    }

    pub fn not_found(detail: &str) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    pub fn bad_request(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "invalid", "The request is not understood", detail)
    }

    pub fn too_large(most: usize) -> Problem {
        let detail = format!("the body of this request has at most {most} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large", detail)
    }

    pub fn unauthenticated(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "no-session", "Log in first", detail)
    }
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::RoleNeeded
        | Code::OwnRequest
        | Code::WorkloadReview
        | Code::NotActive
        | Code::KeyNotActive
        | Code::SignatureInvalid
        | Code::UserPresence => StatusCode::FORBIDDEN,
        Code::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Code::Invalid | Code::NotMeasurable | Code::UnknownScope | Code::UpstreamRefused => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        _ => StatusCode::CONFLICT,
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let first = refusal.reasons.first().map_or(Code::Invalid, |reason| reason.code);
        let reasons = refusal.reasons.iter().map(|reason| ReasonView {
            code: reason.code.to_string(),
            message: reason.message.clone(),
        });
        Problem {
            reasons: reasons.collect(),
            ..Problem::new(status(first), first.as_str(), "The rules say no", refusal.to_string())
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::Unavailable(detail) => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "The ledger cannot be written or read",
                detail,
            ),
        }
    }
}

impl From<crate::journal::JournalError> for Problem {
    fn from(error: crate::journal::JournalError) -> Problem {
        Failure::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // A line of its own in a terminal.
        let body = serde_json::to_string(&self).unwrap_or_default() + "\n";
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
