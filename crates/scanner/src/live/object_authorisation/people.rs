//! B reads, changes and removes an account that the scan registered for this and nobody misses.

use serde_json::Value;

use super::content::{is_listed, is_private, shared};
use super::{Deed, Outcome, Seen};
use crate::api::{Method, Operation};
use crate::live::actor::{Account, Role, Who, is_password, log_in, role, visitor};
use crate::live::authority::{Person, is_marked};
use crate::live::client::WireError;
use crate::live::invent::Marker;
use crate::live::likeness::tells_of_error;
use crate::live::mass_assignment::listed_value;
use crate::live::reply::Reply;
use crate::live::scan::Scan;
use crate::live::world::object::fields;
use crate::live::world::{Change, Spot, World, drafted, facts};
use crate::secret::Secret;

/// Asks every operation whose path names a person.
pub(super) async fn ask(scan: &Scan<'_>, seen: &mut Seen) -> Result<(), WireError> {
    let world = scan.world().await;
    let ours = |one: &&Operation<'_>| !one.is_public() && !is_marked(&scan.document, one);
    let about = |one: &&Operation<'_>| ours(one) && one.is_templated();
    let named: Vec<_> = scan.document.operations.iter().filter(ours).collect();
    let named: Vec<_> =
        named.into_iter().filter(|one| names_in_body(scan, one).is_some()).collect();
    if named.is_empty() && !scan.document.operations.iter().any(|one| about(&one)) {
        return Ok(());
    }
    let Some(person) = Person::find(scan, world, Who::C).await? else { return Ok(()) };
    let operations: Vec<_> = scan.document.operations.iter().filter(about).collect();
    for operation in operations.iter().filter(|one| one.method == Method::Get) {
        read(scan, world, &person, operation, seen).await?;
    }
    let changes =
        |one: &&&Operation<'_>| matches!(one.method, Method::Put | Method::Patch | Method::Post);
    for operation in operations.iter().filter(changes) {
        change(scan, world, &person, operation, seen).await?;
    }
    for operation in named {
        change_named(scan, world, &person, operation, seen).await?;
    }
    for operation in operations.iter().filter(|one| one.method == Method::Delete) {
        remove(scan, world, &person, operation, seen).await?;
    }
    Ok(())
}

async fn read(
    scan: &Scan<'_>,
    world: &World,
    person: &Person,
    operation: &Operation<'_>,
    seen: &mut Seen,
) -> Result<(), WireError> {
    let Some(inputs) = person.inputs(scan, world, operation) else { return Ok(()) };
    let request = scan.written(operation, &inputs);
    let own = scan.send(&request.with(scan.credential(Who::C).await)).await?;
    let other = scan.send(&request.with(scan.credential(Who::B).await)).await?;
    let known: Vec<_> = inputs.path.iter().map(|(_, value)| value.clone()).collect();
    let marker =
        scan.actors().known(Who::C).and_then(|actor| actor.account.as_ref()?.marker.clone());
    let mut same = shared(&own, &other, marker.as_ref(), &known);
    same.retain(|(name, _)| is_private(name));
    if same.is_empty() {
        seen.note(Deed::Read, operation.label(), Outcome::Closed);
        return Ok(());
    }
    // People who are listed for everybody are meant to be looked at: what is too much of that is
    // another question.
    let mut lists = Vec::new();
    for case in
        world.cases().iter().filter(|case| case.who == Who::B && case.inputs.path.is_empty())
    {
        if scan.document.operations.get(case.operation).is_some_and(|one| one.method == Method::Get)
        {
            lists.push(scan.send(&case.request(scan, &[])).await?.text().into_owned());
        }
    }
    let listed = known
        .iter()
        .any(|name| name.len() > 3 && lists.iter().any(|list| list.contains(name.as_str())));
    let nobody = scan.send(&request).await?;
    let open = !shared(&own, &nobody, marker.as_ref(), &known).is_empty();
    let outcome = match listed || open || is_listed(&same, &lists) {
        true => Outcome::Shared,
        false => Outcome::Open(vec![own.exchange, other.exchange]),
    };
    seen.note(Deed::Read, operation.label(), outcome);
    Ok(())
}

