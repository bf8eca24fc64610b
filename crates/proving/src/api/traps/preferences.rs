//! Trap: a change that takes any field and keeps two. It answers with all that was sent, `role`
//! too; reading back shows that nothing came of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::input::Body;
use crate::problem::Problem;
use crate::scope::Principal;
use crate::site::Site;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Language {
    En,
    Fr,
    Nl,
    Pt,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Preference {
    language: Language,
    newsletter: bool,
}

impl Default for Preference {
    fn default() -> Self {
        Self { language: Language::En, newsletter: false }
    }
}

/// The preferences of every customer who ever changed them.
#[derive(Default)]
pub(crate) struct Preferences(Mutex<HashMap<String, Preference>>);

/// The two fields that are read; the others are ignored.
#[derive(Deserialize)]
struct Change {
    language: Option<Language>,
    newsletter: Option<bool>,
}

pub(crate) async fn get(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
) -> Json<Value> {
    let kept = site.preferences.0.lock().unwrap_or_else(PoisonError::into_inner);
    Json(json!(kept.get(&asker.customer).copied().unwrap_or_default()))
}

pub(crate) async fn patch(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Body(sent): Body<Map<String, Value>>,
) -> Result<Json<Value>, Problem> {
    let change: Change = serde_json::from_value(sent.clone().into()).map_err(Problem::malformed)?;
    let mut kept = site.preferences.0.lock().unwrap_or_else(PoisonError::into_inner);
    let preference = kept.entry(asker.customer).or_default();
    preference.language = change.language.unwrap_or(preference.language);
    preference.newsletter = change.newsletter.unwrap_or(preference.newsletter);
    Ok(Json(json!({ "received": sent })))
}
