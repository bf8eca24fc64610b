//! `scan live --dry-run`: what would be asked of whom, without a request.

use anyhow::Result;
use scanner::api::{Api, Files, Operation, Put};
use scanner::order::Order;
use scanner::report::words;
use scanner::{CheckId, check};
use serde_json::json;

use crate::exit::Exit;
use crate::show::{self, Show};

/// Requests that are printed, and letters of each body.
const MOST_SHOWN: usize = 40;
const MOST_BODY: usize = 100;

pub fn print(order: &Order, files: &Files, show: Show) -> Result<Exit> {
    let api = Api::read(files)?;
    let bounds = order.bounds;
    let asked = api.operations.iter().filter(|one| !scanner::live::is_undoing(one));
    let (safe, changing): (Vec<_>, Vec<_>) = asked.partition(|one| one.method.is_safe());
    let credentials = &order.credentials;
    let logins = &credentials.logins;
    let given = [
        ("$A", credentials.token.is_some(), logins.a.is_some()),
        ("$B", credentials.second.is_some(), logins.b.is_some()),
        ("$ADMIN", credentials.admin.is_some(), logins.admin.is_some()),
    ];
    let identity = |(name, token, login): (&str, bool, bool)| match (token, login) {
        (true, _) => format!("{name}: the credential that was given"),
        (_, true) => format!("{name}: logs in with the account that was given"),
        _ if name == "$ADMIN" => format!("{name}: not given, not asked in its name"),
        _ => format!("{name}: registers and logs in where the document allows it"),
    };
    let identities: Vec<_> = given.into_iter().map(identity).collect();
    let checks: Vec<CheckId> = order.checks.clone();
    let first = |list: &[&Operation<'_>]| {
        list.iter().map(|operation| drafted(&api, operation)).collect::<Vec<_>>()
    };
    let (reads, changes) = (first(&safe), first(&changing));
    let plan = json!({
        "target": order.target,
        "requests_at_most": bounds.max_requests,
        "per_second_at_most": bounds.per_second,
        "seconds_at_most": bounds.seconds,
        "intensity": order.intensity,
        "identities": identities,
        "checks": checks.iter().map(|id| json!({"id": id.code(), "asks": check(*id).asks})).collect::<Vec<_>>(),
        "reads": reads,
        "changes": changes,
    });
    show.print(&plan, || {
        println!("nothing was sent. `scan live` would send to {}", order.target);
        println!(
            "at most {} requests, {} in a second, for {} s",
            bounds.max_requests, bounds.per_second, bounds.seconds
        );
        for identity in &identities {
            println!("  {identity}");
        }
        println!("\nlearning begins with these; ids and texts are then replaced by what it finds and makes:");
        for request in reads.iter().chain(&changes).take(MOST_SHOWN) {
            println!("  {}", words::line(request));
        }
        let rest = (reads.len() + changes.len()).saturating_sub(MOST_SHOWN);
        if rest > 0 {
            println!("  and {rest} more; `--json` lists all");
        }
        println!("\nwhat was seen to work is then sent again, changed in one thing, by these checks:");
        let rows = checks.iter().map(|id| vec![id.code().to_owned(), check(*id).asks.to_owned()]);
        show::table(&["check", "asks"], rows.collect());
    });
    Ok(Exit::Done)
}

/// The first request of an operation, with what the document itself suggests.
fn drafted<'a>(api: &Api<'a>, operation: &Operation<'a>) -> String {
    let mut line = operation.label();
    let mut query = Vec::new();
    for parameter in operation.parameters.iter().filter(|one| one.required) {
        let value = api.parameter_value(parameter).0;
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match parameter.put {
            Put::Path => line = line.replace(&format!("{{{}}}", parameter.name), &value),
            Put::Query => query.push(format!("{}={value}", parameter.name)),
            Put::Header | Put::Cookie => {}
        }
    }
    if !query.is_empty() {
        line = format!("{line}?{}", query.join("&"));
    }
    match operation.body().filter(|_| !operation.method.is_safe()) {
        Some(body) => {
            format!("{line}  {}", words::cut(&api.body_value(body).to_string(), MOST_BODY))
        }
        None => line,
    }
}
