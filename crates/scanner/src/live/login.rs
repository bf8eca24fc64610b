//! Check `login`: can passwords be tried without end, and does a refusal tell who has an account?

use super::actor::visitor;
use super::actor::{Account, Actor, Entry, Who};
use super::request::{Origin, Presented, Request};
use super::scan::{Guarded, Scan};
use super::{Check, Gap, Judgement, Kind, Measure};
use crate::flaw::Flaw;
use crate::live::CheckId;
use crate::order::Placement;
use crate::report::{Confidence, Severity};
use crate::secret::Secret;

mod codes;
mod enumeration;
mod fixation;
mod limits;
mod old_versions;
mod weak_password;

pub const CHECK: Check = Check {
    id: CheckId::Login,
    title: "Login",
    asks: "Are wrong passwords limited, alike for known and unknown names, and sessions new?",
    flaws: &[
        &limits::UNLIMITED,
        &codes::UNLIMITED,
        &enumeration::AT_LOGIN,
        &enumeration::AT_RESET,
        &old_versions::OPEN,
        &fixation::FIXED,
        &weak_password::SHORT,
    ],
    values: &[
        Measure {
            name: "login.attempts_limited",
            kind: Kind::Bool,
            meaning: "wrong passwords met a refusal of another kind, a growing delay or a lock",
        },
        Measure {
            name: "login.attempts_made",
            kind: Kind::Int,
            meaning: "wrong passwords that were tried until then",
        },
        Measure {
            name: "login.codes_limited",
            kind: Kind::Bool,
            meaning: "wrong one-time codes met a refusal of another kind, a growing delay or a lock; \
                      measured where the document describes such a code",
        },
        Measure {
            name: "login.names_hidden",
            kind: Kind::Bool,
            meaning: "a wrong password and an unknown name were answered alike",
        },
        Measure {
            name: "login.reset_names_hidden",
            kind: Kind::Bool,
            meaning: "a password reset answered known and unknown names alike",
        },
        Measure {
            name: "login.session_renewed",
            kind: Kind::Bool,
            meaning: "the cookie of before the login was worth nothing after it",
        },
        Measure {
            name: "login.short_password_refused",
            kind: Kind::Bool,
            meaning: "registering with a password of four characters was refused",
        },
    ],
};

/// An account that may be locked, and the way in that succeeded.
struct Ground {
    account: Account,
    way: Way,
    /// The account is the scan's own, so that it may be locked.
    own: bool,
    /// What the login gave.
    actor: Actor,
}

/// How a name and a password get in.
enum Way {
    Entry(Box<Entry>),
    /// With every request (RFC 7617), for instance with this one.
    Basic(Box<Guarded>),
}

impl Ground {
    /// A try as somebody else, or with another password.
    fn attempt(&self, scan: &Scan<'_>, other: &Account) -> Request {
        match &self.way {
            Way::Entry(entered) => visitor::login_as(scan, entered, &self.account, other),
            Way::Basic(guarded) => {
                let pair = format!("{}:{}", other.name, other.password.expose());
                let mut presented = Presented::new(Secret::new(pair), "$VISITOR", Origin::Derived);
                presented.placement = Some(Placement::Basic);
                guarded.request.with(Some(presented))
            }
        }
    }

    /// What evidence calls the way in.
    fn label(&self, scan: &Scan<'_>) -> String {
        match &self.way {
            Way::Entry(entered) => visitor::label(scan, entered),
            Way::Basic(guarded) => guarded.operation.clone(),
        }
    }
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    let ground = match ground(scan).await {
        Ok(ground) => ground,
        Err(gap) => return Judgement::unjudged(gap),
    };
    let mut judgement = Judgement::default();
    fixation::look(scan, &ground, &mut judgement).await;
    weak_password::look(scan, &ground, &mut judgement).await;
    enumeration::look(scan, &ground, &mut judgement).await;
    enumeration::look_at_resets(scan, &ground, &mut judgement).await;
    codes::look(scan, &ground, &mut judgement).await;
    old_versions::look(scan, &ground, &mut judgement).await;
    // Last, because the account may be locked by it.
    limits::look(scan, &ground, &mut judgement).await;
    judgement
}

async fn ground(scan: &Scan<'_>) -> Result<Ground, Gap> {
    let mut account = visitor::account(scan).await?;
    let actor = visitor::enter(scan, &account).await?;
    let own = account.marker.is_some();
    if !own && let Some(told) = told_mail(scan) {
        account.email = told;
    }
    let basic = actor.credential.placement == Some(Placement::Basic);
    let way = match &actor.entry {
        Some(entered) => Way::Entry(Box::new(entered.clone())),
        None if basic => Way::Basic(Box::new(scan.guarded().await?)),
        None => {
            let detail = "the document describes no login that takes a name and a password";
            return Err(Gap::no_operation(detail));
        }
    };
    Ok(Ground { account, way, own, actor })
}

/// The mail address of A, where the service tells A what it is.
fn told_mail(scan: &Scan<'_>) -> Option<String> {
    let names = scan.known_world()?.names(Who::A);
    let mut mails = names.iter().filter(|(key, value)| key == "email" && value.contains('@'));
    mails.next_back().map(|(_, value)| value.clone())
}

/// What the flaws of this check have in common.
const FLAW: Flaw = Flaw {
    id: "login-guessing-unlimited",
    check: CheckId::Login.code(),
    title: "Passwords can be tried without end",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "Whoever has a list of leaked passwords tries all of them, for every account.",
    fix: "Slow down and then refuse tries by account and by address; answer 429 with Retry-After \
          (OWASP ASVS 2.2.1).",
    owasp: "API2:2023",
    cwe: 307,
};
