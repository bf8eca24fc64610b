//! Check `credential-echo`: does the credential that goes in come out again?

use super::client::Echoes;
use super::request::Request;
use super::scan::{Face, Scan};
use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::live::CheckId;
use crate::live::actor::Who;
use crate::report::{Confidence, Finding, Severity};

pub const CHECK: Check = Check {
    id: CheckId::CredentialEcho,
    title: "Credential echo",
    asks: "Does any answer repeat the credential that was presented?",
    flaws: &[&IN_BODY, &IN_HEADERS, &REFUSED, &PASSWORD],
    values: &[
        Measure {
            name: "credential.echoed",
            kind: Kind::Bool,
            meaning: "an answer held the valid credential, in a header or in its body",
        },
        Measure {
            name: "credential.answers_examined",
            kind: Kind::Int,
            meaning: "answers to the valid credential that were looked through",
        },
    ],
};

/// Operations that are asked for this check alone.
const MOST_OPERATIONS: usize = 60;
const MOST_FINDINGS: usize = 20;
/// Operations that are asked with a credential that nobody issued.
const MOST_REFUSALS: usize = 6;

pub async fn run(scan: &Scan<'_>) -> Judgement {
    if scan.genuine().is_none() {
        return Judgement::unjudged(Gap::no_credential());
    }
    let mut gap = None;
    for (index, _) in scan.by_plainness().into_iter().take(MOST_OPERATIONS) {
        if let Err(error) = scan.look(index, Face::Control).await {
            gap = Some(Gap::from(&error)).filter(|_| error.is_final());
        }
        if gap.is_some() {
            break;
        }
    }
    // Error pages are written by other code than answers, and like to repeat what they were given.
    let nowhere = Request::get(format!("{}/portcullis-no-such-path", scan.client.target.base));
    if let Err(error) = scan.send(&nowhere.with(scan.genuine())).await {
        gap = gap.or_else(|| Some(Gap::from(&error)));
    }
    let mut judgement = judge(&scan.client.echoes(), scan.client.mask.can_tell(), gap);
    judgement.findings.extend(refused(scan).await);
    judgement.findings.extend(told_password(scan));
    judgement
}

/// The answer to a registration that repeats the password it was given.
fn told_password(scan: &Scan<'_>) -> Option<Finding> {
    let accounts =
        [Who::A, Who::B].into_iter().filter_map(|who| scan.actors().known(who)?.account.as_ref());
    accounts.into_iter().find_map(|account| {
        let reply = account.registered.as_ref()?;
        let operation = scan.document.operations.get(account.door?)?;
        let told = reply.text().contains(account.password.expose());
        told.then(|| PASSWORD.found(Some(operation.label()), vec![reply.exchange.clone()]))
    })
}

/// What was presented in vain and is repeated by the refusal.
async fn refused(scan: &Scan<'_>) -> Option<Finding> {
    let garbage = scan.garbage();
    for (index, operation) in scan.by_plainness().into_iter().take(MOST_REFUSALS) {
        let Ok(reply) = scan.look(index, Face::Garbage).await else { continue };
        if reply.status >= 400 && reply.text().contains(garbage.value.expose()) {
            return Some(REFUSED.found(Some(operation.label()), vec![reply.exchange.clone()]));
        }
    }
    None
}

