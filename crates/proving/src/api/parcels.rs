//! Parcels: list, create, get, patch, cancel, delete.

use std::ops::Bound;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::idempotency::{Key, once};
use crate::input::{
    Body, Bounded, Filter, Id, Limits, PAGE_ITEMS, POSTCODE_CHARS, TEXT_CHARS, check_country,
    check_id, check_text, check_weight,
};
use crate::problem::Problem;
use crate::scope::Principal;
use crate::site::{Site, now};
use crate::store::{Address, ParcelStatus, Speed, Use};
use crate::weakness::Weakness;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    limit: Option<usize>,
    after: Option<String>,
    status: Option<ParcelStatus>,
}

impl Bounded for Page {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        limits.page(self.limit)?;
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
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        check_address(&self.recipient, limits)?;
        check_weight(self.weight_grams)
    }
}

/// What may still be changed before the parcel leaves.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParcelChange {
    recipient: Address,
}

impl Bounded for ParcelChange {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        check_address(&self.recipient, limits)
    }
}

fn check_address(address: &Address, limits: Limits) -> Result<(), Problem> {
    let (text, postcode) = (limits.text(TEXT_CHARS), limits.text(POSTCODE_CHARS));
    check_text("recipient.name", &address.name, text)?;
    check_text("recipient.street", &address.street, text)?;
    check_text("recipient.city", &address.city, text)?;
    check_text("recipient.postcode", &address.postcode, postcode)?;
    check_country("recipient.country", &address.country)
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
        shown.into_iter().map(|parcel| store.listed(parcel)).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(json!({ "items": items, "next": next })))
}

pub(crate) async fn create(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    key: Key,
    Body(fields): Body<Map<String, Value>>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let request = format!("create {}", Value::Object(fields.clone()));
    let (wish, more) = split(fields, &site);
    let new: NewParcel = serde_json::from_value(wish.into()).map_err(Problem::malformed)?;
    new.check(Limits::of(&site.switches))?;
    once(&site, &asker, key, request, || {
        let mut store = site.store();
        let NewParcel { recipient, weight_grams, speed } = new;
        let parcel = store.file_parcel(&asker.customer, recipient, weight_grams, speed, now())?;
        let parcel = store.overwrite_parcel(parcel, more)?;
        Ok((StatusCode::CREATED, store.shown(&parcel)?))
    })
}

/// The documented fields, and those that `mass-assignment-create` lets in besides.
fn split(fields: Map<String, Value>, site: &Site) -> (Map<String, Value>, Map<String, Value>) {
    if !site.has(Weakness::MassAssignmentCreate) {
        return (fields, Map::new());
    }
    let documented = ["recipient", "weight_grams", "speed"];
    fields.into_iter().partition(|(name, _)| documented.contains(&name.as_str()))
}

pub(crate) async fn get(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    let store = site.store();
    Ok(Json(store.shown(store.parcel(&id, &asker, Use::Read)?)?))
}

pub(crate) async fn patch(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Id(id): Id,
    Body(change): Body<ParcelChange>,
) -> Result<Json<Value>, Problem> {
    let mut store = site.store();
    let mut parcel = store.parcel(&id, &asker, Use::Change)?.clone();
    if parcel.status != ParcelStatus::Created {
        return Err(Problem::NotChangeable);
    }
    parcel.recipient = change.recipient;
    let answer = store.shown(&parcel)?;
    store.parcels.insert(id, parcel);
    Ok(Json(answer))
}

pub(crate) async fn cancel(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    let mut store = site.store();
    let mut parcel = store.parcel(&id, &asker, Use::Change)?.clone();
    if parcel.status != ParcelStatus::Created {
        return Err(Problem::NotCancellable);
    }
    parcel.status = ParcelStatus::Cancelled;
    let answer = store.shown(&parcel)?;
    store.parcels.insert(id, parcel);
    Ok(Json(answer))
}

pub(crate) async fn delete(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    let mut store = site.store();
    store.parcel(&id, &asker, Use::Delete)?;
    store.parcels.remove(&id);
    Ok(StatusCode::NO_CONTENT)
}
