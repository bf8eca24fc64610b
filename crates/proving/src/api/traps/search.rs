//! Trap: a generic 500. A quote or a backslash in the words makes this search fail, as it would in
//! careless SQL; it fails with the usual problem details, and there is no database.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::input::{Bounded, Filter, Limits, PAGE_ITEMS, TEXT_CHARS, check_text};
use crate::problem::Problem;
use crate::scope::Principal;
use crate::site::Site;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    words: String,
}

impl Bounded for Words {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        check_text("words", &self.words, limits.text(TEXT_CHARS))
    }
}

/// The ids of the asker's parcels whose recipient or city holds the words.
pub(crate) async fn find(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Filter(Words { words }): Filter<Words>,
) -> Result<Json<Value>, Problem> {
    if words.contains(['\'', '"', '\\', '`']) {
        return Err(Problem::Internal);
    }
    let store = site.store();
    let found: Vec<_> = store
        .parcels
        .values()
        .filter(|parcel| parcel.customer_id == asker.customer)
        .filter(|parcel| {
            parcel.recipient.name.contains(&words) || parcel.recipient.city.contains(&words)
        })
        .map(|parcel| &parcel.id)
        .take(PAGE_ITEMS)
        .collect();
    Ok(Json(json!({ "parcel_ids": found })))
}
