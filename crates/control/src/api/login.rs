//! Login and who is who.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::{Body, Caller, bearer, id};
use super::{App, Page, Paging, Problem};
use crate::view::Named;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChallengeWish {
    /// The key's fingerprint: SHA-256 of its wire encoding, in hexadecimal.
    key: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Challenge {
    /// Names the challenge in the answer.
    nonce: String,
    /// Milliseconds since 1970.
    expires: u64,
    /// The text to sign as SSHSIG in the namespace `portcullis-login-v1`.
    statement: String,
}

#[utoipa::path(post, path = "/v1/login/challenge", request_body = ChallengeWish,
    responses((status = 200, body = Challenge), (status = 400, body = Problem)))]
pub async fn challenge(
    State(app): State<App>,
    Body(wish): Body<ChallengeWish>,
) -> Result<Json<Challenge>, Problem> {
    let (nonce, expires, text) = app.challenge(id(&wish.key)?)?;
    let statement = String::from_utf8_lossy(&text).into_owned();
    Ok(Json(Challenge { nonce: nonce.to_string(), expires: expires.0, statement }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    key: String,
    nonce: String,
    /// The SSHSIG blob in base 64.
    signature: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Opened {
    person: String,
    /// The session's bearer token.
    session: String,
    expires: u64,
}

#[utoipa::path(post, path = "/v1/login", request_body = Answer,
    responses((status = 200, body = Opened), (status = 403, body = Problem)))]
pub async fn login(
    State(app): State<App>,
    Body(answer): Body<Answer>,
) -> Result<Json<Opened>, Problem> {
    let signature = BASE64
        .decode(&answer.signature)
        .map_err(|_| Problem::bad_request("the signature is not base 64"))?;
    let session = app.login(id(&answer.key)?, id(&answer.nonce)?, &signature).await?;
    let (person, expires) = (session.person.to_string(), session.expires.0);
    Ok(Json(Opened { person, session: session.token, expires }))
}

#[utoipa::path(delete, path = "/v1/login", responses((status = 204)))]
pub async fn logout(State(app): State<App>, headers: HeaderMap) -> Result<StatusCode, Problem> {
    if let Some(token) = bearer(&headers) {
        app.logout(token).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PersonView {
    id: String,
    name: String,
    contact: String,
    /// `human` or `workload`.
    kind: String,
    roles: Vec<String>,
    /// Who answers for a service account.
    responsible: Option<Named>,
    active: bool,
    demo: bool,
    /// Fingerprints of the active keys.
    keys: Vec<String>,
}

async fn person(app: &App, found: domain::id::PersonId) -> Option<PersonView> {
    let state = app.state();
    let person = state.people.get(&found)?;
    let profile = app.profile(person.profile).await;
    let responsible = match person.responsible.last() {
        Some(id) => Some(app.named(*id).await),
        None => None,
    };
    let keys = state.keys.iter().filter(|(_, k)| k.person == found && k.retired.is_none());
    let kind = match person.kind {
        domain::people::Kind::Human => "human",
        domain::people::Kind::Workload => "workload",
    };
    Some(PersonView {
        id: found.to_string(),
        name: profile.name,
        contact: profile.contact,
        kind: kind.to_owned(),
        roles: person.roles.iter().map(ToString::to_string).collect(),
        responsible,
        active: state.active_person(found).is_ok(),
        demo: person.demo,
        keys: keys.map(|(key, _)| key.to_string()).collect(),
    })
}

#[utoipa::path(get, path = "/v1/whoami", responses((status = 200, body = PersonView)))]
pub async fn whoami(
    State(app): State<App>,
    Caller(who): Caller,
) -> Result<Json<PersonView>, Problem> {
    let found = person(&app, who).await;
    found.map(Json).ok_or_else(|| Problem::not_found("no such person"))
}

#[utoipa::path(get, path = "/v1/people", params(Paging),
    responses((status = 200, body = Page<PersonView>)))]
pub async fn people(
    State(app): State<App>,
    _: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<PersonView>>, Problem> {
    let state = app.state();
    let page = paging.page(&state.people, |_| true)?;
    let mut items = Vec::new();
    for found in page.items {
        items.extend(person(&app, found).await);
    }
    Ok(Json(Page { items, next: page.next }))
}
