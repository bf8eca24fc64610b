//! What is kept beside the ledger, alike on both databases.

use control::journal::{Answer, AnswerKey, Begun, Draft, Journal, Paper, Store};
use control::testing::{Cluster, Ledger, Place, START, Someone, vendor};
use domain::actor::Proof;
use domain::digest::{Digest, paper};
use domain::id::CredentialId;
use domain::time::Span;

async fn papers_and_blobs(journal: &Journal) {
    let name = journal.keep_paper([1; 32], b"Ann Example".to_vec()).await.unwrap();
    assert_eq!(name, paper(&[1; 32], b"Ann Example"));
    let kept = Paper::Kept { salt: [1; 32], content: b"Ann Example".to_vec() };
    assert_eq!(journal.paper(name).await.unwrap(), Some(kept));
    assert!(journal.erase_paper(name).await.unwrap());
    assert!(!journal.erase_paper(name).await.unwrap());
    journal.keep_paper([1; 32], b"Ann Example".to_vec()).await.unwrap();
    assert_eq!(journal.paper(name).await.unwrap(), Some(Paper::Erased), "once and for all");
    assert_eq!(journal.paper(Digest([0; 32])).await.unwrap(), None);

    let large = vec![7; 8 * 1024 * 1024];
    let digest = journal.keep_blob(large.clone()).await.unwrap();
    assert_eq!(journal.keep_blob(large.clone()).await.unwrap(), digest);
    assert_eq!(journal.blob(digest).await.unwrap(), Some(large));
    assert_eq!(journal.blob(Digest([0; 32])).await.unwrap(), None);
}

async fn sessions(journal: &Journal) {
    let (one, two) = (Someone::new(1).id, Someone::new(2).id);
    let until = START.after(Span::HOUR);
    let hash = |number| Digest([number; 32]);
    for (number, person) in [(1, one), (2, one), (3, two)] {
        journal.open_session(hash(number), person, until).await.unwrap();
    }
    assert_eq!(journal.session(hash(1), START).await.unwrap(), Some((one, until)));
    assert_eq!(journal.session(hash(1), until).await.unwrap(), None, "the end is not in it");
    assert!(journal.close_session(hash(3)).await.unwrap());
    assert!(!journal.close_session(hash(3)).await.unwrap());
    assert_eq!(journal.close_sessions_of(one).await.unwrap(), 2);
    assert_eq!(journal.session(hash(2), START).await.unwrap(), None);
    journal.open_session(hash(4), two, until).await.unwrap();
    journal.sweep(until).await.unwrap();
    journal.open_session(hash(4), two, until).await.unwrap();
}

async fn answers(journal: &Journal) {
    let key = AnswerKey {
        person: Someone::new(1).id,
        key: "k1".to_owned(),
        request: Digest::of(b"request"),
    };
    let different = AnswerKey { request: Digest::of(b"another"), ..key.clone() };
    assert_eq!(journal.begin_answer(&key, START).await.unwrap(), Begun::New);
    assert_eq!(journal.begin_answer(&key, START).await.unwrap(), Begun::Running);
    assert_eq!(journal.begin_answer(&different, START).await.unwrap(), Begun::Different);
    journal.forget_answer(&key).await.unwrap();
    assert_eq!(journal.begin_answer(&key, START).await.unwrap(), Begun::New);
    // Its node died: after a minute the key is free.
    let later = START.after(Span::MINUTE);
    assert_eq!(journal.begin_answer(&key, later).await.unwrap(), Begun::New);

    let answer = Answer { status: 201, body: b"{}".to_vec() };
    let until = START.after(Span::DAY);
    journal.keep_answer(key.clone(), answer.clone(), until).await.unwrap();
    journal.forget_answer(&key).await.unwrap();
    let again = journal.begin_answer(&key, later).await.unwrap();
    assert_eq!(again, Begun::Answered(answer), "an answer is not forgotten");
    assert_eq!(journal.begin_answer(&key, until).await.unwrap(), Begun::New);
}

async fn drafts(journal: &Journal) {
    let draft = |id: &str, created| Draft {
        id: id.to_owned(),
        kind: "act".to_owned(),
        json: "{}".to_owned(),
        created,
    };
    let (first, second) = (draft("b", START), draft("a", START.after(Span::SECOND)));
    journal.keep_draft(second.clone()).await.unwrap();
    journal.keep_draft(first.clone()).await.unwrap();
    assert_eq!(journal.drafts("act").await.unwrap(), [first.clone(), second]);
    assert!(journal.change_draft(&first, "{\"one\":1}".to_owned()).await.unwrap());
    assert!(!journal.change_draft(&first, "{\"two\":2}".to_owned()).await.unwrap());
    assert_eq!(journal.draft("b").await.unwrap().unwrap().json, "{\"one\":1}");
    assert!(journal.drop_draft("a").await.unwrap());
    assert_eq!(journal.draft("a").await.unwrap(), None);
}

