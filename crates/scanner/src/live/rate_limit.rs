//! Check `rate-limit`: is a caller who asks too fast slowed down, told so, and let in again?

mod promised;

use std::time::Duration;

use futures_util::future::join_all;

use super::client::WireError;
use super::reply::Reply;
use super::request::Request;
use super::scan::Scan;
use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::live::CheckId;
use crate::report::{Confidence, Exchange, GapCode, Severity};

pub const CHECK: Check = Check {
    id: CheckId::RateLimit,
    title: "Rate limit",
    asks: "Is a burst of requests with one credential limited, with a word on when to come back?",
    flaws: &[&NO_LIMIT, &NO_RETRY_AFTER, &promised::IGNORED],
    values: &[
        Measure {
            name: "limits.rate_limit_seen",
            kind: Kind::Bool,
            meaning: "a bounded burst on one reading operation met 429, or was counted down in \
                      rate-limit headers",
        },
        Measure {
            name: "limits.retry_after",
            kind: Kind::Bool,
            meaning: "the refusal said when to come back (Retry-After, RFC 9110 §10.2.3)",
        },
        Measure {
            name: "limits.headers",
            kind: Kind::Bool,
            meaning: "answers say how much is left (RateLimit or X-RateLimit headers)",
        },
        Measure {
            name: "limits.promises_kept",
            kind: Kind::Bool,
            meaning: "operations whose limit the document promises kept it; measured where a promise \
                      is small enough to be tried",
        },
        Measure {
            name: "limits.recovered",
            kind: Kind::Bool,
            meaning: "after the stated wait the same request succeeded",
        },
    ],
};

/// Requests of the burst at most, and the fewest from which "no limit" may be concluded.
const BURST: u32 = 300;
const LEAST_BURST: usize = 30;
/// Requests in flight at a time. Their pace is the order's.
const WAVE: u32 = 16;
/// How long a stated wait is waited for.
const MOST_WAIT: u64 = 60;

/// What a burst showed.
struct Seen {
    operation: String,
    /// The control that succeeded before.
    before: Exchange,
    replies: Vec<Reply>,
    failures: Vec<WireError>,
    /// Whether the request succeeded again after the stated wait; an error if that was not seen.
    recovered: Result<bool, Gap>,
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    // Each promise has a count of its own, which the burst would spend.
    let promised = match scan.known_world() {
        Some(world) => promised::look(scan, world).await,
        None => Ok(promised::Tried::default()),
    };
    let mut judgement = match observe(scan).await {
        Ok(seen) => judge(&seen),
        Err(gap) => Judgement::unjudged(gap),
    };
    match promised {
        Ok(tried) => {
            if tried.operations > 0 {
                judgement.value("limits.promises_kept", tried.findings.is_empty());
            }
            judgement.findings.extend(tried.findings);
        }
        Err(gap) => judgement.gaps.push(gap),
    }
    judgement
}

async fn observe(scan: &Scan<'_>) -> Result<Seen, Gap> {
    let guarded = scan.guarded().await?;
    let (mut replies, mut failures) = (Vec::new(), Vec::new());
    // Two turns are kept back to see the recovery.
    let mut left = BURST.min(scan.client.budget.left().saturating_sub(2));
    while left > 0 && !replies.iter().any(is_limited) && failures.is_empty() {
        let wave = (0..left.min(WAVE)).map(|_| scan.client.send(&guarded.request));
        for answer in join_all(wave).await {
            match answer {
                Ok(reply) => replies.push(reply),
                Err(error) => failures.push(error),
            }
        }
        left -= left.min(WAVE);
    }
    let recovered = match replies.iter().find(|reply| is_limited(reply)) {
        Some(refusal) => recover(scan, &guarded.request, refusal).await,
        None => Err(Gap::undecided("no request was refused, so how it refuses is not known")),
    };
    let (operation, before) = (guarded.operation, guarded.control.exchange.clone());
    Ok(Seen { operation, before, replies, failures, recovered })
}

async fn recover(scan: &Scan<'_>, request: &Request, refusal: &Reply) -> Result<bool, Gap> {
    let wait = seconds_to_wait(refusal).unwrap_or(1).max(1);
    if wait > MOST_WAIT {
        return Err(Gap::undecided(format!("the stated wait of {wait} s was not waited for")));
    }
    let budget = &scan.client.budget;
    budget.pause(Duration::from_secs(wait)).await.map_err(|spent| Gap::from(&spent.into()))?;
    let again = scan.send(request).await.map_err(|error| Gap::from(&error))?;
    Ok(again.is_success())
}

