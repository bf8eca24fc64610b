//! Freshness: a nonce goes out, a node's signed word about the newest size and root comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use domain::digest::Digest;
use domain::signature::Seen;
use domain::time::Millis;
use parking_lot::Mutex;

use crate::control::Control;
use crate::gateway::Gateway;
use crate::record::Order;
use crate::segment::Base;

/// How many proofs of sizes that are not folded yet are kept.
const MOST_WAITING: usize = 16;
const RETRY: Duration = Duration::from_millis(500);

/// Proofs about a ledger that is ahead of what is folded: they count once it is.
#[derive(Default)]
pub struct Proofs {
    waiting: Mutex<Vec<(Seen, Instant, Millis)>>,
}

impl Proofs {
    /// Takes a proof: now, if it is about what is folded or about an earlier end of the same
    /// history, else as soon as that size is folded with that root.
    fn take(&self, gateway: &Gateway, seen: Seen, sent: Instant, at: Millis) {
        if gateway.view.load().state.has_root(seen) {
            count(gateway, sent, at);
            return;
        }
        let mut waiting = self.waiting.lock();
        if waiting.len() >= MOST_WAITING {
            waiting.remove(0);
        }
        waiting.push((seen, sent, at));
        drop(waiting);
        // It may have been folded in between.
        self.folded(gateway);
    }

    /// A new state is in force: some of the waiting proofs may be about it.
    pub fn folded(&self, gateway: &Gateway) {
        let view = gateway.view.load();
        self.waiting.lock().retain(|(seen, sent, at)| {
            if view.state.has_root(*seen) {
                count(gateway, *sent, *at);
            }
            seen.size > view.state.size()
        });
    }
}

/// The state was the newest at `sent`. With the first proof the chain of segments is known as well,
/// so recording begins.
fn count(gateway: &Gateway, sent: Instant, at: Millis) {
    // Of a ledger that broke, nothing is the newest any more.
    if gateway.health.is_broken() {
        return;
    }
    gateway.proof.take(sent, at);
    let view = gateway.view.load();
    if let (false, Some(genesis)) = (gateway.recorder.is_writable(), view.state.genesis_hash()) {
        let chain = view.state.chains.get(&gateway.id).map(|chain| (**chain).clone());
        gateway.recorder.order(Order::Open(Box::new(Base { genesis, chain })));
    }
}

/// Asks every third of the staleness bound, for ever.
pub async fn ask(gateway: Arc<Gateway>, control: Arc<dyn Control>, proofs: Arc<Proofs>) {
    let mut published = gateway.published.subscribe();
    if published.wait_for(|size| *size > 0).await.is_err() {
        return;
    }
    loop {
        let bound = gateway.view.load().state.settings().staleness;
        let third = Duration::from_millis(bound.0 / 3);
        let sent = Instant::now();
        let outcome = tokio::time::timeout(third, once(&gateway, control.as_ref(), &proofs, sent));
        let pause = match outcome.await {
            Ok(Ok(())) => third.saturating_sub(sent.elapsed()),
            Ok(Err(why)) => {
                tracing::warn!("freshness is not proven: {why}");
                RETRY.min(third)
            }
            Err(_) => {
                tracing::warn!("freshness is not proven: control takes too long");
                Duration::ZERO
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn once(
    gateway: &Gateway,
    control: &dyn Control,
    proofs: &Proofs,
    sent: Instant,
) -> Result<(), String> {
    let mut nonce = Digest([0; 32]);
    rand::fill(&mut nonce.0).map_err(|_| "no randomness".to_owned())?;
    let freshness = control.fresh(nonce).await.map_err(|error| error.to_string())?;
    let view = gateway.view.load_full();
    freshness.verify(&view.state, nonce).map_err(|refusal| refusal.to_string())?;
    proofs.take(gateway, freshness.seen, sent, freshness.at);
    Ok(())
}
