//! Check `slow-patterns`: does checking a text take exponentially longer with its length (ReDoS)?

use std::time::Duration;

use super::actor::Role;
use super::attempt::attempts;
use super::injection::probe::{self, Asked, Probe};
use super::scan::Scan;
use super::world::{Spot, World, changes_login, every_point};
use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::live::CheckId;
use crate::order::Intensity;
use crate::report::{Confidence, Exchange, Finding, Severity};

pub const CHECK: Check = Check {
    id: CheckId::SlowPatterns,
    title: "Slow patterns",
    asks: "Does a short text keep the service busy for long?",
    flaws: &[&SLOW],
    values: &[
        Measure {
            name: "slow_patterns.found",
            kind: Kind::Int,
            meaning: "places where a text of thirty characters takes many times longer than one of twenty",
        },
        Measure {
            name: "slow_patterns.places_tested",
            kind: Kind::Int,
            meaning: "parameters and fields that were tested",
        },
    ],
};

/// What is repeated, between what stands before and the end that fits no pattern.
const TEXTS: [(&str, &str, &str); 9] = [
    ("", "a", "!"),
    ("", "A", "!"),
    ("", "0", "!"),
    ("-", "a", "!"),
    ("a@", "a", "!"),
    ("a@a", ".a", "!"),
    ("", " ", "!"),
    ("", "a ", "!"),
    ("/", "a/", "\0"),
];
/// How often, step by step: from twenty on each step makes an exponential pattern at least twice as
/// slow for each letter.
const STEPS: [usize; 8] = [12, 16, 20, 22, 24, 26, 28, 30];
/// Milliseconds: what can be felt at all, what is notable, and from where on nothing longer is asked.
const FELT: u64 = 8;
const NOTABLE: u64 = 120;
const ENOUGH: u64 = 500;
/// How often a climb is confirmed.
const ROUNDS: usize = 3;
/// How much longer each step must take than the one before it.
const GROWTH: u64 = 3;

pub async fn run(scan: &Scan<'_>) -> Judgement {
    let world = scan.world().await;
    let mut judgement = Judgement::default();
    match observe(scan, world).await {
        Ok((found, tested)) => {
            judgement.value("slow_patterns.found", found.len());
            judgement.value("slow_patterns.places_tested", tested);
            judgement.findings = found;
        }
        Err(gap) => judgement.gaps.push(gap),
    }
    judgement
}

async fn observe(scan: &Scan<'_>, world: &World) -> Result<(Vec<Finding>, usize), Gap> {
    let most = match scan.intensity {
        Intensity::Gentle => 8,
        Intensity::Normal => 40,
        Intensity::Thorough => 120,
    };
    let (mut found, mut tested) = (Vec::new(), 0);
    let cases = attempts(scan, world).await?;
    for case in &cases {
        let role = world.roles.get(case.operation).copied().unwrap_or(Role::Plain);
        if role != Role::Plain {
            continue;
        }
        let mut points = every_point(scan, case);
        points.retain(|point| {
            let text = point.kind == "string" && !matches!(point.spot, Spot::Path(_));
            // An address is what patterns are written for; a name that was taken could not be given back.
            let kept =
                changes_login(scan, case, point) && !probe::name(&point.spot).contains("mail");
            text && probe::takes_text(point) && !kept
        });
        if points.is_empty() || tested >= most {
            continue;
        }
        let Some(before) = probe::baseline(scan, case).await? else { continue };
        for point in points {
            tested += 1;
            let login = changes_login(scan, case, &point);
            let probe = Probe::new(scan, case, point, before.clone(), role);
            found.extend(slow(&probe).await?);
            if login {
                scan.answer(&case.request(scan, &[])).await?;
            }
        }
    }
    Ok((found, tested))
}

async fn slow(probe: &Probe<'_, '_>) -> Result<Option<Finding>, Gap> {
    for text in TEXTS {
        let Some(climb) = climb(probe, text).await? else { continue };
        if !explodes(&climb) {
            continue;
        }
        let longest = climb.last().map_or(0, |step| step.count);
        let Some(control) = confirmed(probe, text, longest).await? else { continue };
        let (_, part, _) = text;
        let told: Vec<_> =
            climb.iter().map(|step| format!("{} in {} ms", step.count, step.millis)).collect();
        let how = format!("Repetitions of `{part}`: {}.", told.join(", "));
        let proof =
            [Some(control.exchange), climb.into_iter().next_back().map(|step| step.exchange)];
        let proof = proof.into_iter().flatten().collect();
        return Ok(Some(probe.found(&SLOW, &how, proof)));
    }
    Ok(None)
}

