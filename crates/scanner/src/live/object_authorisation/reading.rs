//! B reads what belongs to A: the same request in B's name, beside A's answer and a missing id.

use std::sync::Arc;

use serde_json::Value;

mod filters;

use super::content::{is_listed, is_private, shared};
use super::{Deed, Outcome, Seen};
use crate::api::{Method, Operation};
use crate::live::actor::Who;
use crate::live::call::Inputs;
use crate::live::client::WireError;
use crate::live::invent::{Marker, uuid, words};
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::scan::Scan;
use crate::live::world::{Change, Object, Spot, World, facts};

/// What one question brought back.
pub(super) struct Read {
    pub own: Arc<Reply>,
    pub other: Arc<Reply>,
    pub nobody: Option<Reply>,
    /// What B gets for an id that nobody has.
    pub missing: Option<Reply>,
    /// What B gets of its own at the same place.
    pub baseline: Option<Reply>,
    /// What B's own lists show, record by record.
    pub lists: Vec<String>,
    pub marker: Option<Marker>,
    /// What tells the object from others of its kind, where one object is asked for.
    pub id: Option<String>,
    /// Values of the request itself.
    pub known: Vec<String>,
    /// True if the object was made to be seen by nobody but its owner.
    pub hidden: bool,
}

/// Asks every operation that reads an object of A.
pub(super) async fn ask(
    scan: &Scan<'_>,
    lists: &[String],
    seen: &mut Seen,
) -> Result<(), WireError> {
    let world = scan.world().await;
    let mine = world.objects().iter().filter(|object| object.owner == Who::A);
    // What says of itself that it is for others proves nothing: it is made again for nobody else.
    let (made, found): (Vec<_>, Vec<_>) =
        mine.filter(|object| !is_shown_around(object)).partition(|object| object.made_by.is_some());
    for object in made.into_iter().chain(found) {
        each(scan, world, object, lists, false, seen).await?;
    }
    for object in hidden(scan, world).await? {
        each(scan, world, &object, lists, true, seen).await?;
    }
    by_parameter(scan, world, lists, seen).await?;
    crossed(scan, world, lists, seen).await?;
    filters::ask(scan, world, lists, seen).await
}

async fn each(
    scan: &Scan<'_>,
    world: &World,
    object: &Object,
    lists: &[String],
    hidden: bool,
    seen: &mut Seen,
) -> Result<(), WireError> {
    for (index, operation) in scan.document.operations.iter().enumerate() {
        if operation.method != Method::Get || operation.is_public() {
            continue;
        }
        let known = |one: &&super::Asked| {
            one.deed == Deed::Read
                && one.operation == operation.label()
                && matches!(one.outcome, Outcome::Open(_))
        };
        // B may have been let in to what was there before; what was made now is A's alone.
        let refused = || {
            let mut asked = seen.asked.iter().filter(|one| one.operation == operation.label());
            asked.any(|one| one.deed == Deed::Read && matches!(one.outcome, Outcome::Refused))
        };
        if object.made_by.is_none() && (refused() || is_for_more(operation)) {
            continue;
        }
        // What stands below something that B is shown is shown with it.
        let listed =
            object.marker.as_ref().is_some_and(|one| lists.iter().any(|list| one.is_in(list)));
        let below = || object.below(scan, operation).filter(|_| hidden || !listed);
        let inputs = object.inputs(scan, operation).or_else(|| object.asked(scan, operation));
        let inputs = inputs.or_else(below);
        let Some(inputs) = inputs.filter(|_| seen.asked.iter().find(known).is_none()) else {
            continue;
        };
        let inputs = with_query(world, index, inputs);
        let outcome = read(scan, operation, inputs, object, lists, hidden).await?;
        seen.note(Deed::Read, operation.label(), outcome);
    }
    Ok(())
}

/// `Visible for the buyer and for the companions`: others may have been let in by name.
fn is_for_more(operation: &Operation<'_>) -> bool {
    let said = format!("{} {}", operation.summary, operation.description).to_ascii_lowercase();
    let more = ["companion", "and for the", "shared with"];
    more.iter().any(|word| said.contains(word))
}

/// The query and the headers that were seen to work.
fn with_query(world: &World, index: usize, inputs: Inputs) -> Inputs {
    match world.case(index, Who::A) {
        Some(case) => Inputs { path: inputs.path, ..case.inputs.clone() },
        None => inputs,
    }
}

