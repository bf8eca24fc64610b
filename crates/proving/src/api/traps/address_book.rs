//! Trap: a delete that answers 204 for everything. Only an entry of the asker goes, and leaves a
//! tombstone that is answered 410; another's stays where it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::input::{Body, Bounded, Id, Limits, PAGE_ITEMS, TEXT_CHARS, check_text};
use crate::problem::Problem;
use crate::random;
use crate::scope::Principal;
use crate::site::Site;

struct Entry {
    customer: String,
    /// None for what was deleted.
    line: Option<String>,
}

/// The entries of all customers, by id.
#[derive(Default)]
pub(crate) struct AddressBook(Mutex<BTreeMap<String, Entry>>);

impl AddressBook {
    fn open(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEntry {
    line: String,
}

impl Bounded for NewEntry {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        check_text("line", &self.line, limits.text(TEXT_CHARS))
    }
}

fn shown(id: &str, line: &str) -> Value {
    json!({ "id": id, "line": line })
}

pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
) -> Json<Value> {
    let book = site.address_book.open();
    let own = book.iter().filter(|(_, entry)| entry.customer == asker.customer);
    let items: Vec<_> =
        own.filter_map(|(id, entry)| Some(shown(id, entry.line.as_deref()?))).collect();
    Json(json!({ "items": items }))
}

/// An account holds one page of entries, tombstones included.
pub(crate) async fn create(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Body(NewEntry { line }): Body<NewEntry>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let mut book = site.address_book.open();
    if book.values().filter(|entry| entry.customer == asker.customer).count() >= PAGE_ITEMS {
        return Err(Problem::StoreFull);
    }
    let id = format!("adr_{}", random::hex::<8>()?);
    let answer = shown(&id, &line);
    book.insert(id, Entry { customer: asker.customer, line: Some(line) });
    Ok((StatusCode::CREATED, Json(answer)))
}

pub(crate) async fn get(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    let book = site.address_book.open();
    let entry = book.get(&id).filter(|entry| entry.customer == asker.customer);
    let line = entry.ok_or(Problem::NotFound)?.line.as_deref().ok_or(Problem::Gone)?;
    Ok(Json(shown(&id, line)))
}

pub(crate) async fn delete(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Id(id): Id,
) -> StatusCode {
    let mut book = site.address_book.open();
    if let Some(entry) = book.get_mut(&id).filter(|entry| entry.customer == asker.customer) {
        entry.line = None;
    }
    StatusCode::NO_CONTENT
}
