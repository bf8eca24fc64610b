//! Whether a cookie of before the login is the session after it (CWE-384).

use super::{FLAW, Ground};
use crate::flaw::Flaw;
use crate::live::actor::visitor;
use crate::live::likeness::{alike, tells_of_error};
use crate::live::reply::Reply;
use crate::live::request::{Origin, Presented, Request};
use crate::live::scan::{Guarded, Scan};
use crate::live::{Gap, Judgement};
use crate::order::Placement;
use crate::report::Severity;
use crate::secret::Secret;

pub const FIXED: Flaw = Flaw {
    id: "session-fixed",
    title: "The session of before the login is the one after it",
    severity: Severity::High,
    why: "Who plants a cookie in a stranger's browser is logged in as soon as the stranger logs in.",
    fix: "Make a new session identifier at every login, and drop the one that came with it (OWASP \
          ASVS 3.2.1).",
    cwe: 384,
    ..FLAW
};

pub async fn look(scan: &Scan<'_>, ground: &Ground, judgement: &mut Judgement) {
    let Ok(guarded) = scan.guarded().await else { return };
    let Some((name, genuine)) = session(scan, ground).await else { return };
    let given = given(&guarded.anonymous, &name);
    for planted in [Some(invented(&genuine)), given].into_iter().flatten() {
        match plant(scan, ground, &guarded, &name, planted).await {
            Ok(None) => judgement.value("login.session_renewed", true),
            Ok(Some(evidence)) => {
                judgement.value("login.session_renewed", false);
                let label = visitor::label(scan, &ground.entered);
                let evidence = evidence.iter().map(|reply| reply.exchange.clone()).collect();
                judgement.findings.push(FIXED.found(Some(label), evidence));
                return;
            }
            Err(gap) => {
                judgement.gaps.push(gap);
                return;
            }
        }
    }
}

/// The cookie that a login sets, if that is what opens operations.
async fn session(scan: &Scan<'_>, ground: &Ground) -> Option<(String, String)> {
    let actor = visitor::enter(scan, &ground.account).await.ok()?;
    match actor.credential.placement {
        Some(Placement::Cookie { name }) => Some((name, actor.credential.value.expose().to_owned())),
        _ => None,
    }
}

/// What shows that a planted cookie became the session; `None` if it did not.
async fn plant(
    scan: &Scan<'_>,
    ground: &Ground,
    guarded: &Guarded,
    name: &str,
    planted: String,
) -> Result<Option<[Reply; 3]>, Gap> {
    let mut presented =
        Presented::new(Secret::new(planted.clone()), planted.clone(), Origin::Invented);
    presented.placement = Some(Placement::Cookie { name: name.to_owned() });
    let ask = guarded.request.with(Some(presented));
    let send = async |request: &Request| scan.send(request).await.map_err(|error| Gap::from(&error));
    let before = send(&ask).await?;
    if before.is_success() && !tells_of_error(&before) {
        return Ok(None);
    }
    let mut login = visitor::login_as(scan, &ground.entered, &ground.account, &ground.account);
    login.headers.push(("Cookie".to_owned(), format!("{name}={planted}")));
    let login = send(&login).await?;
    let after = send(&ask).await?;
    let opened = after.is_success() && !tells_of_error(&after) && alike(&after, &guarded.control);
    Ok(opened.then_some([before, login, after]))
}

/// A value of the same form that nobody issued: every letter and digit is the next of its kind.
fn invented(genuine: &str) -> String {
    let next = |one: char| match one {
        '9' => '0',
        'f' => 'a',
        'z' => 'g',
        'F' => 'A',
        'Z' => 'G',
        '0'..='8' | 'a'..='y' | 'A'..='Y' => char::from_u32(u32::from(one) + 1).unwrap_or(one),
        other => other,
    };
    genuine.chars().map(next).collect()
}

/// The cookie of this name that an answer to nobody sets.
fn given(reply: &Reply, name: &str) -> Option<String> {
    let mut set = reply.headers.iter().filter(|(key, _)| key == "set-cookie");
    set.find_map(|(_, value)| {
        let (key, value) = value.split(';').next()?.split_once('=')?;
        (key.trim() == name && !value.is_empty()).then(|| value.trim().to_owned())
    })
}
