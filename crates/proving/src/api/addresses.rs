//! Addresses: whether a line of one looks right.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::input::{Body, Bounded, Limits, TEXT_CHARS, check_text};
use crate::pattern;
use crate::problem::Problem;
use crate::site::Site;
use crate::weakness::Weakness;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    line: String,
}

impl Bounded for Line {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        check_text("line", &self.line, limits.text(TEXT_CHARS))
    }
}

pub(crate) async fn check(
    State(site): State<Arc<Site>>,
    Body(Line { line }): Body<Line>,
) -> Result<Json<Value>, Problem> {
    let valid = if site.has(Weakness::SlowPattern) {
        spawn_blocking(move || pattern::fits_slowly(&line)).await.map_err(|_| Problem::Internal)?
    } else {
        pattern::fits(&line)
    };
    Ok(Json(json!({ "valid": valid })))
}
