//! What the answers to false credentials mean, without asking anyone.

use super::{Attempt, Seen, flaws, measures};
use crate::live::likeness::{alike, leads_to_login, tells_of_error};
use crate::live::reply::Reply;
use crate::live::token::{Defence, Forge};
use crate::live::{Gap, Judgement};
use crate::report::GapCode;

/// In the order of a report; the surest way to sign more tokens first among those that give one.
const DEFENCES: [Defence; 12] = [
    Defence::Unsigned,
    Defence::WeakSecret,
    Defence::KeyConfusion,
    Defence::KeyId,
    Defence::EmbeddedKey,
    Defence::RemoteKey,
    Defence::Signature,
    Defence::Null,
    Defence::Expiry,
    Defence::NotBefore,
    Defence::Audience,
    Defence::Issuer,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Refused,
    Accepted,
    Unclear,
}

/// Only the credential differs from the control, so any clear failure is a refusal of it.
fn settle(control: &Reply, answer: Option<&Reply>, repeated: bool) -> Outcome {
    let Some(reply) = answer else { return Outcome::Unclear };
    match reply.status {
        408 | 425 | 429 => Outcome::Unclear,
        400..=499 => Outcome::Refused,
        500.. if repeated => Outcome::Refused,
        300..=399 if leads_to_login(reply) => Outcome::Refused,
        200..=299 if alike(reply, control) && !tells_of_error(reply) => Outcome::Accepted,
        200..=299 if tells_of_error(reply) => Outcome::Refused,
        _ => Outcome::Unclear,
    }
}

fn outcome(control: &Reply, attempt: &Attempt) -> Outcome {
    settle(control, attempt.answer.as_ref().ok(), attempt.repeated)
}

/// True if the false credential was let in.
pub fn is_accepted(control: &Reply, attempt: &Attempt) -> bool {
    outcome(control, attempt) == Outcome::Accepted
}

/// True if it was let in for what it is, and not because nobody looks at signatures.
pub fn is_proven(control: &Reply, attempt: &Attempt) -> bool {
    is_accepted(control, attempt) && !is_doubtful(control, attempt)
}

fn is_doubtful(control: &Reply, attempt: &Attempt) -> bool {
    let doubt = attempt.doubt.as_ref();
    doubt.is_some_and(|answer| settle(control, answer.as_ref().ok(), false) != Outcome::Refused)
}

/// How to sign further tokens, if anything that was tried is believed.
pub fn forge(control: &Reply, attempts: &[Attempt]) -> Option<Forge> {
    let proven = |defence: Defence| {
        let mut all = attempts.iter().filter(move |one| one.defence == defence);
        all.find(|one| one.forge.is_some() && is_proven(control, one))?.forge.clone()
    };
    DEFENCES.into_iter().find_map(proven)
}

pub fn judge(seen: &Seen) -> Judgement {
    let mut judgement = Judgement::default();
    let steady = matches!(&seen.after, Ok(reply) if reply.is_success() && !tells_of_error(reply));
    if !steady {
        let detail = "after the false credentials the valid one was no longer accepted";
        judgement.gaps.push(Gap::control_refused(detail));
    }
    for defence in DEFENCES {
        judge_defence(seen, steady, defence, &mut judgement);
    }
    if seen.symmetric && !seen.attempts.iter().any(|one| one.defence == Defence::WeakSecret) {
        judgement.value(measures::of(Defence::WeakSecret), true);
    }
    judge_fetches(seen, &mut judgement);
    judgement.gaps.extend(seen.gaps.iter().cloned());
    // A defence that was not tried in full is not proven, though it may be disproven.
    if let Some(why) = &seen.missing {
        judgement.gaps.push(Gap::new(GapCode::Unsupported, why.clone()));
        if judgement.values.get("token.signature_checked") == Some(&true.into()) {
            judgement.values.remove("token.signature_checked");
        }
    }
    if let Some(attempt) = &seen.critical {
        match outcome(&seen.guarded.control, attempt) {
            Outcome::Unclear => {}
            settled => judgement.value("token.critical_minded", settled == Outcome::Refused),
        }
    }
    judgement.value("token.kind", if seen.jwt { "jwt" } else { "opaque" });
    if let Some(lifetime) = seen.lifetime {
        judgement.value("token.lifetime_seconds", lifetime);
    }
    judgement
}

