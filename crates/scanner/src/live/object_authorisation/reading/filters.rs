//! What lists, searches and exports show B of A: asked for by A's name or id in a query, and without
//! being asked for at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::content::shared;
use super::super::{Deed, Outcome, Seen};
use super::{Read, elsewhere, judge, values};
use crate::api::{Method, Operation, Put};
use crate::live::actor::Who;
use crate::live::call::Inputs;
use crate::live::client::WireError;
use crate::live::invent::words;
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::request::Request;
use crate::live::scan::Scan;
use crate::live::world::object::leaves;
use crate::live::world::{Change, Object, Spot, World, asking, facts};

/// Words for people.
const PEOPLE: [&str; 24] = [
    "guest",
    "tenant",
    "passenger",
    "requester",
    "user",
    "customer",
    "owner",
    "member",
    "account",
    "employee",
    "author",
    "client",
    "person",
    "patient",
    "assignee",
    "creator",
    "driver",
    "sender",
    "buyer",
    "recipient",
    "student",
    "holder",
    "applicant",
    "payer",
];

pub(super) async fn ask(
    scan: &Scan<'_>,
    world: &World,
    lists: &[String],
    seen: &mut Seen,
) -> Result<(), WireError> {
    let refused = refused(scan, world).await?;
    for (index, operation) in scan.document.operations.iter().enumerate() {
        if operation.method != Method::Get
            || operation.is_public()
            || seen.is_open(&operation.label(), &[Deed::Read])
        {
            continue;
        }
        let named = by_name(scan, world, index, operation, lists).await?;
        let outcome = match named {
            Some(outcome) => Some(outcome),
            None => unasked(scan, world, index, operation, &refused).await?,
        };
        if let Some(outcome) = outcome {
            seen.note(Deed::Read, operation.label(), outcome);
        }
    }
    Ok(())
}

/// A list asked for with A's name, or with the id of something of A, by B.
async fn by_name(
    scan: &Scan<'_>,
    world: &World,
    index: usize,
    operation: &Operation<'_>,
    lists: &[String],
) -> Result<Option<Outcome>, WireError> {
    for parameter in operation.at_place(Put::Query) {
        let Some(own) = world.case(index, Who::B).map(|case| case.inputs.clone()) else { break };
        for value in meant(world, parameter.name, operation.path) {
            let mut inputs = own.clone();
            inputs.put(&Change::new(Spot::Query(parameter.name.to_owned()), value));
            let outcome = named(scan, world, operation, &own, inputs, lists).await?;
            if matches!(outcome, Outcome::Open(_)) {
                return Ok(Some(outcome));
            }
        }
    }
    Ok(None)
}

/// What of A a parameter of this name may mean.
fn meant(world: &World, name: &str, path: &str) -> Vec<String> {
    let mine = world.objects().iter().filter(|one| one.owner == Who::A);
    let of_kind = mine.filter(|one| facts::may_mean(name, path, &facts::kind(&one.collection)));
    let things: Vec<_> = of_kind.filter_map(Object::id).take(2).collect();
    let kinds = facts::kinds_meant(name, path);
    let bare = words(name).len() == 1 && name.len() <= 4;
    if !bare && kinds.iter().any(|kind| PEOPLE.contains(&kind.as_str())) {
        let ids = ["id", "_id", "uuid", "user_id", "username", "login"];
        let names = world.names(Who::A).iter();
        let mut found: Vec<_> = names
            .filter_map(|(key, value)| Some((ids.iter().position(|id| id == key)?, value.clone())))
            .collect();
        found.sort();
        found.dedup();
        // An account is somebody at some services, and something of somebody's at a bank.
        let people = found.into_iter().map(|(_, value)| value).take(2);
        return people.chain(things).collect();
    }
    things
}

async fn named(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
    plain: &Inputs,
    inputs: Inputs,
    lists: &[String],
) -> Result<Outcome, WireError> {
    let request = scan.written(operation, &inputs);
    let own = Arc::new(scan.send(&request.with(scan.credential(Who::A).await)).await?);
    let other = Arc::new(scan.send(&request.with(scan.credential(Who::B).await)).await?);
    let known = values(&inputs);
    if let Some(outcome) = by_ids(scan, world, operation, plain, &own, &other, &request).await? {
        return Ok(outcome);
    }
    if !own.is_success() || shared(&own, &other, None, &known).is_empty() {
        return Ok(Outcome::Closed);
    }
    let credential = scan.credential(Who::B).await;
    let baseline = scan.send(&scan.written(operation, plain).with(credential.clone())).await?;
    let missing = scan.written(operation, &elsewhere(&inputs)).with(credential);
    let read = Read {
        own,
        other,
        nobody: Some(scan.send(&request).await?),
        missing: Some(scan.send(&missing).await?),
        baseline: Some(baseline),
        lists: lists.to_vec(),
        marker: None,
        id: None,
        known,
        hidden: false,
    };
    Ok(judge(&read))
}