fn judge(seen: &Seen) -> Judgement {
    let mut judgement = Judgement::default();
    let refusals: Vec<_> = seen.replies.iter().filter(|reply| is_limited(reply)).collect();
    let announced = seen.replies.iter().any(|reply| remaining(reply).is_some());
    let Some(refusal) = refusals.first() else {
        judge_unlimited(seen, announced, &mut judgement);
        return judgement;
    };
    judgement.value("limits.rate_limit_seen", true);
    judgement.value("limits.headers", announced);
    let told = seconds_to_wait(refusal).is_some();
    judgement.value("limits.retry_after", told);
    if !told {
        let evidence = vec![seen.before.clone(), refusal.exchange.clone()];
        judgement.findings.push(NO_RETRY_AFTER.found(Some(seen.operation.clone()), evidence));
    }
    match &seen.recovered {
        Ok(recovered) => judgement.value("limits.recovered", *recovered),
        Err(gap) => judgement.gaps.push(gap.clone()),
    }
    judgement
}

fn judge_unlimited(seen: &Seen, announced: bool, judgement: &mut Judgement) {
    if let Some(error) = seen.failures.first() {
        judgement.gaps.push(Gap::from(error));
        return;
    }
    if seen.replies.len() < LEAST_BURST {
        let detail = format!("only {} requests were left for the burst", seen.replies.len());
        judgement.gaps.push(Gap::new(GapCode::OutOfRequests, detail));
        return;
    }
    if let Some(odd) = seen.replies.iter().find(|reply| !reply.is_success()) {
        let detail = format!("the burst met status {}", odd.status);
        judgement.gaps.push(Gap::undecided(detail));
        return;
    }
    judgement.value("limits.headers", announced);
    if counts_down(&seen.replies) {
        judgement.value("limits.rate_limit_seen", true);
        judgement.gaps.extend(seen.recovered.clone().err());
        return;
    }
    judgement.value("limits.rate_limit_seen", false);
    let last = seen.replies.last().map(|reply| reply.exchange.clone());
    let mut finding = NO_LIMIT.found(
        Some(seen.operation.clone()),
        [Some(seen.before.clone()), last].into_iter().flatten().collect(),
    );
    let count = seen.replies.len();
    finding.why = format!("{} None of {count} requests in a row was refused.", finding.why);
    finding.replay = format!(
        "for i in $(seq {count}); do {} -o /dev/null -w '%{{http_code}}\\n'; done | sort | uniq -c",
        seen.before.curl
    );
    judgement.findings.push(finding);
}

/// 429, or a 503 that says when to come back (RFC 6585 §4, RFC 9110 §15.6.4).
fn is_limited(reply: &Reply) -> bool {
    reply.status == 429 || (reply.status == 503 && reply.header("retry-after").is_some())
}

/// The stated wait in seconds. An HTTP date counts as stated; how long it is is not worked out.
fn seconds_to_wait(reply: &Reply) -> Option<u64> {
    let text = reply.header("retry-after")?.trim();
    text.parse().ok().or_else(|| text.ends_with("GMT").then_some(1))
}

/// What is left by the answer's own account, in any of the customary headers.
fn remaining(reply: &Reply) -> Option<u64> {
    let plain = ["ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining"];
    let number = plain.iter().find_map(|name| reply.header(name)?.trim().parse().ok());
    // `RateLimit: "default";r=50;t=30`, or `limit=100, remaining=50` of older drafts.
    let structured = || {
        let fields = reply.header("ratelimit")?.split([';', ',']);
        fields.filter_map(|field| field.trim().split_once('=')).find_map(|(name, value)| {
            ["r", "remaining"].contains(&name).then(|| value.trim().parse().ok()).flatten()
        })
    };
    number.or_else(structured)
}

/// True if what is left falls with the requests, at least by every second one.
fn counts_down(replies: &[Reply]) -> bool {
    let left: Vec<_> = replies.iter().filter_map(remaining).collect();
    let (Some(most), Some(least)) = (left.iter().max(), left.iter().min()) else { return false };
    left.len() == replies.len() && 2 * (most - least) >= left.len() as u64
}

