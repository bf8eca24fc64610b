//! Blobs: documents and reports of up to 64 MB, by the digest of their content.

use domain::digest::Digest;

use super::store::{StoreError, args};
use super::{Journal, JournalError};

/// The largest blob, in bytes.
pub const LARGEST: usize = 64 * 1024 * 1024;

impl Journal {
    /// The content, checked against its digest.
    pub async fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, JournalError> {
        const SQL: &str = "SELECT content FROM blobs WHERE digest = $1";
        let Some(row) = self.shared.database.row(SQL, args![digest]).await? else {
            return Ok(None);
        };
        let content = row.bytes(0)?;
        match Digest::of(&content) == digest {
            true => Ok(Some(content)),
            false => Err(StoreError::corrupt("blobs", format!("{digest} was changed")).into()),
        }
    }

    /// Keeps a document before an entry names it. The caller bounds its size to [`LARGEST`].
    pub async fn keep_blob(&self, content: Vec<u8>) -> Result<Digest, JournalError> {
        const SQL: &str =
            "INSERT INTO blobs (digest, content) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
        if content.len() > LARGEST {
            let why = format!("{} bytes are more than {LARGEST}", content.len());
            return Err(StoreError::corrupt("blobs", why).into());
        }
        let digest = Digest::of(&content);
        self.shared.database.run(SQL, args![digest, content]).await?;
        Ok(digest)
    }
}
