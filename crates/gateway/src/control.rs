//! How a gateway meets control: in process now, over HTTP/2 later. It asks; control never calls it.

use async_trait::async_trait;
use domain::digest::Digest;
use domain::follow::{Batch, Freshness};
use domain::id::{CredentialId, GatewayId, ServiceId};
use domain::revocation::RevocationReceived;
use domain::time::Millis;
use domain::usage::SegmentCommitted;

/// What a gateway asks of control. Nothing in an answer is believed because of where it came from:
/// batches and freshness are signed, leases are sealed and bound to what they are for.
#[async_trait]
pub trait Control: Send + Sync + 'static {
    /// The attested batches from entry `from` on, oldest first. Waits, up to some ten seconds, until
    /// there is one; then an empty answer is fine.
    async fn batches(&self, from: u64) -> Result<Vec<Batch>, ControlError>;

    /// A node's signed word which size and root is the newest, over this nonce.
    async fn fresh(&self, nonce: Digest) -> Result<Freshness, ControlError>;

    /// The vendor's credential of a service's environment, sealed to the gateway's enrolled key.
    async fn lease(
        &self,
        gateway: GatewayId,
        service: ServiceId,
        environment: &str,
    ) -> Result<SealedLease, ControlError>;

    /// Hands in a receipt. `Ok` also when the ledger has it already.
    async fn received(&self, received: RevocationReceived) -> Result<(), ControlError>;

    /// Hands in a segment and its lines (without line feeds). `Ok` also when the ledger has it already.
    async fn committed(
        &self,
        committed: SegmentCommitted,
        lines: Vec<Vec<u8>>,
    ) -> Result<(), ControlError>;
}

/// A credential on its way to one gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedLease {
    pub credential: CredentialId,
    /// Sealed with [`crate::lease_context`] as the associated text.
    pub sealed: Vec<u8>,
    /// The end of the lease, at most an hour ahead.
    pub until: Millis,
}

/// Why control gave no answer. Everything but a refusal is tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    #[error("control cannot be reached: {0}")]
    Unreachable(String),
    #[error("control refuses ({code}): {message}")]
    Refused { code: String, message: String },
}
