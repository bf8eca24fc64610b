//! Where people have roles within something that they share, somebody gives itself a stronger one.

use serde_json::{Map, Value, json};

use super::Outcome;
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

/// Roles that decide over others, the strongest first. Nobody is made an owner: there may be one only.
const STRONG: [&str; 7] =
    ["admin", "administrator", "manager", "maintainer", "lead", "moderator", "editor"];
/// Roles that decide over nobody.
const WEAK: [&str; 11] = [
    "viewer",
    "guest",
    "member",
    "reader",
    "user",
    "reporter",
    "commenter",
    "observer",
    "contributor",
    "readonly",
    "read-only",
];
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
pub(super) async fn ask(
    scan: &Scan<'_>,
    world: &World,
) -> Result<Vec<(String, Outcome)>, WireError> {
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
            let (outcome, back) =
                promote(scan, operation, list, &place, (parameter, &field)).await?;
            if !back {
                let why = format!(
                    "A's role may no longer be `{}`: it was not seen given back",
                    place.role
                );
                asked.push((operation.label(), Outcome::Undecided(why)));
            }
            asked.push((operation.label(), outcome));
            break;
        }
    }
    Ok(asked)
}

/// The path of the list and the parameter that names somebody in it: `/teams/{team}/members/{user}`,
/// with or without `/role` behind it. Without it only PATCH leaves the rest of a member as it is.
fn member<'o>(operation: &Operation<'o>) -> Option<(&'o str, &'o str)> {
    let path = operation.path.trim_end_matches('/');
    let inner = path.strip_suffix("/role").or_else(|| path.strip_suffix("/roles"));
    let changes = match inner {
        Some(_) => matches!(operation.method, Method::Put | Method::Patch | Method::Post),
        None => operation.method == Method::Patch,
    };
    facts::last_parameter(inner.unwrap_or(path)).filter(|_| changes && !operation.is_public())
}

fn role_field(scan: &Scan<'_>, operation: &Operation<'_>) -> Option<String> {
    let fields = door_fields(&scan.document, operation);
    fields.into_iter().find(|name| words(name).iter().any(|word| word == "role"))
}

/// Ways to the list below each thing that A is shown.
fn shared(scan: &Scan<'_>, world: &World, list: &Operation<'_>) -> Vec<Vec<(String, String)>> {
    let [parameter] = facts::parameters(list.path)[..] else { return Vec::new() };
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
    let own: Vec<_> = records.iter().filter(|record| is_a(world, record)).collect();
    let [own] = own[..] else { return Ok(None) };
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

/// The strongest of the roles that there are, for who has a weak one.
fn stronger(role: &str, roles: &[String]) -> Option<String> {
    let weak = WEAK.iter().any(|one| role.eq_ignore_ascii_case(one));
    let mut strong = STRONG.iter();
    let best = strong.find_map(|one| roles.iter().find(|role| role.eq_ignore_ascii_case(one)));
    best.filter(|_| weak).cloned()
}

fn is_a(world: &World, record: &Map<String, Value>) -> bool {
    let names: Vec<_> = world.names(Who::A).iter().map(|(_, name)| name.as_str()).collect();
    let keys = ["id", "user_id", "userId", "username", "login", "email"];
    let mut said = keys.iter().filter_map(|key| facts::scalar(record.get(*key)?));
    said.any(|value| value.len() > 1 && names.contains(&value.as_str()))
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

/// A asks for the stronger role; the list tells whether A has it now. Whatever it tells, A gives back
/// what may have been taken. False if it was not seen to be back.
async fn promote(
    scan: &Scan<'_>,
    operation: &Operation<'_>,
    list: &Operation<'_>,
    place: &Place,
    (parameter, field): (&str, &str),
) -> Result<(Outcome, bool), WireError> {
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
        return Ok((Outcome::Closed, true));
    }
    let after = read(scan, list, &place.parents).await;
    let back = scan.send(&with(&place.role)).await;
    let after = after?;
    let role = |reply: &Reply| {
        let own = members(reply).into_iter().find(|record| {
            facts::value_for(record, parameter, &facts::kind(list.path))
                .or_else(|| facts::value_for(record, parameter, "user"))
                .is_some_and(|id| id == place.id)
        });
        own.and_then(|record| Some(record.get(field)?.as_str()?.to_owned()))
    };
    let taken = role(&after).is_some_and(|role| role.eq_ignore_ascii_case(&place.stronger));
    let same =
        role(&read(scan, list, &place.parents).await?).is_some_and(|role| role == place.role);
    let outcome = match taken {
        true => Outcome::Open(vec![place.shown.clone(), attack.exchange, after.exchange]),
        false => Outcome::Closed,
    };
    Ok((outcome, back.is_ok() && same))
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
        assert_eq!(
            best("viewer", &["viewer", "maintainer", "owner"]).as_deref(),
            Some("maintainer")
        );
        assert_eq!(best("Member", &["viewer", "Admin"]).as_deref(), Some("Admin"));
        assert_eq!(best("account_owner", &["admin", "account_owner"]), None);
        assert_eq!(best("owner", &["owner", "admin"]), None);
        assert_eq!(best("guest", &["guest", "resident"]), None);
        assert_eq!(best("viewer", &[]), None);
    }
}
