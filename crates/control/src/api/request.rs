//! Requests for tokens.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::request::Asked;
use domain::signature::Signature;
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::{Body, Caller, id};
use super::ticket::salt;
use super::{App, Page, Paging, Problem};
use crate::view::request::RequestView;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestWish {
    /// What is asked for; the client makes the id and the reason's digest, so that it can sign.
    #[schema(value_type = Object)]
    asked: Asked,
    /// The reason's text.
    reason: String,
    /// 32 bytes, base 64.
    salt: String,
    /// Needed when a scope is sensitive.
    #[serde(default)]
    #[schema(value_type = Object)]
    signature: Option<Signature>,
}

#[utoipa::path(get, path = "/v1/requests", params(Paging),
    responses((status = 200, body = Page<RequestView>)))]
pub async fn requests(
    State(app): State<App>,
    _: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<RequestView>>, Problem> {
    let state = app.state();
    let page = paging.page(&state.requests, |_| true)?;
    let mut items = Vec::new();
    for found in page.items {
        items.push(app.request_view(found).await?);
    }
    Ok(Json(Page { items, next: page.next }))
}

#[utoipa::path(post, path = "/v1/requests", request_body = RequestWish,
    responses((status = 201, body = RequestView), (status = 409, body = Problem)))]
pub async fn make(
    State(app): State<App>,
    Caller(who): Caller,
    Body(wish): Body<RequestWish>,
) -> Result<(StatusCode, Json<RequestView>), Problem> {
    let reason = (salt(&wish.salt)?, wish.reason.into_bytes());
    let made = app.make_request(who, wish.asked, wish.signature, reason).await?;
    Ok((StatusCode::CREATED, Json(app.request_view(made).await?)))
}

#[utoipa::path(get, path = "/v1/requests/{id}", params(("id" = String, Path)),
    responses((status = 200, body = RequestView), (status = 404, body = Problem)))]
pub async fn request(
    State(app): State<App>,
    _: Caller,
    Path(request): Path<String>,
) -> Result<Json<RequestView>, Problem> {
    Ok(Json(app.request_view(id(&request)?).await?))
}
