//! Admission: a call passes only with a [`Permit`], and only [`admit`] makes one.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::catalog::{Method, Operation, Unmatchable};
use crate::fuse::Fuse;
use crate::grant::Grant;
use crate::id::{GrantId, ServiceId, TokenId};
use crate::limit::Rate;
use crate::material::Table;
use crate::request::Asked;
use crate::service::{Release, Service};
use crate::state::State;
use crate::time::{Millis, Span};
use crate::token::{Presented, Token};

/// What a caller asks of the gateway.
#[derive(Debug, Clone)]
pub struct Call {
    pub environment: String,
    pub method: Method,
    /// The raw path below the service's and environment's part, without the query.
    pub path: String,
    pub peer: IpAddr,
    /// The token that it showed, if it showed one.
    pub presented: Option<Presented>,
    pub service: String,
}

/// What time it is, and how fresh the state is known to be.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// The later of the machine's clock and the last time that control proved.
    pub now: Millis,
    /// Since when, by the machine's monotonic clock, the state was last proven to be the newest.
    pub proven: Span,
}

/// The counters behind the rates. They live where the calls are counted, not here.
pub trait Limits {
    /// Takes one call of the grant: how many are left now, or how long to wait.
    fn take(&self, grant: GrantId, rate: Rate) -> Result<Left, Span>;
}

/// What a caller may know of its limit (the `RateLimit` header's `r` and `t`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    pub calls: u64,
    /// Until the limit is whole again.
    pub reset: Span,
}

/// The proof that one call may pass, under one size of the ledger. It owns its call.
#[derive(Debug)]
pub struct Permit {
    call: Call,
    /// The earliest end of what it rests on.
    ends: Millis,
    grant: GrantId,
    left: Option<(Rate, Left)>,
    place: usize,
    service: ServiceId,
    size: u64,
    table: Arc<Table>,
    token: TokenId,
}

/// Why a call does not pass. The caller can tell them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// No token of ours, or one that the ledger does not know.
    Unknown,
    Expired {
        fuse: Fuse,
    },
    Revoked,
    /// Nobody answers for the service account that the token is of.
    NoResponsible,
    OutOfScope {
        why: Scope,
    },
    Limited {
        rate: Rate,
        wait: Span,
    },
    /// The call comes from an address that the grant does not name.
    Address,
    /// This gateway's state is too old to admit anything.
    Stale,
}

/// In what way a call is out of its token's scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The token is for another service or environment.
    Elsewhere,
    /// The path cannot be read in one way only, or is no documented operation.
    Path(Unmatchable),
    /// The operation belongs to a scope that was not granted.
    NotGranted { operation: String, scope: String },
}

impl Denied {
    pub fn code(&self) -> &'static str {
        match self {
            Denied::Unknown => "unknown",
            Denied::Expired { .. } => "expired",
            Denied::Revoked => "revoked",
            Denied::NoResponsible => "no-responsible",
            Denied::OutOfScope { .. } => "out-of-scope",
            Denied::Limited { .. } => "limited",
            Denied::Address => "address",
            Denied::Stale => "stale",
        }
    }

    /// The HTTP status (RFC 9110 §15, RFC 6585 §4).
    pub fn status(&self) -> u16 {
        match self {
            Denied::Unknown | Denied::Expired { .. } | Denied::Revoked | Denied::NoResponsible => {
                401
            }
            Denied::OutOfScope { .. } | Denied::Address => 403,
            Denied::Limited { .. } => 429,
            Denied::Stale => 503,
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::Unknown => f.write_str("no token that this gateway knows was shown"),
            Denied::Expired { fuse } => write!(f, "the token has ended: it {fuse}"),
            Denied::Revoked => f.write_str("the token is revoked"),
            Denied::NoResponsible => {
                f.write_str("nobody answers for the token's service account any more")
            }
            Denied::OutOfScope { why: Scope::Elsewhere } => {
                f.write_str("the token is for another service or environment")
            }
            Denied::OutOfScope { why: Scope::Path(Unmatchable::Undeclared) } => {
                f.write_str("the API's document has no such operation")
            }
            Denied::OutOfScope { why: Scope::Path(why @ Unmatchable::EncodedSlash) } => write!(
                f,
                "{why} ({}): a server that decodes it before it looks for the operation sees another \
                 path than one that does not, so it is not passed on; where the API takes such a name \
                 in its query or body, give it there",
                why.code()
            ),
            Denied::OutOfScope { why: Scope::Path(why) } => write!(f, "{why} ({})", why.code()),
            Denied::OutOfScope { why: Scope::NotGranted { operation, scope } } => {
                write!(f, "`{operation}` needs the scope `{scope}`, which was not granted")
            }
            Denied::Limited { rate, .. } => write!(f, "the limit of {rate} is used up"),
            Denied::Address => f.write_str("the token is bound to other addresses"),
            Denied::Stale => f.write_str("this gateway's view of the ledger is too old"),
        }
    }
}

