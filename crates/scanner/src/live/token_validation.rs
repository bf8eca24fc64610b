//! Check `token-validation`: is a credential looked at to its last bit, its end and its audience?

use std::net::Ipv4Addr;
use std::time::Duration;

use super::actor::Who;
use super::client::WireError;
use super::mask::variable;
use super::reply::Reply;
use super::request::{Origin, Presented};
use super::scan::{Guarded, Scan};
use super::token::{self, Defence, Forge, Forgery, Token};
use super::witness::Witness;
use super::{Check, Gap, Judgement, Kind, Measure};
use crate::live::CheckId;
use crate::report::GapCode;
use crate::secret::Secret;

mod flaws;
mod judge;
mod measures;
mod wishes;

pub const CHECK: Check = Check {
    id: CheckId::TokenValidation,
    title: "Token validation",
    asks: "Are false, expired and foreign credentials refused where the valid one is accepted?",
    flaws: flaws::ALL,
    values: measures::ALL,
};

/// How long a short-lived token is waited for, and the leeway that a verifier may give it.
const MOST_LIFE: i64 = 90;
const LEEWAY: i64 = 60;

/// What became of one false credential.
struct Attempt {
    defence: Defence,
    what: String,
    answer: Result<Reply, WireError>,
    /// A 5xx that came twice in a row for the same credential.
    repeated: bool,
    /// What came back for the doubt, which is only asked after an acceptance.
    doubt: Option<Result<Reply, WireError>>,
    forge: Option<Forge>,
}

struct Seen {
    guarded: Guarded,
    jwt: bool,
    /// The algorithm takes a secret.
    symmetric: bool,
    lifetime: Option<i64>,
    attempts: Vec<Attempt>,
    /// A forgery of the signature that could not be made.
    missing: Option<String>,
    /// Why a question could not be asked.
    gaps: Vec<Gap>,
    /// Members of a header whose address the target fetched; `None` where nobody listened.
    fetched: Option<Vec<&'static str>>,
    /// What came back for a header that must be understood and cannot.
    critical: Option<Attempt>,
    /// The valid credential once more, after everything.
    after: Result<Reply, WireError>,
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    match observe(scan).await {
        Ok(seen) => judge::judge(&seen),
        Err(gap) => Judgement::unjudged(gap),
    }
}

async fn observe(scan: &Scan<'_>) -> Result<Seen, Gap> {
    let guarded = scan.guarded().await?;
    let genuine = scan.genuine().ok_or_else(Gap::no_credential)?;
    let credential = &genuine.value;
    let token = Token::read(credential, &genuine.shown);
    let trial = Trial { scan, guarded: &guarded };
    let mut seen = match &token {
        Some(token) => of_token(&trial, token).await,
        None => of_opaque(&trial, credential).await,
    };
    seen.attempts.extend(trial.identity(token.as_ref()).await);
    for which in Foreign::ALL {
        if let Some(secret) = which.of(scan) {
            match unfit(which, Token::read(secret, "").as_ref(), token.as_ref(), scan.now) {
                None => seen.attempts.push(trial.given(which, secret).await),
                Some(fault) => {
                    let detail = format!("`credentials.{}` {fault}", which.field());
                    seen.gaps.push(Gap::new(GapCode::Unsupported, detail));
                }
            }
        } else if which.is_asked_of(token.as_ref())
            && !seen.attempts.iter().any(|one| one.defence == which.defence())
        {
            let detail = format!("the order holds no `credentials.{}`", which.field());
            seen.gaps.push(Gap::new(GapCode::NoCredential, detail));
        }
    }
    let after = scan.send(&guarded.request).await;
    let lifetime = token.as_ref().and_then(|token| Some(token.time("exp")? - token.time("iat")?));
    let symmetric = token.as_ref().is_some_and(Token::is_symmetric);
    let jwt = token.is_some();
    let Tried { attempts, missing, gaps, fetched, critical } = seen;
    Ok(Seen {
        jwt,
        symmetric,
        lifetime,
        attempts,
        missing,
        gaps,
        fetched,
        critical,
        after,
        guarded,
    })
}

/// What was tried so far.
#[derive(Default)]
struct Tried {
    attempts: Vec<Attempt>,
    missing: Option<String>,
    gaps: Vec<Gap>,
    fetched: Option<Vec<&'static str>>,
    critical: Option<Attempt>,
}

async fn of_opaque(trial: &Trial<'_, '_>, credential: &Secret) -> Tried {
    let forgeries = token::opaque::forgeries(credential, &trial.scan.client.placement());
    let missing =
        forgeries.is_empty().then(|| "the credential is too short to be changed".to_owned());
    Tried { attempts: trial.all(forgeries).await, missing, ..Tried::default() }
}

