//! Trap: a refusal with the status 200. Without a credential, and for another's parcel, the
//! insurance is answered with `{"error": …}`, which is no access to it.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde_json::{Value, json};

use crate::input::Id;
use crate::problem::Problem;
use crate::scope::Principal;
use crate::site::Site;

/// Always answers 200, as its documentation says. Asks for the owner itself, so that no weakness
/// of objects opens it.
pub(crate) async fn get(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Id(id): Id,
) -> Json<Value> {
    let store = site.store();
    let parcel = store.parcels.get(&id).filter(|parcel| parcel.customer_id == asker.customer);
    match parcel {
        Some(parcel) => Json(json!({ "parcel_id": id, "covered_cents": parcel.price_cents * 10 })),
        None => Problem::NotFound.in_body(),
    }
}
