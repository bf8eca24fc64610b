//! A request as people see it: what policy said, what is missing, what would pass.

use domain::grant::Grant;
use domain::id::{GrantId, RequestId};
use domain::policy::{Decision, Outcome};
use domain::refusal::Refusal;
use domain::request::{Request, Status};
use domain::state::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Ends, Named, ReviewView};
use crate::control::Control;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RequestView {
    pub id: String,
    pub requester: Named,
    pub owner: Named,
    /// The service's name.
    pub service: String,
    pub environment: String,
    pub scopes: Vec<String>,
    pub addresses: Vec<String>,
    pub rate: Option<String>,
    /// The asked end.
    pub until: u64,
    pub status: String,
    pub next: String,
    pub decision: Option<DecisionView>,
    pub reviews: Vec<ReviewView>,
    pub grant: Option<GrantView>,
}

/// What policy said.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DecisionView {
    /// `grant`, `review` or `deny`.
    pub outcome: String,
    /// The determining policies with their advice.
    pub policies: Vec<Named>,
    pub reviewers: Option<String>,
    pub longest_life: String,
    pub rate: Option<String>,
    /// The smaller request that would pass.
    pub smaller: Option<SmallerView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SmallerView {
    pub environment: String,
    pub scopes: Vec<String>,
    pub until: u64,
    /// `grant` or `review`.
    pub outcome: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct GrantView {
    pub id: String,
    pub ends: Ends,
    pub claim_until: Option<Ends>,
    pub rate: Option<String>,
    pub token: Option<String>,
    pub revoked: bool,
}

fn outcome(outcome: Outcome) -> String {
    let name = match outcome {
        Outcome::Grant => "grant",
        Outcome::Review => "review",
        Outcome::Deny => "deny",
    };
    name.to_owned()
}

/// A decision with the advice that its policies give.
pub fn decision(state: &State, decision: &Decision) -> DecisionView {
    let rules = state.materials().policy(&decision.policy).ok();
    let named = |id: &String| Named {
        id: id.clone(),
        name: rules.and_then(|rules| rules.advice(id)).unwrap_or_default().to_owned(),
    };
    DecisionView {
        outcome: outcome(decision.outcome),
        policies: decision.policies.iter().map(named).collect(),
        reviewers: decision.reviewers.as_ref().map(ToString::to_string),
        longest_life: decision.bounds.life.to_string(),
        rate: decision.bounds.rate.map(|rate| rate.to_string()),
        smaller: decision.smaller.as_ref().map(|smaller| SmallerView {
            environment: smaller.environment.clone(),
            scopes: smaller.scopes.clone(),
            until: smaller.until.0,
            outcome: outcome(smaller.outcome),
        }),
    }
}

pub fn grant(id: GrantId, grant: &Grant) -> GrantView {
    GrantView {
        id: id.to_string(),
        ends: Ends::from(&grant.fuse),
        claim_until: grant.token.is_none().then(|| Ends::from(&grant.claim_until())),
        rate: grant.rate.map(|rate| rate.to_string()),
        token: grant.token.map(|token| token.to_string()),
        revoked: grant.revoked.is_some(),
    }
}

impl Control {
    pub async fn request_view(&self, id: RequestId) -> Result<RequestView, Refusal> {
        let state = self.state();
        let request = state.request(id)?;
        let asked = &request.asked;
        let granted = match request.status {
            Status::Granted { grant, .. } => Some((grant, state.grant(grant)?)),
            _ => None,
        };
        Ok(RequestView {
            id: id.to_string(),
            requester: self.named(request.requester).await,
            owner: self.named(asked.owner).await,
            service: state.service(asked.service)?.name.clone(),
            environment: asked.environment.clone(),
            scopes: asked.scopes.to_vec(),
            addresses: asked.addresses.iter().map(ToString::to_string).collect(),
            rate: asked.rate.map(|rate| rate.to_string()),
            until: asked.until.0,
            status: request.status.name().to_owned(),
            next: next(id, request, granted.map(|(_, grant)| grant)),
            decision: request.decision.as_ref().map(|found| decision(&state, found)),
            reviews: self.reviews(&request.reviews).await,
            grant: granted.map(|(id, found)| grant(id, found)),
        })
    }
}

fn next(id: RequestId, request: &Request, grant: Option<&Grant>) -> String {
    match (&request.status, grant) {
        (Status::Requested, _) => "policy has not decided it yet".to_owned(),
        (Status::InReview { .. }, _) => {
            let reviewers = request.reviewers().map(ToString::to_string).unwrap_or_default();
            format!(
                "waits for the signatures of {reviewers} until {}: `portcullis request sign {id}`",
                request.asked.until
            )
        }
        (Status::Denied { .. }, _) => {
            let smaller = request.decision.as_ref().and_then(|d| d.smaller.as_ref());
            match smaller {
                Some(smaller) => format!(
                    "denied; this would pass: {} in `{}` until {}",
                    smaller.scopes.join(", "),
                    smaller.environment,
                    smaller.until
                ),
                None => "denied; no smaller request would pass".to_owned(),
            }
        }
        (Status::Rejected { .. }, _) => "a reviewer rejected it: ask again differently".to_owned(),
        (Status::Granted { .. }, Some(grant)) if grant.revoked.is_some() => "revoked".to_owned(),
        (Status::Granted { .. }, Some(grant)) if grant.token.is_none() => {
            format!("granted; {}: `portcullis request claim {id}`", grant.claim_until())
        }
        (Status::Granted { .. }, _) => "granted and claimed".to_owned(),
    }
}
