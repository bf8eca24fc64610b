//! B aims at a fresh object of A in every other way in which a request can name one: at an action in
//! its path, below a parent of B's own, in the query, in the body, and in a list behind something of
//! B's own. A's own answers before and after tell, beside a sibling that B left alone.

use serde_json::Value;

use super::deleting::{Deleted, judge as gone};
use super::{Deed, Outcome, Seen, is_person};
use crate::api::{Method, Operation, Put};
use crate::live::actor::{Role, Who};
use crate::live::call::Inputs;
use crate::live::client::WireError;
use crate::live::invent::{Marker, words};
use crate::live::likeness::tells_of_error;
use crate::live::request::Request;
use crate::live::scan::Scan;
use crate::live::world::object::{Look, fields};
use crate::live::world::{Change, Object, Spot, World, drafted, facts, is_harmful};
use crate::report::Exchange;

/// Objects of different collections that one operation is tried on.
const MOST_KINDS: usize = 12;

/// How a request names an object.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    /// By its own path, at an action below it.
    Action,
    /// Below a parent of the caller's own.
    Crossed(Vec<String>),
    /// Here, alone.
    Alone(Spot),
    /// In a list of ids at this place of the body.
    List(String),
}

/// Asks every operation that changes something and can name an object of A.
pub(super) async fn ask(
    scan: &Scan<'_>,
    lists: &[String],
    seen: &mut Seen,
) -> Result<(), WireError> {
    let world = scan.world().await;
    for (index, operation) in scan.document.operations.iter().enumerate() {
        let role = world.roles.get(index).copied().unwrap_or(Role::Plain);
        // To delete a key that was made for this ends nobody's session.
        let deletes = operation.method == Method::Delete && operation.is_templated();
        let role = if deletes && role == Role::LogOut { Role::Plain } else { role };
        let plain = role == Role::Plain && !is_harmful(operation, role) && !operation.is_public();
        if operation.method.is_safe() || !plain {
            continue;
        }
        for object in representatives(world).take(MOST_KINDS) {
            if let Some((deed, outcome)) = aim(scan, world, index, object, lists, seen).await? {
                seen.note(deed, operation.label(), outcome);
                break;
            }
        }
    }
    Ok(())
}

/// One object of A of each collection that A can make more of.
fn representatives(world: &World) -> impl Iterator<Item = &Object> {
    let mine = world.objects().iter().filter(|one| one.owner == Who::A && one.made_by.is_some());
    let mut known: Vec<&str> = Vec::new();
    mine.filter(move |object| {
        let new = !known.contains(&object.collection.as_str()) && !is_person(world, object);
        known.push(&object.collection);
        new
    })
}

/// Aims in each way that fits, until one has an effect.
async fn aim(
    scan: &Scan<'_>,
    world: &World,
    index: usize,
    object: &Object,
    lists: &[String],
    seen: &Seen,
) -> Result<Option<(Deed, Outcome)>, WireError> {
    let Some(operation) = scan.document.operations.get(index) else { return Ok(None) };
    let marker = Marker::fresh();
    let base = base(scan, world, index, operation, &marker);
    let ways = ways(scan, world, operation, &base, object);
    let told = seen.is_open(&operation.label(), &[Deed::Change, Deed::Delete]);
    // What B is shown anyway, B may be meant to act on.
    let shared = object.marker.as_ref().is_some_and(|one| lists.iter().any(|list| one.is_in(list)));
    if ways.is_empty() || told || shared {
        return Ok(None);
    }
    for way in ways {
        let Some(fresh) = world.again(scan, object, &[]).await? else { return Ok(None) };
        for inputs in aimed(scan, world, operation, &base, &fresh, &way) {
            let outcome = act(scan, world, operation, &inputs, &fresh, object, &marker).await?;
            if outcome.is_some() {
                return Ok(outcome);
            }
        }
    }
    Ok(None)
}

/// What B sends when it aims at nothing of A: what worked for B or for A, or the document's values.
fn base<'a>(
    scan: &Scan<'a>,
    world: &World,
    index: usize,
    operation: &Operation<'a>,
    marker: &Marker,
) -> Inputs {
    let case = world.case(index, Who::B).or_else(|| world.case(index, Who::A));
    let Some(case) = case else { return drafted(scan, operation, marker) };
    let mut inputs = case.inputs.clone();
    inputs.body.as_mut().map(|body| marker.plant(body));
    inputs
}

