//! The HTTP API: parse, flow, view. The router below is its table of contents.

pub mod act;
pub mod caller;
pub mod ledger;
pub mod login;
pub mod machine;
pub mod once;
pub mod probe;
pub mod problem;
pub mod request;
pub mod service;
pub mod ticket;
pub mod token;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::Control;

pub use problem::Problem;

/// What every handler works with.
pub type App = Arc<Control>;

/// The largest body: an API's document and its papers, in base 64.
const LARGEST: usize = 64 * 1024 * 1024;
const SLOWEST: Duration = Duration::from_secs(60);

/// A page of a list. `next` is the cursor of the next page, absent on the last.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// The `next` of the page before.
    pub after: Option<String>,
    /// 1 to 200, 50 by default.
    pub limit: Option<usize>,
}

impl Paging {
    /// The page of `all` (sorted by key) behind the cursor.
    pub fn page<T>(&self, all: impl Iterator<Item = (String, T)>) -> Page<T> {
        let limit = self.limit.unwrap_or(50).clamp(1, 200);
        let behind = |key: &String| self.after.as_ref().is_none_or(|after| key > after);
        let mut rest = all.filter(|(key, _)| behind(key));
        let taken: Vec<_> = rest.by_ref().take(limit).collect();
        let more = rest.next().is_some();
        let next = taken.last().filter(|_| more).map(|(key, _)| key.clone());
        Page { items: taken.into_iter().map(|(_, item)| item).collect(), next }
    }
}

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(login::challenge))
        .routes(routes!(login::login, login::logout))
        .routes(routes!(login::whoami))
        .routes(routes!(login::people))
        .routes(routes!(machine::machines))
        .routes(routes!(ledger::ledger))
        .routes(routes!(ledger::entries))
        .routes(routes!(ledger::proof))
        .routes(routes!(ledger::paper))
        .routes(routes!(ledger::blob))
        .routes(routes!(ledger::material))
        .routes(routes!(act::statement))
        .routes(routes!(act::acts, act::propose))
        .routes(routes!(act::sign))
        .routes(routes!(act::standards))
        .routes(routes!(act::policy))
        .routes(routes!(act::explain))
        .routes(routes!(service::vendors, service::add_vendor))
        .routes(routes!(service::services))
        .routes(routes!(service::service))
        .routes(routes!(service::release))
        .routes(routes!(service::suspend))
        .routes(routes!(service::credential))
        .routes(routes!(ticket::tickets, ticket::open))
        .routes(routes!(ticket::ticket))
        .routes(routes!(ticket::amend))
        .routes(routes!(ticket::probe, probe::probes))
        .routes(routes!(ticket::order))
        .routes(routes!(ticket::attach))
        .routes(routes!(ticket::submit))
        .routes(routes!(ticket::withdraw))
        .routes(routes!(ticket::review))
        .routes(routes!(request::requests, request::make))
        .routes(routes!(request::request))
        .routes(routes!(token::claim))
        .routes(routes!(token::tokens))
        .routes(routes!(token::token))
        .routes(routes!(token::rotate))
        .routes(routes!(token::revoke))
        .routes(routes!(token::revocation))
}

/// The description of the API, generated from the code (OpenAPI 3.1).
pub fn description() -> OpenApi {
    let mut document = routes().split_for_parts().1;
    document.info.title = "Portcullis".to_owned();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document.info.description = Some(
        "Procure APIs by tickets and tokens by requests. Errors are problem details (RFC 9457). \
         Changes take an `Idempotency-Key` header; the same key and body give the same answer."
            .to_owned(),
    );
    document
}

/// The router of control's HTTP API.
pub fn router(app: App) -> Router {
    let (api, _) = routes().split_for_parts();
    let described = serde_json::to_string(&description()).unwrap_or_default();
    let json = [("content-type", "application/json")];
    api.layer(axum::middleware::from_fn_with_state(app.clone(), once::once))
        .route("/v1/openapi.json", get(move || async move { (json, described) }))
        .route("/checkpoint", get(ledger::checkpoint))
        .route("/tile/{*path}", get(ledger::tile))
        .route("/health", get(|| async { "ok\n" }))
        .fallback(|| async { Problem::not_found("no such resource") })
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, SLOWEST))
        .layer(CatchPanicLayer::new())
        .with_state(app)
}
