//! Customers, for administrators: list, delete.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::input::{Id, PAGE_ITEMS};
use crate::problem::Problem;
use crate::site::Site;

pub(crate) async fn list(State(site): State<Arc<Site>>) -> Result<Json<Value>, Problem> {
    let store = site.store();
    let items = store
        .customers
        .values()
        .take(PAGE_ITEMS)
        .map(|customer| store.listed(customer))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Json(json!({ "items": items })))
}

pub(crate) async fn delete(
    State(site): State<Arc<Site>>,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    site.store().delete_customer(&id)?;
    Ok(StatusCode::NO_CONTENT)
}
