//! Trap: a public catalogue. Every customer reads every service point by its id, because they
//! belong to nobody.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::input::{Bounded, Filter, Id, Limits};
use crate::problem::Problem;
use crate::site::Site;

/// How many there are: more than a page holds.
const POINTS: usize = 250;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    limit: Option<usize>,
}

impl Bounded for Page {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        limits.page(self.limit).map(|_| ())
    }
}

pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    Filter(page): Filter<Page>,
) -> Result<Json<Value>, Problem> {
    let limit = Limits::of(&site.switches).page(page.limit)?;
    let items: Vec<_> = (0..POINTS.min(limit)).map(point).collect();
    Ok(Json(json!({ "items": items })))
}

pub(crate) async fn get(Id(id): Id) -> Result<Json<Value>, Problem> {
    let number = (0..POINTS).find(|number| id_of(*number) == id);
    Ok(Json(point(number.ok_or(Problem::NotFound)?)))
}

fn id_of(number: usize) -> String {
    format!("sp_{number:03}")
}

fn point(number: usize) -> Value {
    let cities = ["Ghent", "Porto", "Graz", "Turku", "Brno"];
    let city = cities.get(number % cities.len()).copied().unwrap_or("Ghent");
    json!({ "id": id_of(number), "city": city, "street": format!("{} Example Street", number + 1) })
}