/// All of it in the transaction of the entry that it belongs to.
async fn with_an_entry(journal: &Journal, ledger: &Ledger) {
    let operator = ledger.operators[0].id;
    let key = AnswerKey { person: operator, key: "k2".to_owned(), request: Digest::of(b"request") };
    journal.begin_answer(&key, START).await.unwrap();
    let answer = Answer { status: 200, body: b"done".to_vec() };
    let (kept, expected) = (key.clone(), answer.clone());
    let done = journal.commit(move |desk| {
        desk.secret(CredentialId(1), b"old".to_vec());
        desk.secret(CredentialId(1), b"sealed".to_vec());
        desk.remove_draft("b");
        desk.answer(kept.clone(), answer.clone(), START.after(Span::DAY));
        desk.append(Some(operator), Proof::Login, vendor(1))?;
        Ok((desk.paper([2; 32], b"paper".to_vec())?, desk.blob(b"blob".to_vec())))
    });
    let (name, digest) = done.await.unwrap().value;
    assert!(matches!(journal.paper(name).await.unwrap(), Some(Paper::Kept { .. })));
    assert_eq!(journal.blob(digest).await.unwrap(), Some(b"blob".to_vec()));
    assert_eq!(journal.secret(CredentialId(1)).await.unwrap(), Some(b"sealed".to_vec()));
    assert_eq!(journal.draft("b").await.unwrap(), None);
    assert_eq!(journal.begin_answer(&key, START).await.unwrap(), Begun::Answered(expected));
    assert!(journal.remove_secret(CredentialId(1)).await.unwrap());
    assert_eq!(journal.secret(CredentialId(1)).await.unwrap(), None);
}

async fn everything(journal: &Journal, ledger: &Ledger) {
    papers_and_blobs(journal).await;
    sessions(journal).await;
    answers(journal).await;
    drafts(journal).await;
    with_an_entry(journal, ledger).await;
}

#[tokio::test]
async fn on_sqlite() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    everything(&journal, &ledger).await;
}

#[tokio::test]
async fn on_postgres() {
    let (place, ledger, cluster) = (Place::default(), Ledger::new(1), Cluster::start());
    let store = Store::parse(&cluster.database().await).unwrap();
    let journal = place.open_node(&ledger, ledger.nodes[0], store).await.unwrap();
    ledger.found(&journal).await.unwrap();
    everything(&journal, &ledger).await;
}

/// What was erased is not left in the file, however long it was.
#[tokio::test]
async fn an_erased_paper_is_gone_from_the_disk() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    let text = b"Ann Unforgettable".repeat(1_000);
    let name = journal.keep_paper([1; 32], text).await.unwrap();
    journal.close().await;
    let found = || {
        std::fs::read_dir(place.data()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(17).any(|window| window == b"Ann Unforgettable")
        })
    };
    assert!(found(), "it was there");
    let journal = place.open(&ledger).await.unwrap();
    journal.erase_paper(name).await.unwrap();
    journal.close().await;
    assert!(!found());
}

/// Invariant 2: a request is done and known as done in one instant, whenever its node is killed.
#[tokio::test]
async fn a_request_whose_answer_a_crash_took_is_not_done_again() {
    let (place, ledger) = (Place::default(), Ledger::new(1));
    let journal = place.founded(&ledger).await;
    let person = ledger.operators[0].id;
    let key = |key: &str| AnswerKey { person, key: key.to_owned(), request: Digest::of(b"body") };
    let (done, not) = (key("done"), key("not"));
    let now = place.clock.now();
    assert_eq!(journal.begin_answer(&done, now).await.unwrap(), Begun::New);
    assert_eq!(journal.begin_answer(&not, now).await.unwrap(), Begun::New);
    journal.at_work(done.clone(), ledger.add_vendor(&journal, 7)).await.unwrap();
    journal.close().await;

    let journal = place.open(&ledger).await.unwrap();
    let Begun::Answered(answer) = journal.begin_answer(&done, now).await.unwrap() else {
        panic!("it would be done twice")
    };
    assert_eq!((answer.status, answer.body), (200, br#"{"entries":[1]}"#.to_vec()));
    assert_eq!(journal.begin_answer(&not, now).await.unwrap(), Begun::New, "nothing had happened");
}
