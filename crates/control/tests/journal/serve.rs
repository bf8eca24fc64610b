//! What others read: batches, proofs, tiles, the attested checkpoint, a signed word on freshness.

use control::journal::JournalError;
use control::testing::{Ledger, Place};
use domain::digest::Digest;
use domain::follow::verifier;
use ledger::{Checkpoint, Hash, leaf_hash, verify_consistency, verify_inclusion};

#[tokio::test]
async fn proofs_and_the_checkpoint_hold_for_outsiders() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    let commits = (0..600).map(|number| ledger.add_vendor(&journal, number));
    assert!(futures_util::future::join_all(commits).await.iter().all(Result::is_ok));

    let node = ledger.nodes[0];
    let keys = [verifier(node, &ledger.attester(node).key()).unwrap()];
    let note = journal.checkpoint().await.unwrap().unwrap();
    let (checkpoint, _) = Checkpoint::open(note.as_bytes(), &ledger.origin, &keys).unwrap();
    assert_eq!(checkpoint.size(), 601);

    let (size, root) = (checkpoint.size(), checkpoint.root());
    for (position, bytes) in journal.entries(0, 1_000).await.unwrap() {
        let proof = journal.inclusion(position, size).await.unwrap();
        verify_inclusion(leaf_hash(&bytes), position, size, root, &proof).unwrap();
    }
    for batch in journal.batches(0, usize::MAX).await.unwrap() {
        let old = journal.attestation(batch.size()).await.unwrap();
        let (old, _) = Checkpoint::open(old.as_bytes(), &ledger.origin, &keys).unwrap();
        let proof = journal.consistency(old.size(), size).await.unwrap();
        verify_consistency(old.size(), old.root(), size, root, &proof).unwrap();
    }
    let first = journal.entries(0, 1).await.unwrap().remove(0).1;
    let tile = journal.tile(0, 0).await.unwrap();
    assert_eq!((tile.len(), &tile[..32]), (256 * 32, leaf_hash(&first).0.as_slice()));
    assert_eq!(journal.tile(0, 2).await.unwrap().len(), (601 - 512) * 32);
    assert!(matches!(journal.attestation(600_000).await, Err(JournalError::NoSuchSize(_))));
    assert!(journal.inclusion(601, 601).await.is_err());
    assert_ne!(root, Hash::EMPTY);
}

#[tokio::test]
async fn batches_are_whole_and_bounded() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    for number in 0..10 {
        ledger.add_vendor(&journal, number).await.unwrap();
    }
    let sizes = |batches: Vec<domain::follow::Batch>| {
        batches.iter().map(|batch| (batch.first, batch.entries.len())).collect::<Vec<_>>()
    };
    assert_eq!(sizes(journal.batches(4, 3).await.unwrap()), [(4, 1), (5, 1), (6, 1)]);
    assert_eq!(sizes(journal.batches(10, 0).await.unwrap()), [(10, 1)]);
    assert_eq!(sizes(journal.batches(11, 100).await.unwrap()), []);
    let positions: Vec<_> =
        journal.entries(9, 100).await.unwrap().iter().map(|entry| entry.0).collect();
    assert_eq!(positions, [9, 10]);
}

/// The answer to a gateway's nonce is about the newest ledger, signed by the node.
#[tokio::test]
async fn freshness_is_signed_over_the_newest_size() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let empty = place.open(&ledger).await.unwrap();
    assert!(matches!(empty.fresh(Digest([1; 32])).await, Err(JournalError::NotNewest)));
    ledger.found(&empty).await.unwrap();
    ledger.add_vendor(&empty, 1).await.unwrap();
    let fresh = empty.fresh(Digest([1; 32])).await.unwrap();
    let state = empty.state();
    assert_eq!(Some(fresh.seen), state.seen());
    assert_eq!(fresh.at, place.clock.now());
    fresh.verify(&state, Digest([1; 32])).unwrap();
    assert!(fresh.verify(&state, Digest([2; 32])).is_err());
    let mut later = fresh.clone();
    later.at = later.at.after(domain::time::Span(1));
    assert!(later.verify(&state, Digest([1; 32])).is_err());
}