/// Admits the call, or says why not. Default deny: every question has to be answered with yes.
pub fn admit(
    state: &State,
    call: Call,
    clock: Clock,
    limits: &impl Limits,
) -> Result<Permit, Denied> {
    let presented = call.presented.ok_or(Denied::Unknown)?;
    let now = clock.now.max(state.at());
    must_be_fresh(state, clock)?;
    let holding = Holding::find(state, presented.token).ok_or(Denied::Unknown)?;
    if !holding.token.is(&presented) {
        return Err(Denied::Unknown);
    }
    holding.must_live(state, now)?;
    holding.must_be_here(&call)?;
    let (table, place) = holding.operation(state, &call)?;
    let left = match holding.grant.rate {
        None => None,
        Some(rate) => {
            let left = limits.take(holding.token.grant, rate);
            Some((rate, left.map_err(|wait| Denied::Limited { rate, wait })?))
        }
    };
    Ok(Permit {
        ends: holding.fuses().map(|fuse| fuse.until).into_iter().min().unwrap_or(now),
        grant: holding.token.grant,
        left,
        place,
        service: holding.asked.service,
        size: state.size(),
        table,
        token: presented.token,
        call,
    })
}

/// INVARIANT: no permit from a state older than the staleness bound.
fn must_be_fresh(state: &State, clock: Clock) -> Result<(), Denied> {
    match clock.proven < state.settings().staleness {
        true => Ok(()),
        false => Err(Denied::Stale),
    }
}

/// A token and all that it rests on.
struct Holding<'a> {
    asked: &'a Asked,
    grant: &'a Grant,
    service: &'a Service,
    token: &'a Token,
}

impl<'a> Holding<'a> {
    fn find(state: &'a State, id: TokenId) -> Option<Holding<'a>> {
        let token = state.tokens.get(&id)?;
        let grant = state.grants.get(&token.grant)?;
        let asked = &state.requests.get(&grant.request)?.asked;
        let service = state.services.get(&asked.service)?;
        Some(Holding { asked, grant, service, token })
    }

    fn must_live(&self, state: &State, now: Millis) -> Result<(), Denied> {
        let owner = state.people.get(&self.asked.owner).filter(|owner| owner.is_here());
        let Some(owner) = owner else { return Err(Denied::Revoked) };
        if self.token.revoked.is_some()
            || self.grant.revoked.is_some()
            || !matches!(self.service.release, Release::Canary | Release::Wide)
        {
            return Err(Denied::Revoked);
        }
        if !state.is_answered_for(owner) {
            return Err(Denied::NoResponsible);
        }
        match self.fuses().into_iter().find(|fuse| fuse.is_burnt(now)) {
            Some(fuse) => Err(Denied::Expired { fuse: fuse.clone() }),
            None => Ok(()),
        }
    }

    fn fuses(&self) -> [&'a Fuse; 3] {
        [&self.token.fuse, &self.grant.fuse, &self.service.fuse]
    }

    fn must_be_here(&self, call: &Call) -> Result<(), Denied> {
        let addresses = &self.asked.addresses;
        if !addresses.is_empty() && !addresses.iter().any(|range| range.contains(call.peer)) {
            return Err(Denied::Address);
        }
        match self.service.name == call.service && self.asked.environment == call.environment {
            true => Ok(()),
            false => Err(Denied::OutOfScope { why: Scope::Elsewhere }),
        }
    }

    fn operation(&self, state: &State, call: &Call) -> Result<(Arc<Table>, usize), Denied> {
        let undeclared = |why| Denied::OutOfScope { why: Scope::Path(why) };
        let table = state
            .materials()
            .operations(&self.grant.operations)
            .map_err(|_| undeclared(Unmatchable::Undeclared))?;
        let place = table.matcher.find(call.method, &call.path).map_err(undeclared)?.operation;
        let operation = table.operations.operations().get(place);
        let operation = operation.ok_or_else(|| undeclared(Unmatchable::Undeclared))?;
        match self.asked.scopes.binary_search(&operation.scope) {
            Ok(_) => Ok((table.clone(), place)),
            Err(_) => Err(Denied::OutOfScope {
                why: Scope::NotGranted {
                    operation: operation.id.clone(),
                    scope: operation.scope.clone(),
                },
            }),
        }
    }
}

impl Permit {
    pub fn call(&self) -> &Call {
        &self.call
    }

    pub fn grant(&self) -> GrantId {
        self.grant
    }

    pub fn token(&self) -> TokenId {
        self.token
    }

    pub fn service(&self) -> ServiceId {
        self.service
    }

    /// The size of the ledger that it was admitted under.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The rate that counts it, and what is left of that.
    pub fn left(&self) -> Option<(Rate, Left)> {
        self.left
    }

    pub fn operation(&self) -> Option<&Operation> {
        self.table.operations.operations().get(self.place)
    }

    /// Whether it still holds: asked at every connection attempt, retry and message of a stream.
    /// `state` is of the ledger that it was admitted under, at any size.
    pub fn recheck(&self, state: &State, clock: Clock) -> Result<(), Denied> {
        must_be_fresh(state, clock)?;
        let now = clock.now.max(state.at());
        // INVARIANT: at the same size the state is the same one, and only time has passed.
        if state.size() == self.size && now < self.ends {
            return Ok(());
        }
        Holding::find(state, self.token).ok_or(Denied::Unknown)?.must_live(state, now)
    }
}
