//! Operations that change something, asked without a credential on objects of our own.

use std::sync::Arc;

use super::{Answered, Asked};
use crate::api::{Method, Operation};
use crate::live::actor::Who;
use crate::live::call::Inputs;
use crate::live::client::WireError;
use crate::live::invent::Marker;
use crate::live::reply::Reply;
use crate::live::request::Request;
use crate::live::scan::Scan;
use crate::live::world::object::Look;
use crate::live::world::{Change, Object, Spot, World, drafted};

/// What is sent, the object that it is about, and the marker that it would leave there.
struct Plan {
    request: Request,
    object: Option<Object>,
    marker: Option<Marker>,
    control: Option<Arc<Reply>>,
}

/// Asks an operation without a credential and with a made-up one. What it would change is A's own,
/// or nothing at all: an id that nobody has.
pub(super) async fn ask(
    scan: &Scan<'_>,
    world: &World,
    index: usize,
    operation: &Operation<'_>,
) -> Asked {
    let plan = match operation.method {
        Method::Delete => deletion(scan, world, operation).await,
        _ => Ok(known(scan, world, index, operation)),
    };
    let plan = match plan {
        Ok(plan) => plan.unwrap_or_else(|| nowhere(scan, operation)),
        Err(error) => return unasked(operation, &error),
    };
    let before = look(scan, world, &plan).await;
    let anonymous = send(scan, &plan.request.with(None)).await;
    let mut effect = shown(scan, world, &plan, before.as_ref(), &anonymous).await;
    let garbage = match effect {
        Some(_) => anonymous.clone(),
        None => send(scan, &plan.request.with(Some(scan.garbage()))).await,
    };
    if effect.is_none() {
        effect = shown(scan, world, &plan, before.as_ref(), &garbage).await;
    }
    Asked {
        operation: operation.label(),
        control: plan.control.map(Ok),
        anonymous,
        garbage,
        changes: true,
        effect,
        stated: operation.security.stated,
        told: false,
        own: Vec::new(),
        whole: false,
    }
}

fn unasked(operation: &Operation<'_>, error: &WireError) -> Asked {
    Asked {
        operation: operation.label(),
        control: None,
        anonymous: Err(error.clone()),
        garbage: Err(error.clone()),
        changes: true,
        effect: None,
        stated: operation.security.stated,
        told: false,
        own: Vec::new(),
        whole: false,
    }
}

/// The case that A succeeded with, with a marker of its own.
fn known(scan: &Scan<'_>, world: &World, index: usize, operation: &Operation<'_>) -> Option<Plan> {
    let case = world.case(index, Who::A)?;
    let object =
        case.object.and_then(|at| world.objects().get(at)).filter(|one| one.owner == Who::A);
    if operation.is_templated() && object.is_none() {
        return None;
    }
    let marker = Marker::fresh();
    let mut inputs = case.inputs.clone();
    let planted = inputs.body.as_mut().is_some_and(|body| marker.plant(body));
    let request = scan.written(operation, &inputs);
    let object = object.cloned().filter(|_| operation.method != Method::Post);
    Some(Plan {
        request,
        object,
        marker: planted.then_some(marker),
        control: Some(case.reply.clone()),
    })
}

/// A fresh object of A, to be deleted.
async fn deletion(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
) -> Result<Option<Plan>, WireError> {
    let mut mine =
        world.objects().iter().filter(|one| one.owner == Who::A && one.made_by.is_some());
    let Some(like) = mine.find(|one| one.inputs(scan, operation).is_some()) else {
        return Ok(None);
    };
    let Some(fresh) = world.again(scan, like, &[]).await? else { return Ok(None) };
    let Some(inputs) = fresh.inputs(scan, operation) else { return Ok(None) };
    let request = scan.written(operation, &inputs);
    Ok(Some(Plan { request, object: Some(fresh), marker: None, control: None }))
}

/// The operation with an id that nobody has.
fn nowhere(scan: &Scan<'_>, operation: &Operation<'_>) -> Plan {
    let mut inputs: Inputs = drafted(scan, operation, &Marker::fresh());
    let last = inputs.path.last().map(|(name, value)| (name.clone(), value.clone()));
    if let Some((name, value)) = last {
        let other = match value.parse::<u64>() {
            Ok(_) => "918273645".to_owned(),
            Err(_) if value.len() == 36 => crate::live::invent::uuid(),
            Err(_) => Marker::fresh().plain(),
        };
        inputs.put(&Change::new(Spot::Path(name), other));
    }
    Plan { request: scan.written(operation, &inputs), object: None, marker: None, control: None }
}

async fn send(scan: &Scan<'_>, request: &Request) -> Answered {
    scan.send(request).await.map(Arc::new)
}

async fn look(scan: &Scan<'_>, world: &World, plan: &Plan) -> Option<Look> {
    let object = plan.object.as_ref()?;
    world.look(scan, object, Who::A).await.ok().flatten()
}

/// A's answer, if it shows that the change was made.
async fn shown(
    scan: &Scan<'_>,
    world: &World,
    plan: &Plan,
    before: Option<&Look>,
    answer: &Answered,
) -> Option<Arc<Reply>> {
    if !answer.as_ref().is_ok_and(|reply| reply.is_success()) {
        return None;
    }
    let before = before.filter(|look| look.there)?;
    let after = look(scan, world, plan).await?;
    let marked = plan
        .marker
        .as_ref()
        .is_some_and(|marker| marker.is_in(&after.text) && !marker.is_in(&before.text));
    let deletes = plan.request.method == Method::Delete;
    let gone = deletes && (!after.there && after.reply.status < 500 && after.reply.status != 429);
    let emptied = deletes && after.there && after.text != before.text;
    (marked || gone || emptied).then_some(after.reply)
}
