//! Who calls: nobody, two plain users A and B, an administrator; and how each comes by a credential.
//!
//! An identity has the order's credential, or logs in to the order's account, or (A and B only) to
//! one that the scan registers for itself. Each is tried once, when it is first asked for.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::OnceCell;

use crate::live::call::Inputs;
use crate::live::client::WireError;
use crate::live::invent::Marker;
use crate::live::likeness::tells_of_error;
use crate::live::oauth::flow;
use crate::live::reply::Reply;
use crate::live::request::{Origin, Presented, Request};
use crate::live::scan::Scan;
use crate::live::{Gap, mask};
use crate::order::{Login, Placement};
use crate::report::GapCode;
use crate::secret::Secret;

mod csrf;
pub mod door;
mod entry;
mod pass;
pub mod visitor;

use door::Door;
pub use door::{Role, fields as door_fields, is_password, registrations, role};
pub use entry::own_value;
pub use pass::Pass;

/// Attempts at one door: the second mends what the first answer complained of.
const ATTEMPTS: usize = 3;
/// Doors of a kind that are tried.
const DOORS: usize = 3;

/// In whose name a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    Nobody,
    A,
    B,
    Admin,
    /// A third plain user, always one that the scan registered itself: nobody misses it.
    C,
    /// A login of its own, for what would spoil the session or the account of the others.
    Visitor,
}

impl Who {
    /// The environment variable that stands for the credential in evidence.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Nobody => "",
            Self::A => "$A",
            Self::B => "$B",
            Self::Admin => "$ADMIN",
            Self::C => "$C",
            Self::Visitor => "$VISITOR",
        }
    }
}

/// An account that an identity logs in to.
#[derive(Debug, Clone)]
pub struct Account {
    /// What is put where a user name is asked for.
    pub name: String,
    /// What is put where a mail address is asked for; the name, if nothing else is known.
    pub email: String,
    pub password: Secret,
    /// In every text that we registered. `None` for an account of the order.
    pub marker: Option<Marker>,
    /// The body that registered it, password included: never shown unmasked.
    pub sent: Value,
    /// What registering answered.
    pub registered: Option<Arc<Reply>>,
    /// The operation that registered it, by index.
    pub door: Option<usize>,
}

/// A login that succeeded.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The documented operation, by index, and what was sent to it.
    pub operation: Option<usize>,
    pub inputs: Option<Inputs>,
    pub request: Request,
    pub reply: Arc<Reply>,
}

/// Somebody with a credential.
#[derive(Debug, Clone)]
pub struct Actor {
    pub who: Who,
    pub credential: Presented,
    /// Known if the scan logged in.
    pub account: Option<Account>,
    /// How it logged in, if it did.
    pub entry: Option<Entry>,
    /// What the user is signed in with, where the credential came from an authorization server.
    pub session: Option<Presented>,
    /// What tells a client who the user is, and is no credential here (OpenID Connect Core §2).
    pub identity: Option<Secret>,
    /// A refresh token that came with the credential.
    pub refresh: Option<Secret>,
    /// True if an operation was seen to open with this credential and not without it.
    pub proven: bool,
}

impl Actor {
    /// True if the account is the scan's own: nobody misses it.
    pub fn is_made(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.marker.is_some())
    }
}

type Tried = Result<Actor, Gap>;

/// The identities of one scan.
#[derive(Default)]
pub struct Actors {
    a: OnceCell<Tried>,
    b: OnceCell<Tried>,
    admin: OnceCell<Tried>,
    c: OnceCell<Tried>,
}

impl Actors {
    fn cell(&self, who: Who) -> Option<&OnceCell<Tried>> {
        match who {
            Who::Nobody | Who::Visitor => None,
            Who::A => Some(&self.a),
            Who::B => Some(&self.b),
            Who::Admin => Some(&self.admin),
            Who::C => Some(&self.c),
        }
    }

    /// Somebody who was asked for before.
    pub fn known(&self, who: Who) -> Option<&Actor> {
        self.cell(who)?.get()?.as_ref().ok()
    }

    /// Why there is no such identity, if it was asked for.
    pub fn missing(&self, who: Who) -> Option<&Gap> {
        self.cell(who)?.get()?.as_ref().err()
    }

