//! Whoever can write to the database cannot make the node believe it: a start names entry and rule.

use std::time::Duration;

use control::journal::{JournalError, Reader, Store};
use control::testing::{Ledger, Place};
use domain::authority::Act;
use domain::digest::Digest;
use domain::material;
use domain::policy::PolicyPublished;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

/// How long damage may take to be noticed; what is no damage is tried again for ever.
const PATIENCE: Duration = Duration::from_secs(20);
const POLICY: &[u8] =
    br#"@id("sandboxes") permit(principal, action == Action::"grant", resource);"#;

/// A ledger of genesis, a policy and four vendors, closed; then the statements run on its tables.
async fn tampered(statements: &str) -> (Place, Ledger) {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    let act = PolicyPublished { policy: Digest::of(POLICY), version: 1 };
    let lay =
        |desk: &mut control::journal::Desk| desk.material(material::Kind::Policy, POLICY).map(drop);
    ledger.authorise(&journal, Act::PolicyPublished(act), lay).await.unwrap();
    for number in 0..4 {
        ledger.add_vendor(&journal, number).await.unwrap();
    }
    journal.close().await;
    let url = format!("sqlite://{}", place.data().join("portcullis.db").display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let statements = AssertSqlSafe(format!("PRAGMA foreign_keys = OFF; {statements}"));
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    (place, ledger)
}

/// How the start is refused: the message, and the broken rule. Once when it reads every entry, and once
/// from the snapshot that the last stop left: there at the latest once every entry was read again.
async fn refusals(statements: &str) -> [(String, &'static str); 2] {
    let said = |error: &JournalError| (error.to_string(), error.rule().unwrap_or("-"));
    let (place, ledger) = tampered(&format!("DELETE FROM snapshots; {statements}")).await;
    let Err(error) = place.open(&ledger).await else { panic!("started after {statements}") };
    let (place, ledger) = tampered(statements).await;
    let resumed = match place.open(&ledger).await {
        Ok(journal) => {
            assert_eq!(journal.rests_on(), Some(6), "{statements}");
            let proven = tokio::time::timeout(PATIENCE, journal.proven()).await;
            let error = proven.unwrap().unwrap_err();
            let refused = ledger.add_vendor(&journal, 99).await;
            assert!(refused.is_err(), "nothing is appended to it: {error}");
            said(&error)
        }
        Err(error) => said(&error),
    };
    [said(&error), resumed]
}

/// How it is refused, alike both times.
async fn refusal(statements: &str) -> (String, &'static str) {
    let [read, resumed] = refusals(statements).await;
    assert_eq!(resumed, read, "{statements}");
    read
}

#[tokio::test]
async fn without_tampering_it_starts() {
    let (place, ledger) = tampered("").await;
    assert_eq!(place.open(&ledger).await.unwrap().state().size(), 6);
}

#[tokio::test]
async fn an_entry_that_was_changed() {
    // The vendor's id in entry 3: canonical still, and not what was attested.
    let (text, rule) = refusal(
        "UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), 'vnd_00000000000000000000000001', \
         'vnd_00000000000000000000000009') AS BLOB) WHERE position = 3",
    )
    .await;
    assert!(text.contains("up to entry 3") && rule == "attestation", "{text}");
    let (text, rule) = refusal("UPDATE entries SET bytes = x'7b7d' WHERE position = 3").await;
    assert!(text.contains("entry 3") && rule == "not-canonical", "{text}");
}

#[tokio::test]
async fn an_entry_that_was_removed() {
    let (text, rule) = refusal("DELETE FROM entries WHERE position = 3").await;
    assert!(text.contains('3') && rule == "gap", "{text}");
}

#[tokio::test]
async fn an_attestation_of_something_else() {
    let (text, rule) = refusal(
        "UPDATE batches SET attestation = (SELECT attestation FROM batches WHERE first = 4) \
         WHERE first = 3",
    )
    .await;
    assert!(text.contains("up to entry 3") && rule == "attestation", "{text}");
    let (text, rule) = refusal("UPDATE batches SET attestation = 'none' WHERE first = 5").await;
    assert!(text.contains("up to entry 5") && rule == "attestation", "{text}");
}

#[tokio::test]
async fn a_root_that_was_changed() {
    let (text, rule) = refusal("UPDATE batches SET root = zeroblob(32) WHERE first = 3").await;
    assert!(text.contains("at 4 entries") && rule == "fork", "{text}");
}

#[tokio::test]
async fn a_material_that_was_changed_or_removed() {
    let (text, rule) =
        refusal("UPDATE materials SET bytes = CAST('@id(\"x\") permit(principal,action,resource);' AS BLOB)")
            .await;
    assert!(text.contains("entry 1") && rule == "material-missing", "{text}");
    let (text, rule) = refusal("DELETE FROM needs").await;
    assert!(text.contains("entry 1") && rule == "material-missing", "{text}");
}

#[tokio::test]
async fn batches_that_were_cut_off() {
    let cut = "DELETE FROM batches WHERE first >= 4; DELETE FROM entries WHERE position >= 4;";
    let (text, rule) = refusal(cut).await;
    assert!(text.contains('4') && rule == "gap", "{text}");
    let (text, rule) = refusal(&format!("{cut} UPDATE tip SET size = 4")).await;
    assert!(text.contains("entry 5") && text.contains("went backwards"), "{text}");
    assert_eq!(rule, "backwards");
}

#[tokio::test]
async fn a_tile_that_was_changed() {
    let (text, rule) = refusal("UPDATE tiles SET bytes = zeroblob(192) WHERE level = 0").await;
    assert!(text.contains("tile 0/0") && rule == "tiles", "{text}");
}

/// SQLite lets any column hold anything. What has another type is damage, and no outage to wait out.
#[tokio::test]
async fn a_column_of_another_type() {
    for statement in [
        "UPDATE entries SET bytes = 7 WHERE position = 3",
        "UPDATE entries SET bytes = 0.5 WHERE position = 3",
        "UPDATE batches SET first = 'last' WHERE first = 5",
        "UPDATE batches SET root = 7 WHERE first = 3",
        "UPDATE batches SET root = 'short' WHERE first = 3",
        "UPDATE batches SET attestation = x'ff' WHERE first = 3",
        "UPDATE materials SET bytes = 7",
        "UPDATE materials SET kind = x'ff'",
        "UPDATE materials SET kind = 'rumour'",
        "UPDATE tiles SET bytes = 7 WHERE level = 0",
        "UPDATE tip SET size = 'many'",
        "UPDATE tip SET size = -1",
    ] {
        let table = statement.split(' ').nth(1).unwrap();
        for (text, rule) in refusals(statement).await {
            assert_eq!(rule, "corrupt", "{statement}: {text}");
            assert!(text.starts_with(&format!("table `{table}`: ")), "{statement}: {text}");
        }
    }
}

#[tokio::test]
async fn a_snapshot_of_another_type_is_dropped_like_any_other() {
    // A snapshot of which not every part is found is none: the start reads the entries.
    let none = ["part = 'one'", "parts = 'all'"];
    for column in ["size = 'many'", "bytes = 7", "node = x'ff'"].into_iter().chain(none) {
        let (place, ledger) = tampered(&format!("UPDATE snapshots SET {column}")).await;
        let opened = place.open(&ledger).await;
        assert_eq!(opened.is_ok(), none.contains(&column), "{column}");
        if let Err(error) = opened {
            assert_eq!(error.rule(), Some("corrupt"), "{column}: {error}");
            let reader = Reader::open(Store::in_directory(&place.data())).await.unwrap();
            assert_eq!(reader.drop_snapshots().await.unwrap(), 1, "{column}");
        }
        place.open(&ledger).await.unwrap().proven().await.unwrap();
    }
}