/// Asks in turns for a little less, for the long text, and for a short one: what is slow by chance, now
/// and then or always is slow in the wrong places too. The last harmless answer, if each long one was
/// far slower than both others.
async fn confirmed(
    probe: &Probe<'_, '_>,
    (start, part, end): (&str, &str, &str),
    longest: usize,
) -> Result<Option<Step>, Gap> {
    let long = format!("{start}{}{end}", part.repeat(longest));
    let less = format!("{start}{}{end}", part.repeat(longest.saturating_sub(4)));
    let short = format!("{start}{}{end}", part.repeat(STEPS[0]));
    let mut control = None;
    for _ in 0..ROUNDS {
        let Some(first) = timed(probe.ask(less.as_str()).await)? else { return Ok(None) };
        let Some(slow) = timed(probe.ask(long.as_str()).await)? else { return Ok(None) };
        let Some(second) = timed(probe.ask(short.as_str()).await)? else { return Ok(None) };
        if slow.millis < NOTABLE || slow.millis < GROWTH * first.millis.max(second.millis).max(1) {
            return Ok(None);
        }
        control = Some(first);
    }
    Ok(control)
}

struct Step {
    count: usize,
    millis: u64,
    exchange: Exchange,
}

/// Longer and longer until it is slow enough. `None` if it stayed fast.
async fn climb(
    probe: &Probe<'_, '_>,
    (start, part, end): (&str, &str, &str),
) -> Result<Option<Vec<Step>>, Gap> {
    let mut steps: Vec<Step> = Vec::new();
    for count in STEPS {
        let text = format!("{start}{}{end}", part.repeat(count));
        // An answer that does not come in time after a slow one is told by those before.
        let Some(step) = timed(probe.ask(text).await)? else { break };
        let step = Step { count, ..step };
        let slow = step.millis;
        steps.push(step);
        if slow >= ENOUGH {
            break;
        }
        // A pattern that explodes is felt at 22: what is not felt there need not be asked more.
        if count >= 22 && slow < FELT {
            return Ok(None);
        }
    }
    Ok(Some(steps))
}

fn timed(asked: Asked) -> Result<Option<Step>, Gap> {
    Ok(asked?.map(|reply| {
        let millis = u64::try_from(reply.took.min(Duration::from_secs(60)).as_millis());
        Step { count: 0, millis: millis.unwrap_or(u64::MAX), exchange: reply.exchange }
    }))
}

/// True if the last step is slow and far slower than the one before, which is far slower than what
/// no repetition takes, or fast.
fn explodes(steps: &[Step]) -> bool {
    match steps {
        [first, .., before, last] => {
            last.millis >= 2 * NOTABLE
                && last.millis >= GROWTH * before.millis.max(1)
                && last.millis >= 4 * first.millis.max(1)
        }
        _ => false,
    }
}

const SLOW: Flaw = Flaw {
    id: "pattern-explodes",
    check: CheckId::SlowPatterns.code(),
    title: "Checking a short text takes exponentially longer with its length",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "A few requests of fifty bytes keep the service busy for minutes.",
    fix: "Use patterns without repetition in repetition, an engine without backtracking, and a bound \
          on the length before the pattern.",
    owasp: "API4:2023",
    cwe: 1333,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::reply;

    fn steps(millis: &[u64]) -> Vec<Step> {
        let step = |(count, millis): (usize, &u64)| {
            let exchange = reply(200, &[], "").exchange;
            Step { count, millis: *millis, exchange }
        };
        millis.iter().enumerate().map(step).collect()
    }

    #[test]
    fn only_growth_by_leaps_explodes() {
        assert!(explodes(&steps(&[2, 3, 20, 300])));
        assert!(explodes(&steps(&[2, 3, 90, 1_500])));
        // Slow whatever is sent.
        assert!(!explodes(&steps(&[1_500, 1_500, 1_500])));
        // Slower with its length, a little each time.
        assert!(!explodes(&steps(&[100, 150, 200, 250, 300])));
        // Fast.
        assert!(!explodes(&steps(&[2, 3, 2, 3, 9])));
    }
}
