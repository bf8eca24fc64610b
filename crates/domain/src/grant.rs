//! Grants: the decision that a request's scopes may be used, until its fuse burns.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::entry::Entry;
use crate::fuse::{Cause, Fuse};
use crate::id::{GrantId, RequestId, TokenId};
use crate::limit::Rate;
use crate::policy::Decision;
use crate::refusal::{Code, Reasons, Refusal};
use crate::request::{self, Asked, Request, Status};
use crate::service::{CANARY_GRANTS, CANARY_RATE, Release, Service};
use crate::state::{State, Tables};
use crate::time::{Millis, Span};

/// A grant that nobody claims lapses after this.
pub const CLAIM_WITHIN: Span = Span::days(7);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantIssued {
    pub fuse: Fuse,
    pub grant: GrantId,
    /// The tightest of what was asked, what policy gives and what the stage allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    pub request: RequestId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub fuse: Fuse,
    pub issued: Millis,
    /// The table that says what its scopes mean: that of the decision, or of the newest rotation.
    pub operations: Digest,
    pub rate: Option<Rate>,
    pub request: RequestId,
    pub revoked: Option<Millis>,
    /// The newest token, once claimed.
    pub token: Option<TokenId>,
}

impl Grant {
    /// Until when it can be claimed; past that it has lapsed.
    pub fn claim_until(&self) -> Fuse {
        let lapse = Fuse::new(self.issued.after(CLAIM_WITHIN), Cause::Unclaimed);
        self.fuse.clone().or_earlier(lapse)
    }

    pub(crate) fn must_live(&self, now: Millis) -> Result<(), Refusal> {
        let mut reasons = Reasons::default();
        reasons.require(self.revoked.is_none(), Code::WrongStatus, || {
            "the grant is revoked".to_owned()
        });
        reasons.require(!self.fuse.is_burnt(now), Code::FuseBroken, || {
            format!("the grant {}", self.fuse)
        });
        reasons.done()
    }
}

/// INVARIANT: no grant ends later than what justifies it: the request's end and the service's fuse.
pub fn fuse(request: &Request, service: &Service) -> Fuse {
    Fuse::new(request.asked.until, Cause::Request).or_earlier(service.fuse.clone())
}

/// The rate that a grant gets.
pub fn rate(asked: &Asked, decision: &Decision, service: &Service) -> Option<Rate> {
    let stage = (service.release == Release::Canary).then_some(CANARY_RATE);
    [asked.rate, decision.bounds.rate, stage].into_iter().flatten().reduce(Rate::or_tighter)
}

pub(crate) fn check(state: &State, issued: &GrantIssued, entry: &Entry) -> Result<(), Refusal> {
    let request = state.request(issued.request)?;
    let service = state.service(request.asked.service)?;
    let mut reasons = Reasons::default();
    let free = !state.grants.contains_key(&issued.grant);
    reasons.require(free, Code::Exists, || format!("{} exists already", issued.grant));
    reasons.take(request::must_be_granted(state, request));
    reasons.take(state.active_person(request.requester));
    reasons.take(state.active_person(request.asked.owner));
    reasons.take(service.must_be_released(entry.at));
    let crowded = service.release == Release::Canary && service.grants >= CANARY_GRANTS;
    reasons.require(!crowded, Code::NotReleased, || {
        format!(
            "`{}` is a canary and has its {CANARY_GRANTS} grants; release it wide first",
            service.name
        )
    });
    let fuse = fuse(request, service);
    reasons.require(issued.fuse == fuse && !fuse.is_burnt(entry.at), Code::FuseBroken, || {
        format!("the grant {fuse}, not on {}", issued.fuse.until)
    });
    reasons.require(
        request
            .decision
            .as_ref()
            .is_none_or(|decision| issued.rate == rate(&request.asked, decision, service)),
        Code::Invalid,
        || "the grant's rate is not what request, policy and stage give".to_owned(),
    );
    reasons.done()
}

impl Tables {
    pub fn grant(&self, id: GrantId) -> Result<&Grant, Refusal> {
        let found = self.grants.get(&id).map(AsRef::as_ref);
        found.ok_or_else(|| Refusal::new(Code::NotFound, format!("no grant {id}")))
    }

    pub(crate) fn absorb_grant(&mut self, issued: &GrantIssued, at: Millis) {
        let Some(request) = self.requests.get(&issued.request).cloned() else { return };
        let Some(operations) = request.operations(self) else { return };
        let grant = Grant {
            fuse: issued.fuse.clone(),
            issued: at,
            operations,
            rate: issued.rate,
            request: issued.request,
            revoked: None,
            token: None,
        };
        self.grants.insert(issued.grant, grant.into());
        let status = Status::Granted { at, grant: issued.grant };
        self.change_waiting(issued.request, |request| request.status = status);
        self.change_service(request.asked.service, |service| service.grants += 1);
    }
}
