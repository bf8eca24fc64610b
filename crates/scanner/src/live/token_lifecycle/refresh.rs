//! Whether a refresh token works once (RFC 9700 §4.14).

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{FLAW, Ground};
use crate::api::Operation;
use crate::flaw::Flaw;
use crate::live::actor::{Actor, Pass, Role, door_fields, role, visitor};
use crate::live::call::Inputs;
use crate::live::invent::{Invention, Marker};
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::request::{Origin, Presented, Request};
use crate::live::{Gap, Judgement};
use crate::report::Severity;
use crate::secret::Secret;

/// Some services take a refresh token again for some seconds, for clients that ask twice at once.
const GRACE: Duration = Duration::from_secs(11);

pub const REPLAYED: Flaw = Flaw {
    id: "refresh-replayed",
    title: "A refresh token works again after it was exchanged",
    severity: Severity::High,
    why: "A stolen refresh token gives credentials for as long as it lasts, and nobody notices that \
          two are using it.",
    fix: "Refuse a refresh token that was exchanged for another, and end all that came from it when \
          it comes again (RFC 9700 §4.14.2).",
    cwe: 294,
    ..FLAW
};

pub const LIVES_ON: Flaw = Flaw {
    id: "refresh-lives-after-logout",
    title: "A refresh token works after logging out",
    severity: Severity::High,
    ..FLAW
};

pub async fn look(ground: &Ground<'_, '_>, actor: &Actor, judgement: &mut Judgement) {
    // What an authorization server gave is exchanged there, by its client.
    let Some(first) = actor.refresh.as_ref().filter(|_| actor.session.is_none()) else { return };
    let Some((operation, way)) = way(ground, first).await else {
        let detail = "no documented operation took the refresh token that came with the login";
        judgement.gaps.push(Gap::no_operation(detail));
        return;
    };
    let label = operation;
    let Way { request, reply, next } = way;
    let rotated = next.as_ref().is_some_and(|next| next.expose() != first.expose());
    judgement.value("lifecycle.refresh_rotated", rotated);
    if !rotated {
        return;
    }
    let again = match twice(ground, &request).await {
        Ok(again) => again,
        Err(gap) => {
            judgement.gaps.push(gap);
            return;
        }
    };
    judgement.value("lifecycle.refresh_single_use", again.is_none());
    if let Some(again) = again {
        let evidence = vec![reply.exchange.clone(), again.exchange.clone()];
        judgement.findings.push(REPLAYED.found(Some(label), evidence));
    }
}

/// What came back for the same refresh token a second time, at once and after any grace; `None` if
/// it was refused.
async fn twice(ground: &Ground<'_, '_>, request: &Request) -> Result<Option<Reply>, Gap> {
    let send = async || {
        let reply = ground.scan.send(request).await.map_err(|error| Gap::from(&error))?;
        Ok::<_, Gap>(visitor::discreet(ground.scan, reply))
    };
    let again = send().await?;
    if !is_fresh(&again) {
        return Ok(None);
    }
    let budget = &ground.scan.client.budget;
    budget.pause(GRACE).await.map_err(|spent| Gap::from(&spent.into()))?;
    let again = send().await?;
    Ok(is_fresh(&again).then_some(again))
}

/// A refresh that succeeded.
struct Way {
    request: Request,
    reply: Reply,
    next: Option<Secret>,
}

/// The first operation that takes this refresh token, with what it gave.
async fn way(ground: &Ground<'_, '_>, refresh: &Secret) -> Option<(String, Way)> {
    let scan = ground.scan;
    for (label, request) in requests(ground, refresh) {
        let Ok(reply) = scan.send(&request).await else { continue };
        if !is_fresh(&reply) {
            continue;
        }
        let reply = visitor::discreet(scan, reply);
        let next = Pass::read(&reply).and_then(|pass| pass.refresh);
        return Some((label, Way { request, reply, next }));
    }
    None
}

/// Whether a refresh token still gives anything; `None` where nothing takes one.
pub async fn works(ground: &Ground<'_, '_>, refresh: &Secret) -> Option<Reply> {
    for (_, request) in requests(ground, refresh) {
        let reply = ground.scan.send(&request).await.ok()?;
        if is_fresh(&reply) {
            return Some(visitor::discreet(ground.scan, reply));
        }
    }
    None
}

fn is_fresh(reply: &Reply) -> bool {
    reply.is_success() && !tells_of_error(reply) && Pass::read(reply).is_some()
}

/// Requests that may exchange this token, the likeliest first.
fn requests(ground: &Ground<'_, '_>, refresh: &Secret) -> Vec<(String, Request)> {
    let scan = ground.scan;
    let mut found = Vec::new();
    for operation in &scan.document.operations {
        let fields: HashSet<String> = door_fields(&scan.document, operation).into_iter().collect();
        let named = fields.iter().any(|name| is_refresh(name));
        let granted = fields.contains("grant_type") && named;
        let refreshing = role(&scan.document, operation) == Role::Refresh;
        if operation.is_templated() || !(granted || refreshing) {
            continue;
        }
        let request = match named {
            true => in_body(ground, operation, refresh),
            false => {
                let inputs = Inputs::of_document(&scan.document, operation);
                let value = bare(ground, refresh);
                scan.written(operation, &inputs).with(Some(value))
            }
        };
        found.push((!refreshing, operation.label(), request));
    }
    found.sort_by_key(|(later, ..)| *later);
    found.into_iter().map(|(_, label, request)| (label, request)).collect()
}

/// In the place of the credential itself.
fn bare(ground: &Ground<'_, '_>, refresh: &Secret) -> Presented {
    let mut presented = Presented::new(refresh.clone(), "$VISITOR_REFRESH", Origin::Derived);
    presented.placement = Some(ground.scan.client.placement());
    presented
}

fn in_body(ground: &Ground<'_, '_>, operation: &Operation<'_>, refresh: &Secret) -> Request {
    let scan = ground.scan;
    let marker = Marker::fresh();
    let invention = Invention { document: &scan.document, marker: &marker };
    let schema = operation.body().and_then(|body| body.schema);
    let made = schema.map(|schema| invention.value(schema.node, ""));
    let mut body: Map<String, Value> =
        made.and_then(|value| value.as_object().cloned()).unwrap_or_default();
    let required: Vec<String> = schema
        .and_then(|schema| schema.node.get("required"))
        .map(|list| list.items().filter_map(|one| Some(one.value.as_str()?.to_owned())).collect())
        .unwrap_or_default();
    body.retain(|name, _| is_refresh(name) || required.contains(name));
    let mut inputs = Inputs::of_document(&scan.document, operation);
    if let Some(grant) =
        door_fields(&scan.document, operation).iter().find(|one| *one == "grant_type")
    {
        body.insert(grant.clone(), Value::from("refresh_token"));
    }
    let names: Vec<_> = door_fields(&scan.document, operation);
    for name in names.into_iter().filter(|name| is_refresh(name)) {
        let in_query = operation.parameters.iter().any(|one| one.name == name);
        match in_query {
            true => inputs.query.push((name, refresh.expose().to_owned())),
            false => {
                body.insert(name, Value::from(refresh.expose()));
            }
        }
    }
    inputs.body = (!body.is_empty()).then_some(Value::Object(body));
    scan.written(operation, &inputs)
}

fn is_refresh(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    matches!(plain.to_ascii_lowercase().as_str(), "refreshtoken" | "refresh")
}