async fn read(
    scan: &Scan<'_>,
    operation: &Operation<'_>,
    inputs: Inputs,
    object: &Object,
    lists: &[String],
    hidden: bool,
) -> Result<Outcome, WireError> {
    let request = scan.written(operation, &inputs);
    let own = Arc::new(scan.send(&request.with(scan.credential(Who::A).await)).await?);
    if !own.is_success() || tells_of_error(&own) {
        return Ok(Outcome::Undecided(format!("A's own answer is {}", own.status)));
    }
    let other = Arc::new(scan.send(&request.with(scan.credential(Who::B).await)).await?);
    let known = values(&inputs);
    let nothing = shared(&own, &other, object.marker.as_ref(), &known).is_empty();
    let mut read = Read {
        own,
        other,
        nobody: None,
        missing: None,
        baseline: None,
        lists: lists.to_vec(),
        marker: object.marker.clone(),
        id: object.id(),
        known,
        hidden,
    };
    if !nothing {
        read.nobody = Some(scan.send(&request).await?);
        let missing = scan.written(operation, &elsewhere(&inputs));
        read.missing = Some(scan.send(&missing.with(scan.credential(Who::B).await)).await?);
    }
    Ok(judge(&read))
}

pub(super) fn judge(read: &Read) -> Outcome {
    let marker = read.marker.as_ref();
    let same = shared(&read.own, &read.other, marker, &read.known);
    if same.is_empty() {
        let refused = matches!(read.other.status, 401 | 403 | 404);
        return if refused { Outcome::Refused } else { Outcome::Closed };
    }
    // Where A's own words came to B, figures that other things share with it explain nothing.
    let marks = |same: &[(String, String)]| {
        marker.is_some_and(|marker| same.iter().any(|(_, text)| marker.is_in(text)))
    };
    let marked = marks(&same);
    let also = |reply: &Option<Reply>| {
        reply.as_ref().is_some_and(|reply| {
            let same = shared(&read.own, reply, marker, &read.known);
            !same.is_empty() && (!marked || marks(&same))
        })
    };
    // Nobody at all gets it: that is another question. An id that is not there gives the same:
    // then the id decides nothing.
    if also(&read.nobody) || also(&read.missing) || also(&read.baseline) {
        return Outcome::Shared;
    }
    // One record that B is shown anyway, and that is this object.
    let listed = read.lists.iter().find(|list| {
        let in_it = |one: &&(String, String)| {
            is_listed(std::slice::from_ref(*one), std::slice::from_ref(*list))
        };
        let marked = marker.is_some_and(|marker| marker.is_in(list));
        if !marked && is_another(list, read.id.as_deref()) {
            return false;
        }
        marked || same.iter().filter(in_it).count() * 5 >= same.len() * 4
    });
    let private = |list: &String| {
        same.iter().any(|one| {
            is_private(&one.0) && !is_listed(std::slice::from_ref(one), std::slice::from_ref(list))
        })
    };
    if listed.is_some_and(|list| !private(list)) && !read.hidden {
        return Outcome::Shared;
    }
    Outcome::Open(vec![read.own.exchange.clone(), read.other.exchange.clone()])
}

/// True for a listed record that has another id: what it says alike, it says of something else.
fn is_another(list: &str, id: Option<&str>) -> bool {
    let record: Option<Value> = serde_json::from_str(list).ok();
    let own = record.as_ref().and_then(Value::as_object).and_then(|one| facts::id_of(one, ""));
    matches!((own, id), (Some(own), Some(id)) if own != id)
}

/// What B is shown without naming an object of A: every list, as it is now.
pub(super) async fn lists(scan: &Scan<'_>, world: &World) -> Result<Vec<String>, WireError> {
    let mut found = Vec::new();
    for case in world.cases().iter().filter(|case| case.who == Who::B) {
        let operation = scan.document.operations.get(case.operation);
        let reads = operation.is_some_and(|one| one.method == Method::Get);
        if reads && case.object.is_none() {
            let reply = scan.send(&case.request(scan, &[])).await?;
            if !reply.is_success() {
                continue;
            }
            let records = reply.json().map(|json| facts::lists(&json)).unwrap_or_default();
            let records = records.into_iter().flat_map(|(_, records)| records);
            let before = found.len();
            found.extend(records.map(|record| Value::Object(record).to_string()));
            if found.len() == before {
                found.push(reply.text().into_owned());
            }
        }
    }
    Ok(found)
}

