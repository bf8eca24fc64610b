//! Wrong passwords one after the other, until something gives.

use std::time::{Duration, Instant};

use super::{FLAW, Ground};
use crate::flaw::Flaw;
use crate::live::actor::{Account, visitor};
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::scan::Scan;
use crate::live::{Gap, Judgement};
use crate::report::{Confidence, GapCode};
use crate::secret::Secret;

/// Wrong passwords at most: a limit by address lets through what many people share.
pub(super) const MOST: usize = 40;
/// A delay that grows by this factor and by this much is meant.
const GROWTH: u32 = 3;
const LEAST_DELAY: Duration = Duration::from_millis(400);
/// Words of a refusal that is not about the password any more.
const WORDS: [&str; 16] = [
    "too many",
    "toomany",
    "too-many",
    "too_many",
    "locked",
    "lockout",
    "lock_out",
    "rate limit",
    "ratelimit",
    "rate_limit",
    "slow down",
    "slow_down",
    "throttl",
    "try again later",
    "captcha",
    "temporarily",
];

pub const UNLIMITED: Flaw = FLAW;

pub(super) struct Try {
    pub reply: Reply,
    pub took: Duration,
}

pub async fn look(scan: &Scan<'_>, ground: &Ground, judgement: &mut Judgement) {
    let target = match ground.own {
        true => ground.account.clone(),
        // Nobody's account of the order is locked by us.
        false => visitor::stranger(&ground.account),
    };
    let mut tries: Vec<Try> = Vec::new();
    while tries.len() < MOST && !is_limited(&tries) {
        let wrong = Account {
            password: Secret::new(format!("portcullis-wrong-{}", tries.len() + 1)),
            ..target.clone()
        };
        let request = ground.attempt(scan, &wrong);
        let start = Instant::now();
        match scan.client.send(&request).await {
            Ok(reply) => tries.push(Try { reply, took: start.elapsed() }),
            Err(error) => {
                judgement.gaps.push(Gap::from(&error));
                return;
            }
        }
    }
    if tries.iter().any(|one| one.reply.is_success() && !tells_of_error(&one.reply)) {
        judgement.gaps.push(Gap::undecided("a login with a wrong password was answered with 2xx"));
        return;
    }
    let mut after = None;
    if ground.own && !is_limited(&tries) {
        // An account may be locked without a word: then the right password fails as well.
        let request = ground.attempt(scan, &target);
        match scan.client.send(&request).await {
            Ok(reply) => after = Some(visitor::discreet(scan, reply)),
            Err(error) => judgement.gaps.push(Gap::from(&error)),
        }
    }
    judge(scan, ground, &tries, after.as_ref(), judgement);
}

fn judge(
    scan: &Scan<'_>,
    ground: &Ground,
    tries: &[Try],
    after: Option<&Reply>,
    judgement: &mut Judgement,
) {
    let opened =
        |reply: &Reply| (reply.is_success() || reply.status == 302) && !tells_of_error(reply);
    let silent = ground.own && after.is_some_and(|reply| !opened(reply));
    judgement.value("login.attempts_made", tries.len());
    if is_limited(tries) || silent {
        judgement.value("login.attempts_limited", true);
        return;
    }
    if ground.own && after.is_none() {
        return;
    }
    if tries.len() < MOST {
        judgement.gaps.push(Gap::new(GapCode::OutOfRequests, "too few wrong passwords were tried"));
        return;
    }
    judgement.value("login.attempts_limited", false);
    let shown = tries.first().into_iter().chain(tries.last()).map(|one| &one.reply).chain(after);
    let evidence = shown.map(|reply| reply.exchange.clone()).collect();
    let mut finding = UNLIMITED.found(Some(ground.label(scan)), evidence);
    finding.why = match ground.own {
        true => format!(
            "{} After {} wrong passwords in a row the right one was taken at once.",
            finding.why,
            tries.len()
        ),
        false => format!(
            "{} {} wrong passwords in a row for one invented name were all answered alike.",
            finding.why,
            tries.len()
        ),
    };
    if !ground.own {
        finding.confidence = Confidence::Medium;
    }
    judgement.findings.push(finding);
}

/// True as soon as a try was treated otherwise than the first.
pub(super) fn is_limited(tries: &[Try]) -> bool {
    let (Some(first), Some(last)) = (tries.first(), tries.last()) else { return false };
    let said = |reply: &Reply| {
        let text = reply.text().to_lowercase();
        WORDS.iter().any(|word| text.contains(word))
    };
    let refused =
        |reply: &Reply| matches!(reply.status, 423 | 429) || reply.header("retry-after").is_some();
    refused(&last.reply)
        || (said(&last.reply) && !said(&first.reply))
        || (last.reply.status != first.reply.status && last.reply.status >= 400)
        || is_slowed(tries)
}

/// True if the last three took much longer than the first three.
fn is_slowed(tries: &[Try]) -> bool {
    let middle = |part: &[Try]| {
        let mut times: Vec<_> = part.iter().map(|one| one.took).collect();
        times.sort_unstable();
        times.get(1).copied().unwrap_or_default()
    };
    if tries.len() < 6 {
        return false;
    }
    let (start, end) = (tries.get(..3), tries.get(tries.len() - 3..));
    let (start, end) = (middle(start.unwrap_or_default()), middle(end.unwrap_or_default()));
    end > start * GROWTH && end > start + LEAST_DELAY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::json;

    fn tries(answers: &[(u16, &str, u64)]) -> Vec<Try> {
        let one = |(status, body, millis): &(u16, &str, u64)| Try {
            reply: json(*status, body),
            took: Duration::from_millis(*millis),
        };
        answers.iter().map(one).collect()
    }

    #[test]
    fn a_limit_shows_in_many_ways() {
        let plain = (401, r#"{"message": "wrong"}"#, 5);
        for last in [
            (429, "{}", 5),
            (423, "{}", 5),
            (403, "{}", 5),
            (401, r#"{"message": "The account is locked"}"#, 5),
            (200, r#"{"error": {"code": "locked", "message": "Too many tries"}}"#, 5),
        ] {
            assert!(is_limited(&tries(&[plain, plain, last])), "{last:?}");
        }
        assert!(!is_limited(&tries(&[plain, plain, plain])));
    }

    #[test]
    fn words_that_stand_in_every_refusal_are_no_limit() {
        let always = (401, r#"{"hint": "after too many tries the account is locked"}"#, 5);
        assert!(!is_limited(&tries(&[always, always, always])));
    }

    #[test]
    fn a_delay_counts_when_it_grows_much() {
        let at = |millis| (401, "{}", millis);
        assert!(is_limited(&tries(&[at(5), at(6), at(5), at(800), at(1_600), at(3_200)])));
        assert!(!is_limited(&tries(&[at(300), at(310), at(305), at(320), at(500), at(330)])));
        assert!(!is_limited(&tries(&[at(5), at(6), at(5), at(50), at(60), at(55)])));
    }
}
