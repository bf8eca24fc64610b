//! Sessions: who is logged in, by the hash of what their client holds. They grant nothing.

use domain::digest::Digest;
use domain::id::PersonId;
use domain::time::Millis;

use super::store::{StoreError, args};
use super::{Journal, JournalError};

impl Journal {
    /// Opens a session until `expires`; `hash` is the digest of the token that the client holds.
    pub async fn open_session(
        &self,
        hash: Digest,
        person: PersonId,
        expires: Millis,
    ) -> Result<(), JournalError> {
        const SQL: &str = "INSERT INTO sessions (hash, person, expires) VALUES ($1, $2, $3)";
        self.shared.database.run(SQL, args![hash, person.to_string(), expires.0]).await?;
        Ok(())
    }

    /// Whose session this is and until when, if it has not expired. Whether that person may act at all
    /// is the state's to say.
    pub async fn session(
        &self,
        hash: Digest,
        now: Millis,
    ) -> Result<Option<(PersonId, Millis)>, JournalError> {
        const SQL: &str = "SELECT person, expires FROM sessions WHERE hash = $1 AND expires > $2";
        let Some(row) = self.shared.database.row(SQL, args![hash, now.0]).await? else {
            return Ok(None);
        };
        let person = row.text(0)?.parse();
        let person = person.map_err(|_| StoreError::corrupt("sessions", "not a person's id"))?;
        Ok(Some((person, Millis(row.number(1)?))))
    }

    /// Ends one session; whether there was one.
    pub async fn close_session(&self, hash: Digest) -> Result<bool, JournalError> {
        let sql = "DELETE FROM sessions WHERE hash = $1";
        Ok(self.shared.database.run(sql, args![hash]).await? > 0)
    }

    /// Ends all sessions of a person, as they leave; how many there were.
    pub async fn close_sessions_of(&self, person: PersonId) -> Result<u64, JournalError> {
        let sql = "DELETE FROM sessions WHERE person = $1";
        Ok(self.shared.database.run(sql, args![person.to_string()]).await?)
    }

    /// Forgets sessions and answers that have expired.
    pub async fn sweep(&self, now: Millis) -> Result<(), JournalError> {
        let database = &self.shared.database;
        database.run("DELETE FROM sessions WHERE expires <= $1", args![now.0]).await?;
        database.run("DELETE FROM answers WHERE expires <= $1", args![now.0]).await?;
        Ok(())
    }
}
