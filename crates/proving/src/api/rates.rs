//! Rates: what a shipment would cost.

use axum::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::input::{Body, Bounded, Limits, check_country, check_weight};
use crate::problem::Problem;
use crate::store::{Speed, price};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shipment {
    from_country: String,
    to_country: String,
    weight_grams: u32,
}

impl Bounded for Shipment {
    fn check(&self, _: Limits) -> Result<(), Problem> {
        check_country("from_country", &self.from_country)?;
        check_country("to_country", &self.to_country)?;
        check_weight(self.weight_grams)
    }
}

/// One quote for each speed; abroad costs twice as much and takes two days longer.
pub(crate) async fn quote(Body(shipment): Body<Shipment>) -> Json<Value> {
    let abroad = shipment.from_country != shipment.to_country;
    let (factor, more_days) = if abroad { (2, 2) } else { (1, 0) };
    let quotes: Vec<_> = [(Speed::Economy, 4), (Speed::Standard, 2), (Speed::Express, 1)]
        .into_iter()
        .map(|(speed, days)| {
            let price_cents = price(shipment.weight_grams, speed) * factor;
            json!({ "speed": speed, "price_cents": price_cents, "days": days + more_days })
        })
        .collect();
    Json(json!({ "quotes": quotes }))
}
