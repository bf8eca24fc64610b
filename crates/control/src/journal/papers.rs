//! Papers: names, free text, reports, addresses. Named by entries, never read by the rules, erasable.

use domain::digest::{self, Digest};

use super::store::{StoreError, args};
use super::{Journal, JournalError};

/// What the journal holds under a paper's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paper {
    Kept {
        salt: [u8; 32],
        content: Vec<u8>,
    },
    /// Salt and content are gone; the name says nothing any more.
    Erased,
}

impl Journal {
    /// The paper, if there ever was one, checked against its name.
    pub async fn paper(&self, name: Digest) -> Result<Option<Paper>, JournalError> {
        const SQL: &str = "SELECT salt, content FROM papers WHERE digest = $1";
        let Some(row) = self.shared.database.row(SQL, args![name]).await? else {
            return Ok(None);
        };
        let (Some(salt), Some(content)) = (row.maybe_bytes(0)?, row.maybe_bytes(1)?) else {
            return Ok(Some(Paper::Erased));
        };
        let salt = <[u8; 32]>::try_from(salt.as_slice()).unwrap_or_default();
        match digest::paper(&salt, &content) == name {
            true => Ok(Some(Paper::Kept { salt, content })),
            false => Err(StoreError::corrupt("papers", format!("{name} was changed")).into()),
        }
    }

    /// Files a paper before an entry names it.
    pub async fn keep_paper(
        &self,
        salt: [u8; 32],
        content: Vec<u8>,
    ) -> Result<Digest, JournalError> {
        const SQL: &str = "INSERT INTO papers (digest, salt, content) VALUES ($1, $2, $3) \
                           ON CONFLICT (digest) DO NOTHING";
        let name = digest::paper(&salt, &content);
        self.shared.database.run(SQL, args![name, salt.to_vec(), content]).await?;
        Ok(name)
    }

    /// Erases salt and content, for ever; whether there was anything to erase.
    pub async fn erase_paper(&self, name: Digest) -> Result<bool, JournalError> {
        const SQL: &str = "UPDATE papers SET salt = NULL, content = NULL \
                           WHERE digest = $1 AND content IS NOT NULL";
        Ok(self.shared.database.run(SQL, args![name]).await? > 0)
    }
}
