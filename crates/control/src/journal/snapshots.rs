//! Snapshots: sealed copies of one's own fold. Bytes only; [`domain::snapshot`] says when to believe them.

use super::store::args;
use super::{Journal, JournalError};

impl Journal {
    /// Keeps a snapshot of the state at `size` entries and drops the older ones.
    pub async fn keep_snapshot(&self, size: u64, bytes: Vec<u8>) -> Result<(), JournalError> {
        const KEEP: &str = "INSERT INTO snapshots (size, bytes) VALUES ($1, $2) \
                            ON CONFLICT (size) DO UPDATE SET bytes = excluded.bytes";
        let database = &self.shared.database;
        database.run(KEEP, args![size, bytes]).await?;
        database.run("DELETE FROM snapshots WHERE size < $1", args![size]).await?;
        Ok(())
    }

    /// The newest snapshot and its size.
    pub async fn snapshot(&self) -> Result<Option<(u64, Vec<u8>)>, JournalError> {
        const SQL: &str = "SELECT size, bytes FROM snapshots ORDER BY size DESC LIMIT 1";
        let row = self.shared.database.row(SQL, args![]).await?;
        Ok(row
            .map(|row| Ok::<_, super::StoreError>((row.number(0)?, row.bytes(1)?)))
            .transpose()?)
    }
}
