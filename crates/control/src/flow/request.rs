//! Requests: policy decides in the same breath; what it grants alone is granted at once.

use std::sync::Arc;

use domain::actor::Proof;
use domain::entry::Body;
use domain::id::{PersonId, RequestId};
use domain::policy::{self, Decision};
use domain::refusal::Refusal;
use domain::request::{self, Asked, RequestDecided, RequestMade};
use domain::signature::Signature;

use super::Failure;
use crate::control::Control;
use crate::journal::Desk;

impl Control {
    /// Makes the request and decides it. The reason's paper comes with the salt that the client made.
    pub async fn make_request(
        &self,
        who: PersonId,
        asked: Asked,
        signature: Option<Signature>,
        reason: ([u8; 32], Vec<u8>),
    ) -> Result<RequestId, Failure> {
        let (id, grant) = (asked.request, self.id());
        let asked = Arc::new(asked);
        let command = move |desk: &mut Desk| {
            let paper = desk.paper(reason.0, reason.1.clone())?;
            if paper != asked.reason {
                let message = "the reason's digest is not that of the text that came with it";
                return Err(Refusal::new(domain::refusal::Code::Invalid, message));
            }
            let made = RequestMade { asked: asked.clone(), signature: signature.clone() };
            desk.append(Some(who), Proof::Login, Body::RequestMade(made))?;
            let decision = policy::decide(desk.state(), who, &asked, desk.now())?;
            let decided = RequestDecided { decision: decision.into(), request: id };
            desk.append(None, Proof::Node, Body::RequestDecided(decided))?;
            super::grant::issue_if_due(desk, id, grant)
        };
        self.journal.commit(command).await?;
        Ok(id)
    }

    /// Decides a request in review under the policy in force by now; earlier signatures do not count.
    pub async fn decide_again(&self, id: RequestId) -> Result<u64, Failure> {
        let grant = self.id();
        let command = move |desk: &mut Desk| {
            let request = desk.state().request(id)?;
            let (who, asked) = (request.requester, request.asked.clone());
            let decision = policy::decide(desk.state(), who, &asked, desk.now())?;
            let decided = RequestDecided { decision: decision.into(), request: id };
            let entry = desk.append(None, Proof::Node, Body::RequestDecided(decided))?;
            super::grant::issue_if_due(desk, id, grant)?;
            Ok(entry)
        };
        Ok(self.journal.commit(command).await?.value)
    }

    /// What policy would say, without asking. What could not be asked for is refused, as it would be then.
    pub fn explain(&self, who: PersonId, asked: &Asked) -> Result<Decision, Failure> {
        let (state, now) = (self.state(), self.now());
        request::may_ask(&state, who, asked, now)?;
        Ok(policy::decide(&state, who, asked, now)?)
    }
}
