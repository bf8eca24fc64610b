//! Tokens: claimed, shown, rotated, revoked.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::revocation::{Reason, Target};
use domain::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::{Body, Caller, id};
use super::{App, Page, Paging, Problem};
use crate::view::token::TokenView;

/// A token that the client made: only its hash travels.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimWish {
    token: String,
    /// SHA-256 of the token's text.
    hash: String,
}

#[utoipa::path(post, path = "/v1/grants/{id}/claim", params(("id" = String, Path)),
    request_body = ClaimWish, responses((status = 201, body = TokenView)))]
pub async fn claim(
    State(app): State<App>,
    Caller(who): Caller,
    Path(grant): Path<String>,
    Body(wish): Body<ClaimWish>,
) -> Result<(StatusCode, Json<TokenView>), Problem> {
    let token = app.claim(who, id(&grant)?, id(&wish.token)?, id(&wish.hash)?).await?;
    Ok((StatusCode::CREATED, Json(app.token_view(token).await?)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// The owner's id.
    owner: Option<String>,
    /// The service's name.
    service: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// 1 to 200, 50 by default.
    limit: Option<usize>,
}

#[utoipa::path(get, path = "/v1/tokens", params(Filter),
    responses((status = 200, body = Page<TokenView>)))]
pub async fn tokens(
    State(app): State<App>,
    _: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<TokenView>>, Problem> {
    let state = app.state();
    let owner = filter.owner.as_deref().map(id::<domain::id::PersonId>).transpose()?;
    let service = filter.service.as_ref().map(|name| state.names.get(name).copied());
    let wanted = |token: &domain::token::Token| {
        let request = state.grants.get(&token.grant).and_then(|g| state.requests.get(&g.request));
        request.is_some_and(|request| {
            owner.is_none_or(|owner| request.asked.owner == owner)
                && service.is_none_or(|service| Some(request.asked.service) == service)
        })
    };
    let Filter { after, limit, .. } = filter;
    let page = Paging { after, limit }.page(&state.tokens, wanted)?;
    let mut items = Vec::new();
    for found in page.items {
        items.push(app.token_view(found).await?);
    }
    Ok(Json(Page { items, next: page.next }))
}

#[utoipa::path(get, path = "/v1/tokens/{id}", params(("id" = String, Path)),
    responses((status = 200, body = TokenView), (status = 404, body = Problem)))]
pub async fn token(
    State(app): State<App>,
    _: Caller,
    Path(token): Path<String>,
) -> Result<Json<TokenView>, Problem> {
    Ok(Json(app.token_view(id(&token)?).await?))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateWish {
    /// The new token's id.
    token: String,
    hash: String,
    /// How long the old one lives on, in milliseconds; an hour by default.
    #[serde(default)]
    overlap: Option<u64>,
}

#[utoipa::path(post, path = "/v1/tokens/{id}/rotate", params(("id" = String, Path)),
    request_body = RotateWish, responses((status = 201, body = TokenView)))]
pub async fn rotate(
    State(app): State<App>,
    Caller(who): Caller,
    Path(old): Path<String>,
    Body(wish): Body<RotateWish>,
) -> Result<(StatusCode, Json<TokenView>), Problem> {
    let overlap = wish.overlap.map_or(Span::HOUR, Span);
    let token = app.rotate(who, id(&old)?, id(&wish.token)?, id(&wish.hash)?, overlap).await?;
    Ok((StatusCode::CREATED, Json(app.token_view(token).await?)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeWish {
    /// `{"token": id}`, `{"grant": id}`, `{"owner": id}`, `{"service": id}`, `{"vendor": id}`, `{"ticket": id}`.
    #[schema(value_type = Object)]
    target: Target,
    /// `compromised`, `ended`, `left`, `misbehaved`, `superseded` or `unused`.
    #[schema(value_type = String)]
    reason: Reason,
    #[serde(default)]
    note: Option<String>,
    /// Only says what would end.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RevocationView {
    /// The revocation's number: its entry's position. Absent in a dry run.
    number: Option<u64>,
    /// The grants that end, or would.
    grants: Vec<String>,
    ended: u64,
    /// The gateways that follow it, by their signed receipts.
    receipts: Vec<ReceiptView>,
    /// The active gateways whose receipt is still missing.
    missing: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptView {
    gateway: String,
    at: u64,
    /// Milliseconds from the revocation to its receipt.
    after: u64,
}

fn view(app: &App, number: u64, grants: Vec<String>) -> Result<RevocationView, Problem> {
    let state = app.state();
    let found = state.revocations.get(&number);
    let found = found.ok_or_else(|| Problem::not_found("the ledger has no such revocation"))?;
    let receipts = found.receipts.iter().map(|(gateway, at)| ReceiptView {
        gateway: gateway.to_string(),
        at: at.0,
        after: found.at.until(*at).0,
    });
    let active = state.gateways.iter().filter(|(_, gateway)| gateway.machine.is_active());
    let missing = active.filter(|(id, _)| !found.receipts.contains_key(id));
    Ok(RevocationView {
        number: Some(number),
        grants,
        ended: found.ended,
        receipts: receipts.collect(),
        missing: missing.map(|(id, _)| id.to_string()).collect(),
    })
}

/// Revokes one token or everything of an owner, service, vendor or ticket.
#[utoipa::path(post, path = "/v1/revocations", request_body = RevokeWish,
    responses((status = 200, body = RevocationView), (status = 201, body = RevocationView)))]
pub async fn revoke(
    State(app): State<App>,
    Caller(who): Caller,
    Body(wish): Body<RevokeWish>,
) -> Result<(StatusCode, Json<RevocationView>), Problem> {
    let grants: Vec<_> = app.would_revoke(&wish.target).iter().map(ToString::to_string).collect();
    if wish.dry_run {
        let ended = grants.len() as u64;
        let (receipts, missing) = (Vec::new(), Vec::new());
        let view = RevocationView { number: None, grants, ended, receipts, missing };
        return Ok((StatusCode::OK, Json(view)));
    }
    let number = app.revoke(who, wish.target, wish.reason, wish.note).await?;
    Ok((StatusCode::CREATED, Json(view(&app, number, grants)?)))
}

#[utoipa::path(get, path = "/v1/revocations/{number}", params(("number" = u64, Path)),
    responses((status = 200, body = RevocationView), (status = 404, body = Problem)))]
pub async fn revocation(
    State(app): State<App>,
    _: Caller,
    Path(number): Path<u64>,
) -> Result<Json<RevocationView>, Problem> {
    Ok(Json(view(&app, number, Vec::new())?))
}