fn ways(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
    base: &Inputs,
    object: &Object,
) -> Vec<Way> {
    let mut found = Vec::new();
    let leads = object.inputs(scan, operation).is_some();
    if operation.method == Method::Post && object.below(scan, operation).is_some() {
        found.push(Way::Action);
    }
    if leads && !object.parents.is_empty() {
        let mut theirs = world.objects().iter().filter(|one| {
            one.owner == Who::B
                && one.collection == object.collection
                && one.parents.first() != object.parents.first()
        });
        found.extend(theirs.next().map(|one| Way::Crossed(one.parents.clone())));
    }
    for parameter in operation.at_place(Put::Query) {
        if means(parameter.name, operation.path, object) {
            found.push(Way::Alone(Spot::Query(parameter.name.to_owned())));
        }
    }
    if let Some(body) = &base.body {
        places(body, "", "", operation.path, object, &mut found);
    }
    found
}

/// The places of a body that name an object of this kind.
fn places(
    value: &Value,
    pointer: &str,
    name: &str,
    path: &str,
    object: &Object,
    found: &mut Vec<Way>,
) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                places(value, &format!("{pointer}/{escaped}"), key, path, object, found);
            }
        }
        Value::Array(items) => match items.first() {
            Some(first) if first.is_object() => {
                places(first, &format!("{pointer}/0"), name, path, object, found);
            }
            _ if means(name, path, object) => found.push(Way::List(pointer.to_owned())),
            _ => {}
        },
        Value::String(_) | Value::Number(_) if means(name, path, object) => {
            found.push(Way::Alone(Spot::Body(pointer.to_owned())));
        }
        _ => {}
    }
}

/// True if a field or parameter of this name holds the id of such an object: `shipmentId`,
/// `shipment`, or only `id` or `ids` where the path speaks of shipments.
fn means(name: &str, path: &str, object: &Object) -> bool {
    facts::may_mean(name, path, &facts::kind(&object.collection))
}

/// The requests that name the fresh object in this way.
fn aimed(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
    base: &Inputs,
    fresh: &Object,
    way: &Way,
) -> Vec<Inputs> {
    let mut inputs = base.clone();
    let Some(id) = fresh.id() else { return Vec::new() };
    match way {
        Way::Action => {
            let Some(place) = fresh.below(scan, operation) else { return Vec::new() };
            inputs.path = place.path;
            vec![inputs]
        }
        Way::Crossed(parents) => {
            let aside = Object { parents: parents.clone(), ..fresh.clone() };
            let Some(place) = aside.inputs(scan, operation) else { return Vec::new() };
            inputs.path = place.path;
            vec![inputs]
        }
        Way::Alone(spot) => {
            inputs.put(&Change { spot: spot.clone(), value: in_form(base, spot, &id) });
            vec![inputs]
        }
        Way::List(pointer) => {
            let own = world.objects().iter().find(|one| {
                one.owner == Who::B && one.collection == fresh.collection && one.made_by.is_some()
            });
            let spot = Spot::Body(pointer.clone());
            let value = in_form(base, &Spot::Body(format!("{pointer}/0")), &id);
            let behind = own.and_then(Object::id).map(|own| {
                let own = in_form(base, &Spot::Body(format!("{pointer}/0")), &own);
                Value::from(vec![own, value.clone()])
            });
            let lists = [Some(Value::from(vec![value.clone()])), behind].into_iter().flatten();
            lists
                .map(|list| {
                    let mut inputs = base.clone();
                    inputs.put(&Change { spot: spot.clone(), value: list });
                    inputs
                })
                .collect()
        }
    }
}

/// The id as a number where a number stands.
fn in_form(base: &Inputs, spot: &Spot, id: &str) -> Value {
    let Spot::Body(pointer) = spot else { return Value::from(id) };
    let stands = base.body.as_ref().and_then(|body| body.pointer(pointer));
    match (stands, id.parse::<i64>()) {
        (Some(Value::Number(_)) | None, Ok(number)) => Value::from(number),
        _ => Value::from(id),
    }
}

