//! The table of everything that the vendor serves; router and document are both made from it.

mod customers;
mod parcels;
mod published;
mod traps;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter};

use crate::api::exposed;
use crate::edge;
use crate::guard::guard;
use crate::input::Limits;
use crate::problem::Problem;
use crate::scope::Access;
use crate::site::Site;

/// One operation, complete: how it is reached, who may call it, what goes in and out.
pub(crate) struct Operation {
    pub id: &'static str,
    pub method: Method,
    pub path: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    /// What the summary leaves out; empty if nothing.
    pub notes: &'static str,
    pub access: Access,
    /// Names under `components/parameters`.
    pub parameters: &'static [&'static str],
    /// Media type, and name under `components/schemas`.
    pub body: Option<(&'static str, &'static str)>,
    pub answer: Answer,
    /// Refusals that neither its access nor what goes in implies, by status.
    pub refusals: &'static [u16],
    pub words: Words,
    pub serve: fn(MethodFilter) -> MethodRouter<Arc<Site>>,
}

/// What a successful call gets.
pub(crate) struct Answer {
    pub status: u16,
    pub meaning: &'static str,
    /// Media type, and name under `components/schemas`; none for an answer without a body.
    pub content: Option<(&'static str, &'static str)>,
}

/// How it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// As problem details (RFC 9457).
    Problem,
    /// As OAuth does (RFC 6749 §5.2).
    OAuth,
    /// With the status 200 and `{"error": …}`, also who may not call it (401, 403); only a trap.
    InBody,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

impl Method {
    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }

    /// As OpenAPI names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

/// Every operation, grouped by noun.
pub(crate) fn operations() -> impl Iterator<Item = &'static Operation> {
    [parcels::PARCELS, customers::CUSTOMERS, published::PUBLISHED, traps::TRAPS]
        .into_iter()
        .flatten()
}

/// The router of one instance: every operation behind the guard, everything behind the edge.
pub(crate) fn router(site: &Arc<Site>) -> Router {
    let mut router = exposed::routes(site);
    for operation in operations() {
        let guarded = from_fn_with_state((Arc::clone(site), operation), guard);
        let served = (operation.serve)(operation.method.filter()).route_layer(guarded);
        router = router.route(operation.path, served);
    }
    let routed = router
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(Limits::of(&site.switches).body_bytes()))
        .with_state(Arc::clone(site));
    // Around the routing, because it may change what is routed.
    Router::new().fallback_service(routed).layer(from_fn_with_state(Arc::clone(site), edge::pass))
}

const JSON: &str = "application/json";

const fn json(schema: &'static str) -> Option<(&'static str, &'static str)> {
    Some((JSON, schema))
}

const fn ok(meaning: &'static str, schema: &'static str) -> Answer {
    Answer { status: 200, meaning, content: json(schema) }
}