const NO_LIMIT: Flaw = Flaw {
    id: "rate-limit-missing",
    check: CheckId::RateLimit.code(),
    title: "No rate limit was met",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    why: "A stolen credential or a faulty client can copy everything, guess, or exhaust the service.",
    fix: "Limit requests for each credential and address; answer 429 with Retry-After.",
    owasp: "API4:2023",
    cwe: 770,
};

const NO_RETRY_AFTER: Flaw = Flaw {
    id: "retry-after-missing",
    title: "A limited caller is not told when to come back",
    severity: Severity::Low,
    confidence: Confidence::High,
    why: "Clients that do not know how long to wait try again at once and make it worse.",
    fix: "Send Retry-After with every 429 (RFC 6585 §4).",
    ..NO_LIMIT
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::reply;
    use crate::report::Value;

    fn seen(replies: Vec<Reply>) -> Seen {
        let before = reply(200, &[], "").exchange;
        let recovered = match replies.iter().any(is_limited) {
            true => Ok(true),
            false => Err(Gap::undecided("none")),
        };
        Seen { operation: "GET /x".to_owned(), before, replies, failures: Vec::new(), recovered }
    }

    fn burst(count: usize, headers: &[(&str, &str)]) -> Vec<Reply> {
        (0..count).map(|_| reply(200, headers, "")).collect()
    }

    #[test]
    fn a_refusal_with_a_wait_is_all_good() {
        let mut replies = burst(5, &[("ratelimit", "\"default\";r=3;t=9")]);
        replies.push(reply(429, &[("retry-after", "3")], ""));
        let judgement = judge(&seen(replies));
        assert!(judgement.findings.is_empty() && judgement.gaps.is_empty());
        assert!(judgement.values.values().all(|value| *value == Value::Bool(true)));
        assert_eq!(judgement.values.len(), 4);
    }

    #[test]
    fn a_refusal_without_a_wait_is_a_small_finding() {
        let judgement = judge(&seen(vec![reply(429, &[], "")]));
        assert_eq!(judgement.values["limits.retry_after"], Value::Bool(false));
        assert_eq!(judgement.findings.len(), 1);
    }

    #[test]
    fn no_refusal_in_a_real_burst_is_a_finding() {
        let judgement = judge(&seen(burst(40, &[])));
        assert_eq!(judgement.values["limits.rate_limit_seen"], Value::Bool(false));
        assert!(judgement.findings[0].replay.contains("seq 40"));
    }

    #[test]
    fn a_short_burst_proves_nothing() {
        let judgement = judge(&seen(burst(LEAST_BURST - 1, &[])));
        assert!(judgement.values.is_empty() && judgement.findings.is_empty());
        assert_eq!(judgement.gaps[0].code, GapCode::OutOfRequests);
    }

    #[test]
    fn a_count_that_falls_is_a_limit_and_one_that_stands_is_decoration() {
        let falling: Vec<_> = (0..40)
            .map(|index| reply(200, &[("x-ratelimit-remaining", &(5_000 - index).to_string())], ""))
            .collect();
        let judgement = judge(&seen(falling));
        assert_eq!(judgement.values["limits.rate_limit_seen"], Value::Bool(true));
        assert!(!judgement.values.contains_key("limits.retry_after"));
        let standing = judge(&seen(burst(40, &[("x-ratelimit-remaining", "5000")])));
        assert_eq!(standing.values["limits.rate_limit_seen"], Value::Bool(false));
    }

    #[test]
    fn failures_in_the_burst_are_not_called_a_missing_limit() {
        let mut seen = seen(burst(40, &[]));
        seen.replies.push(reply(502, &[], ""));
        assert!(judge(&seen).values.is_empty());
    }

    #[test]
    fn what_is_left_is_read_from_every_customary_header() {
        let cases = [
            ("ratelimit", "\"default\";r=7;t=1"),
            ("ratelimit", "limit=10, remaining=7, reset=1"),
            ("ratelimit-remaining", "7"),
            ("x-ratelimit-remaining", " 7"),
        ];
        for (name, value) in cases {
            assert_eq!(remaining(&reply(200, &[(name, value)], "")), Some(7), "{name}: {value}");
        }
    }
}
