//! Where people have roles within something that they share, somebody gives itself a stronger one.

use serde_json::{Map, Value, json};

use super::made_by_office::Asked;
use crate::api::{Method, Operation};
use crate::live::actor::{Who, door_fields};
use crate::live::call::Inputs;
use crate::live::client::WireError;
use crate::live::invent::words;
use crate::live::likeness::tells_of_error;
use crate::live::mass_assignment::enumerated;
use crate::live::reply::Reply;
use crate::live::scan::Scan;
use crate::live::world::{World, facts};
use crate::report::Exchange;

/// Roles that decide over others, the strongest first.
const STRONG: [&str; 8] =
    ["owner", "admin", "administrator", "manager", "maintainer", "lead", "moderator", "editor"];
/// Who has one of these has nothing to gain.
const STRONGEST: usize = 3;
/// Shared things that are looked into.
const MOST_SHARED: usize = 6;

/// A's own place among those who share something, as a list shows it.
struct Place {
    /// The values of the path that lead to the list.
    parents: Vec<(String, String)>,
    id: String,
    role: String,
    stronger: String,
    shown: Exchange,
}

/// Asks every operation that sets somebody's role to set A's own.
pub(super) async fn ask(scan: &Scan<'_>, world: &World) -> Result<Vec<Asked>, WireError> {
    let mut asked = Vec::new();
    for operation in &scan.document.operations {
        let Some((before, parameter)) = member(operation) else { continue };
        let Some(field) = role_field(scan, operation) else { continue };
        let list = scan.document.operations.iter().find(|one| {
            one.method == Method::Get && facts::normal(one.path) == facts::normal(before)
        });
        let Some(list) = list else { continue };
        for parents in shared(scan, world, list) {
            let Some(place) = place(scan, world, list, parents, (parameter, &field)).await? else {
                continue;
            };
            let proof = promote(scan, operation, list, &place, (parameter, &field)).await?;
            asked.push((operation.label(), proof));
            break;
        }
    }
    Ok(asked)
}

/// The path of the list and the parameter that names somebody in it: `/teams/{team}/members/{user}`,
/// with or without `/role` behind it.
fn member<'o>(operation: &Operation<'o>) -> Option<(&'o str, &'o str)> {
    let changes = matches!(operation.method, Method::Put | Method::Patch | Method::Post);
    let path = operation.path.trim_end_matches('/');
    let path = path.strip_suffix("/role").or_else(|| path.strip_suffix("/roles")).unwrap_or(path);
    facts::last_parameter(path).filter(|_| changes && !operation.is_public())
}

fn role_field(scan: &Scan<'_>, operation: &Operation<'_>) -> Option<String> {
    let fields = door_fields(&scan.document, operation);
    fields.into_iter().find(|name| words(name).iter().any(|word| word == "role"))
}

/// Ways to the list below each thing that A is shown; one without values where it hangs below nothing.
fn shared(scan: &Scan<'_>, world: &World, list: &Operation<'_>) -> Vec<Vec<(String, String)>> {
    let [parameter] = facts::parameters(list.path)[..] else {
        return if list.is_templated() { Vec::new() } else { vec![Vec::new()] };
    };
    let before = list.path.split(&format!("/{{{parameter}}}")).next().unwrap_or_default();
    let (outer, kind) = (facts::normal(before), facts::kind(before));
    let operations = scan.document.operations.iter().enumerate();
    let above =
        operations.filter(|(_, one)| one.method == Method::Get && facts::normal(one.path) == outer);
    let answers = above.filter_map(|(index, _)| world.case(index, Who::A)?.reply.json());
    let records = answers.flat_map(|answer| facts::lists(&answer)).flat_map(|(_, records)| records);
    let ids = records.filter_map(|record| facts::value_for(&record, parameter, &kind));
    ids.take(MOST_SHARED).map(|id| vec![(parameter.to_owned(), id)]).collect()
}

