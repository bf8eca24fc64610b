//! The page that leads back after signing in elsewhere.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::api::callbacks::URL_CHARS;
use crate::input::{Bounded, Filter, Limits, check_text};
use crate::problem::Problem;
use crate::site::Site;
use crate::weakness::Weakness;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Destination {
    to: String,
}

impl Bounded for Destination {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        check_text("to", &self.to, limits.text(URL_CHARS))
    }
}

/// Redirects within this site only.
pub(crate) async fn go(
    State(site): State<Arc<Site>>,
    Filter(Destination { to }): Filter<Destination>,
) -> Result<Response, Problem> {
    if !is_here(&to) && !site.has(Weakness::OpenRedirect) {
        return Err(Problem::malformed("`to` leads elsewhere"));
    }
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
}

/// One slash, then nothing that a browser reads as a host.
fn is_here(to: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || "/-_.?=&".contains(c);
    to.starts_with('/') && !to.starts_with("//") && to.chars().all(safe)
}
