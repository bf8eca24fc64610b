//! Check `token-lifecycle`: does a credential end when it should, and only there where it belongs?

use super::actor::visitor;
use super::actor::{Account, Actor};
use super::reply::Reply;
use super::request::Presented;
use super::scan::{Guarded, Scan};
use super::{Check, Gap, Judgement, Kind, Measure};
use crate::flaw::Flaw;
use crate::live::CheckId;
use crate::live::likeness::{alike, tells_of_error};
use crate::report::{Confidence, Severity};

mod lifetime;
mod query;
mod refresh;
mod revocation;

pub const CHECK: Check = Check {
    id: CheckId::TokenLifecycle,
    title: "Token lifecycle",
    asks: "Do credentials end at logout, at their refresh and in time?",
    flaws: &[
        &revocation::LIVES_ON,
        &refresh::REPLAYED,
        &refresh::LIVES_ON,
        &lifetime::EVERLASTING,
        &lifetime::LONG,
        &query::IN_URL,
    ],
    values: &[
        Measure {
            name: "lifecycle.ended_by_logout",
            kind: Kind::Bool,
            meaning: "after logging out or revoking, the credential was refused",
        },
        Measure {
            name: "lifecycle.refresh_ended_by_logout",
            kind: Kind::Bool,
            meaning: "after logging out or revoking, the refresh token gave no new credential",
        },
        Measure {
            name: "lifecycle.refresh_single_use",
            kind: Kind::Bool,
            meaning: "a refresh token that was exchanged for another was refused the second time",
        },
        Measure {
            name: "lifecycle.refresh_rotated",
            kind: Kind::Bool,
            meaning: "each refresh gave a new refresh token (RFC 9700 §4.14.2)",
        },
        Measure {
            name: "lifecycle.lifetime_seconds",
            kind: Kind::Int,
            meaning: "how long a credential of a fresh login lasts, by its claims or its \
                      `expires_in`; -1 for a signed token without an end",
        },
        Measure {
            name: "lifecycle.header_only",
            kind: Kind::Bool,
            meaning: "the credential of a header was refused in the query (RFC 9700 §4.3.2)",
        },
    ],
};

pub async fn run(scan: &Scan<'_>) -> Judgement {
    let guarded = match scan.guarded().await {
        Ok(guarded) => guarded,
        Err(gap) => return Judgement::unjudged(gap),
    };
    let mut judgement = Judgement::default();
    query::look(scan, &guarded, &mut judgement).await;
    let account = visitor::account(scan).await;
    let entered = match &account {
        Ok(account) => visitor::enter(scan, account).await,
        Err(gap) => Err(gap.clone()),
    };
    let genuine = scan.genuine();
    lifetime::look(entered.as_ref().ok(), genuine.as_ref(), &mut judgement);
    match (account, entered) {
        (Ok(account), Ok(actor)) => {
            let ground = Ground { scan, guarded: &guarded, account: &account };
            refresh::look(&ground, &actor, &mut judgement).await;
            revocation::look(&ground, &actor, &mut judgement).await;
        }
        (_, Err(gap)) | (Err(gap), _) => judgement.gaps.push(gap),
    }
    judgement
}

/// Where logins of our own are ended, and where it shows.
struct Ground<'g, 's> {
    scan: &'g Scan<'s>,
    guarded: &'g Guarded,
    account: &'g Account,
}

impl Ground<'_, '_> {
    /// One more login, with a credential that none of the others is.
    async fn fresh(&self, others: &[&Presented]) -> Result<Actor, Gap> {
        for _ in 0..3 {
            let actor = visitor::enter(self.scan, self.account).await?;
            let same =
                |other: &&&Presented| other.value.expose() == actor.credential.value.expose();
            let ours = self.scan.genuine();
            if !others.iter().chain(ours.as_ref().iter()).any(|other| same(&other)) {
                return Ok(actor);
            }
            // Tokens of the same second may be the same to the last letter.
            let wait = std::time::Duration::from_millis(1_100);
            self.scan.client.budget.pause(wait).await.map_err(|spent| Gap::from(&spent.into()))?;
        }
        Err(Gap::undecided("every login gives the same credential, so ending one would end all"))
    }

    /// What the guarded operation answers to this credential.
    async fn ask(&self, credential: &Presented) -> Result<Reply, Gap> {
        let request = self.guarded.request.with(Some(credential.clone()));
        self.scan.send(&request).await.map_err(|error| Gap::from(&error))
    }

    fn opens(&self, reply: &Reply) -> bool {
        reply.is_success() && !tells_of_error(reply) && alike(reply, &self.guarded.control)
    }
}

/// What the flaws of this check have in common.
const FLAW: Flaw = Flaw {
    id: "token-lives-after-logout",
    check: CheckId::TokenLifecycle.code(),
    title: "A credential works after it was ended",
    severity: Severity::Medium,
    confidence: Confidence::High,
    why: "Who has stolen a credential keeps it, although its owner logged out to be safe.",
    fix: "End the session on the server: forget its identifier, or keep a list of ended tokens \
          until their `exp` (RFC 7009 §2.2, OWASP ASVS 3.3.1).",
    owasp: "API2:2023",
    cwe: 613,
};
