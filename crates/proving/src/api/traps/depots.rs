//! Trap: slow, but always equally. The nearest depot takes about 250 milliseconds, whatever is
//! asked for, so that a delay proves nothing.

use std::time::Duration;

use axum::Json;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::input::{Bounded, Filter, Limits, TEXT_CHARS, check_text};
use crate::problem::Problem;

const PAUSE: Duration = Duration::from_millis(250);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    city: String,
}

impl Bounded for Place {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        check_text("city", &self.city, limits.text(TEXT_CHARS))
    }
}

pub(crate) async fn nearest(Filter(Place { city }): Filter<Place>) -> Json<Value> {
    sleep(PAUSE).await;
    let depots = ["north", "east", "south", "west"];
    let depot = depots.get(city.chars().count() % depots.len()).copied().unwrap_or("north");
    Json(json!({ "depot": depot, "opens": 8, "closes": 18 }))
}
