//! Fields sent along when something is created or changed, and what its record says afterwards.

use serde_json::{Map, Value};

use super::fields::{Wish, wishes};
use super::{Sent, is_good};
use crate::api::{Method, Operation};
use crate::live::actor::Who;
use crate::live::call::Inputs;
use crate::live::client::WireError;
use crate::live::invent::Marker;
use crate::live::reply::Reply;
use crate::live::scan::Scan;
use crate::live::world::object::{fields, version};
use crate::live::world::{Case, Change, Object, Spot, World, facts};
use crate::report::Exchange;

/// One sending with what was then read.
struct Turn {
    reply: Reply,
    record: Map<String, Value>,
    shown: Option<Exchange>,
}

/// Sends the case without and with fields that are not its own. `None` if there is nothing to
/// wish for, or nothing shows what became of it.
pub(super) async fn ask(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
    case: &Case,
) -> Result<Option<Sent>, WireError> {
    let body = case.inputs.body.clone().unwrap_or(Value::Null);
    if !body.is_object() {
        return Ok(None);
    }
    let Some(control) = turn(scan, world, operation, case, &[]).await? else { return Ok(None) };
    let holder = facts::holder(&body);
    let inner = body.pointer(&holder).cloned().unwrap_or(Value::Null);
    let wishes = wishes(scan, world, operation, &control.record, &inner);
    if wishes.is_empty() {
        return Ok(None);
    }
    let all: Vec<_> = wishes.iter().map(|wish| change(&holder, wish)).collect();
    let mut attack = turn(scan, world, operation, case, &all).await?;
    if attack.is_none() {
        // Together they were refused; alone the one that counts may not be.
        for wish in wishes.iter().take(8) {
            let one = turn(scan, world, operation, case, &[change(&holder, wish)]).await?;
            let taken = one.as_ref().is_some_and(|one| {
                one.record
                    .get(&wish.name)
                    .is_some_and(|shown| super::fields::same(shown, &wish.value))
            });
            if taken {
                attack = one;
                break;
            }
        }
    }
    let attack = match attack {
        Some(attack) => attack,
        None => {
            let evidence = vec![control.reply.exchange];
            return Ok(Some(Sent {
                attack: control.record.clone(),
                control: control.record,
                wishes,
                evidence,
            }));
        }
    };
    // What belongs to A is as it was again: another role would change what A may ask later.
    if !creates(world, case) && operation.method != Method::Post {
        let took = |wish: &&Wish| attack.record.get(&wish.name) != control.record.get(&wish.name);
        for wish in wishes.iter().filter(took) {
            let Some(value) = control.record.get(&wish.name).cloned() else { continue };
            let back = change(&holder, &Wish { name: wish.name.clone(), value });
            turn(scan, world, operation, case, &[back]).await?;
        }
    }
    let mut evidence = vec![control.reply.exchange];
    evidence.extend(control.shown);
    evidence.push(attack.reply.exchange);
    evidence.extend(attack.shown);
    Ok(Some(Sent { control: control.record, attack: attack.record, wishes, evidence }))
}

fn change(holder: &str, wish: &Wish) -> Change {
    Change { spot: Spot::Body(format!("{holder}/{}", wish.name)), value: wish.value.clone() }
}

async fn turn(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
    case: &Case,
    changes: &[Change],
) -> Result<Option<Turn>, WireError> {
    let marker = Marker::fresh();
    let creates = creates(world, case);
    let mut inputs = case.inputs.clone();
    if let Some(body) = &mut inputs.body {
        let id = inputs.path.last().map(|(_, id)| id.as_str()).filter(|_| !creates);
        let planted = id.is_some_and(|id| marker.plant_beside(id, body));
        let _ = planted || marker.plant(body);
    }
    if creates
        && operation.method == Method::Put
        && let Some((_, value)) = inputs.path.last_mut()
    {
        *value = marker.in_place_of_others(value);
    }
    changes.iter().for_each(|change| inputs.put(change));
    let credential = scan.credential(Who::A).await;
    if inputs.headers.iter().any(|(name, _)| name == "If-Match")
        && let Some(version) = version(scan, operation, &inputs, credential.clone()).await?
    {
        inputs.put(&Change::new(Spot::Header("If-Match".to_owned()), version));
    }
    let request = scan.written(operation, &inputs).with(credential);
    let reply = scan.send(&request).await?;
    if !is_good(&reply) {
        return Ok(None);
    }
    let own = reply.json().as_ref().and_then(facts::record).unwrap_or_default();
    let (record, shown) = match creates {
        true => {
            let answered = Case { inputs, request, reply: reply.clone().into(), ..case.clone() };
            let mut object = Object {
                made_by: case_index(world, case),
                ..Object::made(operation, &answered, &marker)
            };
            if !object.is_named() {
                object.complete(scan, &answered).await?;
            }
            world.remember(object.clone());
            read_object(scan, world, &object).await?
        }
        false => read_place(scan, world, operation, case, &inputs).await?,
    };
    // What only the answer itself repeats may be an echo; what a later answer shows is kept.
    let record = if shown.is_some() { record } else { own };
    Ok((!record.is_empty()).then_some(Turn { reply, record, shown }))
}

fn case_index(world: &World, case: &Case) -> Option<usize> {
    world.cases().iter().position(|one| one.operation == case.operation && one.who == case.who)
}

/// True if the case made the object that it belongs to.
fn creates(world: &World, case: &Case) -> bool {
    let object = case.object.and_then(|at| world.objects().get(at));
    let made = object.and_then(|object| object.made_by).and_then(|at| world.cases().get(at));
    made.is_some_and(|made| made.operation == case.operation && made.who == case.who)
}

type Shown = (Map<String, Value>, Option<Exchange>);

async fn read_object(scan: &Scan<'_>, world: &World, object: &Object) -> Result<Shown, WireError> {
    match world.look(scan, object, Who::A).await?.filter(|look| look.there) {
        Some(look) => Ok((fields(&look.text), Some(look.reply.exchange.clone()))),
        None => Ok((Map::new(), None)),
    }
}

/// What a change left: at its own path, else what its object looks like, else what tells about
/// the caller one path above.
async fn read_place(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
    case: &Case,
    inputs: &Inputs,
) -> Result<Shown, WireError> {
    let same = |one: &&Operation<'_>| one.method == Method::Get && one.path == operation.path;
    if let Some(read) = scan.document.operations.iter().find(same) {
        let there =
            Inputs { path: inputs.path.clone(), ..Inputs::of_document(&scan.document, read) };
        let credential = scan.credential(Who::A).await;
        let reply = scan.send(&scan.written(read, &there).with(credential)).await?;
        let record = reply.json().as_ref().and_then(facts::record).unwrap_or_default();
        if is_good(&reply) && !record.is_empty() {
            return Ok((record, Some(reply.exchange)));
        }
    }
    match case.object.and_then(|at| world.objects().get(at)) {
        Some(object) if operation.method != Method::Post => read_object(scan, world, object).await,
        _ => Ok((Map::new(), None)),
    }
}
