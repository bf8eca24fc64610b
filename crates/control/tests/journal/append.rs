//! Commands in, batches out: what is kept, what is refused, what waits together.

use control::journal::{
    Attester, CommitError, Desk, Journal, JournalError, MAX_ENTRIES, Outage, Store,
};
use control::testing::{Ledger, Place, Someone, vendor};
use domain::actor::Proof;
use domain::authority::Act;
use domain::digest::{Digest, paper};
use domain::follow::Follower;
use domain::id::{NodeId, VendorId};
use domain::material;
use domain::people::Kind;
use domain::policy::PolicyPublished;
use domain::refusal::{Code, Refusal};

use crate::{all, bytes};

const POLICY: &[u8] =
    br#"@id("sandboxes") permit(principal, action == Action::"grant", resource);"#;

/// Invariants 1 and 9: the state is the fold of what was appended, here and everywhere.
#[tokio::test]
async fn replaying_gives_the_same_state_and_followers_believe_the_batches() {
    let (place, ledger) = (Place::default(), Ledger::new(2));
    let journal = place.founded(&ledger).await;
    let newcomer = Someone::new(9).added(Kind::Human, &["security"]);
    ledger.authorise(&journal, Act::PersonAdded(newcomer), |_| Ok(())).await.unwrap();
    let act = PolicyPublished { policy: Digest::of(POLICY), version: 1 };
    let lay = |desk: &mut Desk| desk.material(material::Kind::Policy, POLICY).map(drop);
    ledger.authorise(&journal, Act::PolicyPublished(act), lay).await.unwrap();
    for number in 0..300 {
        ledger.add_vendor(&journal, number).await.unwrap();
    }
    let (state, entries) = (journal.state(), bytes(&journal).await);
    assert_eq!((state.size(), entries.len()), (303, 303));

    let mut follower = Follower::new(state.genesis_hash());
    while follower.seen().size < 303 {
        for batch in journal.batches(follower.seen().size, 50).await.unwrap() {
            follower.accept(&batch).unwrap();
        }
    }
    assert_eq!(all(follower.state()), all(&state));

    journal.close().await;
    let again = place.open(&ledger).await.unwrap();
    assert_eq!(all(&again.state()), all(&state));
    assert_eq!(bytes(&again).await, entries);
    ledger.add_vendor(&again, 1_000).await.unwrap();
    assert_eq!(again.state().size(), 304);
}

#[tokio::test]
async fn an_answer_names_the_entries_and_the_batch_that_holds_them() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    let mut size = journal.watch();
    let operator = ledger.operators[0].id;
    let done = journal.commit(move |desk| {
        desk.append(Some(operator), Proof::Login, vendor(1))?;
        desk.append(Some(operator), Proof::Login, vendor(2))?;
        Ok(desk.state().vendors.len())
    });
    let done = done.await.unwrap();
    assert_eq!((done.value, done.entries.clone(), done.seen.size), (2, 1..3, 3));
    assert_eq!(done.state.seen(), Some(done.seen));
    assert_eq!(*size.borrow_and_update(), 3);
}

#[tokio::test]
async fn a_refusal_leaves_nothing_behind() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    let before = all(&journal.state());
    let operator = ledger.operators[0].id;
    let refused = journal.commit(move |desk| {
        desk.paper([1; 32], b"a name".to_vec())?;
        desk.append(Some(operator), Proof::Login, vendor(1))?;
        desk.append(Some(operator), Proof::Login, vendor(1))
    });
    let Err(CommitError::Refused(refusal)) = refused.await else { panic!("not refused") };
    assert!(refusal.has(Code::Exists), "{refusal}");
    assert_eq!(all(&journal.state()), before);
    assert_eq!(bytes(&journal).await.len(), 1);
    assert_eq!(journal.paper(paper(&[1; 32], b"a name")).await.unwrap(), None);
}

#[tokio::test]
async fn a_command_that_only_looks_makes_no_batch() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    let looked = journal.commit(|desk| Ok(desk.state().size())).await.unwrap();
    assert_eq!((looked.value, looked.entries, looked.seen.size), (1, 1..1, 1));
}

