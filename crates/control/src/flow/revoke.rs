//! Revocation: one entry, everywhere; and the receipts that gateways send for it.

use domain::actor::Proof;
use domain::entry::Body;
use domain::id::{GrantId, PersonId};
use domain::revocation::{Reason, RevocationReceived, Revoked, Target};
use domain::usage::SegmentCommitted;

use super::Failure;
use crate::control::Control;
use crate::journal::Desk;

impl Control {
    /// What a revocation would end, and nothing else.
    pub fn would_revoke(&self, target: &Target) -> Vec<GrantId> {
        self.state().covered(target, self.now())
    }

    /// Revokes; the answer is the revocation's number, under which receipts come in.
    pub async fn revoke(
        &self,
        who: PersonId,
        target: Target,
        reason: Reason,
        note: Option<String>,
    ) -> Result<u64, Failure> {
        let salt = self.random()?;
        let command = move |desk: &mut Desk| {
            let note = note.clone().map(|note| desk.paper(salt, note.into_bytes())).transpose()?;
            let body = Body::Revoked(Revoked { note, reason, target });
            desk.append(Some(who), Proof::Login, body)
        };
        Ok(self.journal.commit(command).await?.value)
    }

    /// A gateway's signed receipt.
    pub async fn received(&self, received: RevocationReceived) -> Result<u64, Failure> {
        self.by_node(Body::RevocationReceived(received)).await
    }

    /// A gateway's signed segment of usage.
    pub async fn committed(&self, committed: SegmentCommitted) -> Result<u64, Failure> {
        self.by_node(Body::SegmentCommitted(committed)).await
    }

    pub(crate) async fn by_node(&self, body: Body) -> Result<u64, Failure> {
        let command = move |desk: &mut Desk| desk.append(None, Proof::Node, body.clone());
        Ok(self.journal.commit(command).await?.value)
    }
}
