//! Every refusal of the API, and how it looks on the wire (RFC 9457).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::scope::Scope;
use crate::vendor::VendorError;

/// Why a request was refused. The cause of [`Problem::Malformed`] never leaves a hardened vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    NoCredential,
    InvalidCredential,
    InsufficientScope(Scope),
    AdministratorsOnly,
    RateLimited,
    /// The name has had too many wrong passwords; seconds until it can be tried again.
    TooManyTries {
        seconds: u64,
    },
    LoginRefused,
    /// What only `login-enumerates` tells apart.
    UnknownName,
    WrongPassword,
    NameTaken,
    KeyReused,
    CallbackRefused,
    NotFound,
    /// What was deleted; only the trap of the address book tells.
    Gone,
    MethodNotAllowed,
    Malformed {
        cause: String,
    },
    UnsupportedMediaType,
    BodyTooLarge,
    NotChangeable,
    NotCancellable,
    RefundTooLarge,
    StoreFull,
    Internal,
}

/// Left in the extensions of an answer for `leak`, which alone may show it.
#[derive(Debug, Clone)]
pub(crate) struct Cause(pub String);

impl Problem {
    pub(crate) fn malformed(cause: impl ToString) -> Self {
        Self::Malformed { cause: cause.to_string() }
    }

    /// What an operation answers that refuses with the status 200.
    pub(crate) fn in_body(&self) -> Json<Value> {
        Json(json!({ "error": self.title() }))
    }

    const fn code(&self) -> &'static str {
        match self {
            Self::NoCredential => "no-credential",
            Self::InvalidCredential => "invalid-credential",
            Self::InsufficientScope(_) => "insufficient-scope",
            Self::AdministratorsOnly => "administrators-only",
            Self::RateLimited => "rate-limited",
            Self::TooManyTries { .. } => "too-many-tries",
            Self::LoginRefused => "login-refused",
            Self::UnknownName => "unknown-name",
            Self::WrongPassword => "wrong-password",
            Self::NameTaken => "name-taken",
            Self::KeyReused => "key-reused",
            Self::CallbackRefused => "callback-refused",
            Self::NotFound => "not-found",
            Self::Gone => "gone",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Malformed { .. } => "malformed",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::BodyTooLarge => "body-too-large",
            Self::NotChangeable => "not-changeable",
            Self::NotCancellable => "not-cancellable",
            Self::RefundTooLarge => "refund-too-large",
            Self::StoreFull => "store-full",
            Self::Internal => "internal",
        }
    }

    const fn title(&self) -> &'static str {
        match self {
            Self::NoCredential => "this operation needs a credential",
            Self::InvalidCredential => "the credential is not valid",
            Self::InsufficientScope(_) => "the token lacks the scope of this operation",
            Self::AdministratorsOnly => "only administrators may call this operation",
            Self::RateLimited => "too many requests, wait until the window ends",
            Self::TooManyTries { .. } => "too many wrong passwords, wait a minute",
            Self::LoginRefused => "name and password do not belong together",
            Self::UnknownName => "nobody has this name",
            Self::WrongPassword => "the password is wrong",
            Self::NameTaken => "someone has this name already",
            Self::KeyReused => "the idempotency key came with another request before",
            Self::CallbackRefused => "a callback must be https and lie on a public host",
            Self::NotFound => "there is no such resource",
            Self::Gone => "the resource was deleted",
            Self::MethodNotAllowed => "the resource has no such method",
            Self::Malformed { .. } => "the request does not match the published schema",
            Self::UnsupportedMediaType => "the body must be sent as the documented media type",
            Self::BodyTooLarge => "the body is too large",
            Self::NotChangeable => "only a parcel that is still created can be changed",
            Self::NotCancellable => "only a parcel that is still created can be cancelled",
            Self::RefundTooLarge => "the refund is larger than what is left of the invoice",
            Self::StoreFull => "the account holds as many parcels as it may",
            Self::Internal => "something went wrong on our side",
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::NoCredential
            | Self::InvalidCredential
            | Self::LoginRefused
            | Self::WrongPassword => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope(_) | Self::AdministratorsOnly => StatusCode::FORBIDDEN,
            Self::RateLimited | Self::TooManyTries { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound | Self::UnknownName => StatusCode::NOT_FOUND,
            Self::Gone => StatusCode::GONE,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Malformed { .. } | Self::CallbackRefused => StatusCode::BAD_REQUEST,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotChangeable
            | Self::NotCancellable
            | Self::RefundTooLarge
            | Self::StoreFull
            | Self::NameTaken
            | Self::KeyReused => StatusCode::CONFLICT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The challenge of RFC 6750 §3, for answers that need one.
    fn challenge(&self) -> Option<String> {
        match self {
            Self::NoCredential | Self::LoginRefused | Self::WrongPassword => {
                Some("Bearer realm=\"parcel\"".to_owned())
            }
            Self::InvalidCredential => {
                Some("Bearer realm=\"parcel\", error=\"invalid_token\"".to_owned())
            }
            Self::InsufficientScope(scope) => Some(format!(
                "Bearer realm=\"parcel\", error=\"insufficient_scope\", scope=\"{}\"",
                scope.code()
            )),
            _ => None,
        }
    }
}

impl From<VendorError> for Problem {
    fn from(_: VendorError) -> Self {
        Self::Internal
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": format!("https://parcel.example/problems/{}", self.code()),
            "title": self.title(),
            "status": self.status().as_u16(),
            "code": self.code(),
        });
        let mut response = (self.status(), Json(body)).into_response();
        let problem = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem);
        if let Some(Ok(challenge)) = self.challenge().map(HeaderValue::try_from) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        match self {
            // The rest of the body is still on its way; nothing can follow it.
            Self::BodyTooLarge => {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            Self::Malformed { cause } => {
                response.extensions_mut().insert(Cause(cause));
            }
            Self::TooManyTries { seconds } => {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            _ => (),
        }
        response
    }
}
