//! Parcels: list, create, get, cancel.

use std::ops::Bound;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::input::{
    Body, Bounded, Filter, Id, PAGE_ITEMS, POSTCODE_CHARS, TEXT_CHARS, check_country, check_id,
    check_text, check_weight,
};
use crate::problem::Problem;
use crate::scope::Principal;
use crate::site::{Site, now};
use crate::store::{Address, ParcelStatus, Speed};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    limit: Option<usize>,
    after: Option<String>,
    status: Option<ParcelStatus>,
}

impl Bounded for Page {
    fn check(&self) -> Result<(), Problem> {
        if self.limit.is_some_and(|limit| limit == 0 || limit > PAGE_ITEMS) {
            return Err(Problem::malformed("LIMIT must be between 1 and 100"));
        }
        self.after.as_deref().map_or(Ok(()), |after| check_id("after", after))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewParcel {
    recipient: Address,
    weight_grams: u32,
    speed: Speed,
}

impl Bounded for NewParcel {
    fn check(&self) -> Result<(), Problem> {
        check_text("recipient.name", &self.recipient.name, TEXT_CHARS)?;
        check_text("recipient.street", &self.recipient.street, TEXT_CHARS)?;
        check_text("recipient.city", &self.recipient.city, TEXT_CHARS)?;
        check_text("recipient.postcode", &self.recipient.postcode, POSTCODE_CHARS)?;
        check_country("recipient.country", &self.recipient.country)?;
        check_weight(self.weight_grams)
    }
}

/// The parcels of the asker, ordered by id, one page at a time.
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Filter(page): Filter<Page>,
) -> Result<Json<Value>, Problem> {
    let limit = page.limit.unwrap_or(PAGE_ITEMS);
    let start = page.after.map_or(Bound::Unbounded, Bound::Excluded);
    let store = site.store();
    let mut found = store
        .parcels
        .range((start, Bound::Unbounded))
        .map(|(_, parcel)| parcel)
        .filter(|parcel| parcel.customer_id == asker.customer)
        .filter(|parcel| page.status.is_none_or(|status| status == parcel.status));
    let shown: Vec<_> = found.by_ref().take(limit).collect();
    let next = found.next().and_then(|_| shown.last()).map(|last| last.id.clone());
    let items =
        shown.into_iter().map(|parcel| store.shown(parcel)).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(json!({ "items": items, "next": next })))
}

pub(crate) async fn create(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Body(new): Body<NewParcel>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let mut store = site.store();
    let parcel =
        store.file_parcel(&asker.customer, new.recipient, new.weight_grams, new.speed, now())?;
    Ok((StatusCode::CREATED, Json(store.shown(&parcel)?)))
}

pub(crate) async fn get(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    let store = site.store();
    Ok(Json(store.shown(store.parcel(&id, &asker)?)?))
}

pub(crate) async fn cancel(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    let mut store = site.store();
    let mut parcel = store.parcel(&id, &asker)?.clone();
    if parcel.status != ParcelStatus::Created {
        return Err(Problem::NotCancellable);
    }
    parcel.status = ParcelStatus::Cancelled;
    let answer = store.shown(&parcel)?;
    store.parcels.insert(id, parcel);
    Ok(Json(answer))
}
