//! The asker's own account: get, patch.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::input::{Body, Bounded, Limits, TEXT_CHARS, check_text};
use crate::problem::Problem;
use crate::scope::Principal;
use crate::site::Site;
use crate::weakness::Weakness;

/// What a customer may change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
}

impl Bounded for Change {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        if self.name.is_none() && self.email.is_none() && self.phone.is_none() {
            return Err(Problem::malformed("UPDATE without a SET list"));
        }
        for (field, text) in [("name", &self.name), ("email", &self.email), ("phone", &self.phone)]
        {
            text.as_deref()
                .map_or(Ok(()), |text| check_text(field, text, limits.text(TEXT_CHARS)))?;
        }
        Ok(())
    }
}

pub(crate) async fn get(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
) -> Result<Json<Value>, Problem> {
    let store = site.store();
    Ok(Json(store.shown(store.account(&asker)?)?))
}

pub(crate) async fn patch(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Body(fields): Body<Map<String, Value>>,
) -> Result<Json<Value>, Problem> {
    if !site.has(Weakness::MassAssignment) {
        serde_json::from_value::<Change>(Value::Object(fields.clone()))
            .map_err(Problem::malformed)?
            .check(Limits::of(&site.switches))?;
    }
    let mut store = site.store();
    let changed = store.overwrite_account(&asker, fields)?;
    Ok(Json(store.shown(&changed)?))
}
