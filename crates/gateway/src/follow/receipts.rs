//! Receipts: once a revocation is in force here and its open streams are cut, the gateway signs so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::Ed25519KeyPair;
use domain::revocation::{RevocationReceived, receipt_message};
use domain::signature::Base64;

use crate::control::{Control, ControlError};
use crate::flight::Flight;
use crate::gateway::Gateway;

/// How long control may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_secs(1);

/// Which revocations are answered already.
pub struct Receipts {
    key: Arc<Ed25519KeyPair>,
    /// The first entry whose revocation may still be unanswered.
    next: u64,
    /// Whether the ledger has enrolled this gateway by now: older revocations are none of its own.
    enrolled: bool,
}

impl Receipts {
    pub fn new(key: Arc<Ed25519KeyPair>) -> Receipts {
        Receipts { key, next: 0, enrolled: false }
    }

    /// A batch from entry `first` on was folded; `active` is whether the gateway is enrolled now.
    pub fn enrolled(&mut self, first: u64, active: bool) {
        if active && !self.enrolled {
            (self.enrolled, self.next) = (true, first);
        }
    }

    /// The state is in force: receipts for what is new in it, once every call that it cut is gone.
    ///
    /// INVARIANT: a receipt is signed only when no admitted call of the revoked grants is open, and
    /// none can be admitted: the state that revokes them is in force.
    pub fn follow(
        &mut self,
        gateway: &Arc<Gateway>,
        control: &Arc<dyn Control>,
        cut: Vec<Arc<Flight>>,
    ) {
        let view = gateway.view.load();
        if !self.enrolled {
            return;
        }
        let open = view.state.revocations.range(self.next..);
        let open = open.filter(|(_, revocation)| !revocation.receipts.contains_key(&gateway.id));
        let numbers: BTreeSet<u64> = open.map(|(number, _)| *number).collect();
        self.next = view.state.size();
        if numbers.is_empty() {
            return;
        }
        let (gateway, control, key) = (gateway.clone(), control.clone(), self.key.clone());
        tokio::spawn(async move {
            for flight in cut {
                flight.until_gone().await;
            }
            for number in numbers {
                answer(&gateway, control.as_ref(), &key, number).await;
            }
        });
    }
}

/// Hands in one receipt, again and again, until control or the ledger has it.
async fn answer(gateway: &Gateway, control: &dyn Control, key: &Ed25519KeyPair, number: u64) {
    let Some(genesis) = gateway.view.load().state.genesis_hash() else { return };
    let signature = key.sign(&receipt_message(&genesis, gateway.id, number));
    let received = RevocationReceived {
        gateway: gateway.id,
        revocation: number,
        signature: Base64(signature.as_ref().to_vec()),
    };
    loop {
        let outcome = tokio::time::timeout(PATIENCE, control.received(received.clone())).await;
        match outcome.unwrap_or_else(|_| Err(ControlError::Unreachable("timeout".to_owned()))) {
            Ok(()) => return,
            Err(ControlError::Refused { code, message }) => {
                tracing::warn!(revocation = number, code, "a receipt is refused: {message}");
            }
            Err(error) => tracing::warn!(revocation = number, "a receipt is still owed: {error}"),
        }
        tokio::time::sleep(RETRY).await;
        let view = gateway.view.load();
        let revocation = view.state.revocations.get(&number);
        if revocation.is_none_or(|known| known.receipts.contains_key(&gateway.id)) {
            return;
        }
    }
}