/// Objects of A once more, made so that only A may see them, where what was sent had such a switch.
async fn hidden(scan: &Scan<'_>, world: &World) -> Result<Vec<Object>, WireError> {
    let mut found = Vec::new();
    for object in world.objects().iter().filter(|one| one.owner == Who::A && one.made_by.is_some())
    {
        let case = object.made_by.and_then(|at| world.cases().get(at));
        let body = case.and_then(|case| case.inputs.body.as_ref()).and_then(Value::as_object);
        let switches = body.into_iter().flatten().filter_map(|(name, value)| {
            Some(Change { spot: Spot::Body(format!("/{name}")), value: closing(name, value)? })
        });
        let switches: Vec<_> = switches.collect();
        if !switches.is_empty() {
            found.extend(world.again(scan, object, &switches).await?);
        }
    }
    Ok(found)
}

/// True for an object that says that friends, a team or everybody may see it.
fn is_shown_around(object: &Object) -> bool {
    object.record.iter().any(|(name, value)| {
        let closed = ["private", "me", "self", "owner", "none", "nobody", "hidden", "draft"];
        match (closing(name, value), value) {
            (Some(_), Value::String(text)) => {
                !closed.iter().any(|word| text.to_ascii_lowercase().contains(word))
            }
            (Some(now), now_is) => now != *now_is,
            (None, _) => false,
        }
    })
}

/// The value of a switch that keeps others out.
fn closing(name: &str, value: &Value) -> Option<Value> {
    let said = words(name);
    let has = |list: &[&str]| said.iter().any(|word| list.contains(&word.as_str()));
    let opens = has(&["published", "public", "visible", "shared", "listed"]);
    let closes = has(&["private", "draft", "hidden", "unlisted"]);
    match value {
        Value::Bool(_) if opens => Some(Value::Bool(false)),
        Value::Bool(_) if closes => Some(Value::Bool(true)),
        Value::Number(_) if opens => Some(Value::from(0)),
        Value::Number(_) if closes => Some(Value::from(1)),
        Value::String(_) if has(&["visibility", "privacy", "audience"]) => {
            Some(Value::from("private"))
        }
        _ => None,
    }
}

/// A's ids where they are asked for in a query.
async fn by_parameter(
    scan: &Scan<'_>,
    world: &World,
    lists: &[String],
    seen: &mut Seen,
) -> Result<(), WireError> {
    for case in world.cases().iter().filter(|case| case.who == Who::A) {
        let Some(operation) = scan.document.operations.get(case.operation) else { continue };
        let mine = |value: &String| {
            let names = world.names(Who::A).iter().any(|(_, name)| name == value);
            let objects = world.objects().iter().filter(|one| one.owner == Who::A);
            names || objects.filter_map(Object::id).any(|id| id == *value)
        };
        let mut query = case.inputs.query.iter();
        let named = query.any(|(_, value)| value.len() > 1 && mine(value));
        // Below a person's own place: `/users/7/orders`. The person itself is asked for elsewhere.
        let below = facts::last_parameter(operation.path).is_none()
            && case.inputs.path.iter().any(|(_, value)| value.len() > 1 && mine(value))
            && case.object.is_none();
        let named = named || below;
        if operation.method != Method::Get || operation.is_public() || !named {
            continue;
        }
        let nothing = Object::none(Who::A);
        let outcome = read(scan, operation, case.inputs.clone(), &nothing, lists, false).await?;
        seen.note(Deed::Read, operation.label(), outcome);
    }
    Ok(())
}

