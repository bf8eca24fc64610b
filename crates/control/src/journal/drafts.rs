//! Drafts: what people are still writing, and acts that wait for signatures. They grant nothing.

use domain::time::Millis;

use super::store::{Row, StoreError, args};
use super::{Journal, JournalError};

/// A draft of some kind, as JSON that only its owner module reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub id: String,
    pub kind: String,
    pub json: String,
    pub created: Millis,
}

fn read(row: &Row) -> Result<Draft, StoreError> {
    let (id, kind, json) = (row.text(0)?, row.text(1)?, row.text(2)?);
    Ok(Draft { id, kind, json, created: Millis(row.number(3)?) })
}

impl Journal {
    /// Keeps a draft, in the place of an earlier one with its id; the kind and the date of the first
    /// stay.
    pub async fn keep_draft(&self, draft: Draft) -> Result<(), JournalError> {
        const SQL: &str = "INSERT INTO drafts (id, kind, json, created) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT (id) DO UPDATE SET json = excluded.json";
        let Draft { id, kind, json, created } = draft;
        self.shared.database.run(SQL, args![id, kind, json, created.0]).await?;
        Ok(())
    }

    /// Changes a draft from exactly what was read; `false` when somebody else was faster.
    pub async fn change_draft(&self, read: &Draft, json: String) -> Result<bool, JournalError> {
        const SQL: &str = "UPDATE drafts SET json = $1 WHERE id = $2 AND json = $3";
        let args = args![json, read.id.clone(), read.json.clone()];
        Ok(self.shared.database.run(SQL, args).await? > 0)
    }

    pub async fn draft(&self, id: &str) -> Result<Option<Draft>, JournalError> {
        const SQL: &str = "SELECT id, kind, json, created FROM drafts WHERE id = $1";
        let row = self.shared.database.row(SQL, args![id.to_owned()]).await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// All drafts of a kind, the oldest first.
    pub async fn drafts(&self, kind: &str) -> Result<Vec<Draft>, JournalError> {
        const SQL: &str =
            "SELECT id, kind, json, created FROM drafts WHERE kind = $1 ORDER BY created, id";
        let rows = self.shared.database.rows(SQL, args![kind.to_owned()]).await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// Drops a draft; whether there was one. [`super::Desk::remove_draft`] does it together with the
    /// entries that it became.
    pub async fn drop_draft(&self, id: &str) -> Result<bool, JournalError> {
        const SQL: &str = "DELETE FROM drafts WHERE id = $1";
        Ok(self.shared.database.run(SQL, args![id.to_owned()]).await? > 0)
    }
}