async fn of_token(trial: &Trial<'_, '_>, token: &Token) -> Tried {
    let scan = trial.scan;
    let mut forgeries = token::unsigned::forgeries(token);
    let (signatures, missing) = token::signature::forgeries(token);
    forgeries.extend(signatures);
    forgeries.extend(token::signature::null(token));
    forgeries
        .extend(token::secret::forgery(token, &[scan.document.title, &scan.client.target.host]));
    if !token.is_symmetric() {
        let keys = token::key::find(scan, token).await;
        forgeries.extend(token::confusion::forgeries(token, &keys));
    }
    forgeries.extend(token::key_id::forgeries(token));
    let mut witness = None;
    if let Some(pairs) = token::embedded::pairs(token) {
        forgeries.extend(token::embedded::forgeries(token, &pairs));
        witness = listener(scan, token::remote::pages(token, &pairs)).await;
        let remote = witness.as_ref().map(|one| token::remote::forgeries(token, &pairs, one));
        forgeries.extend(remote.into_iter().flatten());
    }
    let mut tried = Tried { attempts: trial.all(forgeries).await, missing, ..Tried::default() };
    if let Some(forge) = judge::forge(&trial.guarded.control, &tried.attempts) {
        let of_claims = token::claims::forgeries(token, &forge, scan.now);
        tried.attempts.extend(trial.all(of_claims).await);
        if let Some(presented) = token::claims::critical(token, &forge) {
            tried.critical = Some(trial.attempt(Defence::Signature, "`crit`", presented).await);
        }
    } else {
        tried.attempts.extend(trial.wished(token).await);
    }
    tried.fetched = witness.as_ref().map(token::remote::fetched);
    tried
}

/// A listener where the target can reach it: on loopback, where we both are.
async fn listener(scan: &Scan<'_>, pages: Vec<(String, String)>) -> Option<Witness> {
    let near = scan.client.is_near();
    if !near {
        return None;
    }
    Witness::open(Ipv4Addr::LOCALHOST.into(), pages).await.ok()
}

/// Presents false credentials where the valid one is known to work.
struct Trial<'t, 's> {
    scan: &'t Scan<'s>,
    guarded: &'t Guarded,
}

impl Trial<'_, '_> {
    async fn all(&self, forgeries: Vec<Forgery>) -> Vec<Attempt> {
        let mut attempts: Vec<Attempt> = Vec::new();
        for forgery in forgeries {
            // One that works is enough of a kind, except where each tells of its own.
            let known = attempts.iter().any(|one| {
                one.defence == forgery.defence && judge::is_proven(&self.guarded.control, one)
            });
            if known && !matches!(forgery.defence, Defence::Unsigned | Defence::Signature) {
                continue;
            }
            let Forgery { defence, what, presented, doubt, forge } = forgery;
            let mut attempt = self.attempt(defence, &what, presented).await;
            attempt.forge = forge;
            if let Some(doubt) =
                doubt.filter(|_| judge::is_accepted(&self.guarded.control, &attempt))
            {
                attempt.doubt = Some(self.scan.send(&self.guarded.request.with(Some(doubt))).await);
            }
            attempts.push(attempt);
        }
        attempts
    }

    /// Presents a false credential. A server that fails on it is asked again: the same failure
    /// twice, while the valid credential works before and after, is a refusal without manners.
    async fn attempt(&self, defence: Defence, what: &str, presented: Presented) -> Attempt {
        let request = self.guarded.request.with(Some(presented));
        let mut answer = self.scan.send(&request).await;
        let mut repeated = false;
        if let Ok(first) = answer.as_ref().map(|reply| reply.status)
            && first >= 500
        {
            answer = self.scan.send(&request).await;
            repeated = answer.as_ref().is_ok_and(|reply| reply.status == first);
        }
        let what = what.to_owned();
        Attempt { defence, what, answer, repeated, doubt: None, forge: None }
    }

    async fn given(&self, which: Foreign, secret: &Secret) -> Attempt {
        let presented = Presented::new(secret.clone(), variable(which.field()), Origin::Derived);
        self.attempt(which.defence(), &which.field().replace('_', " "), presented).await
    }

    /// Tokens that the service itself makes and must refuse, where nothing else shows the same.
    async fn wished(&self, token: &Token) -> Vec<Attempt> {
        let scan = self.scan;
        let mut attempts = Vec::new();
        let Some(actor) = scan.actor(Who::A).await else { return attempts };
        if scan.credentials.expired.is_none() {
            let brief = wishes::brief(scan, actor, token).await;
            let (secret, end) = match (brief, token.time("exp")) {
                (Some(brief), _) => brief,
                (None, Some(end)) => (actor.credential.value.clone(), end),
                (None, None) => return attempts,
            };
            let presented = Presented::new(secret, "$EXPIRED", Origin::Derived);
            attempts.extend(self.outlived(presented, end).await);
        }
        if scan.credentials.wrong_audience.is_none()
            && let Some(secret) = wishes::foreign(scan, actor, token).await
        {
            let presented = Presented::new(secret, "$WRONG_AUDIENCE", Origin::Derived);
            let what = "a token that the login made for another audience";
            attempts.push(self.attempt(Defence::Audience, what, presented).await);
        }
        attempts
    }