    /// Somebody; the first to ask waits until the credential is there.
    pub async fn get(&self, scan: &Scan<'_>, who: Who) -> Option<&Actor> {
        let tried = self.cell(who)?.get_or_init(|| Box::pin(come_by(scan, who))).await;
        tried.as_ref().ok()
    }
}

async fn come_by(scan: &Scan<'_>, who: Who) -> Tried {
    let given = scan.credentials;
    let (token, login) = match who {
        Who::A => (&given.token, &given.logins.a),
        Who::B => (&given.second, &given.logins.b),
        Who::Admin => (&given.admin, &given.logins.admin),
        Who::Nobody | Who::C | Who::Visitor => (&None, &None),
    };
    if let Some(token) = token {
        return Ok(of_order(scan, who, token));
    }
    let mut actor = match (login, who) {
        (Some(login), _) => log_in(scan, who, of_login(login)).await?,
        (None, Who::A | Who::B | Who::C) => register(scan, who).await?,
        (None, _) => {
            let detail = "the order holds no administrator (`credentials.admin`)";
            return Err(Gap::new(GapCode::NoCredential, detail));
        }
    };
    flow::complete(scan, &mut actor).await;
    csrf::complete(scan, &mut actor).await;
    if let (Who::A, Some(placement)) = (who, &actor.credential.placement) {
        scan.client.place(placement.clone());
    }
    Ok(actor)
}

fn of_order(scan: &Scan<'_>, who: Who, token: &Secret) -> Actor {
    let origin = if who == Who::A { Origin::Genuine } else { Origin::Derived };
    let mut credential = Presented::new(token.clone(), who.variable(), origin);
    credential.placement = Some(scan.credentials.placement.clone());
    Actor {
        who,
        credential,
        account: None,
        entry: None,
        session: None,
        identity: None,
        refresh: None,
        proven: false,
    }
}

fn of_login(login: &Login) -> Account {
    Account {
        name: login.name.clone(),
        email: login.name.clone(),
        password: login.password.clone(),
        marker: None,
        sent: Value::Null,
        registered: None,
        door: None,
    }
}

/// Registers an account of our own and logs in to it.
async fn register(scan: &Scan<'_>, who: Who) -> Tried {
    let mut last = Gap::new(
        GapCode::NoCredential,
        "the order holds no credential and the document describes no registration",
    );
    for door in door::registrations(&scan.document).into_iter().take(DOORS) {
        let account = match sign_up(scan, who, door).await {
            Ok(account) => account,
            Err(gap) => {
                last = gap;
                continue;
            }
        };
        match log_in(scan, who, account).await {
            Ok(actor) => return Ok(actor),
            Err(gap) => last = gap,
        }
    }
    Err(last)
}

/// Registers an account at this operation, in the name that evidence gives its password.
///
/// # Errors
/// It was refused, or could not be asked.
pub async fn sign_up(scan: &Scan<'_>, who: Who, door: usize) -> Result<Account, Gap> {
    sign_up_with(scan, who, door, &[]).await
}

/// The same with more fields in the body.
///
/// # Errors
/// It was refused, or could not be asked.
pub async fn sign_up_with(
    scan: &Scan<'_>,
    who: Who,
    door: usize,
    fields: &[(String, Value)],
) -> Result<Account, Gap> {
    let mut account = entry::invented();
    let password = format!("{}_PASSWORD", who.variable());
    scan.client.mask.learn(&account.password, &password, &Placement::Bearer);
    let Some(operation) = scan.document.operations.get(door) else {
        return Err(Gap::no_operation("no registration"));
    };
    let mut more: HashMap<String, Value> = fields.iter().cloned().collect();
    let mut refused = String::new();
    for _ in 0..ATTEMPTS {
        let body = entry::registration(scan, operation, &account, &more);
        let request = scan.written(operation, &entry::inputs(scan, operation, body.clone()));
        let reply = scan.send(&request).await.map_err(|error| Gap::from(&error))?;
        if is_done(&reply) {
            account.sent = body;
            account.registered = Some(Arc::new(reply));
            account.door = Some(door);
            return Ok(account);
        }
        refused = format!("`{}` answered {} to a new account", operation.label(), reply.status);
        if !entry::mend(scan, operation, &reply, &account, &body, &mut more) {
            break;
        }
    }
    Err(Gap::control_refused(&refused))
}