async fn act(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
    inputs: &Inputs,
    fresh: &Object,
    sibling: &Object,
    marker: &Marker,
) -> Result<Option<(Deed, Outcome)>, WireError> {
    let (Some(before), Some(sibling_before)) =
        (world.look(scan, fresh, Who::A).await?, world.look(scan, sibling, Who::A).await?)
    else {
        return Ok(None);
    };
    let request = scan.written(operation, inputs).with(scan.credential(Who::B).await);
    let attack = scan.send(&request).await?;
    if !attack.is_success() || tells_of_error(&attack) {
        return Ok(None);
    }
    let (Some(after), Some(sibling_after)) =
        (world.look(scan, fresh, Who::A).await?, world.look(scan, sibling, Who::A).await?)
    else {
        return Ok(None);
    };
    let deed = if after.there { Deed::Change } else { Deed::Delete };
    let told = attack.text().into_owned();
    let written = marker.is_in(&after.text) && !marker.is_in(&before.text);
    let deleted = Deleted { before, after, sibling_before, sibling_after, attack: attack.exchange };
    let outcome = gone(&deleted);
    match outcome {
        Outcome::Open(_) if deed == Deed::Delete || written || moved(&deleted) => {
            return Ok(Some((if is_removal(operation) { Deed::Delete } else { deed }, outcome)));
        }
        _ => {}
    }
    repeated(scan, world, &request, fresh, &told, deleted.attack).await
}

/// What B only named comes back with what A wrote in it, though B is refused it alone.
async fn repeated(
    scan: &Scan<'_>,
    world: &World,
    request: &Request,
    fresh: &Object,
    told: &str,
    attack: Exchange,
) -> Result<Option<(Deed, Outcome)>, WireError> {
    let sent = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default());
    let shown = world.view(scan, fresh).is_some();
    let Some(marker) = fresh.marker.as_ref().filter(|_| shown) else { return Ok(None) };
    // A title alone may be shown to whoever names a thing; two texts are its content.
    let texts = told.matches(marker.tail()).count();
    if fresh.is_in(&sent) || fresh.is_in(&request.path) || texts < 2 {
        return Ok(None);
    }
    let refused = |look: &Look| matches!(look.reply.status, 401 | 403 | 404);
    let alone = world.look(scan, fresh, Who::B).await?.filter(refused);
    Ok(alone.map(|look| (Deed::Read, Outcome::Open(vec![look.reply.exchange.clone(), attack]))))
}

/// True for operations that are there to remove, whether they forget or only mark.
fn is_removal(operation: &Operation<'_>) -> bool {
    let removes = ["delete", "remove", "destroy", "archive"];
    operation.method == Method::Delete
        || operation.path.split('/').flat_map(words).any(|word| removes.contains(&word.as_str()))
}

/// True if a plain field of it has another value.
fn moved(deleted: &Deleted) -> bool {
    let of = |look: &Look| fields(&look.text);
    let (before, after) = (of(&deleted.before), of(&deleted.after));
    before.iter().any(|(name, value)| after.get(name).is_some_and(|now| now != value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(collection: &str) -> Object {
        Object { collection: collection.to_owned(), ..Object::none(Who::A) }
    }

    #[test]
    fn a_field_means_an_object_by_its_own_name_or_by_the_paths() {
        let shipments = object("/shipments");
        for (name, path) in [
            ("shipmentId", "/payments"),
            ("shipment", "/payments"),
            ("shipment_ids", "/payments"),
            ("id", "/shipment"),
            ("ids", "/shipments/bulk-delete"),
        ] {
            assert!(means(name, path, &shipments), "{name} at {path}");
        }
        for (name, path) in
            [("id", "/payments"), ("customerId", "/shipments"), ("note", "/shipment")]
        {
            assert!(!means(name, path, &shipments), "{name} at {path}");
        }
    }

    #[test]
    fn ids_are_found_alone_in_lists_and_in_lists_of_objects() {
        let body = json!({"data": {"id": "x"}, "ids": ["x"], "ops": [{"shipmentId": 7}]});
        let mut found = Vec::new();
        places(&body, "", "", "/shipments/bulk", &object("/shipments"), &mut found);
        let alone = |pointer: &str| Way::Alone(Spot::Body(pointer.to_owned()));
        let expected =
            [alone("/data/id"), Way::List("/ids".to_owned()), alone("/ops/0/shipmentId")];
        assert_eq!(found.len(), 3);
        assert!(expected.iter().all(|way| found.contains(way)), "{found:?}");
    }
}