    /// The identity token of the same login, which is made for the client and for nobody else
    /// (RFC 8725 §3.12).
    async fn identity(&self, valid: Option<&Token>) -> Option<Attempt> {
        let secret = self.scan.actor(Who::A).await?.identity.clone()?;
        let token = Token::read(&secret, "$ID_TOKEN")?;
        let other = differs("aud", &token, valid?).is_none();
        let presented = Presented::new(secret, "$ID_TOKEN", Origin::Derived);
        let what = "the identity token of the same login";
        match other {
            true => Some(self.attempt(Defence::Audience, what, presented).await),
            false => None,
        }
    }

    /// A good token after its end, if that is near. What is accepted at once is asked again when
    /// no leeway can excuse it.
    async fn outlived(&self, good: Presented, end: i64) -> Option<Attempt> {
        let budget = &self.scan.client.budget;
        let left = end - self.scan.now - budget.seconds_spent();
        if left > MOST_LIFE {
            return None;
        }
        for wait in [left.max(0) + 2, LEEWAY + 2] {
            budget.pause(Duration::from_secs(u64::try_from(wait).ok()?)).await.ok()?;
            let what = "a good token after its end";
            let attempt = self.attempt(Defence::Expiry, what, good.clone()).await;
            if !judge::is_accepted(&self.guarded.control, &attempt) || wait > LEEWAY {
                return Some(attempt);
            }
        }
        None
    }
}

/// A credential of the order that must be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Foreign {
    Expired,
    WrongAudience,
    NotYetValid,
    WrongIssuer,
}

impl Foreign {
    const ALL: [Self; 4] =
        [Self::Expired, Self::WrongAudience, Self::NotYetValid, Self::WrongIssuer];

    const fn field(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::WrongAudience => "wrong_audience",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongIssuer => "wrong_issuer",
        }
    }

    /// True if the question stays open where nothing could be tried. A signed token that names no
    /// audience asks for none; who issues it and from when on are told where they can be.
    fn is_asked_of(self, token: Option<&Token>) -> bool {
        match self {
            Self::Expired => true,
            Self::WrongAudience => token.is_none_or(|token| token.claims.contains_key("aud")),
            Self::NotYetValid | Self::WrongIssuer => false,
        }
    }

    const fn defence(self) -> Defence {
        match self {
            Self::Expired => Defence::Expiry,
            Self::WrongAudience => Defence::Audience,
            Self::NotYetValid => Defence::NotBefore,
            Self::WrongIssuer => Defence::Issuer,
        }
    }

    fn of<'s>(self, scan: &'s Scan<'_>) -> Option<&'s Secret> {
        match self {
            Self::Expired => scan.credentials.expired.as_ref(),
            Self::WrongAudience => scan.credentials.wrong_audience.as_ref(),
            Self::NotYetValid => scan.credentials.not_yet_valid.as_ref(),
            Self::WrongIssuer => scan.credentials.wrong_issuer.as_ref(),
        }
    }
}

/// Why a token of the order would prove nothing when it is accepted. Opaque ones are taken as given.
fn unfit(which: Foreign, token: Option<&Token>, valid: Option<&Token>, now: i64) -> Option<String> {
    let token = token?;
    match which {
        Foreign::Expired => match token.time("exp") {
            None => Some("has no `exp` claim".to_owned()),
            Some(end) if end > now => Some(format!("has not expired: `exp` is {end}")),
            Some(_) => None,
        },
        Foreign::NotYetValid => match token.time("nbf") {
            None => Some("has no `nbf` claim".to_owned()),
            Some(start) if start < now + LEEWAY => {
                Some(format!("is valid already: `nbf` is {start}"))
            }
            Some(_) => None,
        },
        Foreign::WrongAudience => differs("aud", token, valid?),
        Foreign::WrongIssuer => differs("iss", token, valid?),
    }
}

fn differs(claim: &str, token: &Token, valid: &Token) -> Option<String> {
    let (other, own) = (token.claims.get(claim), valid.claims.get(claim));
    match other {
        None => Some(format!("has no `{claim}` claim")),
        Some(_) if other == own => Some(format!("has the `{claim}` of the valid token")),
        Some(_) => None,
    }
}
