//! Tickets and reviews.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::catalog::{Adjust, Placement};
use domain::evidence::EvidenceAttached;
use domain::review::ReviewSigned;
use domain::signature::Signature;
use domain::standard::DataClass;
use domain::ticket::Environment;
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::{Body, Caller, id};
use super::service::Done;
use super::{App, Page, Paging, Problem};
use crate::flow::probe::Trial;
use crate::flow::ticket::{Intake, Wish};
use crate::view::ticket::TicketView;

/// A ticket's terms; documents come as base 64.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TermsWish {
    /// Changes to the scopes that follow from the document.
    #[serde(default)]
    #[schema(value_type = Object)]
    adjust: Adjust,
    #[serde(default)]
    contract: Option<ContractWish>,
    #[serde(default)]
    #[schema(value_type = Object)]
    credential: Option<Placement>,
    /// `personal`, `payment`, `health`, `proprietary`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    data: BTreeSet<DataClass>,
    /// The API's OpenAPI description in JSON.
    document: String,
    #[schema(value_type = Object)]
    environments: BTreeMap<String, Environment>,
    intake: Intake,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractWish {
    /// Milliseconds since 1970.
    ends: u64,
    content: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketWish {
    /// The service's short name; it stands in the gateway's paths.
    name: String,
    vendor: String,
    /// The published standard's name.
    standard: String,
    terms: TermsWish,
}

fn bytes(field: &str, text: &str) -> Result<Vec<u8>, Problem> {
    let wrong = |_| Problem::bad_request(format!("`{field}` is not base 64"));
    BASE64.decode(text).map_err(wrong)
}

impl TermsWish {
    fn read(self) -> Result<Wish, Problem> {
        let contract = match self.contract {
            Some(wish) => Some((Millis(wish.ends), bytes("contract", &wish.content)?)),
            None => None,
        };
        Ok(Wish {
            adjust: self.adjust,
            contract,
            credential: self.credential,
            data: self.data,
            document: bytes("document", &self.document)?,
            environments: self.environments,
            intake: self.intake,
        })
    }
}

#[utoipa::path(get, path = "/v1/tickets", params(Paging),
    responses((status = 200, body = Page<TicketView>)))]
pub async fn tickets(
    State(app): State<App>,
    _: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<TicketView>>, Problem> {
    let state = app.state();
    let page = paging.page(&state.tickets, |_| true)?;
    let mut items = Vec::new();
    for found in page.items {
        items.push(app.ticket_view(found).await?);
    }
    Ok(Json(Page { items, next: page.next }))
}

#[utoipa::path(post, path = "/v1/tickets", request_body = TicketWish,
    responses((status = 201, body = TicketView), (status = 422, body = Problem)))]
pub async fn open(
    State(app): State<App>,
    Caller(who): Caller,
    Body(wish): Body<TicketWish>,
) -> Result<(StatusCode, Json<TicketView>), Problem> {
    let vendor = id(&wish.vendor)?;
    let terms = wish.terms.read()?;
    let ticket = app.open_ticket(who, wish.name, vendor, wish.standard, terms).await?;
    Ok((StatusCode::CREATED, Json(app.ticket_view(ticket).await?)))
}

#[utoipa::path(get, path = "/v1/tickets/{id}", params(("id" = String, Path)),
    responses((status = 200, body = TicketView), (status = 404, body = Problem)))]
pub async fn ticket(
    State(app): State<App>,
    _: Caller,
    Path(ticket): Path<String>,
) -> Result<Json<TicketView>, Problem> {
    Ok(Json(app.ticket_view(id(&ticket)?).await?))
}

#[utoipa::path(post, path = "/v1/tickets/{id}/terms", params(("id" = String, Path)),
    request_body = TermsWish, responses((status = 200, body = Done)))]
pub async fn amend(
    State(app): State<App>,
    Caller(who): Caller,
    Path(ticket): Path<String>,
    Body(wish): Body<TermsWish>,
) -> Result<Json<Done>, Problem> {
    let entry = app.amend_ticket(who, id(&ticket)?, wish.read()?).await?;
    Ok(Json(Done { entry }))
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeWish {
    /// Some checks only; all that the standard asks for when empty.
    #[serde(default)]
    checks: BTreeSet<String>,
    /// The sandbox; the first by default.
    #[serde(default)]
    environment: Option<String>,
    /// Credentials of the sandbox to try: `token`, `second`, `admin`, `expired`, `wrong_audience`.
    /// Kept in memory only.
    #[serde(default)]
    #[schema(value_type = Object)]
    credentials: Trial,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OrderView {
    order: String,
    answered: bool,
}

#[utoipa::path(post, path = "/v1/tickets/{id}/probes", params(("id" = String, Path)),
    request_body = ProbeWish, responses((status = 202, body = OrderView)))]