fn judge_defence(seen: &Seen, steady: bool, defence: Defence, judgement: &mut Judgement) {
    let control = &seen.guarded.control;
    let attempts: Vec<_> = seen.attempts.iter().filter(|one| one.defence == defence).collect();
    let name = measures::of(defence);
    // A secret that fits the genuine signature is proven before anyone is asked.
    let certain = defence == Defence::WeakSecret;
    let accepted: Vec<_> = attempts
        .iter()
        .filter(|one| (certain && one.answer.is_ok()) || is_proven(control, one))
        .collect();
    if !accepted.is_empty() {
        let guarded = &seen.guarded;
        let mut replies: Vec<&Reply> = vec![&guarded.control, &guarded.anonymous];
        for attempt in &accepted {
            replies.extend(attempt.doubt.iter().filter_map(|answer| answer.as_ref().ok()));
            replies.extend(attempt.answer.as_ref().ok());
        }
        let evidence = replies.iter().map(|reply| reply.exchange.clone()).collect();
        let mut finding =
            flaws::of(defence, seen.jwt).found(Some(guarded.operation.clone()), evidence);
        let what: Vec<_> = accepted.iter().map(|one| one.what.as_str()).collect();
        finding.why = format!("{} Accepted: {}.", finding.why, what.join("; "));
        // Of a credential that is no token both forgeries say the same.
        if judgement.findings.iter().all(|one| one.flaw != finding.flaw) {
            judgement.findings.push(finding);
        }
        judgement.value(name, false);
        return;
    }
    // What is let in whatever signs it, tells of signatures and of nothing else.
    if attempts.iter().any(|one| is_accepted(control, one)) {
        let ignored = seen
            .attempts
            .iter()
            .any(|one| one.defence == Defence::Signature && is_accepted(control, one));
        if !ignored {
            let detail = format!("`{name}`: false tokens of any kind are let in now and then");
            judgement.gaps.push(Gap::undecided(detail));
        }
        return;
    }
    let unclear = attempts.iter().find(|one| outcome(control, one) == Outcome::Unclear);
    match unclear {
        Some(one) => judgement.gaps.push(unclear_gap(one)),
        None if steady && !attempts.is_empty() => judgement.value(name, true),
        None => {}
    }
}

/// A fetch is told where the key that was fetched was not used.
fn judge_fetches(seen: &Seen, judgement: &mut Judgement) {
    let fetched = seen.fetched.iter().flatten().copied().collect::<Vec<_>>();
    let used = judgement.values.get(measures::of(Defence::RemoteKey)) == Some(&false.into());
    if fetched.is_empty() || used {
        return;
    }
    let attempts = seen.attempts.iter().filter(|one| one.defence == Defence::RemoteKey);
    let replies = attempts.filter_map(|one| one.answer.as_ref().ok());
    let evidence = replies.map(|reply| reply.exchange.clone()).collect();
    let mut finding = flaws::FETCHED.found(Some(seen.guarded.operation.clone()), evidence);
    finding.why = format!("{} Fetched: {}.", finding.why, fetched.join(", "));
    judgement.findings.push(finding);
}

fn unclear_gap(attempt: &Attempt) -> Gap {
    match &attempt.answer {
        Err(error) => {
            let gap = Gap::from(error);
            Gap { detail: format!("{}: {}", attempt.what, gap.detail), ..gap }
        }
        Ok(reply) => Gap::undecided(format!("{}: status {}", attempt.what, reply.status)),
    }
}

#[cfg(test)]
mod tests;
