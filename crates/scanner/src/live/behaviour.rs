//! Check `behaviour`: how fast, how sound and how lasting the service answered all that was sent.

mod numbers;

use std::time::{Duration, Instant};

use super::call::{Fill, takes_json_post};
use super::reading::{Reading, readings};
use super::reply::Reply;
use super::scan::Scan;
use super::sight::Sight;
use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::live::CheckId;
use crate::report::{Confidence, Severity};
use numbers::percentile;

pub const CHECK: Check = Check {
    id: CheckId::Behaviour,
    title: "Behaviour under attack",
    asks: "Does the service answer fast, refuse what is malformed, and stand when it is over?",
    flaws: &[&FELL],
    values: &[
        Measure {
            name: "behaviour.latency_p50_ms",
            kind: Kind::Int,
            meaning: "half of all answers took at most this long, in milliseconds",
        },
        Measure {
            name: "behaviour.latency_p95_ms",
            kind: Kind::Int,
            meaning: "95 of 100 answers took at most this long, in milliseconds",
        },
        Measure {
            name: "behaviour.latency_p99_ms",
            kind: Kind::Int,
            meaning: "99 of 100 answers took at most this long, in milliseconds",
        },
        Measure {
            name: "behaviour.answers_measured",
            kind: Kind::Int,
            meaning: "answers of the whole scan that were measured",
        },
        Measure {
            name: "behaviour.server_errors",
            kind: Kind::Int,
            meaning: "answers of 5xx among them",
        },
        Measure {
            name: "behaviour.malformed_sent",
            kind: Kind::Int,
            meaning: "bodies that are no JSON, sent where JSON is expected",
        },
        Measure {
            name: "behaviour.malformed_refused",
            kind: Kind::Int,
            meaning: "of those, the ones that were answered 4xx",
        },
        Measure {
            name: "behaviour.recovered",
            kind: Kind::Bool,
            meaning: "after everything, what succeeded before succeeded again",
        },
        Measure {
            name: "behaviour.recovery_ms",
            kind: Kind::Int,
            meaning: "milliseconds from the end of the attacks to that success",
        },
    ],
};

/// Readings that are sent for the latency alone, and malformed bodies.
const READS: usize = 30;
const MALFORMED: usize = 5;
/// How long the service is given to come back, and how often it is asked meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_secs(1);
/// Fewer answers make no percentile.
const LEAST: usize = 20;

/// What the end of a scan showed.
struct Seen {
    sights: Vec<Sight>,
    /// Statuses of the answers to malformed bodies.
    malformed: Vec<u16>,
    /// The readings that succeeded before, and how long until they did again; `None` if never.
    before: Option<Reading>,
    recovered: Option<Duration>,
    after: Option<Reply>,
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    match observe(scan).await {
        Ok(seen) => judge(&seen),
        Err(gap) => Judgement::unjudged(gap),
    }
}

async fn observe(scan: &Scan<'_>) -> Result<Seen, Gap> {
    let readings = readings(scan, 5).await?;
    let malformed = malformed(scan).await?;
    let before = readings.first().cloned();
    let (recovered, after) = match &before {
        Some(reading) => recover(scan, reading).await?,
        None => (None, None),
    };
    if recovered.is_some() {
        for reading in readings.iter().cycle().take(READS) {
            if scan.client.send(&reading.request).await.is_err_and(|error| error.is_final()) {
                break;
            }
        }
    }
    Ok(Seen { sights: scan.client.sights(), malformed, before, recovered, after })
}

/// Sends what is no JSON where JSON is expected; no server can act on it.
async fn malformed(scan: &Scan<'_>) -> Result<Vec<u16>, Gap> {
    let mut statuses = Vec::new();
    let posts = scan.document.operations.iter().filter(|one| takes_json_post(one));
    for operation in posts.take(MALFORMED) {
        let fill = Fill { path: Vec::new(), body: Some(b"{\"portcullis\": ".to_vec()) };
        match scan.send(&scan.call(operation, &fill).with(scan.genuine())).await {
            Ok(reply) => statuses.push(reply.status),
            Err(error) if error.is_final() => return Err(Gap::from(&error)),
            Err(_) => statuses.push(0),
        }
    }
    // Who is turned away at the door has not been asked.
    statuses.retain(|status| !matches!(status, 401 | 403 | 404 | 429));
    Ok(statuses)
}

async fn recover(
    scan: &Scan<'_>,
    reading: &Reading,
) -> Result<(Option<Duration>, Option<Reply>), Gap> {
    let begun = Instant::now();
    let mut last = None;
    while begun.elapsed() < PATIENCE {
        match scan.send(&reading.request).await {
            Ok(reply) if reply.is_success() => return Ok((Some(begun.elapsed()), Some(reply))),
            Ok(reply) => last = Some(reply),
            Err(error) if error.is_final() => return Err(Gap::from(&error)),
            Err(_) => {}
        }
        scan.client.budget.pause(PAUSE).await.map_err(|spent| Gap::from(&spent.into()))?;
    }
    Ok((None, last))
}

