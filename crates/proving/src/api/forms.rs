//! Forms to print: download by name.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::input::{Bounded, Filter, Limits, TEXT_CHARS, check_text};
use crate::problem::Problem;
use crate::site::Site;
use crate::weakness::Weakness;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    name: String,
}

impl Bounded for Wanted {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        check_text("name", &self.name, limits.text(TEXT_CHARS))
    }
}

pub(crate) async fn get(
    State(site): State<Arc<Site>>,
    Filter(Wanted { name }): Filter<Wanted>,
) -> Result<Response, Problem> {
    let text = if site.has(Weakness::PathTraversal) {
        site.files.file(&name)
    } else {
        site.files.form(&name)
    };
    let text = text.ok_or(Problem::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}
