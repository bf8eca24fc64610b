//! B changes what belongs to A: the change that works for A is sent in B's name, and A reads back.

use super::{Deed, Outcome, Seen};
use crate::api::{Method, Operation};
use crate::live::actor::Who;
use crate::live::call::Inputs;
use crate::live::client::WireError;
use crate::live::invent::Marker;
use crate::live::scan::Scan;
use crate::live::world::object::{Look, fields, version};
use crate::live::world::{Case, Change, Object, Spot, World};

/// How A saw the object before, after B's change, and what B was told.
pub(super) struct Changed {
    pub before: Look,
    /// The same once more, to know what changes by itself.
    pub still: Look,
    pub after: Look,
    pub attack: crate::report::Exchange,
    /// What B's change would have left in the object.
    pub marker: Option<Marker>,
}

/// Asks every operation that changes an object of A.
pub(super) async fn ask(
    scan: &Scan<'_>,
    lists: &[String],
    seen: &mut Seen,
) -> Result<(), WireError> {
    let world = scan.world().await;
    for (index, operation) in scan.document.operations.iter().enumerate() {
        if !matches!(operation.method, Method::Put | Method::Patch | Method::Post)
            || operation.is_public()
        {
            continue;
        }
        let Some(case) = world.case(index, Who::A) else { continue };
        if let Some(outcome) = own_page(scan, world, operation, case).await? {
            seen.note(Deed::Change, operation.label(), outcome);
        }
        for object in targets(scan, world, operation, case) {
            let outcome = change(scan, world, operation, case, object).await?;
            let Some(outcome) = outcome else { continue };
            let open = matches!(outcome, Outcome::Open(_));
            seen.note_of(lists, object, (Deed::Change, operation.label(), outcome));
            if open {
                break;
            }
        }
    }
    Ok(())
}

/// A page about A itself, for instance `/employees/4/contact`: B's words in it are there for A to read.
async fn own_page(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
    case: &Case,
) -> Result<Option<Outcome>, WireError> {
    let about = case.inputs.path.last().is_some_and(|(_, value)| {
        world.names(Who::A).iter().any(|(key, name)| key != "name" && name == value)
    });
    let mut reads = scan.document.operations.iter().enumerate();
    let read = reads.find(|(_, one)| one.method == Method::Get && one.path == operation.path);
    let read = read.and_then(|(index, _)| world.case(index, Who::A));
    let (Some(read), None, true) = (read, case.object, about) else { return Ok(None) };
    let marker = Marker::fresh();
    let mut inputs = case.inputs.clone();
    if !inputs.body.as_mut().is_some_and(|body| marker.plant(body)) {
        return Ok(None);
    }
    let look = || read.request(scan, &[]);
    let before = scan.send(&look()).await?;
    let attack = scan.written(operation, &inputs).with(scan.credential(Who::B).await);
    let attack = scan.send(&attack).await?;
    let after = scan.send(&look()).await?;
    let open = marker.is_in(&after.text()) && before.is_success();
    if open {
        // A's page says again what it said.
        scan.send(&case.request).await?;
    }
    Ok(Some(match open {
        true => Outcome::Open(vec![before.exchange, attack.exchange, after.exchange]),
        false => Outcome::Closed,
    }))
}

/// Objects of A that the case acts on: the one of its path, and those that its body names.
fn targets<'w>(
    scan: &Scan<'_>,
    world: &'w World,
    operation: &Operation<'_>,
    case: &Case,
) -> Vec<&'w Object> {
    let of_a = |object: &&Object| object.owner == Who::A;
    let made_here = |object: &&Object| {
        object
            .made_by
            .and_then(|at| world.cases().get(at))
            .is_some_and(|made| made.operation == case.operation)
    };
    let creates = operation.method == Method::Post
        && case.object.and_then(|at| world.objects().get(at)).as_ref().is_some_and(made_here);
    let by_path =
        case.object.and_then(|at| world.objects().get(at)).filter(of_a).filter(|_| !creates);
    let body = case.inputs.body.as_ref().map(ToString::to_string).unwrap_or_default();
    let named = world.objects().iter().filter(of_a).filter(|object| {
        let id = object.id().filter(|id| id.len() >= 4);
        id.is_some_and(|id| body.contains(&format!("\"{id}\"")))
            && world.view(scan, object).is_some()
    });
    by_path.into_iter().chain(named.take(2)).collect()
}

