//! `scan live --dry-run`: what would be asked of whom, without a request.

use anyhow::Result;
use scanner::api::{Api, Files};
use scanner::order::Order;
use scanner::{CheckId, check};
use serde_json::json;

use crate::exit::Exit;
use crate::show::{self, Show};

pub fn print(order: &Order, files: &Files, show: Show) -> Result<Exit> {
    let api = Api::read(files)?;
    let bounds = order.bounds;
    let (safe, changing): (Vec<_>, Vec<_>) =
        api.operations.iter().partition(|operation| operation.method.is_safe());
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
    let labels = |list: &[&scanner::api::Operation<'_>]| {
        list.iter().map(|operation| operation.label()).collect::<Vec<_>>()
    };
    let plan = json!({
        "target": order.target,
        "requests_at_most": bounds.max_requests,
        "per_second_at_most": bounds.per_second,
        "seconds_at_most": bounds.seconds,
        "intensity": order.intensity,
        "identities": identities,
        "checks": checks.iter().map(|id| json!({"id": id.code(), "asks": check(*id).asks})).collect::<Vec<_>>(),
        "reads": labels(&safe),
        "changes": labels(&changing),
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
        println!(
            "\n{} operations that read, {} that change something (on objects that the scan makes itself):",
            safe.len(),
            changing.len()
        );
        let rows = checks.iter().map(|id| vec![id.code().to_owned(), check(*id).asks.to_owned()]);
        show::table(&["check", "asks"], rows.collect());
        println!("\n`--json` lists the operations");
    });
    Ok(Exit::Done)
}