async fn change(
    scan: &Scan<'_>,
    world: &World,
    person: &Person,
    operation: &Operation<'_>,
    seen: &mut Seen,
) -> Result<(), WireError> {
    let Some(place) = person.inputs(scan, world, operation) else { return Ok(()) };
    let marker = Marker::fresh();
    let mut inputs = drafted(scan, operation, &marker);
    inputs.path.clone_from(&place.path);
    let password = Secret::new(marker.password());
    scan.client.mask.learn(&password, "$C_NEW_PASSWORD", &crate::order::Placement::Bearer);
    if operation.method == Method::Post && !asks_password(&inputs.body) {
        return Ok(());
    }
    if operation.bodies.is_empty() {
        return Ok(());
    }
    let before = person.look(scan, world).await?;
    let mut attack = scan.written(operation, &inputs).with(scan.credential(Who::B).await);
    let mut reply = scan.send(&attack).await?;
    if matches!(reply.status, 400 | 422) {
        let body = inputs.body.clone().unwrap_or_default();
        for fault in crate::live::world::repair::faults(&scan.document, operation, &reply, &body) {
            let name = fault.pointer.trim_start_matches('/').to_owned();
            let value = fault.value.unwrap_or_else(|| serde_json::Value::from(marker.text()));
            inputs.put(&Change { spot: Spot::Body(format!("/{name}")), value });
        }
        attack = scan.written(operation, &inputs).with(scan.credential(Who::B).await);
        reply = scan.send(&attack).await?;
    }
    if !reply.is_success() || tells_of_error(&reply) {
        seen.note(Deed::Change, operation.label(), Outcome::Closed);
        return Ok(());
    }
    let after = person.look(scan, world).await?;
    let shows = after.as_ref().is_some_and(|after| marker.is_in(&after.text()));
    let outcome = match (shows, before, after) {
        (true, Some(before), Some(after)) => {
            Outcome::Open(vec![before.exchange, reply.exchange, after.exchange])
        }
        _ if asks_password(&inputs.body) => by_login(scan, person, &password, reply.exchange).await,
        _ => Outcome::Closed,
    };
    seen.note(Deed::Change, operation.label(), outcome);
    Ok(())
}

/// The field of a change's body that says whose account is meant, where the path does not.
fn names_in_body(scan: &Scan<'_>, operation: &Operation<'_>) -> Option<String> {
    let changes = matches!(operation.method, Method::Put | Method::Patch);
    if !changes || operation.is_templated() || role(&scan.document, operation) != Role::Plain {
        return None;
    }
    let body = drafted(scan, operation, &Marker::fresh()).body?;
    let members = body.as_object()?;
    let whose =
        ["username", "user", "user_id", "userId", "userName", "account_id", "accountId", "login"];
    let found = whose.into_iter().find(|name| members.contains_key(*name));
    let plain = !members.keys().any(|name| is_password(name));
    found.filter(|_| members.len() > 1 && plain).map(str::to_owned)
}

