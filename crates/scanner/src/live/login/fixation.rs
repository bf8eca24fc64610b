//! Whether a cookie of before the login is the session after it (CWE-384).

use super::{FLAW, Ground, Way};
use crate::flaw::Flaw;
use crate::live::actor::{Entry, visitor};
use crate::live::likeness::{alike, tells_of_error};
use crate::live::oauth::flow;
use crate::live::reply::Reply;
use crate::live::request::{Origin, Presented};
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
    let Way::Entry(entered) = &ground.way else { return };
    let Ok(guarded) = scan.guarded().await else { return };
    let session = ground.actor.session.as_ref().unwrap_or(&ground.actor.credential);
    let Some(Placement::Cookie { name }) = &session.placement else { return };
    let planting = Planting { scan, ground, entered, guarded: &guarded, name };
    let given = given(&guarded.anonymous, name);
    for planted in [Some(next_of(session.value.expose())), given].into_iter().flatten() {
        match planting.plant(planted).await {
            Ok(None) => judgement.value("login.session_renewed", true),
            Ok(Some(evidence)) => {
                judgement.value("login.session_renewed", false);
                let evidence = evidence.iter().map(|reply| reply.exchange.clone()).collect();
                judgement.findings.push(FIXED.found(Some(ground.label(scan)), evidence));
                return;
            }
            Err(gap) => {
                judgement.gaps.push(gap);
                return;
            }
        }
    }
}

/// A login with a cookie that was there before it.
struct Planting<'p, 's> {
    scan: &'p Scan<'s>,
    ground: &'p Ground,
    entered: &'p Entry,
    guarded: &'p Guarded,
    name: &'p str,
}

impl Planting<'_, '_> {
    /// What shows that a planted cookie became the session; `None` if it did not.
    async fn plant(&self, planted: String) -> Result<Option<[Reply; 3]>, Gap> {
        let mut presented =
            Presented::new(Secret::new(planted.clone()), planted.clone(), Origin::Invented);
        presented.placement = Some(Placement::Cookie { name: self.name.to_owned() });
        let (before, opened) = self.ask(&presented).await?;
        if opened {
            return Ok(None);
        }
        let account = &self.ground.account;
        let mut login = visitor::login_as(self.scan, self.entered, account, account);
        login.headers.push(("Cookie".to_owned(), format!("{}={planted}", self.name)));
        let login = self.scan.send(&login).await.map_err(|error| Gap::from(&error))?;
        let login = visitor::discreet(self.scan, login);
        let (after, opened) = self.ask(&presented).await?;
        Ok(opened.then_some([before, login, after]))
    }

    /// What this session gets, and whether that is what a signed-in user gets.
    async fn ask(&self, session: &Presented) -> Result<(Reply, bool), Gap> {
        if self.ground.actor.session.is_some() {
            let asked = flow::ask_as(self.scan, session).await?;
            return Ok((asked.reply.clone(), asked.code().is_some()));
        }
        let request = self.guarded.request.with(Some(session.clone()));
        let reply = self.scan.send(&request).await.map_err(|error| Gap::from(&error))?;
        let opened =
            reply.is_success() && !tells_of_error(&reply) && alike(&reply, &self.guarded.control);
        Ok((reply, opened))
    }
}

/// A value of the same form that nobody issued: every letter and digit is the next of its kind.
fn next_of(genuine: &str) -> String {
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
