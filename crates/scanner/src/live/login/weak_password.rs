//! Whether an account can be had with a password that is guessed at once (CWE-521).

use super::{FLAW, Ground};
use crate::flaw::Flaw;
use crate::live::Judgement;
use crate::live::actor::{Account, visitor};
use crate::live::likeness::tells_of_error;
use crate::live::scan::Scan;
use crate::report::{Confidence, Severity};
use crate::secret::Secret;

/// Four characters, and among the first that anyone tries.
const SHORT_PASSWORD: &str = "1234";

pub const SHORT: Flaw = Flaw {
    id: "short-password-taken",
    title: "A password of four characters is taken",
    severity: Severity::Low,
    confidence: Confidence::High,
    why: "Passwords of four characters are found by trying them all.",
    fix: "Refuse passwords of fewer than 8 characters, better 12 (NIST SP 800-63B §5.1.1.2).",
    cwe: 521,
    ..FLAW
};

pub async fn look(scan: &Scan<'_>, ground: &Ground, judgement: &mut Judgement) {
    let weak = Account {
        password: Secret::new(SHORT_PASSWORD.to_owned()),
        ..visitor::stranger(&ground.account)
    };
    let Some(registered) = visitor::register_as(scan, &ground.account, &weak).await else { return };
    let (done, reply) = match registered {
        Ok(registered) => registered,
        Err(gap) => {
            judgement.gaps.push(gap);
            return;
        }
    };
    if !done {
        // A limit says nothing of the password.
        if reply.status < 500 && reply.status != 429 {
            judgement.value("login.short_password_refused", true);
        }
        return;
    }
    let login = ground.attempt(scan, &weak);
    let Ok(entered) = scan.send(&login).await else { return };
    let entered = visitor::discreet(scan, entered);
    if entered.status >= 400 || tells_of_error(&entered) {
        return;
    }
    judgement.value("login.short_password_refused", false);
    let evidence = vec![reply.exchange.clone(), entered.exchange.clone()];
    let label = weak_label(scan, ground);
    judgement.findings.push(SHORT.found(label, evidence));
}

fn weak_label(scan: &Scan<'_>, ground: &Ground) -> Option<String> {
    Some(scan.document.operations.get(ground.account.door?)?.label())
}
