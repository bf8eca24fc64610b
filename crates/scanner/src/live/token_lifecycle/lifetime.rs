//! How long a credential lasts, by its own account.

use super::FLAW;
use crate::flaw::Flaw;
use crate::live::Judgement;
use crate::live::actor::Actor;
use crate::live::request::Presented;
use crate::live::token::Token;
use crate::report::{Confidence, Severity};

const DAY: i64 = 86_400;

pub const EVERLASTING: Flaw = Flaw {
    id: "token-everlasting",
    title: "A credential lasts for more than thirty days, or for ever",
    severity: Severity::High,
    why: "A credential that leaks, in a log, a backup or a browser, works for as long as it lasts.",
    fix: "Let access tokens last minutes to hours, and renew them by refresh tokens (RFC 9700 §2.2).",
    ..FLAW
};

pub const LONG: Flaw = Flaw {
    id: "token-long-lived",
    title: "A credential lasts for more than a day",
    severity: Severity::Medium,
    ..EVERLASTING
};

/// What a credential says of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Seconds(i64),
    /// A signed token that names no end.
    Endless,
    /// Nothing is said.
    Unsaid,
}

pub fn look(entered: Option<&Actor>, genuine: Option<&Presented>, judgement: &mut Judgement) {
    let of_login = entered.map_or(Life::Unsaid, of_login);
    let of_order = genuine.map_or(Life::Unsaid, of_token);
    let life = if of_login == Life::Unsaid { of_order } else { of_login };
    let (flaw, said) = match life {
        Life::Unsaid => return,
        Life::Endless => (Some(&EVERLASTING), "It names no end (`exp`).".to_owned()),
        Life::Seconds(seconds) => {
            let said = format!("It lasts {} hours.", seconds / 3_600);
            let flaw = match seconds {
                seconds if seconds > 30 * DAY => Some(&EVERLASTING),
                seconds if seconds > DAY => Some(&LONG),
                _ => None,
            };
            (flaw, said)
        }
    };
    judgement.value(
        "lifecycle.lifetime_seconds",
        match life {
            Life::Seconds(seconds) => seconds,
            _ => -1,
        },
    );
    let Some(flaw) = flaw else { return };
    let entry = entered.and_then(|actor| actor.entry.as_ref());
    let evidence = entry.map(|entry| entry.reply.exchange.clone()).into_iter().collect();
    let label = entry.and_then(|entry| entry.reply.exchange.request.line.rsplit_once(' '));
    let mut finding = flaw.found(None, evidence);
    finding.why = format!("{} {said}", finding.why);
    if label.is_none() || of_login == Life::Unsaid {
        // The order's credential may have been made for the scan.
        finding.confidence = Confidence::Medium;
    }
    judgement.findings.push(finding);
}

fn of_login(actor: &Actor) -> Life {
    match of_token(&actor.credential) {
        Life::Unsaid => {}
        life => return life,
    }
    let Some(entry) = &actor.entry else { return Life::Unsaid };
    let told = entry.reply.json();
    let told = told.as_ref().and_then(|value| {
        let inner = value.get("data").or_else(|| value.get("result"));
        [Some(value), inner].into_iter().flatten().find_map(|one| one.get("expires_in")?.as_i64())
    });
    told.map_or(Life::Unsaid, Life::Seconds)
}

fn of_token(credential: &Presented) -> Life {
    let Some(token) = Token::read(&credential.value, &credential.shown) else {
        return Life::Unsaid;
    };
    match (token.time("exp"), token.time("iat").or_else(|| token.time("nbf"))) {
        (Some(end), Some(start)) => Life::Seconds(end - start),
        (Some(_), None) => Life::Unsaid,
        (None, _) => Life::Endless,
    }
}