pub async fn probe(
    State(app): State<App>,
    Caller(who): Caller,
    Path(ticket): Path<String>,
    Body(wish): Body<ProbeWish>,
) -> Result<(StatusCode, Json<OrderView>), Problem> {
    let ProbeWish { checks, environment, credentials } = wish;
    let order = app.order_probes(who, id(&ticket)?, environment, checks, credentials).await?;
    let view = OrderView { order: order.to_string(), answered: false };
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// Whether a runner has answered the order.
#[utoipa::path(get, path = "/v1/orders/{id}", params(("id" = String, Path)),
    responses((status = 200, body = OrderView)))]
pub async fn order(
    State(app): State<App>,
    _: Caller,
    Path(order): Path<String>,
) -> Result<Json<OrderView>, Problem> {
    let state = app.state();
    let found = state.order(id(&order)?)?;
    Ok(Json(OrderView { order, answered: found.answered.is_some() }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceWish {
    /// The entry's body, with the digest of `salt` and `content`.
    #[schema(value_type = Object)]
    evidence: EvidenceAttached,
    /// 32 bytes, base 64.
    salt: String,
    content: String,
}

#[utoipa::path(post, path = "/v1/tickets/{id}/evidence", params(("id" = String, Path)),
    request_body = EvidenceWish, responses((status = 200, body = Done)))]
pub async fn attach(
    State(app): State<App>,
    Caller(who): Caller,
    Path(ticket): Path<String>,
    Body(wish): Body<EvidenceWish>,
) -> Result<Json<Done>, Problem> {
    if wish.evidence.ticket != id(&ticket)? {
        return Err(Problem::bad_request("the evidence is for another ticket"));
    }
    let salt = salt(&wish.salt)?;
    let content = bytes("content", &wish.content)?;
    let entry = app.attach(who, wish.evidence, salt, content).await?;
    Ok(Json(Done { entry }))
}

/// A paper's salt.
pub fn salt(text: &str) -> Result<[u8; 32], Problem> {
    <[u8; 32]>::try_from(bytes("salt", text)?.as_slice())
        .map_err(|_| Problem::bad_request("a salt has 32 bytes"))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitWish {
    round: u64,
    #[schema(value_type = Object)]
    signature: Signature,
}

#[utoipa::path(post, path = "/v1/tickets/{id}/submit", params(("id" = String, Path)),
    request_body = SubmitWish, responses((status = 200, body = Done), (status = 409, body = Problem)))]
pub async fn submit(
    State(app): State<App>,
    Caller(who): Caller,
    Path(ticket): Path<String>,
    Body(wish): Body<SubmitWish>,
) -> Result<Json<Done>, Problem> {
    let entry = app.submit(who, id(&ticket)?, wish.round, wish.signature).await?;
    Ok(Json(Done { entry }))
}

#[utoipa::path(post, path = "/v1/tickets/{id}/withdraw", params(("id" = String, Path)),
    responses((status = 200, body = Done)))]
pub async fn withdraw(
    State(app): State<App>,
    Caller(who): Caller,
    Path(ticket): Path<String>,
) -> Result<Json<Done>, Problem> {
    let entry = app.withdraw(who, id(&ticket)?).await?;
    Ok(Json(Done { entry }))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewedView {
    entry: u64,
    /// The entry of the decision, when this signature completed it.
    decided: Option<u64>,
}

/// A signed review of a ticket or a request.
#[utoipa::path(post, path = "/v1/reviews", request_body = Object,
    responses((status = 201, body = ReviewedView), (status = 403, body = Problem)))]
pub async fn review(
    State(app): State<App>,
    Caller(who): Caller,
    Body(signed): Body<ReviewSigned>,
) -> Result<(StatusCode, Json<ReviewedView>), Problem> {
    let done = app.review(who, signed).await?;
    let view = ReviewedView { entry: done.entry, decided: done.decided };
    Ok((StatusCode::CREATED, Json(view)))
}
