//! Crashes and failing storage: an acknowledged change is there, another one wholly or not at all.

use std::sync::{Arc, Mutex};

use control::journal::{CommitError, Outage};
use control::testing::{Ledger, Place, vendor};
use domain::actor::Proof;
use domain::id::VendorId;
use sqlx::{Connection as _, SqliteConnection};

use crate::all;

/// A statement that makes a verb on a table fail.
macro_rules! breaking {
    ($table:literal, $verb:literal) => {
        concat!(
            "CREATE TRIGGER broken BEFORE ",
            $verb,
            " ON ",
            $table,
            " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    };
}

async fn sql(place: &Place, statement: &'static str) {
    let url = format!("sqlite://{}", place.data().join("portcullis.db").display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Invariants 2 and 8: every statement of the transaction fails once, and nothing is ever half there.
#[tokio::test]
async fn a_storage_error_in_the_middle_acknowledges_nothing() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    let (before, operator) = (all(&journal.state()), ledger.operators[0].id);
    let write = |number: u128| {
        journal.commit(move |desk| {
            desk.paper([1; 32], b"a name".to_vec())?;
            desk.blob(b"a document".to_vec());
            desk.secret(domain::id::CredentialId(1), b"sealed".to_vec());
            desk.append(Some(operator), Proof::Login, vendor(number))
        })
    };
    for break_it in [
        breaking!("tip", "UPDATE"),
        breaking!("batches", "INSERT"),
        breaking!("tiles", "UPDATE"),
        breaking!("entries", "INSERT"),
        breaking!("papers", "INSERT"),
        breaking!("blobs", "INSERT"),
        breaking!("secrets", "INSERT"),
    ] {
        sql(&place, break_it).await;
        let done = futures_util::future::join_all((0..4).map(write)).await;
        for done in done {
            let Err(CommitError::Unavailable(Outage::Storage(why))) = done else {
                panic!("acknowledged while `{break_it}`")
            };
            assert!(why.to_string().contains("full"), "{why}");
        }
        assert_eq!(all(&journal.state()), before, "{break_it}");
        sql(&place, "DROP TRIGGER broken").await;
        assert_eq!(journal.entries(0, 10).await.unwrap().len(), 1, "{break_it}");
        assert_eq!(journal.secret(domain::id::CredentialId(1)).await.unwrap(), None);
    }
    let done = write(1).await.unwrap();
    assert_eq!((done.value, journal.state().size()), (1, 2));
}

/// Invariant 2, as a process that stops anywhere: its runtime is dropped with commits under way.
#[test]
fn what_was_acknowledged_before_a_stop_is_there_after_it() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let mut next = 0;
    for round in 0..8 {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let journal = runtime.block_on(place.open(&ledger)).unwrap();
        if round == 0 {
            runtime.block_on(ledger.found(&journal)).unwrap();
        }
        let vendors = journal.state().vendors.clone();
        for vendor in acknowledged.lock().unwrap().iter() {
            assert!(vendors.contains_key(vendor), "{vendor} was acknowledged and is gone");
        }
        let (sender, enough) = std::sync::mpsc::channel();
        for _ in 0..40 {
            let (journal, ledger, number) = (journal.clone(), ledger.clone(), next);
            let (acknowledged, sender) = (acknowledged.clone(), sender.clone());
            next += 1;
            runtime.spawn(async move {
                if ledger.add_vendor(&journal, number).await.is_ok() {
                    acknowledged.lock().unwrap().push(VendorId(number));
                    let _ = sender.send(());
                }
            });
        }
        // Some are acknowledged, and the others are wherever they are.
        for _ in 0..=round {
            enough.recv().unwrap();
        }
        drop(journal);
        runtime.shutdown_background();
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let journal = runtime.block_on(place.open(&ledger)).unwrap();
    let state = journal.state();
    for vendor in acknowledged.lock().unwrap().iter() {
        assert!(state.vendors.contains_key(vendor));
    }
    assert_eq!(state.size(), 1 + state.vendors.len() as u64);
    runtime.block_on(ledger.add_vendor(&journal, next)).unwrap();
}

#[tokio::test]
async fn a_closed_journal_says_so() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    journal.close().await;
    journal.close().await;
    let refused = ledger.add_vendor(&journal, 1).await;
    assert!(matches!(refused, Err(CommitError::Unavailable(Outage::Closed))));
}