fn judge(echoes: &Echoes, can_tell: bool, gap: Option<Gap>) -> Judgement {
    let mut judgement = Judgement::default();
    if !can_tell {
        let detail = "the credential is so short that it occurs by chance";
        judgement.gaps.push(Gap::undecided(detail));
        return judgement;
    }
    let mut told: Vec<&Option<String>> = Vec::new();
    for echo in &echoes.echoing {
        // One finding for each operation; the first answer shows it.
        if told.contains(&&echo.operation) || judgement.findings.len() == MOST_FINDINGS {
            continue;
        }
        told.push(&echo.operation);
        let flaw = if echo.in_headers { IN_HEADERS } else { IN_BODY };
        judgement.findings.push(flaw.found(echo.operation.clone(), vec![echo.exchange.clone()]));
    }
    if !echoes.echoing.is_empty() {
        judgement.value("credential.echoed", true);
        judgement.value("credential.answers_examined", echoes.answers);
        return judgement;
    }
    judgement.gaps.extend(gap);
    if let Some(name) = echoes.unread.first() {
        let detail = format!("{} answers were not read whole, first {name}", echoes.unread.len());
        judgement.gaps.push(Gap::undecided(detail));
    }
    if echoes.successes == 0 && judgement.gaps.is_empty() {
        judgement
            .gaps
            .push(Gap::control_refused("no answer to the valid credential was a success"));
    }
    if judgement.gaps.is_empty() {
        judgement.value("credential.echoed", false);
        judgement.value("credential.answers_examined", echoes.answers);
    }
    judgement
}

const PASSWORD: Flaw = Flaw {
    id: "password-repeated",
    title: "Registering is answered with the password",
    severity: Severity::Medium,
    why: "A password that is written into an answer is kept by whatever logs or caches answers on the \
          way, and shows that the service handles it as it handles any field.",
    fix: "Never write a password into an answer; keep its hash only.",
    cwe: 522,
    ..IN_BODY
};

const IN_BODY: Flaw = Flaw {
    id: "credential-in-body",
    check: CheckId::CredentialEcho.code(),
    title: "An answer's body repeats the credential",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "A gateway puts the credential into the call so that callers never hold it; an answer that \
          repeats it hands it to every caller, log and cache on the way.",
    fix: "Never write request headers or credentials into answers, debug output included.",
    owasp: "API8:2023",
    cwe: 201,
};

const IN_HEADERS: Flaw = Flaw {
    id: "credential-in-headers",
    title: "An answer's headers repeat the credential",
    ..IN_BODY
};

const REFUSED: Flaw = Flaw {
    id: "refused-credential-repeated",
    title: "A refusal repeats the credential that it refuses",
    severity: Severity::Low,
    why: "A credential that has just ended, or was meant for another service, lies in the logs of \
          everybody who keeps answers.",
    fix: "Say that the credential was refused, and not what it was.",
    ..IN_BODY
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::client::Echo;
    use crate::live::reply::made::reply;
    use crate::report::Value;

    fn clean() -> Echoes {
        Echoes { answers: 3, successes: 2, ..Echoes::default() }
    }

    fn echo(operation: &str, in_headers: bool) -> Echo {
        let operation = Some(operation.to_owned());
        Echo { operation, in_headers, exchange: reply(200, &[], "").exchange }
    }

    #[test]
    fn silence_over_whole_answers_is_good() {
        let judgement = judge(&clean(), true, None);
        assert_eq!(judgement.values["credential.echoed"], Value::Bool(false));
        assert!(judgement.findings.is_empty() && judgement.gaps.is_empty());
    }

    #[test]
    fn each_operation_is_told_once() {
        let echoing = vec![echo("GET /a", true), echo("GET /a", false), echo("GET /b", false)];
        let judgement = judge(&Echoes { echoing, ..clean() }, true, None);
        let told: Vec<_> = judgement.findings.iter().map(|one| one.title.as_str()).collect();
        assert_eq!(told, [IN_HEADERS.title, IN_BODY.title]);
        assert_eq!(judgement.values["credential.echoed"], Value::Bool(true));
    }

    #[test]
    fn what_was_not_read_is_not_called_clean() {
        let unread = Echoes { unread: vec!["GET /a".to_owned()], ..clean() };
        let refused = Echoes { successes: 0, ..clean() };
        for echoes in [unread, refused, Echoes::default()] {
            assert!(judge(&echoes, true, None).values.is_empty());
        }
        assert!(judge(&clean(), false, None).values.is_empty());
    }
}
