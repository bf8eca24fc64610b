//! Time and the watermark: neither goes backwards.

use control::journal::{CommitError, JournalError, Outage};
use control::testing::{Ledger, Place, START};
use domain::time::Span;

#[tokio::test]
async fn entries_are_dated_by_the_clock_and_never_before_the_one_in_front() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    place.clock.advance(Span::HOUR);
    ledger.add_vendor(&journal, 1).await.unwrap();
    let tip = journal.state().at();
    assert_eq!(tip, START.after(Span::HOUR));

    place.clock.set(START.after(Span(Span::HOUR.0 - 60_000)));
    ledger.add_vendor(&journal, 2).await.unwrap();
    assert_eq!(journal.state().at(), tip, "a minute behind is the tip's time");

    place.clock.set(START.after(Span(Span::HOUR.0 - 60_001)));
    let refused = ledger.add_vendor(&journal, 3).await;
    assert!(matches!(refused, Err(CommitError::Unavailable(Outage::Clock { .. }))));
    assert_eq!(journal.state().size(), 3);
}

/// Never backwards: an older copy of the data is not started on.
#[tokio::test]
async fn an_older_copy_of_the_data_is_refused_by_the_entry_it_lacks() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    ledger.add_vendor(&journal, 1).await.unwrap();
    journal.close().await;
    let file = place.data().join("portcullis.db");
    let copy = std::fs::read(&file).unwrap();

    let journal = place.open(&ledger).await.unwrap();
    ledger.add_vendor(&journal, 2).await.unwrap();
    journal.close().await;
    std::fs::write(&file, copy).unwrap();

    let Err(JournalError::Broken(broken)) = place.open(&ledger).await else { panic!("started") };
    let text = broken.to_string();
    assert!(text.contains("entry 2") && text.contains("went backwards"), "{text}");

    // Where nothing was seen before, the same data is a ledger like any other.
    std::fs::remove_file(place.watermark()).unwrap();
    assert_eq!(place.open(&ledger).await.unwrap().state().size(), 2);
}

/// A database that is ahead of the watermark is what a crash between the two leaves.
#[tokio::test]
async fn a_watermark_that_lags_behind_is_fine_and_catches_up() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    journal.close().await;
    let lagging = std::fs::read(place.watermark()).unwrap();
    let journal = place.open(&ledger).await.unwrap();
    ledger.add_vendor(&journal, 1).await.unwrap();
    journal.close().await;
    std::fs::write(place.watermark(), &lagging).unwrap();
    let journal = place.open(&ledger).await.unwrap();
    assert_eq!(journal.state().size(), 2);
    assert_ne!(std::fs::read(place.watermark()).unwrap(), lagging);
}

#[tokio::test]
async fn another_ledger_under_the_same_watermark_is_a_fork() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    place.founded(&ledger).await.close().await;
    let other = Place::default();
    other.clock.advance(Span::SECOND);
    other.founded(&ledger).await.close().await;
    std::fs::copy(other.watermark(), place.watermark()).unwrap();
    let Err(JournalError::Broken(broken)) = place.open(&ledger).await else { panic!("started") };
    assert_eq!(broken.rule(), "fork", "{broken}");
}
