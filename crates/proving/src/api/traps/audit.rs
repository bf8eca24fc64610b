//! Trap: a list for administrators that answers everybody. Customers get 200 and an empty list,
//! because none of its entries is theirs.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde_json::{Value, json};

use crate::input::PAGE_ITEMS;
use crate::scope::{Principal, Role};
use crate::site::Site;

/// Who became a customer, and when.
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
) -> Json<Value> {
    let store = site.store();
    let customers = store.customers.values().filter(|_| asker.role == Role::Administrator);
    let items: Vec<_> = customers
        .take(PAGE_ITEMS)
        .map(|customer| {
            json!({ "event": "signed-up", "customer_id": customer.id, "at": customer.created_at })
        })
        .collect();
    Json(json!({ "items": items }))
}
