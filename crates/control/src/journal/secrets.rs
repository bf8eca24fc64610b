//! The vault's shelf: sealed secrets by credential. The journal cannot open them.

use domain::id::CredentialId;

use super::store::{StoreError, Writing, args};
use super::{Journal, JournalError};

pub(super) async fn put(
    open: &mut Writing,
    credential: CredentialId,
    sealed: Vec<u8>,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO secrets (credential, sealed) VALUES ($1, $2) \
                       ON CONFLICT (credential) DO UPDATE SET sealed = excluded.sealed";
    open.run(SQL, args![credential.to_string(), sealed]).await.map(drop)
}

impl Journal {
    /// The sealed secret of a credential.
    pub async fn secret(&self, credential: CredentialId) -> Result<Option<Vec<u8>>, JournalError> {
        const SQL: &str = "SELECT sealed FROM secrets WHERE credential = $1";
        let row = self.shared.database.row(SQL, args![credential.to_string()]).await?;
        Ok(row.map(|row| row.bytes(0)).transpose()?)
    }

    /// Takes the secret off the shelf: a retired credential is not kept.
    pub async fn remove_secret(&self, credential: CredentialId) -> Result<bool, JournalError> {
        const SQL: &str = "DELETE FROM secrets WHERE credential = $1";
        Ok(self.shared.database.run(SQL, args![credential.to_string()]).await? > 0)
    }
}