/// The ids of what is A's tell which records B was given, where they are in A's own answer, and B is
/// not given them without asking.
async fn by_ids(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
    plain: &Inputs,
    own: &Reply,
    other: &Reply,
    request: &Request,
) -> Result<Option<Outcome>, WireError> {
    let kind = facts::kind(operation.path);
    let ids = |reply: &Reply| -> BTreeSet<String> {
        let json = reply.json().filter(|_| reply.is_success()).unwrap_or_default();
        let records = facts::lists(&json).into_iter().flat_map(|(_, records)| records);
        records.filter_map(|record| facts::id_of(&record, &kind)).collect()
    };
    let mine = world.objects().iter().filter(|one| one.owner == Who::A);
    let mine = mine.filter(|one| facts::kind(&one.collection) == kind).filter_map(Object::id);
    let own = ids(own);
    let mine: BTreeSet<_> = mine.filter(|id| own.contains(id)).collect();
    let given = ids(other);
    if mine.is_empty() || !mine.iter().any(|id| given.contains(id)) {
        return Ok(None);
    }
    let credential = scan.credential(Who::B).await;
    let usual = scan.send(&scan.written(operation, plain).with(credential)).await?;
    let nobody = scan.send(request).await?;
    let known: BTreeSet<_> = ids(&usual).into_iter().chain(ids(&nobody)).collect();
    let new = mine.iter().any(|id| given.contains(id) && !known.contains(id));
    Ok(new.then(|| Outcome::Open(vec![usual.exchange, other.exchange.clone()])))
}

/// Objects that A made and that B is refused where they are asked for alone.
async fn refused<'w>(scan: &Scan<'_>, world: &'w World) -> Result<Vec<&'w Object>, WireError> {
    let mut found: Vec<&Object> = Vec::new();
    let mine = world.objects().iter().filter(|one| one.owner == Who::A && one.marker.is_some());
    for object in mine.filter(|one| one.made_by.is_some()) {
        let collections = found.iter().filter(|one| one.collection == object.collection);
        if collections.count() > 0 {
            continue;
        }
        let Some((index, inputs)) = world.view(scan, object) else { continue };
        let Some(operation) = scan.document.operations.get(index) else { continue };
        let request = scan.written(operation, &inputs);
        let reply = scan.send(&request.with(scan.credential(Who::B).await)).await?;
        if matches!(reply.status, 403 | 404) || (reply.is_success() && tells_of_error(&reply)) {
            found.push(object);
        }
    }
    Ok(found)
}

/// A list that shows B what B is refused alone. A search is asked for the object's own words; that
/// it repeats them proves nothing, its id does.
async fn unasked(
    scan: &Scan<'_>,
    world: &World,
    index: usize,
    operation: &Operation<'_>,
    refused: &[&Object],
) -> Result<Option<Outcome>, WireError> {
    let Some(case) = world.case(index, Who::B).filter(|case| case.object.is_none()) else {
        return Ok(None);
    };
    if refused.is_empty() {
        return Ok(None);
    }
    let search = asking::search(operation);
    // Some indexes know whole words only.
    let marked =
        |object: &&Object| object.marker.as_ref().map(|one| [one.tail().to_owned(), one.text()]);
    let asked = refused.iter().flat_map(|object| {
        let words = search.and(marked(object)).into_iter().flatten().map(Some);
        let words: Vec<_> = if search.is_some() { words.collect() } else { vec![None] };
        words.into_iter().map(move |word| (object, word))
    });
    for (object, word) in asked {
        let changes = search
            .zip(word)
            .map(|(parameter, word)| Change::new(Spot::Query(parameter.name.to_owned()), word));
        let changes: Vec<_> = changes.into_iter().collect();
        let reply = scan.send(&case.request(scan, &changes)).await?;
        if !reply.is_success() || tells_of_error(&reply) || !shows(object, &reply) {
            continue;
        }
        let view = world.view(scan, object).and_then(|(index, inputs)| {
            Some(scan.written(scan.document.operations.get(index)?, &inputs))
        });
        let Some(view) = view else { continue };
        let alone = scan.send(&view.with(scan.credential(Who::B).await)).await?;
        let nobody = scan.send(&case.bare(scan, &changes)).await?;
        if !alone.is_success() && !shows(object, &nobody) {
            return Ok(Some(Outcome::Open(vec![alone.exchange, reply.exchange])));
        }
    }
    Ok(None)
}

/// The object's id and more of it stand in an answer.
fn shows(object: &Object, reply: &Reply) -> bool {
    let Some(id) = object.id().filter(|id| id.len() >= 4) else { return false };
    let found = leaves(reply, &[]);
    found.iter().any(|(_, text)| *text == id) && object.is_in(&reply.text())
}
