//! Snapshots: a start rests on its own for a while, on nobody else's ever, and on none that was changed.

use std::path::Path;
use std::time::Duration;

use aws_lc_rs::hmac;
use control::journal::{Journal, JournalError, Reader, SNAPSHOT_EVERY, Store, Verdict};
use control::testing::{Cluster, Ledger, Place, vendor};
use domain::actor::Proof;
use domain::digest::{Digest, paper};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};

use crate::{all, bytes};

const LONG: Duration = Duration::from_secs(60);

async fn database(place: &Place) -> SqliteConnection {
    let url = format!("sqlite://{}", place.data().join("portcullis.db").display());
    SqliteConnection::connect(&url).await.unwrap()
}

async fn sql(place: &Place, statement: &str) {
    let mut database = database(place).await;
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

/// Size and bytes of the snapshots in the place, each in one part.
async fn kept(place: &Place) -> Vec<(i64, Vec<u8>)> {
    let mut database = database(place).await;
    let rows = sqlx::query("SELECT size, bytes FROM snapshots ORDER BY size");
    let rows = rows.fetch_all(&mut database).await.unwrap();
    database.close().await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn put(place: &Place, bytes: &[u8]) {
    let mut database = database(place).await;
    let put = sqlx::query("UPDATE snapshots SET bytes = $1").bind(bytes);
    put.execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

/// A ledger of genesis and so many vendors, closed.
async fn closed(vendors: u128) -> (Place, Ledger) {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    for number in 0..vendors {
        ledger.add_vendor(&journal, number).await.unwrap();
    }
    journal.close().await;
    (place, ledger)
}

/// How a start is refused because of its snapshot, whose ledger is fine.
async fn refused(place: &Place, ledger: &Ledger) -> String {
    let Err(error) = place.open(ledger).await else { panic!("started") };
    assert!(matches!(error, JournalError::Snapshot { .. }), "{error}");
    assert_eq!(error.rule(), Some("snapshot"));
    error.to_string()
}

async fn goes_on_without_it(place: &Place, ledger: &Ledger) {
    let reader = Reader::open(Store::in_directory(&place.data())).await.unwrap();
    assert_eq!(reader.drop_snapshots().await.unwrap(), 1);
    let journal = place.open(ledger).await.unwrap();
    assert_eq!(journal.rests_on(), None);
    ledger.add_vendor(&journal, 1_000).await.unwrap();
    journal.close().await;
    assert!(place.open(ledger).await.unwrap().rests_on().is_some());
}

#[tokio::test]
async fn a_start_rests_on_the_last_stop_and_then_on_every_entry() {
    // More than one tile, so that the edge of the tree has two levels.
    let (place, ledger) = closed(300).await;
    let journal = place.open(&ledger).await.unwrap();
    assert_eq!(journal.rests_on(), Some(301));
    ledger.add_vendor(&journal, 300).await.unwrap();
    journal.proven().await.unwrap();
    ledger.add_vendor(&journal, 301).await.unwrap();
    let (state, entries) = (all(&journal.state()), bytes(&journal).await);
    journal.inclusion(3, 303).await.unwrap();
    journal.close().await;
    assert_eq!(kept(&place).await.len(), 1, "only the newest is kept");

    sql(&place, "DELETE FROM snapshots").await;
    let journal = place.open(&ledger).await.unwrap();
    assert_eq!((journal.rests_on(), all(&journal.state())), (None, state));
    assert_eq!(bytes(&journal).await, entries);
    journal.proven().await.unwrap();
}

#[tokio::test]
async fn an_older_snapshot_is_followed_to_the_end() {
    let (place, ledger) = closed(3).await;
    let older = kept(&place).await;
    let journal = place.open(&ledger).await.unwrap();
    journal.proven().await.unwrap();
    for number in 3..300 {
        ledger.add_vendor(&journal, number).await.unwrap();
    }
    let state = all(&journal.state());
    journal.close().await;
    put(&place, &older[0].1).await;
    sql(&place, "UPDATE snapshots SET size = 4").await;

    let journal = place.open(&ledger).await.unwrap();
    assert_eq!((journal.rests_on(), all(&journal.state())), (Some(4), state));
    journal.proven().await.unwrap();
}

#[tokio::test]
async fn a_changed_or_relabelled_snapshot_is_refused_and_the_entries_start() {
    let (place, ledger) = closed(3).await;
    let (size, honest) = kept(&place).await.remove(0);
    for at in [0, 40, honest.len() / 2, honest.len() - 1] {
        let mut changed = honest.clone();
        changed[at] ^= 1;
        put(&place, &changed).await;
        let said = refused(&place, &ledger).await;
        assert!(said.contains("up to entry 3") && said.contains("drop-snapshots"), "{said}");
    }
    put(&place, &honest).await;
    sql(&place, "UPDATE snapshots SET size = 3").await;
    let said = refused(&place, &ledger).await;
    assert!(said.contains(&format!("it holds {size} entries")), "{said}");
    goes_on_without_it(&place, &ledger).await;
}

/// Another ledger of the same node: the seal holds, the log does not have it.
#[tokio::test]
async fn a_snapshot_of_another_ledger_is_refused() {
    let (place, ledger) = closed(3).await;
    let other = Place::default();
    other.clock.advance(domain::time::Span::SECOND);
    let journal = other.founded(&ledger).await;
    for number in 0..3 {
        ledger.add_vendor(&journal, number).await.unwrap();
    }
    journal.close().await;
    put(&place, &kept(&other).await[0].1).await;
    let said = refused(&place, &ledger).await;
    assert!(said.contains("another root at 4 entries"), "{said}");
    let shorter = closed(1).await.0;
    put(&shorter, &kept(&place).await[0].1).await;
    sql(&shorter, "UPDATE snapshots SET size = 4").await;
    let said = refused(&shorter, &ledger).await;
    assert!(said.contains("no batch of the ledger ends at 4"), "{said}");
    goes_on_without_it(&place, &ledger).await;
}

/// What the node's key seals, as whoever has stolen it would.
fn sealed(ledger: &Ledger, body: &[u8]) -> Vec<u8> {
    let sign = |key: &[u8], text: &[u8]| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
    };
    assert_eq!({ ledger.nodes[0].0 }, 1);
    let key = sign(Ledger::seed("node 1").as_slice(), b"portcullis-snapshot-key-v1\n");
    [sign(&key, body), body.to_vec()].concat()
}

/// The honest snapshot, with another profile for the second vendor.
fn falsified(ledger: &Ledger, honest: &[u8]) -> Vec<u8> {
    let profile = paper(&[9; 32], &1_u128.to_be_bytes()).0;
    let at = honest.windows(32).position(|bytes| bytes == profile).unwrap();
    let mut body = honest[32..].to_vec();
    body[at - 32..at].copy_from_slice(&[66; 32]);
    sealed(ledger, &body)
}

/// The one who holds the node's key is found out by the entries.
#[tokio::test]
async fn a_false_state_under_the_nodes_own_seal_ends_the_node() {
    let (place, ledger) = closed(3).await;
    let (_, honest) = kept(&place).await.remove(0);
    assert_eq!(sealed(&ledger, &honest[32..]), honest, "that is how it is sealed");
    put(&place, &falsified(&ledger, &honest)).await;
    let journal = place.open(&ledger).await.unwrap();
    assert_eq!(journal.state().vendors[&domain::id::VendorId(1)].profile, Digest([66; 32]));
    let error = journal.proven().await.unwrap_err();
    let said = error.to_string();
    assert_eq!(error.rule(), Some("snapshot"));
    assert!(said.contains("up to entry 3") && said.contains("another state"), "{said}");
    assert!(ledger.add_vendor(&journal, 4).await.is_err(), "nothing rests on it");
    assert!(journal.fresh(Digest([1; 32])).await.is_err(), "nobody is vouched for");
    journal.close().await;
    assert_eq!(kept(&place).await[0].1, falsified(&ledger, &honest), "nothing is sealed over it");

    let reader = Reader::open(Store::in_directory(&place.data())).await.unwrap();
    let (follower, cached) = reader.verify(None).await.unwrap();
    assert_eq!(follower.state().size(), 4, "the ledger is fine");
    assert!(matches!(&cached[0].verdict, Verdict::Refused(why) if why.contains("another state")));
    goes_on_without_it(&place, &ledger).await;
}

#[tokio::test]
async fn another_versions_snapshot_is_passed_over_without_a_word() {
    let (place, ledger) = closed(3).await;
    let (_, honest) = kept(&place).await.remove(0);
    let format = b"portcullis-snapshot-v0 0.0.1\n";
    let older = sealed(&ledger, &[format.as_slice(), b"whatever it was"].concat());
    put(&place, &older).await;
    let reader = Reader::open(Store::in_directory(&place.data())).await.unwrap();
    let (_, cached) = reader.verify(None).await.unwrap();
    assert_eq!(cached[0].verdict, Verdict::OtherVersion);
    let journal = place.open(&ledger).await.unwrap();
    assert_eq!((journal.rests_on(), journal.state().size()), (None, 4));
    journal.close().await;
    assert_eq!(kept(&place).await, [(4, honest)], "this version's own is in its place");
}

/// A crash between two parts leaves the older one; what is half there is none.
#[tokio::test]
async fn half_a_snapshot_is_none() {
    let (place, ledger) = closed(3).await;
    let half = "INSERT INTO snapshots SELECT node, 5, 0, 2, bytes FROM snapshots";
    sql(&place, half).await;
    let journal = place.open(&ledger).await.unwrap();
    assert_eq!(journal.rests_on(), Some(4));
    journal.proven().await.unwrap();
    ledger.add_vendor(&journal, 3).await.unwrap();
    journal.close().await;
    let kept: Vec<i64> = kept(&place).await.into_iter().map(|(size, _)| size).collect();
    assert_eq!(kept, [5], "whole, and alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_written_while_the_node_works() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    let operator = ledger.operators[0].id;
    for thousand in 0..=(u128::from(SNAPSHOT_EVERY) / 1_000) {
        let many = journal.commit(move |desk| {
            (0..1_000).try_for_each(|one| {
                let body = vendor(thousand * 1_000 + one);
                desk.append(Some(operator), Proof::Login, body).map(drop)
            })
        });
        many.await.unwrap();
    }
    let size = journal.state().size();
    // As after a kill: the copy is what the disk has, without a clean stop.
    let copy = Place::default();
    copy.clock.set(place.clock.now());
    let there = async {
        loop {
            let there = kept_sizes(&place).await;
            if !there.is_empty() {
                return there;
            }
            tokio::task::yield_now().await;
        }
    };
    let there = tokio::time::timeout(LONG, there).await.expect("a snapshot in time");
    assert!(there[0] >= SNAPSHOT_EVERY && there[0] < size, "{there:?} of {size}");
    vacuum(&place, &copy.data()).await;
    let resumed = copy.open(&ledger).await.unwrap();
    assert_eq!(resumed.rests_on(), Some(there[0]));
    assert_eq!(all(&resumed.state()), all(&journal.state()));
    resumed.proven().await.unwrap();
    resumed.close().await;
    journal.close().await;
}

/// The sizes of the snapshots that are whole.
async fn kept_sizes(place: &Place) -> Vec<u64> {
    let mut database = database(place).await;
    let whole = "SELECT size FROM snapshots GROUP BY size, parts HAVING COUNT(*) = parts";
    let rows = sqlx::query(whole).fetch_all(&mut database).await.unwrap();
    database.close().await.unwrap();
    rows.iter().map(|row| u64::try_from(row.get::<i64, _>(0)).unwrap()).collect()
}

async fn vacuum(place: &Place, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    sql(place, &format!("VACUUM INTO '{}'", to.join("portcullis.db").display())).await;
}

/// On one database each node has its own.
#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_rest_on_their_own_snapshots() {
    let (cluster, ledger) = (Cluster::start(), Ledger::new(1));
    let address = cluster.database().await;
    let (one, two) = (Place::default(), Place::default());
    let first = open(&one, &ledger, 0, &address).await;
    ledger.found(&first).await.unwrap();
    let second = open(&two, &ledger, 1, &address).await;
    for number in 0..5 {
        ledger.add_vendor(&first, number).await.unwrap();
    }
    second.follow().await.unwrap();
    first.close().await;
    ledger.add_vendor(&second, 5).await.unwrap();
    second.close().await;
    for (place, number, rests_on) in [(&one, 0, 6), (&two, 1, 7)] {
        let journal = open(place, &ledger, number, &address).await;
        assert_eq!((journal.rests_on(), journal.state().size()), (Some(rests_on), 7));
        journal.proven().await.unwrap();
        journal.close().await;
    }
}

async fn open(place: &Place, ledger: &Ledger, number: usize, address: &str) -> Journal {
    let store = Store::parse(address).unwrap();
    place.open_node(ledger, ledger.nodes[number], store).await.unwrap()
}

/// A backup is the ledger and not the caches of those who ran it; so is what is restored from it.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_holds_no_snapshot_and_goes_where_nothing_is() {
    let (place, ledger) = closed(3).await;
    let reader = Reader::open(Store::in_directory(&place.data())).await.unwrap();
    assert_eq!(reader.verify(None).await.unwrap().1[0].verdict, Verdict::Fits);
    let (copy, cluster) = (Place::default(), Cluster::start());
    reader.copy_to(Store::in_directory(&copy.data())).await.unwrap();
    assert_eq!(kept(&copy).await, []);

    let address = cluster.database().await;
    let copied = Reader::open(Store::in_directory(&copy.data())).await.unwrap();
    copied.copy_to(Store::parse(&address).unwrap()).await.unwrap();
    let again = copied.copy_to(Store::parse(&address).unwrap()).await;
    assert!(matches!(again, Err(JournalError::NotEmpty(_))), "{again:?}");
    let journal = open(&place, &ledger, 0, &address).await;
    assert_eq!((journal.rests_on(), journal.state().size()), (None, 4));
    ledger.add_vendor(&journal, 3).await.unwrap();
    journal.close().await;
}
