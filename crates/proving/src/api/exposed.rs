//! What nobody meant to serve: pages for debugging, and a version that should be gone. None of it
//! is documented, and only a weak vendor has it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::api::{customers, signup};
use crate::input::PAGE_ITEMS;
use crate::problem::Problem;
use crate::site::{Site, now};
use crate::weakness::Weakness;

/// The routes of the weaknesses that this vendor has.
pub(crate) fn routes(site: &Site) -> Router<Arc<Site>> {
    let mut router = Router::new();
    if site.has(Weakness::DebugExposed) {
        router = router
            .route("/debug/vars", get(variables))
            .route("/actuator/env", get(environment))
            .route("/.git/config", get(git_config))
            .route("/metrics", get(metrics));
    }
    if site.has(Weakness::OldVersionExposed) {
        router = router.route("/v0/parcels", get(old_parcels));
    }
    if site.has(Weakness::OfficeExposed) {
        router = router.route("/admin/users", get(customers::list));
    }
    if site.has(Weakness::OldLoginExposed) {
        router = router.route("/v0/login", post(signup::log_in_by_name));
    }
    router
}

async fn variables() -> Json<Value> {
    json!({
        "cmdline": ["/srv/parcel/bin/parcel", "--config", "/srv/parcel/parcel.toml"],
        "memstats": { "Alloc": 18_874_368, "HeapObjects": 90_412, "NumGC": 311 },
        "started": now() - 86_400,
    })
    .into()
}

async fn environment() -> Json<Value> {
    json!({
        "activeProfiles": ["production"],
        "propertySources": [{ "name": "systemEnvironment", "properties": {
            "DATABASE_URL": { "value": "postgres://parcel_rw:hunter2@db-1.internal:5432/parcel" },
            "PATH": { "value": "/usr/local/bin:/usr/bin:/bin" },
        } }],
    })
    .into()
}

fn plain(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

async fn git_config() -> Response {
    let text = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n[remote \"origin\"]\n\
        \turl = https://git.parcel.internal/parcel/api.git\n\
        \tfetch = +refs/heads/*:refs/remotes/origin/*\n";
    plain(text.to_owned())
}

async fn metrics(State(site): State<Arc<Site>>) -> Response {
    let store = site.store();
    plain(format!(
        "# HELP parcel_customers Customers by now.\n# TYPE parcel_customers gauge\n\
        parcel_customers {}\n# HELP parcel_parcels Parcels by now.\n\
        # TYPE parcel_parcels gauge\nparcel_parcels {}\n",
        store.customers.len(),
        store.parcels.len(),
    ))
}

/// Everybody's parcels, to anybody.
async fn old_parcels(State(site): State<Arc<Site>>) -> Result<Json<Value>, Problem> {
    let store = site.store();
    let parcels = store.parcels.values().take(PAGE_ITEMS);
    let items = parcels.map(|parcel| store.listed(parcel)).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(json!({ "items": items })))
}
