//! Invoices: list, get, refund.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::idempotency::{Key, once};
use crate::input::{Body, Bounded, Id, Limits, PAGE_ITEMS, TEXT_CHARS, check_text};
use crate::problem::Problem;
use crate::scope::Principal;
use crate::site::Site;
use crate::store::Use;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refund {
    amount_cents: i64,
    reason: String,
}

impl Bounded for Refund {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        if self.amount_cents < 1 {
            return Err(Problem::malformed("check constraint `amount_cents`"));
        }
        check_text("reason", &self.reason, limits.text(TEXT_CHARS))
    }
}

pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
) -> Result<Json<Value>, Problem> {
    let store = site.store();
    let items = store
        .invoices
        .values()
        .filter(|invoice| invoice.customer_id == asker.customer)
        .take(PAGE_ITEMS)
        .map(|invoice| store.listed(invoice))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Json(json!({ "items": items })))
}

pub(crate) async fn get(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    let store = site.store();
    Ok(Json(store.shown(store.invoice(&id, &asker, Use::Read)?)?))
}

/// Refunds a part of an invoice; all refunds together never exceed its amount.
pub(crate) async fn refund(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Id(id): Id,
    key: Key,
    Body(refund): Body<Refund>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let request = format!("refund {id} {} {}", refund.amount_cents, refund.reason);
    once(&site, &asker, key, request, || {
        let mut store = site.store();
        let mut invoice = store.invoice(&id, &asker, Use::Change)?.clone();
        if refund.amount_cents > invoice.amount_cents - invoice.refunded_cents {
            return Err(Problem::RefundTooLarge);
        }
        invoice.refunded_cents += refund.amount_cents;
        let answer = store.shown(&invoice)?;
        store.invoices.insert(id.clone(), invoice);
        Ok((StatusCode::OK, answer))
    })
}