/// Logs in to an account, wherever the document lets it, and finds out how the credential is shown.
///
/// # Errors
/// No way in was found.
pub async fn log_in(scan: &Scan<'_>, who: Who, account: Account) -> Tried {
    let mut last = Gap::new(GapCode::NoCredential, "the document describes no way to log in");
    for door in door::logins(&scan.document).into_iter().take(DOORS) {
        for (inputs, request) in entry::requests(scan, &door, &account) {
            let reply = match scan.send(&request).await {
                Ok(reply) => Arc::new(reply),
                Err(error @ WireError::Spent(_)) => return Err(Gap::from(&error)),
                Err(error) => {
                    last = Gap::from(&error);
                    continue;
                }
            };
            if !is_done(&reply) && !is_redirect(&reply) {
                let detail = format!("`{}` answered {} to a login", door.label(scan), reply.status);
                last = Gap::control_refused(&detail);
                continue;
            }
            if let Some(actor) =
                admitted(scan, who, &account, Some((&door, inputs, request)), &reply).await
            {
                return Ok(actor);
            }
            let detail = format!("no credential was seen in the answer of `{}`", door.label(scan));
            last = Gap::undecided(detail);
        }
    }
    // Some services hand out the credential when they register, and some take the password itself.
    if let Some(reply) = account.registered.clone()
        && let Some(actor) = admitted(scan, who, &account, None, &reply).await
    {
        return Ok(actor);
    }
    if let Some(actor) = pass::by_password(scan, who, &account).await {
        return Ok(actor);
    }
    Err(last)
}

async fn admitted(
    scan: &Scan<'_>,
    who: Who,
    account: &Account,
    entered: Option<(&Door, Option<Inputs>, Request)>,
    reply: &Arc<Reply>,
) -> Option<Actor> {
    let pass = Pass::read(reply)?;
    if let Some(refresh) = &pass.refresh {
        let name = format!("{}_REFRESH", who.variable());
        scan.client.mask.learn(refresh, &name, &Placement::Bearer);
    }
    for secret in &pass.all {
        scan.client.mask.learn(secret, who.variable(), &Placement::Bearer);
    }
    let (credential, proven) = pass::placed(scan, who, &pass).await?;
    // What was seen before the secret was known is shown again without it.
    let mut seen = Reply::clone(reply);
    seen.exchange.response = Some(seen.shown(&scan.client.mask, None));
    let seen = Arc::new(seen);
    let mut account = account.clone();
    if account.registered.as_ref().is_some_and(|registered| Arc::ptr_eq(registered, reply)) {
        account.registered = Some(seen.clone());
    }
    Some(Actor {
        who,
        credential,
        account: Some(account),
        entry: entered.map(|(door, inputs, request)| {
            let operation = match door {
                Door::Operation(index) => Some(*index),
                Door::Token(_) => None,
            };
            Entry { operation, inputs, request, reply: seen }
        }),
        session: None,
        identity: reply.json().and_then(|value| identity(&value)),
        refresh: pass.refresh,
        proven,
    })
}

fn identity(answer: &Value) -> Option<Secret> {
    let names = ["id_token", "idToken"];
    let token = names.iter().find_map(|name| answer.get(name)?.as_str());
    token.map(|token| Secret::new(token.to_owned()))
}

fn is_done(reply: &Reply) -> bool {
    reply.is_success() && !tells_of_error(reply)
}

fn is_redirect(reply: &Reply) -> bool {
    (300..400).contains(&reply.status) && reply.header("set-cookie").is_some()
}

impl Scan<'_> {
    /// Why there is no such identity.
    pub fn nobody(&self, who: Who) -> Gap {
        let known = self.actors().missing(who).cloned();
        known.unwrap_or_else(|| {
            let detail = format!("the order holds no credential for `{}`", mask::variable("token"));
            Gap::new(GapCode::NoCredential, detail)
        })
    }
}
