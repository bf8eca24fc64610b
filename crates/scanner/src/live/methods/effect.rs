//! Own objects: does a method that the document does not name, or a read that is overridden, take
//! them away?

use super::overrides::WAYS;
use super::{Found, OVERRIDE, OVERRIDE_READ, UNDOCUMENTED};
use crate::api::Method;
use crate::live::Gap;
use crate::live::actor::Role;
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::request::Request;
use crate::live::scan::Scan;
use crate::live::world::{Object, World};
use crate::order::Intensity;
use crate::report::Finding;

/// Kinds of objects that are tried.
const MOST_KINDS: usize = 4;

pub async fn look(scan: &Scan<'_>) -> Result<Found, Gap> {
    let mut found = Found::default();
    if scan.intensity == Intensity::Gentle {
        return Ok(found);
    }
    let world = scan.world().await;
    let mut kinds: Vec<&str> = Vec::new();
    for object in world.objects() {
        let account = is_account(world, object);
        if account || kinds.contains(&object.collection.as_str()) || kinds.len() == MOST_KINDS {
            continue;
        }
        let Some(read) = reader(scan, object).await else { continue };
        let object = match world.again(scan, object, &[]).await {
            Ok(Some(object)) => object,
            Err(error) if error.is_final() => return Err(Gap::from(&error)),
            _ => continue,
        };
        let Some(request) = reader(scan, &object).await else { continue };
        kinds.push(object_kind(world, &object.collection));
        found.asked += 1;
        let posted = documents(scan, &read, Method::Post);
        let mut gone = overridden(scan, &request, Method::Get).await?;
        if gone.is_none() && !posted {
            gone = overridden(scan, &request, Method::Post).await?;
        }
        if let Some(finding) = gone {
            found.findings.push(finding);
            continue;
        }
        if !documents(scan, &read, Method::Delete) {
            found.findings.extend(deleted(scan, &request).await?);
        }
    }
    Ok(found)
}

/// True if the document offers this method on the path of a request.
fn documents(scan: &Scan<'_>, read: &Request, method: Method) -> bool {
    let path = path_of(scan, read);
    scan.document.operations.iter().any(|one| one.method == method && Some(one.path) == path)
}

fn object_kind<'w>(world: &'w World, collection: &str) -> &'w str {
    let same = world.objects().iter().find(|one| one.collection == collection);
    same.map(|one| one.collection.as_str()).unwrap_or_default()
}

/// The template that a request was built from.
fn path_of<'a>(scan: &Scan<'a>, request: &Request) -> Option<&'a str> {
    let label = request.operation.as_deref()?;
    scan.document.operations.iter().find(|one| one.label() == label).map(|one| one.path)
}

/// Accounts are needed until the end.
fn is_account(world: &World, object: &Object) -> bool {
    let made = object.made_by.and_then(|index| world.cases().get(index));
    made.is_none_or(|case| world.roles.get(case.operation) == Some(&Role::Register))
}

/// The request with which its owner reads an object.
async fn reader(scan: &Scan<'_>, object: &Object) -> Option<Request> {
    let mut reads = scan.document.operations.iter().filter(|one| one.method == Method::Get);
    let request = reads.find_map(|operation| {
        let inputs = object.inputs(scan, operation)?;
        Some(scan.written(operation, &inputs))
    })?;
    Some(request.with(scan.credential(object.owner).await))
}

/// A GET or POST that says in a header or parameter that it is a DELETE; beside one that says that it
/// is something that does not exist.
async fn overridden(
    scan: &Scan<'_>,
    read: &Request,
    method: Method,
) -> Result<Option<Finding>, Gap> {
    let Some(before) = alive(scan, read).await? else { return Ok(None) };
    let sent = Request { method, ..read.clone() };
    let flaw = if method == Method::Get { &OVERRIDE_READ } else { &OVERRIDE };
    for way in WAYS {
        let Some(_) = scan.answer(&way.applied(&sent, "PORTCULLIS")).await? else { continue };
        let Some(control) = alive(scan, read).await? else { return Ok(None) };
        let Some(changed) = scan.answer(&way.applied(&sent, "DELETE")).await? else { continue };
        if alive(scan, read).await?.is_some() {
            continue;
        }
        let Some(after) = scan.answer(read).await? else { return Ok(None) };
        let all = [before, control, changed, after].map(|reply| reply.exchange);
        let finding = flaw.found(read.operation.clone(), all.to_vec());
        return Ok(Some(finding.of_shape(way.name())));
    }
    Ok(None)
}

async fn deleted(scan: &Scan<'_>, read: &Request) -> Result<Option<Finding>, Gap> {
    let Some(before) = alive(scan, read).await? else { return Ok(None) };
    let delete = Request { method: Method::Delete, ..read.clone() };
    let Some(changed) = scan.answer(&delete).await? else { return Ok(None) };
    if !changed.is_success() || alive(scan, read).await?.is_some() {
        return Ok(None);
    }
    let Some(after) = scan.answer(read).await? else { return Ok(None) };
    let all = [before, changed, after].map(|reply| reply.exchange);
    Ok(Some(UNDOCUMENTED.found(read.operation.clone(), all.to_vec()).of_shape("DELETE")))
}

/// The object's answer, if it is still there.
async fn alive(scan: &Scan<'_>, read: &Request) -> Result<Option<Reply>, Gap> {
    let reply = scan.answer(read).await?;
    Ok(reply.filter(|reply| reply.is_success() && !tells_of_error(reply)))
}
