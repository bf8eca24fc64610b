//! Answers by idempotency key: a request that is sent twice happens once and is answered alike.

use domain::digest::Digest;
use domain::id::PersonId;
use domain::time::{Millis, Span};

use super::store::{Arg, Database, StoreError, Writing, args};
use super::{Journal, JournalError};

/// How long a request may be at work until its key is free again: its node is taken to have died.
const LEASE: Span = Span::MINUTE;
/// How long an answer is kept.
pub const KEPT: Span = Span::DAY;

tokio::task_local! {
    /// The request whose work this task does.
    static AT_WORK: AnswerKey;
}

/// The key of the request whose work the calling task does, if it has one.
pub(super) fn at_work() -> Option<AnswerKey> {
    AT_WORK.try_with(Clone::clone).ok()
}

/// Whose request it is, the key they chose for it, and the digest of what they asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerKey {
    pub person: PersonId,
    pub key: String,
    pub request: Digest,
}

/// What was answered: an HTTP status and the body's bytes. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: go on, then keep the answer or forget the key.
    New,
    /// The same request is at work.
    Running,
    Answered(Answer),
    /// The key was used for another request.
    Different,
}

pub(super) async fn put(
    open: &mut Writing,
    key: AnswerKey,
    answer: Answer,
    expires: Millis,
) -> Result<(), StoreError> {
    let (sql, args) = upsert(key, answer, expires);
    open.run(sql, args).await.map(drop)
}

fn upsert(key: AnswerKey, answer: Answer, expires: Millis) -> (&'static str, Vec<Arg>) {
    let AnswerKey { person, key, request } = key;
    let status = u64::from(answer.status);
    (
        "INSERT INTO answers (person, key, request, status, body, expires) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (person, key) DO UPDATE SET \
         status = excluded.status, body = excluded.body, expires = excluded.expires",
        args![person.to_string(), key, request, status, answer.body, expires.0],
    )
}

impl Answer {
    /// What is answered to a repeated request whose work is in the ledger and whose own answer a crash
    /// took: the positions of its entries.
    pub(super) fn of_entries(entries: std::ops::Range<u64>) -> Answer {
        let entries: Vec<u64> = entries.collect();
        let body = serde_json::json!({ "entries": entries }).to_string().into_bytes();
        Answer { status: 200, body }
    }
}

impl Journal {
    /// Does a request's work. From the same instant as the entries that it commits, its key is answered
    /// with their positions: after a crash in front of [`Journal::keep_answer`] it is not done again.
    pub async fn at_work<T>(&self, key: AnswerKey, work: impl Future<Output = T>) -> T {
        AT_WORK.scope(key, work).await
    }

    /// Takes the key for this request, unless it is taken.
    pub async fn begin_answer(&self, key: &AnswerKey, now: Millis) -> Result<Begun, JournalError> {
        const OLD: &str = "DELETE FROM answers WHERE person = $1 AND key = $2 AND expires <= $3";
        const TAKE: &str = "INSERT INTO answers (person, key, request, expires) \
                            VALUES ($1, $2, $3, $4) ON CONFLICT (person, key) DO NOTHING";
        const FOUND: &str =
            "SELECT request, status, body FROM answers WHERE person = $1 AND key = $2";
        let database = &self.shared.database;
        let (person, name) = (key.person.to_string(), key.key.clone());
        database.run(OLD, args![person.clone(), name.clone(), now.0]).await?;
        let until = now.after(LEASE).0;
        let taken =
            database.run(TAKE, args![person.clone(), name.clone(), key.request, until]).await?;
        if taken == 1 {
            return Ok(Begun::New);
        }
        let Some(row) = database.row(FOUND, args![person, name]).await? else {
            return Ok(Begun::Running); // it was forgotten in between; the client asks again
        };
        if row.digest(0)? != key.request {
            return Ok(Begun::Different);
        }
        let status = row.maybe_number(1)?.and_then(|status| u16::try_from(status).ok());
        Ok(match (status, row.maybe_bytes(2)?) {
            (Some(status), Some(body)) => Begun::Answered(Answer { status, body }),
            _ => Begun::Running,
        })
    }

    /// Keeps the answer until `expires`. [`super::Desk::answer`] does it together with the entries.
    pub async fn keep_answer(
        &self,
        key: AnswerKey,
        answer: Answer,
        expires: Millis,
    ) -> Result<(), JournalError> {
        let (sql, args) = upsert(key, answer, expires);
        self.shared.database.run(sql, args).await?;
        Ok(())
    }

    /// Frees the keys of requests that were at work when this database's only node ended.
    pub(super) async fn forget_unanswered(database: &Database) -> Result<(), StoreError> {
        database.run("DELETE FROM answers WHERE status IS NULL", args![]).await.map(drop)
    }

    /// Frees a key whose request came to nothing and may be sent again.
    pub async fn forget_answer(&self, key: &AnswerKey) -> Result<(), JournalError> {
        const SQL: &str = "DELETE FROM answers WHERE person = $1 AND key = $2 AND status IS NULL";
        self.shared.database.run(SQL, args![key.person.to_string(), key.key.clone()]).await?;
        Ok(())
    }
}
