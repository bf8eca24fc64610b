//! The authorization endpoint: a code for a client that a subject trusts (RFC 6749 §4.1.1), always
//! with a PKCE challenge (RFC 7636, RFC 9700 §2.1.1).
//!
//! A browser would show a page here on which the subject signs in and agrees. In this sandbox the
//! bearer token or the client credentials of the subject stand for both.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::api::token::{Refused, granted};
use crate::credential::basic;
use crate::grants::{Challenge, Grant};
use crate::random;
use crate::scope::Principal;
use crate::site::{Site, now};
use crate::weakness::Weakness;

/// Where every client takes its codes.
pub(crate) const REDIRECT_URI: &str = "https://app.parcel.example/callback";
/// What `redirect-unchecked` compares.
const REDIRECT_ORIGIN: &str = "https://app.parcel.example";
/// The characters of a challenge made with SHA-256.
pub(crate) const CHALLENGE_CHARS: usize = 43;
/// The most characters of a `state`.
pub(crate) const STATE_CHARS: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    response_type: Option<String>,
    client_id: Option<String>,
    redirect_uri: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

/// Redirects to the client with a code, or with the reason why there is none. A client or redirect
/// URI that is not registered is never redirected to (RFC 6749 §4.1.2.1).
pub(crate) async fn ask(
    State(site): State<Arc<Site>>,
    asker: Option<Extension<Principal>>,
    headers: HeaderMap,
    question: Result<Query<Question>, QueryRejection>,
) -> Result<Response, Refused> {
    let Query(question) = question.map_err(|_| Refused::InvalidRequest)?;
    let client = question.client_id.clone().filter(|id| site.credentials.knows(id));
    let client = client.ok_or(Refused::InvalidRequest)?;
    let redirect_uri = question.redirect_uri.clone().filter(|uri| is_registered(&site, uri));
    let redirect_uri = redirect_uri.ok_or(Refused::InvalidRequest)?;
    let subject = subject(&site, asker, &headers).ok_or(Refused::LoginRequired)?;
    let state = question.state.clone().unwrap_or_default();
    if state.len() > STATE_CHARS || state.contains(|c: char| !c.is_ascii_graphic()) {
        return Err(Refused::InvalidRequest);
    }
    let told = match code(&site, &question, client, subject, &redirect_uri) {
        Ok(code) => format!("code={code}"),
        Err(refused) => format!("error={}", refused.code()),
    };
    let mark = if redirect_uri.contains('?') { '&' } else { '?' };
    let state = [("%", "%25"), ("&", "%26"), ("#", "%23"), ("+", "%2B")]
        .iter()
        .fold(state, |state, (character, escaped)| state.replace(character, escaped));
    let location = format!("{redirect_uri}{mark}{told}&state={state}");
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

fn is_registered(site: &Site, uri: &str) -> bool {
    let unchecked = site.has(Weakness::RedirectUnchecked);
    uri == REDIRECT_URI || (unchecked && uri.starts_with(REDIRECT_ORIGIN))
}

/// Who is signed in, with all that they may allow.
fn subject(
    site: &Site,
    asker: Option<Extension<Principal>>,
    headers: &HeaderMap,
) -> Option<Principal> {
    if let Some(Extension(asker)) = asker {
        return Some(asker);
    }
    let (id, secret) = basic(headers)?;
    let client = site.credentials.client(&id, &secret)?;
    let role = site.store().customers.get(&client.subject)?.role;
    Some(Principal { customer: client.subject.clone(), role, scopes: client.scopes.clone() })
}

fn code(
    site: &Site,
    question: &Question,
    client: String,
    subject: Principal,
    redirect_uri: &str,
) -> Result<String, Refused> {
    if question.response_type.as_deref() != Some("code") {
        return Err(Refused::InvalidRequest);
    }
    let challenge = challenge(site, question)?;
    let scopes =
        granted(&subject.scopes, question.scope.as_deref()).ok_or(Refused::InvalidScope)?;
    let family = random::hex::<8>()?;
    let grant = Grant { subject: subject.customer, scopes, client: Some(client), family };
    Ok(site.grants().code(grant, redirect_uri.to_owned(), challenge, now())?)
}

/// Only a challenge made with SHA-256 is taken, unless the vendor is weak.
fn challenge(site: &Site, question: &Question) -> Result<Option<Challenge>, Refused> {
    let weak = site.has(Weakness::PkceDowngrade);
    match (question.code_challenge.clone(), question.code_challenge_method.as_deref()) {
        (Some(challenge), Some("S256")) if challenge.len() == CHALLENGE_CHARS => {
            Ok(Some(Challenge::S256(challenge)))
        }
        (Some(challenge), Some("plain") | None) if weak => Ok(Some(Challenge::Plain(challenge))),
        (None, None) if weak => Ok(None),
        _ => Err(Refused::InvalidRequest),
    }
}
