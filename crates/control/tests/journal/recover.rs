//! Recovering: what a gateway still has is put back, and only if it is believed.

use control::journal::{Journal, JournalError, Store};
use control::testing::{Ledger, Place};
use domain::digest::Digest;
use domain::follow::{Batch, Follower};

use crate::all;

/// A ledger of 21 entries, an older copy of its data in the place, and every batch as handed out.
async fn set_back() -> (Place, Ledger, String, Vec<Batch>, Option<Digest>) {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    for number in 0..10 {
        ledger.add_vendor(&journal, number).await.unwrap();
    }
    journal.close().await;
    let file = place.data().join("portcullis.db");
    let copy = std::fs::read(&file).unwrap();
    let journal = place.open(&ledger).await.unwrap();
    for number in 10..20 {
        ledger.add_vendor(&journal, number).await.unwrap();
    }
    let (state, batches) = (journal.state(), journal.batches(0, usize::MAX).await.unwrap());
    journal.close().await;
    std::fs::write(&file, copy).unwrap();
    (place, ledger, all(&state), batches, state.genesis_hash())
}

#[tokio::test]
async fn the_missing_batches_come_back_and_the_node_starts() {
    let (place, ledger, state, batches, genesis) = set_back().await;
    assert!(matches!(place.open(&ledger).await, Err(JournalError::Broken(_))));
    let store = Store::in_directory(&place.data());
    assert_eq!(Journal::recover(store, genesis, batches.clone()).await.unwrap(), 21);

    let journal = place.open(&ledger).await.unwrap();
    assert_eq!(all(&journal.state()), state);
    assert_eq!(journal.batches(0, usize::MAX).await.unwrap(), batches);
    ledger.add_vendor(&journal, 99).await.unwrap();
    let mut follower = Follower::new(genesis);
    for batch in journal.batches(0, usize::MAX).await.unwrap() {
        follower.accept(&batch).unwrap();
    }
    assert_eq!(all(follower.state()), all(&journal.state()));
}

#[tokio::test]
async fn a_batch_that_was_changed_or_is_missing_is_not_put_back() {
    let (place, _ledger, _, batches, genesis) = set_back().await;
    let mut changed = batches.clone();
    changed[15].entries = changed[14].entries.clone();
    let recovered = Journal::recover(Store::in_directory(&place.data()), genesis, changed).await;
    assert!(matches!(recovered, Err(JournalError::Broken(_))));

    let mut holed = batches.clone();
    holed.remove(16);
    let recovered = Journal::recover(Store::in_directory(&place.data()), genesis, holed).await;
    let Err(JournalError::Broken(broken)) = recovered else { panic!("recovered over a hole") };
    assert_eq!(broken.rule(), "gap");

    let recovered = Journal::recover(Store::in_directory(&place.data()), genesis, batches).await;
    assert_eq!(recovered.unwrap(), 21, "what was in front of them had been put back");
}
