//! Statements and commands that wait: the answer takes as long as they were told to, each time.

use std::time::Duration;

use super::flaws::{BY_DELAY, COMMAND};
use super::probe::Probe;
use crate::flaw::Flaw;
use crate::live::Gap;
use crate::order::Intensity;
use crate::report::{Exchange, Finding};

/// Units of time that are asked for, in this order: a service that merely slows down does not follow
/// it.
const ORDER: [u64; 6] = [2, 0, 1, 0, 2, 1];
/// Lengths of the unit in seconds. A statement may wait once for every row of a table, so the shortest
/// is tried first.
const UNITS: [&str; 3] = ["0.01", "0.1", "1"];
/// An operation slower than this by itself is not timed.
const MOST_USUAL: Duration = Duration::from_millis(2_500);
/// What a second must make of itself at least, in milliseconds.
const LEAST_STEP: u64 = 800;

/// Where a wait is written.
#[derive(Debug, Clone, Copy)]
struct Wait {
    text: &'static str,
    flaw: &'static Flaw,
    /// True if it may reach rows of others where the statement changes rows.
    wide: bool,
}

const fn sql(text: &'static str) -> Wait {
    Wait { text, flaw: &BY_DELAY, wide: false }
}

const fn wide(text: &'static str) -> Wait {
    Wait { text, flaw: &BY_DELAY, wide: true }
}

const fn command(text: &'static str) -> Wait {
    Wait { text, flaw: &COMMAND, wide: false }
}

/// `{v}` is the value, `{d}` the seconds: a fraction where the function takes one.
const WAITS: [Wait; 15] = [
    sql("{v}'||sleep({d})||'"),
    sql("{v}'||pg_sleep({d})||'"),
    sql("{v}'+sleep({d})+'"),
    sql("{v}' AND sleep({d}) AND '1'='1"),
    sql("{v}' AND 1=(SELECT 1 FROM pg_sleep({d})) AND '1'='1"),
    sql("{v} AND sleep({d})"),
    sql("{v}';WAITFOR DELAY '0:0:{d}'--"),
    sql("{v}'||dbms_pipe.receive_message('a',{d})||'"),
    wide("{v}' OR sleep({d})-- "),
    wide("{v}' OR 1=(SELECT 1 FROM pg_sleep({d}))-- "),
    command("{v};sleep {d};"),
    command("{v}$(sleep {d})"),
    command("{v}|sleep {d}"),
    command("{v}';sleep {d};'"),
    command("{v}\";sleep {d};\""),
];
/// How many of them are tried where little may be sent.
const GENTLE: usize = 2;

pub async fn look(probe: &Probe<'_, '_>) -> Result<Option<Finding>, Gap> {
    let usual = probe.before.reply.took;
    if probe.counts_failures() || usual > MOST_USUAL {
        return Ok(None);
    }
    let most = if probe.scan.intensity == Intensity::Gentle { GENTLE } else { WAITS.len() };
    for wait in WAITS.iter().take(most) {
        if wait.wide && probe.changes_rows() {
            continue;
        }
        let Some(unit) = unit(probe, wait, usual).await? else { continue };
        if let Some(proof) = confirm(probe, wait, unit).await? {
            let how = format!("The answer took the longer the more `{}` asked for.", wait.text);
            return Ok(Some(probe.found(wait.flaw, &how, proof)));
        }
    }
    Ok(None)
}

/// The shortest unit that is felt.
async fn unit(
    probe: &Probe<'_, '_>,
    wait: &Wait,
    usual: Duration,
) -> Result<Option<&'static str>, Gap> {
    let by_row = wait.text.contains("sleep({d})");
    for unit in UNITS.into_iter().filter(|unit| by_row || *unit == "1") {
        let Some(first) = timed(probe, wait, 1, unit).await? else { return Ok(None) };
        if first.0 >= millis(usual) + LEAST_STEP {
            return Ok(Some(unit));
        }
    }
    Ok(None)
}

async fn timed(
    probe: &Probe<'_, '_>,
    wait: &Wait,
    count: u64,
    unit: &str,
) -> Result<Option<(u64, Exchange)>, Gap> {
    // Twice a unit is written as a number: `0.02`.
    let seconds = match (count, unit) {
        (0, _) => "0".to_owned(),
        (1, unit) => unit.to_owned(),
        (_, unit) => unit.replace('1', &count.to_string()),
    };
    let text = wait.text.replace("{v}", &probe.value).replace("{d}", &seconds);
    let reply = probe.ask(text).await?;
    Ok(reply.map(|reply| (millis(reply.took), reply.exchange)))
}

async fn confirm(
    probe: &Probe<'_, '_>,
    wait: &Wait,
    unit: &str,
) -> Result<Option<Vec<Exchange>>, Gap> {
    let mut seen = Vec::new();
    let mut proof = Vec::new();
    for count in ORDER {
        let Some((took, exchange)) = timed(probe, wait, count, unit).await? else {
            return Ok(None);
        };
        seen.push((count, took));
        proof.push(exchange);
    }
    // The last two that differ most stand for all.
    let shown = proof.split_off(3).into_iter().take(2).collect();
    Ok(follows(&seen).then_some(shown))
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// True if the answers took a constant time plus the same for every second that was asked for. Every
/// longer wait must have taken longer than every shorter one.
pub fn follows(seen: &[(u64, u64)]) -> bool {
    let of = |seconds: u64| seen.iter().filter(move |one| one.0 == seconds).map(|one| one.1);
    let (Some(none), Some(one), Some(two)) = (of(0).max(), of(1).min(), of(2).min()) else {
        return false;
    };
    let (Some(longest_one), Some(shortest)) = (of(1).max(), of(0).min()) else { return false };
    let (first, second) = (one.saturating_sub(none), two.saturating_sub(longest_one));
    let whole = two.saturating_sub(shortest);
    let even = first.abs_diff(second) * 10 <= whole.max(1) * 4;
    first >= LEAST_STEP && second >= LEAST_STEP && even
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_wait_that_is_kept_each_time_counts() {
        assert!(follows(&[(2, 2_030), (0, 12), (1, 1_020), (0, 15), (2, 2_011), (1, 1_008)]));
        // One sleep a row.
        assert!(follows(&[(2, 6_030), (0, 12), (1, 3_020), (0, 15), (2, 6_011), (1, 3_008)]));
        // Slow whatever is sent.
        assert!(!follows(&[
            (2, 1_530),
            (0, 1_512),
            (1, 1_520),
            (0, 1_515),
            (2, 1_511),
            (1, 1_508)
        ]));
        // Slow once.
        assert!(!follows(&[(2, 2_030), (0, 12), (1, 20), (0, 15), (2, 11), (1, 8)]));
        // Slower and slower.
        assert!(!follows(&[(2, 100), (0, 900), (1, 1_700), (0, 2_500), (2, 3_300), (1, 4_100)]));
        assert!(!follows(&[]));
    }

    #[test]
    fn every_wait_names_its_value_and_its_seconds() {
        assert!(WAITS.iter().all(|one| one.text.contains("{v}") && one.text.contains("{d}")));
    }
}
