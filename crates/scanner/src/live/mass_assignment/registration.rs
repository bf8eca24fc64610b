//! Fields sent along when an account is registered, and what the new account is told of itself.

use serde_json::{Map, Value};

use super::fields::{Wish, wishes};
use super::{Sent, is_good};
use crate::api::Operation;
use crate::live::actor::{Account, Who, log_in, sign_up, sign_up_with};
use crate::live::authority::{listed, mirror_of};
use crate::live::client::WireError;
use crate::live::scan::Scan;
use crate::live::world::{World, facts};
use crate::report::Exchange;

/// Registers one account without and one with fields that are not its own.
pub(super) async fn ask(
    scan: &Scan<'_>,
    world: &World,
    index: usize,
    operation: &Operation<'_>,
) -> Result<Option<Sent>, WireError> {
    let Ok(control) = sign_up(scan, Who::C, index).await else { return Ok(None) };
    let Some(first) = told(scan, world, &control).await? else { return Ok(None) };
    let wishes: Vec<Wish> = wishes(scan, world, operation, &first.0, &control.sent);
    if wishes.is_empty() {
        return Ok(None);
    }
    let all: Vec<_> = wishes.iter().map(|wish| (wish.name.clone(), wish.value.clone())).collect();
    let mut account = sign_up_with(scan, Who::C, index, &all).await.ok();
    for one in all.iter().take(if account.is_none() { 8 } else { 0 }) {
        account = sign_up_with(scan, Who::C, index, std::slice::from_ref(one)).await.ok();
        if account.is_some() {
            break;
        }
    }
    let (control, mut evidence) = first;
    let Some(account) = account else {
        return Ok(Some(Sent { attack: control.clone(), control, wishes, evidence }));
    };
    let Some((attack, more)) = told(scan, world, &account).await? else { return Ok(None) };
    evidence.extend(more);
    Ok(Some(Sent { control, attack, wishes, evidence }))
}

/// What a fresh account is told of itself: by `/me` after logging in, else by the registration.
async fn told(
    scan: &Scan<'_>,
    world: &World,
    account: &Account,
) -> Result<Option<(Map<String, Value>, Vec<Exchange>)>, WireError> {
    let Some(registered) = account.registered.clone() else { return Ok(None) };
    let mut record = registered.json().as_ref().and_then(facts::record).unwrap_or_default();
    let mut evidence = vec![registered.exchange.clone()];
    if let Ok(actor) = log_in(scan, Who::C, account.clone()).await
        && let Some(request) = mirror_of(scan, world)
    {
        let reply = scan.send(&request.with(Some(actor.credential))).await?;
        let shown = reply.json().as_ref().and_then(facts::record);
        if let Some(shown) = shown.filter(|_| is_good(&reply)) {
            record = shown;
            evidence.push(reply.exchange);
        }
    }
    let (told, shown) = listed(scan, world, account).await?;
    record.extend(told);
    evidence.extend(shown);
    // What registering repeats of the request alone is no proof where more is known.
    Ok((!record.is_empty()).then_some((record, evidence)))
}