fn judge(seen: &Seen) -> Judgement {
    let mut judgement = Judgement::default();
    let mut took: Vec<_> = seen.sights.iter().map(|one| one.took).collect();
    took.sort_unstable();
    if took.len() >= LEAST {
        judgement.value("behaviour.latency_p50_ms", percentile(&took, 50));
        judgement.value("behaviour.latency_p95_ms", percentile(&took, 95));
        judgement.value("behaviour.latency_p99_ms", percentile(&took, 99));
    }
    judgement.value("behaviour.answers_measured", took.len());
    let broken = seen.sights.iter().filter(|one| one.status >= 500).count();
    judgement.value("behaviour.server_errors", broken);
    judgement.value("behaviour.malformed_sent", seen.malformed.len());
    let refused = seen.malformed.iter().filter(|status| (400..500).contains(*status)).count();
    judgement.value("behaviour.malformed_refused", refused);
    judge_recovery(seen, &mut judgement);
    judgement
}

fn judge_recovery(seen: &Seen, judgement: &mut Judgement) {
    let Some(before) = &seen.before else {
        judgement.gaps.push(Gap::control_refused("no reading operation succeeded before the end"));
        return;
    };
    if let Some(took) = seen.recovered {
        judgement.value("behaviour.recovered", true);
        let millis = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
        judgement.value("behaviour.recovery_ms", millis);
        return;
    }
    // A refusal is an answer: a limit that was reached, or a credential that was taken back.
    if seen.after.as_ref().is_some_and(|reply| reply.status < 500) {
        let status = seen.after.as_ref().map(|reply| reply.status).unwrap_or_default();
        judgement.gaps.push(Gap::undecided(format!("at the end the control met {status}")));
        return;
    }
    judgement.value("behaviour.recovered", false);
    let mut evidence = vec![before.reply.exchange.clone()];
    evidence.extend(seen.after.as_ref().map(|reply| reply.exchange.clone()));
    judgement.findings.push(FELL.found(before.operation(), evidence));
}

const FELL: Flaw = Flaw {
    id: "service-fell",
    check: CheckId::Behaviour.code(),
    title: "The service no longer answers after the scan",
    severity: Severity::High,
    confidence: Confidence::Medium,
    why: "What a bounded scan brings down, anybody brings down.",
    fix: "Find in the logs what it last worked on (every request carries `X-Portcullis-Scan`), and \
          bound it; restart what dies.",
    owasp: "API4:2023",
    cwe: 400,
};

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::live::reply::made::reply;
    use crate::live::request::Request;
    use crate::report::Value;

    fn seen(recovered: Option<Duration>, after: Option<Reply>) -> Seen {
        let sight = |millis, status| Sight {
            operation: None,
            status,
            took: Duration::from_millis(millis),
            cookies: Vec::new(),
        };
        let reading = Reading {
            index: 0,
            request: Request::get("/x".to_owned()),
            reply: Arc::new(reply(200, &[], "")),
            guarded: true,
        };
        Seen {
            sights: (1..=100).map(|at| sight(at, if at > 98 { 500 } else { 200 })).collect(),
            malformed: vec![400, 422, 500],
            before: Some(reading),
            recovered,
            after,
        }
    }

    #[test]
    fn what_was_sent_is_measured() {
        let judgement = judge(&seen(Some(Duration::from_millis(7)), None));
        let expected = [
            ("behaviour.answers_measured", 100),
            ("behaviour.latency_p50_ms", 50),
            ("behaviour.latency_p95_ms", 95),
            ("behaviour.latency_p99_ms", 99),
            ("behaviour.malformed_refused", 2),
            ("behaviour.malformed_sent", 3),
            ("behaviour.recovery_ms", 7),
            ("behaviour.server_errors", 2),
        ];
        for (name, value) in expected {
            assert_eq!(judgement.values[name], Value::Int(value), "{name}");
        }
        assert_eq!(judgement.values["behaviour.recovered"], Value::Bool(true));
        assert!(judgement.findings.is_empty());
    }

    #[test]
    fn a_service_that_fell_is_a_finding_and_one_that_refuses_is_not() {
        for after in [None, Some(reply(502, &[], ""))] {
            let judgement = judge(&seen(None, after));
            assert_eq!(judgement.findings.len(), 1);
            assert_eq!(judgement.values["behaviour.recovered"], Value::Bool(false));
        }
        let judgement = judge(&seen(None, Some(reply(429, &[], ""))));
        assert!(judgement.findings.is_empty() && judgement.gaps.len() == 1);
    }
}
