//! The token endpoint: client credentials (RFC 6749 §4.4), codes (§4.1.3) and refresh tokens (§6),
//! with the client in the form or as Basic authentication; and revocation (RFC 7009).

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::credential::{Client, basic, presented};
use crate::grants::{Grant, InvalidGrant, Redemption};
use crate::problem::Problem;
use crate::random;
use crate::scope::{Scope, written};
use crate::site::{Site, now};
use crate::token::AUDIENCE;
use crate::vendor::VendorError;
use crate::weakness::Weakness;

/// Ten years, in seconds.
const EVERLASTING: i64 = 315_360_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    scope: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revocation {
    token: String,
    // A hint is no more than that (RFC 7009 §2.1).
    #[serde(rename = "token_type_hint")]
    _hint: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// The error codes of RFC 6749 §5.2 and §4.1.2.1 that can occur here and in `authorize`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Refused {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnsupportedGrantType,
    InvalidScope,
    LoginRequired,
    ServerError,
}

impl Refused {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::LoginRequired => "login_required",
            Self::ServerError => "server_error",
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::InvalidClient | Self::LoginRequired => StatusCode::UNAUTHORIZED,
            Self::ServerError => return Problem::Internal.into_response(),
            _ => StatusCode::BAD_REQUEST,
        };
        let mut response = (status, Json(json!({ "error": self.code() }))).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = header::HeaderValue::from_static("Basic realm=\"parcel\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<InvalidGrant> for Refused {
    fn from(_: InvalidGrant) -> Self {
        Self::InvalidGrant
    }
}

impl From<VendorError> for Refused {
    fn from(_: VendorError) -> Self {
        Self::ServerError
    }
}

pub(crate) async fn issue(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    form: Result<Form<TokenRequest>, FormRejection>,
) -> Result<Json<Value>, Refused> {
    let Form(request) = form.map_err(|_| Refused::InvalidRequest)?;
    let in_form = request.client_id.as_deref().zip(request.client_secret.as_deref());
    let client = client(&site, &headers, in_form);
    match request.grant_type.as_str() {
        "client_credentials" => {
            let client = client?.ok_or(Refused::InvalidRequest)?;
            by_client(&site, client, request.scope.as_deref())
        }
        "authorization_code" => {
            let client = client?.ok_or(Refused::InvalidRequest)?;
            let redemption = Redemption {
                code: request.code.as_deref().ok_or(Refused::InvalidRequest)?,
                client: &client.id,
                redirect_uri: request.redirect_uri.as_deref(),
                verifier: request.code_verifier.as_deref(),
            };
            let grant = site.grants().redeem(&redemption, now())?;
            Ok(Json(session(&site, grant)?))
        }
        "refresh_token" => {
            let client = client?.map(|client| client.id.as_str());
            let token = request.refresh_token.as_deref().ok_or(Refused::InvalidRequest)?;
            let grant = site.grants().refresh(token, client, now())?;
            Ok(Json(session(&site, grant)?))
        }
        _ => Err(Refused::UnsupportedGrantType),
    }
}

/// Ends an access token, or a refresh token with everything of its family. Who holds a token may
/// end it; a client that names itself only ends its own. What is no token is ended already.
pub(crate) async fn revoke(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    form: Result<Form<Revocation>, FormRejection>,
) -> Result<StatusCode, Refused> {
    let Form(request) = form.map_err(|_| Refused::InvalidRequest)?;
    let in_form = request.client_id.as_deref().zip(request.client_secret.as_deref());
    let subject = client(&site, &headers, in_form)?.map(|client| client.subject.as_str());
    let is_theirs = |holder: &str| subject.is_none_or(|subject| subject == holder);
    let claims = site.tokens.judge(&request.token, &site.switches, now()).await.ok();
    let mut grants = site.grants();
    if let Some(claims) = claims.filter(|claims| is_theirs(&claims.sub)) {
        grants.revoke(&claims.jti, claims.exp);
    }
    let held = grants.holder(&request.token).filter(|grant| is_theirs(&grant.subject));
    if let Some(family) = held.map(|grant| grant.family.clone()) {
        grants.end(&family);
    }
    Ok(StatusCode::OK)
}

/// The client of a request, from one place only (RFC 6749 §2.3); none when it names none.
pub(crate) fn client<'a>(
    site: &'a Site,
    headers: &HeaderMap,
    in_form: Option<(&str, &str)>,
) -> Result<Option<&'a Client>, Refused> {
    let named = match (headers.get(header::AUTHORIZATION), in_form) {
        (None, None) => return Ok(None),
        // A customer's own token names no client.
        (Some(_), None) if presented(headers).is_some() => return Ok(None),
        (None, Some((id, secret))) => (id.to_owned(), secret.to_owned()),
        (Some(_), None) => basic(headers).ok_or(Refused::InvalidRequest)?,
        (Some(_), Some(_)) => return Err(Refused::InvalidRequest),
    };
    site.credentials.client(&named.0, &named.1).map(Some).ok_or(Refused::InvalidClient)
}

/// Client credentials get no refresh token (RFC 6749 §4.4.3).
fn by_client(site: &Site, client: &Client, asked: Option<&str>) -> Result<Json<Value>, Refused> {
    let scopes = granted(&client.scopes, asked).ok_or(Refused::InvalidScope)?;
    let family = random::hex::<8>()?;
    let grant =
        Grant { subject: client.subject.clone(), scopes, client: Some(client.id.clone()), family };
    Ok(Json(access(site, &grant)?))
}

/// An access token and a refresh token for `grant`.
pub(crate) fn session(site: &Site, grant: Grant) -> Result<Value, VendorError> {
    let mut answer = access(site, &grant)?;
    let refresh = site.grants().refresh_token(grant, now())?;
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("refresh_token".to_owned(), refresh.into());
    }
    Ok(answer)
}

fn access(site: &Site, grant: &Grant) -> Result<Value, VendorError> {
    let lifetime = if site.has(Weakness::TokenEverlasting) {
        EVERLASTING
    } else {
        i64::try_from(site.token_lifetime.as_secs()).unwrap_or(i64::MAX)
    };
    let scope = written(&grant.scopes);
    let claims = site.tokens.claims(&grant.subject, AUDIENCE, lifetime, &scope, now())?;
    site.grants().issued(&grant.family, &claims.jti, claims.exp);
    Ok(json!({
        "access_token": site.tokens.sign(&claims)?,
        "token_type": "Bearer",
        "expires_in": lifetime,
        "scope": scope,
    }))
}

/// The scopes asked for, or all that are held; none when more is asked for.
pub(crate) fn granted(held: &[Scope], asked: Option<&str>) -> Option<Vec<Scope>> {
    let Some(asked) = asked else { return Some(held.to_vec()) };
    asked
        .split(' ')
        .map(|code| Scope::from_code(code).filter(|scope| held.contains(scope)))
        .collect()
}