async fn change(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
    case: &Case,
    object: &Object,
) -> Result<Option<Outcome>, WireError> {
    let marker = Marker::fresh();
    let mut inputs = case.inputs.clone();
    let id = object.id().filter(|id| id.len() > 4).unwrap_or_default();
    let body = inputs.body.as_mut();
    let planted = body.is_some_and(|body| marker.plant_beside(&id, body) || marker.plant(body));
    if !planted && !alter(&mut inputs) && operation.method != Method::Post {
        return Ok(None);
    }
    if inputs.headers.iter().any(|(name, _)| name == "If-Match")
        && let Some(version) =
            version(scan, operation, &inputs, scan.credential(Who::A).await).await?
    {
        inputs.put(&Change::new(Spot::Header("If-Match".to_owned()), version));
    }
    let Some(before) = world.look(scan, object, Who::A).await?.filter(|look| look.there) else {
        return Ok(Some(Outcome::Undecided("nothing shows the object to A".to_owned())));
    };
    let Some(still) = world.look(scan, object, Who::A).await? else { return Ok(None) };
    // What everybody reads, everybody may be meant to comment on.
    let action = operation.method == Method::Post;
    let readable = world.look(scan, object, Who::B).await?.is_some_and(|look| look.there);
    if action && readable && !names_owner(world, object) {
        return Ok(Some(Outcome::Shared));
    }
    if readable && !names_owner(world, object) && object.marker.is_none() {
        return Ok(Some(Outcome::Shared));
    }
    let credential = scan.credential(Who::B).await;
    let attack = scan.send(&scan.written(operation, &inputs).with(credential)).await?;
    let Some(after) = world.look(scan, object, Who::A).await? else { return Ok(None) };
    let marker = planted.then_some(marker);
    let changed = Changed { before, still, after, attack: attack.exchange.clone(), marker };
    // A comment of B's own under something that B may read is no change of it; its money is.
    let changed = match action && readable {
        true => Changed { marker: None, ..changed },
        false => changed,
    };
    Ok(Some(judge(&changed)))
}

pub(super) fn judge(changed: &Changed) -> Outcome {
    let Changed { before, still, after, .. } = changed;
    let open = || {
        Outcome::Open(vec![
            before.reply.exchange.clone(),
            changed.attack.clone(),
            after.reply.exchange.clone(),
        ])
    };
    if let Some(marker) = &changed.marker
        && marker.is_in(&after.text)
        && !marker.is_in(&before.text)
    {
        return open();
    }
    let (first, second, third) = (fields(&before.text), fields(&still.text), fields(&after.text));
    let moved = first.iter().any(|(name, value)| {
        let plain = !value.is_array() && !value.is_object() && !is_clock(name);
        plain && second.get(name) == Some(value) && third.get(name).is_some_and(|now| now != value)
    });
    if after.there && moved { open() } else { Outcome::Closed }
}

/// Fields that a service changes by itself.
fn is_clock(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    [
        "updated", "modified", "_at", "time", "date", "version", "etag", "seen", "views", "count",
        "hits",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// True if the object itself says whose it is.
fn names_owner(world: &World, object: &Object) -> bool {
    let names = world.names(Who::A);
    object.record.iter().any(|(name, value)| {
        let text = crate::live::call::as_text(value);
        name != "id" && !text.is_empty() && names.iter().any(|(_, known)| *known == text)
    })
}

/// Another value for the first number or flag of a body without text of ours.
fn alter(inputs: &mut Inputs) -> bool {
    use serde_json::Value;
    let Some(members) = inputs.body.as_mut().and_then(Value::as_object_mut) else { return false };
    for value in members.values_mut() {
        match value {
            Value::Bool(flag) => {
                *flag = !*flag;
                return true;
            }
            Value::Number(number) => {
                *value = Value::from(number.as_i64().unwrap_or(1).saturating_add(1));
                return true;
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::live::reply::made::json;

    fn look(body: &str) -> Look {
        Look { there: true, text: body.to_owned(), reply: Arc::new(json(200, body)) }
    }

    fn judged(before: &str, still: &str, after: &str, marker: Option<Marker>) -> Outcome {
        let attack = json(200, "{}").exchange;
        judge(&Changed {
            before: look(before),
            still: look(still),
            after: look(after),
            attack,
            marker,
        })
    }

    #[test]
    fn the_marker_in_the_owners_answer_proves_the_change() {
        let marker = Marker::fresh();
        let after = format!(r#"{{"id": 1, "note": "{}"}}"#, marker.text());
        let before = r#"{"id": 1, "note": "a"}"#;
        assert!(matches!(judged(before, before, &after, Some(marker.clone())), Outcome::Open(_)));
        assert!(matches!(judged(before, before, before, Some(marker)), Outcome::Closed));
    }

    #[test]
    fn a_value_that_moves_by_itself_proves_nothing() {
        let before = r#"{"id": 1, "balance": 5, "updated_at": 1}"#;
        assert!(matches!(
            judged(before, before, r#"{"id": 1, "balance": 4, "updated_at": 1}"#, None),
            Outcome::Open(_)
        ));
        assert!(matches!(
            judged(before, before, r#"{"id": 1, "balance": 5, "updated_at": 2}"#, None),
            Outcome::Closed
        ));
        let still = r#"{"id": 1, "balance": 6, "updated_at": 1}"#;
        assert!(matches!(
            judged(before, still, r#"{"id": 1, "balance": 7, "updated_at": 1}"#, None),
            Outcome::Closed
        ));
    }
}
