//! Grants and tokens: issued when decided, claimed with a hash, rotated under what holds now.

use domain::actor::Proof;
use domain::digest::Digest;
use domain::entry::Body;
use domain::grant::{self, GrantIssued};
use domain::id::{GrantId, PersonId, RequestId, TokenId};
use domain::policy;
use domain::refusal::{Code, Refusal};
use domain::time::Span;
use domain::token::{self, TokenIssued, TokenRotated};

use super::Failure;
use crate::control::Control;
use crate::journal::Desk;

/// Issues the grant when policy or people have decided for it; else leaves the request waiting.
pub(super) fn issue_if_due(
    desk: &mut Desk,
    id: RequestId,
    grant: u128,
) -> Result<Option<u64>, Refusal> {
    let state = desk.state();
    let request = state.request(id)?;
    let service = state.service(request.asked.service)?;
    let issued = GrantIssued {
        fuse: grant::fuse(request, service),
        grant: GrantId(grant),
        rate: request
            .decision
            .as_ref()
            .and_then(|decision| grant::rate(&request.asked, decision, service)),
        request: id,
    };
    match desk.append(None, Proof::Node, Body::GrantIssued(issued)) {
        Ok(position) => Ok(Some(position)),
        Err(refusal) if waits(&refusal) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// The request is not refused, it only is not decided for yet, or decided against.
fn waits(refusal: &Refusal) -> bool {
    let waiting = [Code::ReviewsMissing, Code::PolicyDenied, Code::WrongStatus];
    refusal.reasons.iter().all(|reason| waiting.contains(&reason.code))
}

impl Control {
    /// The holder made the token's secret; the ledger gets its hash.
    pub async fn claim(
        &self,
        who: PersonId,
        grant: GrantId,
        token: TokenId,
        hash: Digest,
    ) -> Result<TokenId, Failure> {
        let command = move |desk: &mut Desk| {
            let state = desk.state();
            let found = state.grant(grant)?;
            let request = state.request(found.request)?;
            let decision = request.decision.as_ref().ok_or_else(undecided)?;
            let fuse = token::fuse(found.fuse.clone(), decision, desk.now());
            let body = Body::TokenIssued(TokenIssued { fuse, grant, hash, token });
            desk.append(Some(who), Proof::Login, body)
        };
        self.journal.commit(command).await?;
        Ok(token)
    }

    /// A successor under the current evidence and policy; the old one lives on for `overlap`.
    pub async fn rotate(
        &self,
        who: PersonId,
        replaces: TokenId,
        token: TokenId,
        hash: Digest,
        overlap: Span,
    ) -> Result<TokenId, Failure> {
        let command = move |desk: &mut Desk| {
            let (state, now) = (desk.state(), desk.now());
            let old = state.token(replaces)?;
            let request = state.request(state.grant(old.grant)?.request)?;
            let service = state.service(request.asked.service)?;
            let decision = policy::decide(state, request.requester, &request.asked, now)?;
            let fuse = token::fuse(grant::fuse(request, service), &decision, now);
            let rotated = TokenRotated {
                decision: decision.into(),
                fuse,
                hash,
                overlap: now.after(overlap),
                replaces,
                token,
            };
            desk.append(Some(who), Proof::Login, Body::TokenRotated(rotated))
        };
        self.journal.commit(command).await?;
        Ok(token)
    }
}

fn undecided() -> Refusal {
    Refusal::new(Code::WrongStatus, "the request is not decided")
}