/// A visitor names somebody else's account in the body; what that account is then told of itself tells.
/// Both accounts are the scan's own: where names are not looked at, it is the visitor who is changed.
async fn change_named(
    scan: &Scan<'_>,
    world: &World,
    person: &Person,
    operation: &Operation<'_>,
    seen: &mut Seen,
) -> Result<(), WireError> {
    let Some(name) = names_in_body(scan, operation) else { return Ok(()) };
    let Ok(account) = visitor::account(scan).await else { return Ok(()) };
    if account.marker.is_none() {
        return Ok(());
    }
    let Ok(visitor) = visitor::enter(scan, &account).await else { return Ok(()) };
    let Some(id) = facts::value_for(&person.record, &name, "user") else { return Ok(()) };
    let Some(before) = person.look(scan, world).await?.filter(Reply::is_success) else {
        return Ok(());
    };
    let told = fields(&before.text());
    let marker = Marker::fresh();
    let mut inputs = drafted(scan, operation, &marker);
    let members = inputs.body.as_mut().and_then(Value::as_object_mut);
    for (key, value) in members.into_iter().flatten() {
        let same = told.get(key).is_some_and(|now| now == value);
        match key == &name {
            true if value.is_number() => {
                *value = id.parse::<i64>().map_or_else(|_| Value::from(id.as_str()), Value::from);
            }
            true => *value = Value::from(id.as_str()),
            false if same => {
                *value = listed_value(scan, key, value).unwrap_or_else(|| value.clone())
            }
            false => {}
        }
    }
    let attack = scan.written(operation, &inputs).with(Some(visitor.credential.clone()));
    let attack = scan.send(&attack).await?;
    let Some(after) = person.look(scan, world).await? else { return Ok(()) };
    let now = fields(&after.text());
    let sent = inputs.body.as_ref().and_then(Value::as_object).into_iter().flatten();
    let mut taken = sent.filter(|(key, value)| {
        **key != name && now.get(*key) == Some(*value) && told.get(*key) != Some(*value)
    });
    let open = attack.is_success() && !tells_of_error(&attack) && taken.next().is_some();
    let outcome = match open {
        true => Outcome::Open(vec![before.exchange, attack.exchange, after.exchange]),
        false => Outcome::Closed,
    };
    seen.note(Deed::Change, operation.label(), outcome);
    Ok(())
}

fn asks_password(body: &Option<serde_json::Value>) -> bool {
    let members = body.as_ref().and_then(serde_json::Value::as_object);
    members.is_some_and(|members| members.keys().any(|name| crate::live::actor::is_password(name)))
}

/// The new password opens the account: there is no better proof that it was set.
async fn by_login(
    scan: &Scan<'_>,
    person: &Person,
    password: &Secret,
    attack: crate::report::Exchange,
) -> Outcome {
    let account = scan.actors().known(person.who).and_then(|actor| actor.account.clone());
    let Some(account) = account else { return Outcome::Closed };
    let renewed = Account { password: password.clone(), registered: None, ..account };
    match log_in(scan, Who::C, renewed).await {
        Ok(actor) => match actor.entry {
            Some(entry) => Outcome::Open(vec![attack, entry.reply.exchange.clone()]),
            None => Outcome::Closed,
        },
        Err(_) => Outcome::Closed,
    }
}

async fn remove(
    scan: &Scan<'_>,
    world: &World,
    person: &Person,
    operation: &Operation<'_>,
    seen: &mut Seen,
) -> Result<(), WireError> {
    let Some(inputs) = person.inputs(scan, world, operation) else { return Ok(()) };
    if facts::last_parameter(operation.path).is_none() {
        return Ok(());
    }
    let outcome = removed(scan, world, person, scan.written(operation, &inputs), Who::B).await?;
    seen.note(Deed::Delete, operation.label(), outcome);
    Ok(())
}

/// What became of an account after somebody else asked to remove it, beside A's own.
async fn removed(
    scan: &Scan<'_>,
    world: &World,
    person: &Person,
    request: crate::live::request::Request,
    by: Who,
) -> Result<Outcome, WireError> {
    let undecided = |why: &str| Ok(Outcome::Undecided(why.to_owned()));
    let good = |reply: &Reply| reply.is_success() && !tells_of_error(reply);
    let Some(before) = person.look(scan, world).await?.filter(good) else {
        return undecided("nothing shows the account to its owner");
    };
    let attack = scan.send(&request.with(scan.credential(by).await)).await?;
    let Some(after) = person.look(scan, world).await? else {
        return undecided("nothing shows the account");
    };
    let Some(sibling) = Person::find(scan, world, by).await? else { return Ok(Outcome::Closed) };
    let steady = sibling.look(scan, world).await?.filter(good);
    let gone = !good(&after) && after.status < 500 && after.status != 429;
    Ok(match (gone, steady) {
        (true, Some(steady)) => {
            Outcome::Open(vec![before.exchange, attack.exchange, after.exchange, steady.exchange])
        }
        _ => Outcome::Closed,
    })
}
