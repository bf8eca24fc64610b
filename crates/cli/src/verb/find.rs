//! From what people call a thing to its id: a ticket, request or token by its service, people by name.

use anyhow::Result;
use domain::id::{PersonId, RequestId, TicketId, TokenId};
use serde_json::Value;

use crate::client::{Client, text};
use crate::exit::No;
use crate::nearest::hint;

/// Somebody, by name or id. Of two with one name, the one who is still here.
pub async fn person(client: &Client, what: &str) -> Result<PersonId> {
    if let Ok(id) = what.parse() {
        return Ok(id);
    }
    let people = client.all("/v1/people").await?;
    let named = || people.iter().filter(|person| text(person, "name") == what);
    let active: Vec<_> = named().filter(|p| p.get("active") == Some(&Value::Bool(true))).collect();
    let found = if active.is_empty() { named().collect() } else { active };
    let names = people.iter().map(|person| text(person, "name"));
    Ok(only("person", what, &found, hint(what, names))?.parse()?)
}

/// The id of a vendor, by name or id.
pub async fn vendor(client: &Client, what: &str) -> Result<String> {
    let all = client.list("/v1/vendors").await?;
    let found: Vec<_> = all.iter().filter(|vendor| is_called(vendor, what)).collect();
    only("vendor", what, &found, hint(what, all.iter().map(|vendor| text(vendor, "name"))))
}

/// The id of an approved service, by name or id. Of one on its way its ticket is named.
pub async fn service(client: &Client, what: &str) -> Result<String> {
    let all = client.list("/v1/services").await?;
    let found: Vec<_> = all.iter().filter(|service| is_called(service, what)).collect();
    let on_its_way = |ticket: &Value| text(ticket, "name") == what && is_on_its_way(ticket);
    if found.is_empty() && client.all("/v1/tickets").await?.iter().any(on_its_way) {
        return Err(No::refused(format!(
            "`{what}` is not approved yet; `portcullis ticket show {what}` says what it waits for"
        )));
    }
    only("service", what, &found, hint(what, all.iter().map(|service| text(service, "name"))))
}

/// Whether a ticket is neither approved nor over.
pub fn is_on_its_way(ticket: &Value) -> bool {
    matches!(text(ticket, "status"), "evaluating" | "in review" | "rejected")
}

fn is_called(item: &Value, what: &str) -> bool {
    text(item, "id") == what || text(item, "name") == what
}

/// A ticket by id, or by its service's name if that can mean one alone: an open one or the newest
/// approved one, and of several one's own. Anybody can open a ticket under any name.
pub async fn ticket(client: &Client, what: &str) -> Result<TicketId> {
    if let Ok(id) = what.parse() {
        return Ok(id);
    }
    let all = client.all("/v1/tickets").await?;
    let named: Vec<_> = all.iter().filter(|ticket| text(ticket, "name") == what).collect();
    let status = |ticket: &Value| text(ticket, "status").to_owned();
    let approved = named.iter().rfind(|ticket| status(ticket) == "approved").copied();
    let open = named.iter().filter(|ticket| matches!(&*status(ticket), "evaluating" | "in review"));
    let mut found: Vec<_> = open.copied().chain(approved).collect();
    if found.is_empty() {
        found.extend(named.last());
    }
    let me = client.holder.as_ref().map(|holder| holder.person.as_str()).unwrap_or_default();
    let own: Vec<_> = found.iter().filter(|ticket| is(ticket, "requester", me)).copied().collect();
    let found = if own.is_empty() { found } else { own };
    let hint = hint(what, all.iter().map(|ticket| text(ticket, "name")));
    Ok(only("ticket", what, &found, hint)?.parse()?)
}

/// What is wanted of a request, when it is named by its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Any,
    /// In review.
    Sign,
    /// Granted, not claimed, and one's own to claim.
    Claim,
}

/// A request by id, or by its service's name if that can mean one alone.
pub async fn request(client: &Client, what: &str, wanted: Wanted) -> Result<RequestId> {
    if let Ok(id) = what.parse() {
        return Ok(id);
    }
    let all = client.all("/v1/requests").await?;
    let me = client.holder.as_ref().map(|holder| holder.person.as_str()).unwrap_or_default();
    let named: Vec<_> = all.iter().filter(|request| text(request, "service") == what).collect();
    let fits = |request: &&&Value| match wanted {
        Wanted::Any => open(request),
        Wanted::Sign => text(request, "status") == "in review",
        Wanted::Claim => {
            unclaimed(request) && (is(request, "owner", me) || is(request, "requester", me))
        }
    };
    let fitting: Vec<_> = named.iter().filter(fits).copied().collect();
    if fitting.is_empty() && named.len() > 1 {
        let none = match wanted {
            Wanted::Any => "is open any more",
            Wanted::Sign => "is in review",
            Wanted::Claim => "waits for you to claim it",
        };
        return Err(No::refused(format!(
            "none of the {} requests for `{what}` {none}: {}",
            named.len(),
            listed(&named)
        )));
    }
    // The server says what is wrong with the only one there is.
    let found = if fitting.is_empty() { named } else { fitting };
    let hint = hint(what, all.iter().map(|request| text(request, "service")));
    Ok(only("request", what, &found, hint)?.parse()?)
}

fn is(item: &Value, field: &str, person: &str) -> bool {
    item.get(field).is_some_and(|named| text(named, "id") == person)
}

fn open(request: &Value) -> bool {
    matches!(text(request, "status"), "requested" | "in review") || unclaimed(request)
}

fn unclaimed(request: &Value) -> bool {
    request.get("grant").filter(|grant| !grant.is_null()).is_some_and(|grant| {
        let revoked = grant.get("revoked") == Some(&Value::Bool(true));
        !revoked && grant.get("token").is_none_or(Value::is_null)
    })
}

/// A token by id, or by its service's name if only one lives there.
pub async fn token(client: &Client, what: &str) -> Result<TokenId> {
    if let Ok(id) = what.parse() {
        return Ok(id);
    }
    let all = client.all("/v1/tokens").await?;
    let named: Vec<_> = all.iter().filter(|token| text(token, "service") == what).collect();
    let with = |status: &str| -> Vec<&Value> {
        named.iter().filter(|token| text(token, "status") == status).copied().collect()
    };
    let living = [with("active"), with("rotating")].into_iter().find(|found| !found.is_empty());
    if living.is_none() && named.len() > 1 {
        return Err(No::refused(format!(
            "all {} tokens for `{what}` have ended: {}; a new one comes by `portcullis request new`",
            named.len(),
            listed(&named)
        )));
    }
    let found = living.unwrap_or(named);
    let hint = hint(what, all.iter().map(|token| text(token, "service")));
    Ok(only("token", what, &found, hint)?.parse()?)
}

/// Each with its status.
fn listed(items: &[&Value]) -> String {
    let item = |item: &&Value| format!("{} ({})", text(item, "id"), text(item, "status"));
    items.iter().map(item).collect::<Vec<_>>().join(", ")
}

/// The id of the one that was found.
fn only(noun: &str, what: &str, found: &[&Value], hint: String) -> Result<String> {
    match found {
        [one] => Ok(text(one, "id").to_owned()),
        [] => Err(No::refused(format!(
            "no {noun} is called `{what}`; `portcullis {noun} list` shows them all{hint}"
        ))),
        several => {
            let ids: Vec<_> = several.iter().map(|item| text(item, "id")).collect();
            let ids = ids.join(", ");
            Err(No::refused(format!("`{what}` can mean several {noun}s; use the id: {ids}")))
        }
    }
}
