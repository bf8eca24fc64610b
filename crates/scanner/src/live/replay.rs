//! Check `replay`: is a request that is sent again with the same key carried out once?

mod effect;

use serde_json::Value as Json;

use super::actor::Role;
use super::client::WireError;
use super::injection::probe::name;
use super::invent::{uuid, words};
use super::likeness::tells_of_error;
use super::reply::Reply;
use super::scan::Scan;
use super::world::{Case, Change, Object, Point, Spot, World, facts, points};
use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::api::Method;
use crate::live::CheckId;
use crate::order::Intensity;
use crate::report::{Confidence, Finding, Severity};
use effect::Ledger;

pub const CHECK: Check = Check {
    id: CheckId::Replay,
    title: "Replay",
    asks: "Is a request that is sent again carried out once?",
    flaws: &[&TWICE, &CODE],
    values: &[Measure {
        name: "replay.refused",
        kind: Kind::Bool,
        meaning: "no request with a key, and no one-time code, had its effect twice",
    }],
};

const MOST: usize = 10;

pub async fn run(scan: &Scan<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    if scan.intensity == Intensity::Gentle {
        return Judgement::unjudged(Gap::undecided("a gentle scan sends nothing twice"));
    }
    let world = scan.world().await;
    match observe(scan, world).await {
        Ok((found, 0)) => judgement.findings.extend(found),
        Ok((found, _)) => {
            judgement.value("replay.refused", found.is_empty());
            judgement.findings.extend(found);
        }
        Err(gap) => judgement.gaps.push(gap),
    }
    judgement
}

async fn observe(scan: &Scan<'_>, world: &World) -> Result<(Vec<Finding>, usize), Gap> {
    let (mut found, mut tried) = (Vec::new(), 0);
    for (index, operation) in scan.document.operations.iter().enumerate() {
        let plain = world.roles.get(index).is_none_or(|role| *role == Role::Plain);
        if operation.method != Method::Post || !plain || tried == MOST {
            continue;
        }
        let Some(case) = world.any_case(index) else { continue };
        let points = points(scan, case);
        let told =
            [operation.summary, operation.description].iter().any(|text| tells_of_once(text));
        let key = points.iter().find(|point| is_key(point) || (told && is_reference(point)));
        let code = points.iter().any(is_code)
            || said(operation.path).iter().any(|word| is_code_word(word));
        if key.is_none() && !code {
            continue;
        }
        tried += 1;
        found.extend(twice(scan, world, case, key).await?);
    }
    Ok((found, tried))
}

fn said(path: &str) -> Vec<String> {
    path.split('/').flat_map(words).collect()
}

/// A header or field by which a request can be told from its repetition.
fn is_key(point: &Point) -> bool {
    let name = words(name(&point.spot)).concat();
    let body = [
        "requestid",
        "idempotencykey",
        "clientrequestid",
        "transactionid",
        "dedupid",
        "nonce",
        "operationid",
        "clientreference",
    ];
    match point.spot {
        Spot::Header(_) => name.contains("idempoten"),
        Spot::Body(_) => name.contains("idempoten") || body.contains(&name.as_str()),
        _ => false,
    }
}

/// True if the document says that something is taken or done once.
fn tells_of_once(text: &str) -> bool {
    let said = words(text);
    let once = ["once", "twice", "idempotent", "idempotency", "duplicate", "duplicates", "unique"];
    said.iter().any(|word| once.contains(&word.as_str()))
}

/// A field of the caller's choice by which a request is known, where the document says so.
fn is_reference(point: &Point) -> bool {
    let last = words(name(&point.spot)).pop().unwrap_or_default();
    let names = ["receipt", "reference", "ref", "number", "key", "nonce", "id"];
    matches!(point.spot, Spot::Body(_)) && point.kind == "string" && names.contains(&last.as_str())
}

fn is_code(point: &Point) -> bool {
    matches!(point.spot, Spot::Body(_))
        && words(name(&point.spot)).iter().any(|word| is_code_word(word))
}

fn is_code_word(word: &str) -> bool {
    ["coupon", "voucher", "redeem", "giftcard", "promo", "otp"].contains(&word)
}

/// Sends the same request twice on new ground, and looks each time at what A can read.
async fn twice(
    scan: &Scan<'_>,
    world: &World,
    case: &Case,
    key: Option<&Point>,
) -> Result<Option<Finding>, Gap> {
    let mut changes = Vec::new();
    // What was paid or used once before may be so no more: a new object is.
    if let Some(object) = case.object.and_then(|index| world.objects().get(index)) {
        let new = world.again(scan, object, &[]).await;
        if let Some(new) = new.or_else(passing)? {
            let operation = scan.document.operations.get(case.operation);
            changes.extend(operation.into_iter().flat_map(|one| path_of(&new, one.path)));
        }
    }
    if let Some(key) = key {
        changes.push(Change::new(key.spot.clone(), Json::from(uuid())));
    }
    let request = case.request(scan, &changes);
    let ledger = Ledger::of(scan, world, case, &changes);
    let quiet = (ledger.read().await?, ledger.read().await?);
    let Some(first) = sent(scan, &request).await? else { return Ok(None) };
    let once = ledger.read().await?;
    let Some(second) = sent(scan, &request).await? else { return Ok(None) };
    let again = ledger.read().await?;
    let Some(moved) = effect::repeated(&quiet.0, &quiet.1, &once, &again) else { return Ok(None) };
    let flaw = if key.is_some() { &TWICE } else { &CODE };
    let mut evidence = vec![first.exchange, second.exchange];
    evidence.extend(again.exchange(&moved));
    let mut finding = flaw.found(case.request.operation.clone(), evidence);
    finding.why = format!("{} Twice the same change: {moved}.", finding.why);
    Ok(Some(finding))
}

/// The id of another object, where a path names one of its kind.
fn path_of(object: &Object, path: &str) -> Option<Change> {
    facts::parameters(path).into_iter().find_map(|name| {
        let at = path.find(&format!("{{{name}}}"))?;
        let before = path.get(..at)?.trim_end_matches('/');
        if facts::normal(before) != object.collection {
            return None;
        }
        let id = facts::value_for(&object.record, name, &facts::kind(before))?;
        Some(Change::new(Spot::Path(name.to_owned()), id))
    })
}

/// What fails once is no reason to stop; what ends the scan is.
fn passing<T>(error: WireError) -> Result<Option<T>, Gap> {
    if error.is_final() { Err(Gap::from(&error)) } else { Ok(None) }
}

async fn sent(
    scan: &Scan<'_>,
    request: &crate::live::request::Request,
) -> Result<Option<Reply>, Gap> {
    let reply = scan.answer(request).await?;
    Ok(reply.filter(|reply| reply.is_success() && !tells_of_error(reply)))
}

const TWICE: Flaw = Flaw {
    id: "request-replayed",
    check: CheckId::Replay.code(),
    title: "A request with the same key is carried out twice",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "Whoever repeats after a lost answer, by accident or on purpose, pays or orders twice.",
    fix: "Keep the key with the result for a day; give the first result again and do nothing.",
    owasp: "API6:2023",
    cwe: 837,
};

const CODE: Flaw = Flaw {
    id: "one-time-code-replayed",
    title: "A code that should work once works twice",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    why: "What should be given once is given as often as it is asked for.",
    fix: "Note in one step that a code was used and what it was used for.",
    ..TWICE
};
