//! Operators of document databases in the place of a value, beside operators that do not exist.

use serde_json::json;

use super::flaws::OPERATORS;
use super::probe::{Look, Probe, name};
use crate::live::Gap;
use crate::live::invent::Marker;
use crate::live::reply::Reply;
use crate::live::world::Spot;
use crate::report::Finding;

pub async fn look(probe: &Probe<'_, '_>) -> Result<Option<Finding>, Gap> {
    let word = Marker::fresh().plain();
    // Nothing equals a word of ours, everything differs from it and is not smaller than nothing.
    let Some(differs) = with(probe, "$ne", &word).await? else { return Ok(None) };
    let different = Look::of(&differs, "", "");
    if !different.good || different.items == Some(0) {
        return Ok(None);
    }
    let Some(invented) = with(probe, "$portcullis", &word).await? else { return Ok(None) };
    if Look::of(&invented, "", "").same(&different, false) {
        return Ok(None);
    }
    let Some(equals) = with(probe, "$eq", &word).await? else { return Ok(None) };
    if Look::of(&equals, "", "").same(&different, false) {
        return Ok(None);
    }
    let Some(again) = with(probe, "$ne", &Marker::fresh().plain()).await? else { return Ok(None) };
    if !Look::of(&again, "", "").same(&different, false) {
        return Ok(None);
    }
    let how = "`$ne` found what `$eq` and an operator that does not exist did not.";
    let proof = vec![invented.exchange, equals.exchange, differs.exchange];
    Ok(Some(probe.found(&OPERATORS, how, proof)))
}

/// An operator in the place of the value: an object in JSON, brackets in a query.
async fn with(probe: &Probe<'_, '_>, operator: &str, value: &str) -> Result<Option<Reply>, Gap> {
    match &probe.point.spot {
        Spot::Body(_) => probe.ask(json!({ operator: value })).await,
        Spot::Query(_) => {
            let name = format!("{}[{operator}]", name(&probe.point.spot));
            probe.ask_as(&name, value).await
        }
        _ => Ok(None),
    }
}
