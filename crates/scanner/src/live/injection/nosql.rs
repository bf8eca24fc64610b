//! Operators of document databases in the place of a value, beside operators that do not exist.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::flaws::OPERATORS;
use super::probe::{Look, Probe, name};
use crate::live::Gap;
use crate::live::actor::Role;
use crate::live::invent::Marker;
use crate::live::reply::Reply;
use crate::live::world::object::leaves;
use crate::live::world::{Object, Spot, World, facts};
use crate::report::Finding;

/// Fields of ownership that are tried.
const MOST_OWNERS: usize = 4;

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
    if !reaches_more(probe, &differs).await? {
        return Ok(None);
    }
    let how = "`$ne` found what `$eq` and an operator that does not exist did not.";
    let proof = vec![invented.exchange, equals.exchange, differs.exchange];
    Ok(Some(probe.found(&OPERATORS, how, proof)))
}

/// True unless all of it is the caller's own, and the caller gets it by leaving the value out as well:
/// such a filter takes operators and opens nothing.
async fn reaches_more(probe: &Probe<'_, '_>, found: &Reply) -> Result<bool, Gap> {
    if probe.role == Role::LogIn {
        return Ok(true);
    }
    let Some(free) = left_out(probe).await? else { return Ok(true) };
    let known = records(&free);
    let good = Look::of(&free, "", "").good && !known.is_empty();
    let own = |record: &Map<String, Value>| known.contains(record) && is_mine(probe, record);
    Ok(!good || !records(found).iter().all(own))
}

/// True for a record that names the caller, or that we made in the caller's name.
fn is_mine(probe: &Probe<'_, '_>, record: &Map<String, Value>) -> bool {
    let Some(world) = probe.scan.known_world() else { return false };
    let names = world.names(probe.case.who);
    let named = record
        .values()
        .filter_map(facts::scalar)
        .any(|value| names.iter().any(|(_, name)| *name == value));
    let text = Value::Object(record.clone()).to_string();
    let mut mine = world.objects().iter().filter(|one| one.owner == probe.case.who);
    named || mine.any(|object| object.is_in(&text))
}

/// Every record of every list in an answer.
fn records(reply: &Reply) -> Vec<Map<String, Value>> {
    let json = reply.json().unwrap_or_default();
    facts::lists(&json).into_iter().flat_map(|(_, records)| records).collect()
}

/// The same request without the value.
async fn left_out(probe: &Probe<'_, '_>) -> Result<Option<Reply>, Gap> {
    match &probe.point.spot {
        Spot::Query(_) => probe.ask(Value::Null).await,
        Spot::Body(pointer) => {
            let Some((parent, name)) = pointer.rsplit_once('/') else { return Ok(None) };
            let members = probe.members(parent);
            let Some(mut members) = members.filter(|_| !parent.is_empty()) else { return Ok(None) };
            members.remove(name);
            probe.ask_at(Spot::Body(parent.to_owned()), Value::Object(members)).await
        }
        _ => Ok(None),
    }
}

/// A filter that is put together from what the caller says and from whose the records are: naming
/// the owner in it replaces the service's own condition, and shows what belongs to others.
pub async fn look_at_owner(probe: &Probe<'_, '_>, world: &World) -> Result<Option<Finding>, Gap> {
    let Spot::Body(pointer) = &probe.point.spot else { return Ok(None) };
    let Some((parent, _)) = pointer.rsplit_once('/').filter(|(parent, _)| !parent.is_empty())
    else {
        return Ok(None);
    };
    let Some(members) = probe.members(parent) else { return Ok(None) };
    let own: Vec<_> = world.names(probe.case.who).iter().map(|(_, name)| name).collect();
    let mine = world.objects().iter().filter(|one| one.owner == probe.case.who);
    // What belongs to something of one's own, to a home or an organisation, is one's own as well.
    let places: Vec<_> = mine.clone().filter_map(Object::id).collect();
    let is_own = |value: &Value| {
        facts::scalar(value)
            .is_some_and(|value| own.iter().any(|name| **name == value) || places.contains(&value))
    };
    let mine = mine.map(|object| object.record.clone());
    let owners: BTreeSet<String> = records(&probe.before.reply)
        .into_iter()
        .chain(mine)
        .flatten()
        .filter(|(_, value)| is_own(value))
        .map(|(name, _)| name)
        .collect();
    let of_others = |reply: &Reply| {
        let text = reply.text();
        let told: BTreeSet<_> = leaves(reply, &[]).into_iter().map(|(_, text)| text).collect();
        let named = |one: &Object| one.id().is_some_and(|id| id.len() >= 4 && told.contains(&id));
        let mut others = world.objects().iter().filter(|one| one.owner != probe.case.who);
        others.any(|object| object.is_in(&text) || named(object))
    };
    if of_others(&probe.before.reply) {
        return Ok(None);
    }
    for name in owners.into_iter().take(MOST_OWNERS) {
        let mut changed = members.clone();
        changed.insert(name.clone(), json!({"$ne": Marker::fresh().plain()}));
        let spot = Spot::Body(parent.to_owned());
        let Some(reply) = probe.ask_at(spot, Value::Object(changed)).await? else { continue };
        if of_others(&reply) {
            let how = format!("`{name}` with `$ne` in the filter showed what belongs to others.");
            return Ok(Some(probe.found(&OPERATORS, &how, vec![reply.exchange])));
        }
    }
    Ok(None)
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
