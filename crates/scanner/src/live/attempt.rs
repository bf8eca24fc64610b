//! One request for every operation: what was seen to succeed, or else what the document suggests.
//!
//! An attack whose proof stands in the answer needs no success before: a file that is read where
//! nothing was to be read is proof enough.

use std::sync::Arc;

use crate::api::{Method, Operation};
use crate::live::Gap;
use crate::live::actor::{Role, Who};
use crate::live::call::Inputs;
use crate::live::scan::Scan;
use crate::live::world::{Case, World, facts};

/// Operations without a success that are tried.
const MOST: usize = 40;
/// Own objects that one of them is tried on.
const MOST_OBJECTS: usize = 4;

/// The best case of every operation that neither ends a session nor deletes, in the document's order.
pub async fn attempts(scan: &Scan<'_>, world: &World) -> Result<Vec<Case>, Gap> {
    let mut found = Vec::new();
    let mut guessed = 0;
    for (index, operation) in scan.document.operations.iter().enumerate() {
        let role = world.roles.get(index).copied().unwrap_or(Role::Plain);
        let ends = matches!(role, Role::LogOut | Role::Password | Role::Register | Role::Refresh);
        if ends || operation.method == Method::Delete {
            continue;
        }
        if let Some(case) = world.any_case(index) {
            found.push(case.clone());
            continue;
        }
        // A guess could lock somebody out, or change what is not ours.
        let harmless = operation.method.is_safe() || operation.method == Method::Post;
        if role == Role::LogIn || !harmless || guessed == MOST {
            continue;
        }
        guessed += 1;
        found.extend(guess(scan, world, index, operation).await?);
    }
    Ok(found)
}

/// The document's own values, on an own object where the path needs one; none where the request does
/// not get as far as the operation.
async fn guess(
    scan: &Scan<'_>,
    world: &World,
    index: usize,
    operation: &Operation<'_>,
) -> Result<Option<Case>, Gap> {
    let (inputs, who) = suggested(scan, world, operation);
    let request = scan.written(operation, &inputs).with(scan.credential(who).await);
    let reply = match scan.send(&request).await {
        Ok(reply) => Arc::new(reply),
        Err(error) if error.is_final() => return Err(Gap::from(&error)),
        Err(_) => return Ok(None),
    };
    let met = !matches!(reply.status, 401 | 405 | 429);
    let case = Case { operation: index, who, inputs, request, reply, object: None };
    Ok(met.then_some(case))
}

/// The first of [`suggestions`].
fn suggested(scan: &Scan<'_>, world: &World, operation: &Operation<'_>) -> (Inputs, Who) {
    let mut all = suggestions(scan, world, operation).into_iter();
    all.next().unwrap_or_else(|| (Inputs::of_document(&scan.document, operation), Who::A))
}

/// Inputs out of the document, on each of a few own objects where the path leads to one, and who
/// should ask: the owner of that object.
pub fn suggestions(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
) -> Vec<(Inputs, Who)> {
    let mut base = Inputs::of_document(&scan.document, operation);
    base.body = operation.body().map(|body| scan.document.body_value(body));
    let names = facts::parameters(operation.path);
    let own = world.objects().iter().filter_map(|object| {
        let values = leading(object, operation.path, &names)?;
        let mut inputs = base.clone();
        for (name, value) in names.iter().zip(values) {
            match inputs.path.iter_mut().find(|(key, _)| key == name) {
                Some((_, place)) => *place = value,
                None => inputs.path.push(((*name).to_owned(), value)),
            }
        }
        Some((inputs, object.owner))
    });
    let mut all: Vec<_> = own.take(MOST_OBJECTS).collect();
    all.push((base.clone(), Who::A));
    all
}

/// Values for the first parameters of a path that leads to this object or below it.
fn leading(object: &crate::live::world::Object, path: &str, names: &[&str]) -> Option<Vec<String>> {
    let name = names.get(object.parents.len())?;
    let before = path.split_once(&format!("{{{name}}}"))?.0.trim_end_matches('/');
    if facts::normal(before) != object.collection {
        return None;
    }
    let id = facts::value_for(&object.record, name, &facts::kind(before))?;
    Some(object.parents.iter().cloned().chain([id]).collect())
}