#[tokio::test]
async fn a_command_that_panics_takes_nobody_with_it() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    let operator = ledger.operators[0].id;
    let panics = journal.commit(move |desk| -> Result<(), Refusal> {
        desk.append(Some(operator), Proof::Login, vendor(1))?;
        panic!("as the test wants it")
    });
    let (panicked, other) = tokio::join!(panics, ledger.add_vendor(&journal, 2));
    assert!(matches!(panicked, Err(CommitError::Unavailable(Outage::Panicked))));
    other.unwrap();
    let vendors: Vec<_> = journal.state().vendors.keys().copied().collect();
    assert_eq!(vendors, [VendorId(2)]);
}

#[tokio::test]
async fn what_waits_together_becomes_few_batches() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    let commits = (0..64).map(|number| ledger.add_vendor(&journal, number));
    let done = futures_util::future::join_all(commits).await;
    let mut positions: Vec<_> = done.iter().map(|done| done.as_ref().unwrap().value).collect();
    positions.sort_unstable();
    assert_eq!(positions, (1..65).collect::<Vec<_>>());
    let batches = journal.batches(0, usize::MAX).await.unwrap();
    assert!(batches.len() < 16, "{} batches for 64 commands", batches.len());
}

#[tokio::test]
async fn large_groups_are_cut_and_no_command_is_too_large_unnoticed() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    let operator = ledger.operators[0].id;
    let many = |from: u128, count: u128| {
        journal.commit(move |desk| {
            for number in from..from + count {
                desk.append(Some(operator), Proof::Login, vendor(number))?;
            }
            Ok(())
        })
    };
    let done = futures_util::future::join_all((0..4).map(|part| many(part * 400, 400))).await;
    assert!(done.iter().all(Result::is_ok));
    let batches = journal.batches(0, usize::MAX).await.unwrap();
    assert!(batches.iter().all(|batch| batch.entries.len() <= MAX_ENTRIES));
    assert_eq!(journal.state().size(), 1601);

    let refused = many(10_000, 1_001).await;
    assert!(matches!(refused, Err(CommitError::Refused(no)) if no.has(Code::Invalid)));
    assert_eq!(journal.state().size(), 1601);
}

/// The key that attests is the enrolled one, or nothing is appended.
#[tokio::test]
async fn a_node_with_another_key_than_the_ledgers_does_not_write() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    place.founded(&ledger).await.close().await;
    let mut impostor = ledger.clone();
    impostor.nodes = vec![NodeId(99)];
    let journal = place.open(&impostor).await.unwrap();
    let refused = impostor.add_vendor(&journal, 1).await;
    assert!(matches!(refused, Err(CommitError::Refused(no)) if no.has(Code::UnknownNode)));
    journal.close().await;

    let seed = Ledger::seed("gateway");
    let attester = Attester::new(ledger.nodes[0], &seed).unwrap();
    let store = Store::in_directory(&place.data());
    let clock = place.clock.clock();
    let opened = Journal::open(store, attester, place.watermark(), None, clock).await;
    assert!(opened.is_err_and(|error| error.to_string().contains("another key")));
}

#[tokio::test]
async fn nothing_is_attested_with_a_key_that_followers_would_not_know() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let attester = Attester::new(ledger.nodes[0], &Ledger::seed("gateway")).unwrap();
    let (store, clock) = (Store::in_directory(&place.data()), place.clock.clock());
    let journal = Journal::open(store, attester, place.watermark(), None, clock).await.unwrap();
    let Err(CommitError::Unavailable(Outage::Storage(why))) = ledger.found(&journal).await else {
        panic!("attested")
    };
    assert!(matches!(*why, JournalError::OtherKey(node) if node == ledger.nodes[0]));
    assert_eq!(journal.state().size(), 0);
    assert_eq!(journal.checkpoint().await.unwrap(), None);
}

#[tokio::test]
async fn only_the_pinned_genesis_is_believed() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    let genesis = journal.state().genesis_hash();
    journal.close().await;
    for (pinned, fits) in [(genesis, true), (Some(Digest([1; 32])), false)] {
        let store = Store::in_directory(&place.data());
        let attester = ledger.attester(ledger.nodes[0]);
        let (watermark, clock) = (place.watermark(), place.clock.clock());
        let opened = Journal::open(store, attester, watermark, pinned, clock).await;
        assert_eq!(opened.is_ok(), fits);
    }
}
