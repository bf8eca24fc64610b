//! Limits that the document promises for one operation, tried at that operation.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::{NO_LIMIT, is_limited};
use crate::api::Operation;
use crate::flaw::Flaw;
use crate::live::Gap;
use crate::live::actor::Role;
use crate::live::invent::words;
use crate::live::reply::Reply;
use crate::live::scan::Scan;
use crate::live::world::{Case, World};
use crate::order::Intensity;
use crate::report::{Confidence, Finding};

/// Operations that are tried.
const MOST: usize = 5;
/// A larger promise is not tried: it would take too many requests.
const MOST_PROMISED: u32 = 150;
/// Requests where the document promises 429 and no number.
const UNSTATED: u32 = 100;
/// Requests beyond the promise, for limits that count in two windows or let a few through.
const MORE: u32 = 5;
/// Requests in flight at a time.
const WAVE: u32 = 8;

pub const IGNORED: Flaw = Flaw {
    id: "documented-rate-limit-ignored",
    title: "A limit that the document promises is not kept",
    confidence: Confidence::High,
    why: "The document says how often this operation may be called; more calls than that were \
          carried out in that time.",
    fix: "Count the calls of each credential and address where the operation is carried out, and \
          answer 429 with Retry-After beyond the limit.",
    ..NO_LIMIT
};

/// So many calls in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Promise {
    calls: u32,
    window: Duration,
}

/// What the trials of promised limits showed.
#[derive(Default)]
pub struct Tried {
    pub operations: usize,
    pub findings: Vec<Finding>,
}

/// Tries the operations that promise a limit and were seen to succeed.
pub async fn look(scan: &Scan<'_>, world: &World) -> Result<Tried, Gap> {
    let mut tried = Tried::default();
    let operations = &scan.document.operations;
    // Where every operation has the same line, it is boilerplate and promises nothing.
    let promising = operations.iter().filter(|one| one.answers_with("429")).count();
    let boilerplate = promising * 4 > operations.len();
    for (index, operation) in operations.iter().enumerate() {
        if world.roles.get(index).is_some_and(|role| *role != Role::Plain)
            || (scan.intensity == Intensity::Gentle && !operation.method.is_safe())
            || tried.operations == MOST
        {
            continue;
        }
        let stated = stated(operation);
        let promised = stated.is_some() || (operation.answers_with("429") && !boilerplate);
        let Some(case) = world.any_case(index).filter(|_| promised) else { continue };
        tried.operations += 1;
        tried.findings.extend(exceed(scan, case, stated).await?);
    }
    Ok(tried)
}

/// Calls more often than promised. Only what was carried out counts, and only within the window.
async fn exceed(
    scan: &Scan<'_>,
    case: &Case,
    stated: Option<Promise>,
) -> Result<Option<Finding>, Gap> {
    let most = stated.map_or(UNSTATED, |promise| promise.calls) + MORE;
    if stated.is_some_and(|promise| promise.calls > MOST_PROMISED)
        || scan.client.budget.left() < 2 * most
    {
        return Ok(None);
    }
    let start = Instant::now();
    let mut done: Vec<Reply> = Vec::new();
    let mut left = most;
    while left > 0 {
        let requests: Vec<_> = (0..left.min(WAVE)).map(|_| case.request(scan, &[])).collect();
        for answer in join_all(requests.iter().map(|request| scan.client.send(request))).await {
            match answer {
                Ok(reply) if is_limited(&reply) => return Ok(None),
                Ok(reply) if reply.is_success() => done.push(reply),
                Ok(_) => return Ok(None),
                Err(error) if error.is_final() => return Err(Gap::from(&error)),
                Err(_) => return Ok(None),
            }
        }
        left -= left.min(WAVE);
    }
    if stated.is_some_and(|promise| start.elapsed() >= promise.window) {
        return Ok(None);
    }
    Ok(Some(finding(case, stated, &done)))
}

fn finding(case: &Case, stated: Option<Promise>, done: &[Reply]) -> Finding {
    let shown = done.first().into_iter().chain(done.last());
    let evidence = shown.map(|reply| reply.exchange.clone()).collect();
    let mut finding = IGNORED.found(case.request.operation.clone(), evidence);
    let promise = match stated {
        Some(Promise { calls, window }) => format!("{calls} calls in {} s", window.as_secs()),
        None => {
            finding.confidence = Confidence::Medium;
            "429, without a number".to_owned()
        }
    };
    finding.why =
        format!("{} Promised: {promise}. Carried out in a row: {}.", finding.why, done.len());
    finding
}

/// The promise in an operation's words, for instance `30 calls in 10 seconds` or `60/min`.
fn stated(operation: &Operation<'_>) -> Option<Promise> {
    let answers = operation.answers.iter().map(|answer| answer.description);
    let said = [operation.summary, operation.description].into_iter().chain(answers);
    let about_limits = operation.answers_with("429");
    said.filter(|text| about_limits || tells_of_limits(text)).find_map(read)
}

fn tells_of_limits(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["429", "limit", "throttl", "at most", "no more than"].iter().any(|word| text.contains(word))
}

fn read(text: &str) -> Option<Promise> {
    let said: Vec<String> = words(&text.to_ascii_lowercase().replace('/', " per "));
    let number = |word: &String| word.parse::<u32>().ok();
    let link =
        |word: &String| matches!(word.as_str(), "in" | "per" | "every" | "each" | "a" | "an");
    (0..said.len()).find_map(|at| {
        let calls = number(said.get(at)?).filter(|calls| *calls > 0)?;
        let rest = said.get(at + 1..)?;
        let linked = rest.iter().take(4).position(link)? + 1;
        let mut after = rest.get(linked..)?.iter();
        let first = after.next()?;
        let (units, unit) = match number(first) {
            Some(units) => (units, after.next()?),
            None => (1, first),
        };
        let window = Duration::from_secs(u64::from(units) * seconds(unit)?);
        Some(Promise { calls, window })
    })
}

fn seconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        "day" | "days" => 86_400,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_are_read_in_many_words() {
        for (text, calls, seconds) in [
            ("Add readings; 30 calls in 10 seconds (X-RateLimit-Limit)", 30, 10),
            ("What a text will look like (30 in 10 seconds, then 429)", 30, 10),
            ("At most 60 requests per minute.", 60, 60),
            ("Limited to 5 exports an hour", 5, 3_600),
            ("Rate limit: 100 req/min", 100, 60),
            ("20/s", 20, 1),
            ("3 times a day", 3, 86_400),
        ] {
            let expected = Promise { calls, window: Duration::from_secs(seconds) };
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for text in ["the last 30 days", "answers 429", "1 of 3 in a list", "ends in 10 seconds"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
