//! The HTTP API: parse, flow, view. The router below is its table of contents.

pub mod act;
mod bound;
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

use std::fmt::Display;
use std::ops::Bound;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::get;
use domain::state::Table;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::Control;

use bound::{Bounds, Most};
pub use problem::Problem;

/// What every handler works with.
pub type App = Arc<Control>;

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
    /// The ids of the wanted rows behind the cursor; nothing in front of it is looked at.
    fn page<K, V>(
        &self,
        table: &Table<K, V>,
        wanted: impl Fn(&V) -> bool,
    ) -> Result<Page<K>, Problem>
    where
        K: Ord + Copy + FromStr<Err: Display> + Display,
    {
        let after = self.after.as_deref().map(caller::id::<K>).transpose()?;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = table.range((from, Bound::Unbounded));
        let mut rest = rest.filter(|(_, row)| wanted(row)).map(|(id, _)| *id);
        let limit = self.limit.unwrap_or(50).clamp(1, 200);
        let items: Vec<K> = rest.by_ref().take(limit).collect();
        let next = items.last().filter(|_| rest.next().is_some()).map(K::to_string);
        Ok(Page { items, next })
    }
}

/// The routes, with the bound of what each takes.
fn routes() -> [(Most, OpenApiRouter<App>); 5] {
    let router = OpenApiRouter::new;
    let login =
        router().routes(routes!(login::challenge)).routes(routes!(login::login, login::logout));
    let acts = router().routes(routes!(act::acts, act::propose));
    let evidence = router().routes(routes!(ticket::attach));
    let documents =
        router().routes(routes!(ticket::tickets, ticket::open)).routes(routes!(ticket::amend));
    [
        (Most::LOGIN, login),
        (Most::SMALL, small()),
        (Most::ACT, acts),
        (Most::EVIDENCE, evidence),
        (Most::DOCUMENT, documents),
    ]
}

fn small() -> OpenApiRouter<App> {
    OpenApiRouter::new()
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
        .routes(routes!(ticket::ticket))
        .routes(routes!(ticket::probe, probe::probes))
        .routes(routes!(ticket::order))
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
    let all = routes().into_iter().fold(OpenApiRouter::new(), |all, (_, group)| all.merge(group));
    let mut document = all.split_for_parts().1;
    document.info.title = "Portcullis".to_owned();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document.info.description = Some(
        "Procure APIs by tickets and tokens by requests. Errors are problem details (RFC 9457). \
         Changes take an `Idempotency-Key` header; the same key and body give the same answer. \
         If the server ended between a change and its answer, the repeated request is answered with \
         200 and `{\"entries\":[n]}`: the positions of the change's entries in the ledger. Bodies have \
         at most 64 KB, evidence 24 MB, documents 64 MB."
            .to_owned(),
    );
    document
}

/// The router of control's HTTP API.
pub fn router(app: App) -> Router {
    let large = Arc::new(Semaphore::new(Bounds::LARGE));
    let api = routes().into_iter().fold(Router::new(), |api, (most, group)| {
        let group = group.split_for_parts().0;
        let once = axum::middleware::from_fn_with_state(app.clone(), once::once);
        let bounds = Bounds { most, large: large.clone() };
        let bound = axum::middleware::from_fn_with_state(bounds, bound::bound);
        api.merge(group.layer(once).layer(bound).layer(DefaultBodyLimit::max(most.0)))
    });
    let described = serde_json::to_string(&description()).unwrap_or_default();
    let json = [("content-type", "application/json")];
    api.route("/v1/openapi.json", get(move || async move { (json, described) }))
        .route("/checkpoint", get(ledger::checkpoint))
        .route("/tile/{*path}", get(ledger::tile))
        .route("/health", get(|| async { "ok\n" }))
        .fallback(|| async { Problem::not_found("no such resource") })
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, SLOWEST))
        .layer(CatchPanicLayer::new())
        .with_state(app)
}
