//! Handing closed segments to control, in order, until it acknowledges them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::control::Control;
use crate::gateway::Gateway;
use crate::record::Order;
use crate::spool::{head_of, lines_of};

/// How long control may take for an answer.
const PATIENCE: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_secs(1);

/// Commits every segment behind the ledger's chain, until the writer has ended and nothing is owed.
pub async fn run(
    gateway: Arc<Gateway>,
    control: Arc<dyn Control>,
    data: PathBuf,
    mut closed: watch::Receiver<u64>,
) {
    let mut published = gateway.published.subscribe();
    let mut done = 0;
    // Before the first proof the chain may lie further on than what is folded.
    while !gateway.proof.is_proven() {
        tokio::select! {
            changed = closed.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(RETRY / 10) => {}
        }
    }
    loop {
        let chain = gateway.view.load().state.chains.get(&gateway.id).map_or(0, |c| c.number);
        if chain > done {
            gateway.recorder.order(Order::Committed(chain));
            done = chain;
        }
        let last = *closed.borrow_and_update();
        if done < last {
            match commit(control.as_ref(), &data, done + 1).await {
                Ok(()) => {
                    done += 1;
                    gateway.recorder.order(Order::Committed(done));
                    continue;
                }
                Err(why) => {
                    tracing::warn!(segment = done + 1, "a segment is still owed: {why}");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            }
        }
        let changed = tokio::select! {
            changed = closed.changed() => changed,
            changed = published.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
    }
}

async fn commit(control: &dyn Control, data: &std::path::Path, number: u64) -> Result<(), String> {
    let head = head_of(data, number).map_err(|error| error.to_string())?;
    let lines = lines_of(data, number).map_err(|error| error.to_string())?;
    let outcome = tokio::time::timeout(PATIENCE, control.committed(head, lines)).await;
    outcome.map_err(|_| "control takes too long")?.map_err(|error| error.to_string())
}