/// An object of A named under a parent of B: some services look only at the parent.
async fn crossed(
    scan: &Scan<'_>,
    world: &World,
    lists: &[String],
    seen: &mut Seen,
) -> Result<(), WireError> {
    for (index, operation) in scan.document.operations.iter().enumerate() {
        let (Some(a), Some(b)) = (world.case(index, Who::A), world.case(index, Who::B)) else {
            continue;
        };
        let open = seen.asked.iter().any(|one| {
            one.operation == operation.label() && matches!(one.outcome, Outcome::Open(_))
        });
        let deep = a.inputs.path.len() >= 2 && a.inputs.path.first() != b.inputs.path.first();
        let object =
            a.object.and_then(|at| world.objects().get(at)).filter(|one| one.owner == Who::A);
        let (Some(object), Some((name, id))) = (object, a.inputs.path.last()) else { continue };
        if operation.method != Method::Get || operation.is_public() || open || !deep {
            continue;
        }
        let mut inputs = b.inputs.clone();
        inputs.put(&Change::new(Spot::Path(name.clone()), id.as_str()));
        let credential = scan.credential(Who::B).await;
        let other = scan.send(&scan.written(operation, &inputs).with(credential.clone())).await?;
        let own = Arc::new(scan.send(&a.request(scan, &[])).await?);
        let missing = scan.written(operation, &elsewhere(&inputs)).with(credential);
        let missing = Some(scan.send(&missing).await?);
        let known = values(&inputs);
        let baseline = Some(scan.send(&b.request(scan, &[])).await?);
        let read = Read {
            own,
            other: Arc::new(other),
            nobody: None,
            missing,
            baseline,
            lists: lists.to_vec(),
            marker: object.marker.clone(),
            id: object.id(),
            known,
            hidden: false,
        };
        seen.note(Deed::Read, operation.label(), judge(&read));
    }
    Ok(())
}

fn values(inputs: &Inputs) -> Vec<String> {
    let path = inputs.path.iter().map(|(_, value)| value.clone());
    path.chain(inputs.query.iter().map(|(_, value)| value.clone())).collect()
}

/// The same place with an id of the same form that nobody has.
pub(super) fn elsewhere(inputs: &Inputs) -> Inputs {
    let other = |value: &str| match value {
        number if number.parse::<u64>().is_ok() => "918273645".to_owned(),
        long if long.len() == 36 && long.matches('-').count() == 4 => uuid(),
        _ => Marker::fresh().plain(),
    };
    let mut inputs = inputs.clone();
    match inputs.path.last_mut() {
        Some((_, value)) => *value = other(value),
        None => inputs.query.iter_mut().for_each(|(_, value)| *value = other(value)),
    }
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::json;

    fn read(change: impl FnOnce(&mut Read, &str)) -> Outcome {
        let marker = Marker::fresh();
        let text = format!(r#"{{"id": 555, "note": "{}", "kind": "order"}}"#, marker.text());
        let own = Arc::new(json(200, &text));
        let mut read = Read {
            other: own.clone(),
            own,
            nobody: Some(json(401, "{}")),
            missing: Some(json(404, "{}")),
            baseline: None,
            lists: vec!["[]".to_owned()],
            marker: Some(marker),
            id: Some("555".to_owned()),
            known: vec!["555".to_owned()],
            hidden: false,
        };
        change(&mut read, &text);
        judge(&read)
    }

    #[test]
    fn the_owners_content_in_anothers_answer_is_open() {
        assert!(matches!(read(|_, _| {}), Outcome::Open(evidence) if evidence.len() == 2));
    }

    #[test]
    fn a_refusal_and_other_content_are_closed() {
        let closed = |body: &'static str, status| {
            read(move |read, _| read.other = Arc::new(json(status, body)))
        };
        assert!(matches!(closed(r#"{"detail": "no"}"#, 404), Outcome::Refused));
        assert!(matches!(closed(r#"{"id": 555, "note": "mine"}"#, 200), Outcome::Closed));
    }

    #[test]
    fn what_everybody_sees_is_shared() {
        assert!(matches!(read(|read, text| read.nobody = Some(json(200, text))), Outcome::Shared));
        assert!(matches!(read(|read, text| read.missing = Some(json(200, text))), Outcome::Shared));
        assert!(matches!(
            read(|read, text| read.lists = vec![format!("[{text}]")]),
            Outcome::Shared
        ));
    }

    #[test]
    fn a_secret_that_the_list_does_not_show_is_open_and_so_is_what_was_made_hidden() {
        let outcome = read(|read, text| {
            read.lists = vec![format!("[{text}]")];
            let more = text.replace("\"kind\"", r#""secret": "in a drawer", "kind""#);
            read.own = Arc::new(json(200, &more));
            read.other = read.own.clone();
        });
        assert!(matches!(outcome, Outcome::Open(_)));
        let outcome = read(|read, text| {
            read.lists = vec![format!("[{text}]")];
            read.hidden = true;
        });
        assert!(matches!(outcome, Outcome::Open(_)));
    }
}
