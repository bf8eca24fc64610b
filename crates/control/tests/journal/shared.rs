//! Many nodes on one PostgreSQL: each makes progress, all agree, nobody vouches for what is old.

use control::journal::{CommitError, Journal, JournalError, Outage, Store};
use control::testing::{Cluster, Ledger, Place};
use domain::digest::Digest;
use domain::refusal::Code;
use sqlx::{Connection as _, PgConnection};

use crate::wire::Wire;
use crate::{all, bytes};

async fn node(place: &Place, ledger: &Ledger, number: usize, address: &str) -> Journal {
    let store = Store::parse(address).unwrap();
    place.open_node(ledger, ledger.nodes[number], store).await.unwrap()
}

async fn sql(address: &str, statement: &'static str) {
    let mut connection = PgConnection::connect(address).await.unwrap();
    sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_append_to_one_ledger_and_agree() {
    let (cluster, ledger) = (Cluster::start(), Ledger::new(1));
    let address = cluster.database().await;
    let (place_one, place_two) = (Place::default(), Place::default());
    let one = node(&place_one, &ledger, 0, &address).await;
    ledger.found(&one).await.unwrap();
    let two = node(&place_two, &ledger, 1, &address).await;

    let commits =
        (0..200).map(|number| ledger.add_vendor(if number % 2 == 0 { &one } else { &two }, number));
    let done = futures_util::future::join_all(commits).await;
    let mut positions: Vec<_> = done.iter().map(|done| done.as_ref().unwrap().value).collect();
    positions.sort_unstable();
    assert_eq!(positions, (1..201).collect::<Vec<_>>());

    one.follow().await.unwrap();
    two.follow().await.unwrap();
    assert_eq!(all(&one.state()), all(&two.state()));
    assert_eq!(bytes(&one).await, bytes(&two).await);
    let attested = |node: usize| {
        let name = ledger.nodes[node].to_string();
        move |batch: &domain::follow::Batch| batch.attestation.contains(&name)
    };
    let batches = one.batches(0, usize::MAX).await.unwrap();
    assert!(batches.iter().any(attested(0)) && batches.iter().any(attested(1)));

    one.close().await;
    two.close().await;
    let again = node(&place_one, &ledger, 0, &address).await;
    assert_eq!(again.state().size(), 201);
}

/// A command that lost the race runs again on what the other node appended.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_second_is_judged_on_the_others_entries() {
    let (cluster, ledger) = (Cluster::start(), Ledger::new(1));
    let address = cluster.database().await;
    let (place_one, place_two) = (Place::default(), Place::default());
    let one = node(&place_one, &ledger, 0, &address).await;
    ledger.found(&one).await.unwrap();
    let two = node(&place_two, &ledger, 1, &address).await;
    for number in 0..20 {
        let (first, second) =
            tokio::join!(ledger.add_vendor(&one, number), ledger.add_vendor(&two, number));
        assert!(first.is_ok() != second.is_ok(), "one of them added vendor {number}");
    }
    one.follow().await.unwrap();
    assert_eq!(one.state().size(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn freshness_includes_what_other_nodes_appended() {
    let (cluster, ledger) = (Cluster::start(), Ledger::new(1));
    let address = cluster.database().await;
    let (place_one, place_two) = (Place::default(), Place::default());
    let one = node(&place_one, &ledger, 0, &address).await;
    ledger.found(&one).await.unwrap();
    let two = node(&place_two, &ledger, 1, &address).await;
    let mut size = two.watch();
    for number in 0..5 {
        let done = ledger.add_vendor(&one, number).await.unwrap();
        assert_eq!(two.fresh(Digest([1; 32])).await.unwrap().seen, done.seen);
    }
    ledger.add_vendor(&one, 5).await.unwrap();
    // Without being asked it follows as well.
    size.wait_for(|size| *size == 7).await.unwrap();

    sql(&address, "UPDATE tip SET size = 3").await;
    let refused = one.fresh(Digest([1; 32])).await;
    assert!(matches!(refused, Err(JournalError::Backwards { followed: 7, database: 3 })));
}

/// Invariant 2, on the way that answers take: the commit arrives and its answer does not. Nobody is told
/// that it was done, and it is neither lost nor done twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_followed_before_anything_else() {
    let (cluster, ledger) = (Cluster::start(), Ledger::new(1));
    let wire = Wire::to(&cluster.database().await);
    let place = Place::default();
    let journal = node(&place, &ledger, 0, &wire.address).await;
    ledger.found(&journal).await.unwrap();

    wire.cut_behind_the_next_commit();
    let lost = ledger.add_vendor(&journal, 1).await;
    assert!(matches!(lost, Err(CommitError::Unavailable(Outage::Storage(_)))));

    let again = ledger.add_vendor(&journal, 1).await;
    assert!(matches!(again, Err(CommitError::Refused(no)) if no.has(Code::Exists)));
    let done = ledger.add_vendor(&journal, 2).await.unwrap();
    assert_eq!((done.value, journal.state().vendors.len()), (2, 2));
}

/// The server cannot be reached: nothing is granted; it is back: everything goes on.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_while_the_database_is_away() {
    let (cluster, ledger) = (Cluster::start(), Ledger::new(1));
    let wire = Wire::to(&cluster.database().await);
    let place = Place::default();
    let journal = node(&place, &ledger, 0, &wire.address).await;
    ledger.found(&journal).await.unwrap();
    wire.set_broken(true);
    assert!(ledger.add_vendor(&journal, 1).await.is_err());
    assert!(journal.fresh(Digest([1; 32])).await.is_err());
    assert_eq!(journal.state().size(), 1);
    wire.set_broken(false);
    assert_eq!(ledger.add_vendor(&journal, 1).await.unwrap().value, 1);
}
