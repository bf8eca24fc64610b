//! Recovering: attested batches that others still have are put back behind what the database has left.

use domain::digest::Digest;
use domain::entry::Entry;
use domain::follow::{Batch, Broken};
use domain::material::Kind;
use ledger::leaf_hash;

use super::append::{NewBatch, append};
use super::desk::{Added, Appended};
use super::fold::Fold;
use super::store::{Database, Store};
use super::{Journal, JournalError};

impl Journal {
    /// Puts batches back into a closed store, as gateways and other nodes hand them out; what the store
    /// has already is passed over. Each is believed as in any start, by the rulebook and its
    /// attestation, before it is written. Answers the size of the ledger then.
    ///
    /// # Errors
    /// [`JournalError::Broken`] at the first batch that does not follow; those in front of it stay.
    pub async fn recover(
        store: Store,
        pinned: Option<Digest>,
        batches: Vec<Batch>,
    ) -> Result<u64, JournalError> {
        let database = store.connect().await?;
        let mut fold = Fold::new(pinned);
        fold.catch_up(&database).await?;
        let recovered = put_back(&database, &mut fold, batches).await;
        database.close().await;
        recovered.map(|()| fold.state().size())
    }
}

async fn put_back(
    database: &Database,
    fold: &mut Fold,
    batches: Vec<Batch>,
) -> Result<(), JournalError> {
    for batch in batches {
        if batch.size() <= fold.state().size() {
            continue;
        }
        let next = fold.with(&batch)?;
        let added = added(&batch)?;
        if !append(database, Some(&next), added).await? {
            return Err(JournalError::NotNewest); // a node is running on this store
        }
        fold.advance(next.state, next.frontier, next.edge);
    }
    Ok(())
}

impl Fold {
    /// The batch as this fold believes it, ready to be written.
    fn with(&self, batch: &Batch) -> Result<NewBatch, JournalError> {
        let mut follower = self.follower().clone();
        follower.accept(batch)?;
        let seen = follower.seen();
        let leaves: Vec<_> = batch.entries.iter().map(|bytes| leaf_hash(bytes)).collect();
        let grown = self.edge().grow(batch.first, &leaves)?;
        let mut edge = self.edge().clone();
        edge.keep(grown.clone(), seen.size);
        Ok(NewBatch {
            first: batch.first,
            seen,
            attestation: batch.attestation.clone(),
            grown,
            state: follower.state().clone(),
            frontier: follower.frontier().clone(),
            edge,
        })
    }
}

fn added(batch: &Batch) -> Result<Added, JournalError> {
    let appended = |(entry, bytes): (u64, &Vec<u8>)| {
        let decoded = Entry::decode(bytes).map_err(|refusal| Broken::Entry { entry, refusal })?;
        let needs = decoded.materials().into_iter().map(|(_, digest)| digest).collect();
        Ok(Appended { bytes: bytes.clone(), leaf: leaf_hash(bytes), needs })
    };
    let entries = (batch.first..).zip(&batch.entries).map(appended).collect::<Result<_, Broken>>();
    let material = |(kind, bytes): &(Kind, Vec<u8>)| (Digest::of(bytes), *kind, bytes.clone());
    let materials = batch.materials.iter().map(material).collect();
    Ok(Added { entries: entries?, materials, ..Added::default() })
}