/// What the list says of A, where A's role is a weak one and there are stronger ones.
async fn place(
    scan: &Scan<'_>,
    world: &World,
    list: &Operation<'_>,
    parents: Vec<(String, String)>,
    (parameter, field): (&str, &str),
) -> Result<Option<Place>, WireError> {
    let reply = read(scan, list, &parents).await?;
    let records = members(&reply);
    let Some(own) = records.iter().find(|record| is_a(world, record)) else { return Ok(None) };
    let Some(role) = own.get(field).and_then(Value::as_str) else { return Ok(None) };
    let kind = facts::kind(list.path);
    let id = facts::value_for(own, parameter, &kind)
        .or_else(|| facts::value_for(own, parameter, "user"));
    let others = records.iter().filter_map(|record| record.get(field)?.as_str().map(str::to_owned));
    let roles: Vec<String> =
        others.chain(enumerated(scan, field).filter_map(|one| facts::scalar(&one))).collect();
    let (Some(id), Some(stronger)) = (id, stronger(role, &roles)) else { return Ok(None) };
    Ok(Some(Place { parents, id, role: role.to_owned(), stronger, shown: reply.exchange }))
}

/// A stronger role than this one, among those that there are.
fn stronger(role: &str, roles: &[String]) -> Option<String> {
    let rank = |role: &str| {
        STRONG.iter().position(|one| role.eq_ignore_ascii_case(one)).unwrap_or(STRONG.len())
    };
    let own = rank(role);
    let best = roles.iter().min_by_key(|one| rank(one))?;
    (own >= STRONGEST && rank(best) < own).then(|| best.clone())
}

fn is_a(world: &World, record: &Map<String, Value>) -> bool {
    let names = world.names(Who::A).iter().filter(|(key, _)| key != "name");
    let names: Vec<_> = names.map(|(_, name)| name.as_str()).collect();
    record
        .values()
        .filter_map(facts::scalar)
        .any(|value| value.len() > 2 && names.contains(&value.as_str()))
}

fn members(reply: &Reply) -> Vec<Map<String, Value>> {
    let answer = reply.json().unwrap_or_default();
    facts::lists(&answer).into_iter().flat_map(|(_, records)| records).collect()
}

async fn read(
    scan: &Scan<'_>,
    list: &Operation<'_>,
    parents: &[(String, String)],
) -> Result<Reply, WireError> {
    let inputs = Inputs { path: parents.to_vec(), ..Inputs::of_document(&scan.document, list) };
    scan.send(&scan.written(list, &inputs).with(scan.credential(Who::A).await)).await
}

/// A asks for the stronger role; the list tells whether A has it now, and A gives it back.
async fn promote(
    scan: &Scan<'_>,
    operation: &Operation<'_>,
    list: &Operation<'_>,
    place: &Place,
    (parameter, field): (&str, &str),
) -> Result<Option<Vec<Exchange>>, WireError> {
    let credential = scan.credential(Who::A).await;
    let with = |role: &str| {
        let stated = Inputs::of_document(&scan.document, operation);
        let body = Some(json!({field: role}));
        let mut inputs = Inputs { body, path: place.parents.clone(), ..stated };
        inputs.path.push((parameter.to_owned(), place.id.clone()));
        scan.written(operation, &inputs).with(credential.clone())
    };
    let attack = scan.send(&with(&place.stronger)).await?;
    if !attack.is_success() || tells_of_error(&attack) {
        return Ok(None);
    }
    let after = read(scan, list, &place.parents).await?;
    let mut own = members(&after).into_iter().filter(|record| {
        facts::value_for(record, parameter, &facts::kind(list.path))
            .or_else(|| facts::value_for(record, parameter, "user"))
            .is_some_and(|id| id == place.id)
    });
    let taken = own
        .any(|record| record.get(field).and_then(Value::as_str) == Some(place.stronger.as_str()));
    if taken {
        scan.send(&with(&place.role)).await?;
    }
    Ok(taken.then(|| vec![place.shown.clone(), attack.exchange, after.exchange]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(role: &str, roles: &[&str]) -> Option<String> {
        let roles: Vec<_> = roles.iter().map(|one| (*one).to_owned()).collect();
        stronger(role, &roles)
    }

    #[test]
    fn only_who_has_a_weak_role_has_something_to_gain() {
        assert_eq!(best("viewer", &["viewer", "maintainer", "Owner"]).as_deref(), Some("Owner"));
        assert_eq!(best("maintainer", &["viewer", "owner"]).as_deref(), Some("owner"));
        assert_eq!(best("owner", &["owner", "admin"]), None);
        assert_eq!(best("guest", &["guest", "resident"]), None);
        assert_eq!(best("viewer", &[]), None);
    }
}
