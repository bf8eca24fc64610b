//! Wrong one-time codes one after the other: a code of six digits is guessed in a day.

use std::time::Instant;

use super::limits::{MOST, Try, is_limited};
use super::{FLAW, Ground};
use crate::api::Operation;
use crate::flaw::Flaw;
use crate::live::actor::{Role, door_fields, role, visitor};
use crate::live::invent::words;
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::scan::Scan;
use crate::live::{Gap, Judgement};
use crate::report::{Confidence, Severity};

pub const UNLIMITED: Flaw = Flaw {
    id: "code-guessing-unlimited",
    title: "One-time codes can be tried without end",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    why: "A code that is short enough to be typed is short enough to be guessed, and opens an \
          account without its password.",
    fix: "Void a code after a few wrong tries, and limit tries by account and by address \
          (OWASP ASVS 2.2.1).",
    ..FLAW
};

/// Operations that are tried.
const MOST_OPERATIONS: usize = 2;

pub async fn look(scan: &Scan<'_>, ground: &Ground, judgement: &mut Judgement) {
    let all = scan.document.operations.iter().enumerate();
    let asking = all.filter_map(|(index, one)| Some((index, code_field(scan, one)?)));
    for (index, field) in asking.take(MOST_OPERATIONS) {
        if let Err(gap) = guess(scan, ground, index, &field, judgement).await {
            judgement.gaps.push(gap);
            return;
        }
    }
}

/// The field of a one-time code, if anybody may send one here for somebody's account.
fn code_field(scan: &Scan<'_>, operation: &Operation<'_>) -> Option<String> {
    if operation.method.is_safe() || operation.is_templated() || !operation.security.is_open() {
        return None;
    }
    if matches!(role(&scan.document, operation), Role::LogIn | Role::Register) {
        return None;
    }
    let fields = door_fields(&scan.document, operation);
    let about = ["reset", "verify", "confirm", "activate", "otp", "mfa", "2fa", "login", "auth"];
    let path = operation.path.to_ascii_lowercase();
    let named = fields.iter().any(|field| {
        let said = words(field);
        said.iter().any(|word| {
            matches!(word.as_str(), "email" | "mail" | "user" | "username" | "login" | "phone")
        })
    });
    let code = fields.into_iter().find(|field| {
        let said = words(field);
        said.last().is_some_and(|last| matches!(last.as_str(), "code" | "otp" | "pin" | "totp"))
    })?;
    (named && about.iter().any(|word| path.contains(word))).then_some(code)
}

async fn guess(
    scan: &Scan<'_>,
    ground: &Ground,
    index: usize,
    field: &str,
    judgement: &mut Judgement,
) -> Result<(), Gap> {
    let mut tries: Vec<Try> = Vec::new();
    while tries.len() < MOST && !is_limited(&tries) {
        let code = format!("{:06}", 104_729 + 7_919 * tries.len());
        let Some(request) = visitor::asked_with(scan, index, &ground.account, field, &code) else {
            return Ok(());
        };
        let start = Instant::now();
        let reply = scan.client.send(&request).await.map_err(|error| Gap::from(&error))?;
        if tries.is_empty() && !is_refusal(&reply) {
            return Ok(());
        }
        tries.push(Try { reply, took: start.elapsed() });
    }
    let limited = is_limited(&tries);
    judgement
        .values
        .entry("login.codes_limited")
        .and_modify(|value| {
            *value = (*value == true.into() && limited).into();
        })
        .or_insert(limited.into());
    if !limited {
        let shown = tries.first().into_iter().chain(tries.last());
        let evidence = shown.map(|one| one.reply.exchange.clone()).collect();
        let label = scan.document.operations.get(index).map(Operation::label);
        let mut finding = UNLIMITED.found(label, evidence);
        finding.why = format!(
            "{} {} wrong codes in a row were all answered alike.",
            finding.why,
            tries.len()
        );
        judgement.findings.push(finding);
    }
    Ok(())
}

/// The code is what was wrong: neither the place nor the method nor the server.
fn is_refusal(reply: &Reply) -> bool {
    matches!(reply.status, 400 | 401 | 403 | 404 | 409 | 410 | 422)
        || (reply.is_success() && tells_of_error(reply))
}
