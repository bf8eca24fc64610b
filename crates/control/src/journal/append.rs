//! Appending: one compare-and-swap on the tree's size and everything that goes with it, in one transaction.

use domain::digest::Digest;
use domain::follow::Broken;
use domain::signature::Seen;
use domain::state::State;
use ledger::{Frontier, Tile};

use super::JournalError;
use super::attester::Attester;
use super::desk::Added;
use super::edge::Edge;
use super::fold::Fold;
use super::group::Group;
use super::read::kind_name;
use super::store::{Arg, Database, StoreError, Writing, args};

/// A batch as it will be, attested, and the state behind it.
pub(super) struct NewBatch {
    pub first: u64,
    pub seen: Seen,
    pub attestation: String,
    pub grown: Vec<(Tile, Vec<u8>)>,
    pub state: State,
    pub frontier: Frontier,
    pub edge: Edge,
}

impl NewBatch {
    /// Grows the tree by the group's entries and attests it; `None` when it has none. The draft of the
    /// group is used up.
    pub(super) fn prepare(
        fold: &Fold,
        group: &mut Group,
        attester: &Attester,
    ) -> Result<Option<NewBatch>, JournalError> {
        if group.added.entries.is_empty() {
            return Ok(None);
        }
        let state = group.draft.state();
        // INVARIANT: nothing is attested with a key that followers would not know this node by.
        let enrolled = state.nodes.get(&attester.node()).map(|node| node.key);
        if enrolled != Some(attester.key()) {
            return Err(JournalError::OtherKey(attester.node()));
        }
        let first = fold.state().size();
        let leaves: Vec<_> = group.added.entries.iter().map(|entry| entry.leaf).collect();
        let frontier = fold.frontier_with(&leaves);
        let seen = Seen { root: Digest(frontier.root().0), size: frontier.size() };
        if seen.size != state.size() {
            return Err(Broken::Gap { expected: state.size(), found: seen.size }.into());
        }
        let origin = state.origin().map_or("", |origin| origin.name.as_str());
        let attestation = attester.attest(origin, &frontier)?;
        let grown = fold.edge().grow(first, &leaves)?;
        let mut edge = fold.edge().clone();
        edge.keep(grown.clone(), seen.size);
        let state = group.draft.clone().publish(seen.root);
        Ok(Some(NewBatch { first, seen, attestation, grown, state, frontier, edge }))
    }
}

/// Writes it all, or nothing. `false` when another node appended first: the attestation that was made
/// for this place is dropped unseen, and the next one is made for the tree as it is then.
pub(super) async fn append(
    database: &Database,
    batch: Option<&NewBatch>,
    added: Added,
) -> Result<bool, StoreError> {
    let mut open = database.begin().await?;
    if let Some(batch) = batch {
        const SWAP: &str = "UPDATE tip SET size = $1 WHERE one = 1 AND size = $2";
        if open.run(SWAP, args![batch.seen.size, batch.first]).await? != 1 {
            return Ok(false);
        }
        write_batch(&mut open, batch).await?;
    }
    write_entries(&mut open, batch.map_or(0, |batch| batch.first), &added).await?;
    write_papers(&mut open, added).await?;
    open.commit().await.map(|()| true)
}

async fn write_batch(open: &mut Writing, batch: &NewBatch) -> Result<(), StoreError> {
    let NewBatch { first, seen, attestation, grown, .. } = batch;
    const BATCH: &str =
        "INSERT INTO batches (first, size, root, attestation) VALUES ($1, $2, $3, $4)";
    open.run(BATCH, args![*first, seen.size, seen.root, attestation.clone()]).await?;
    let tiles = grown.iter();
    let tiles =
        tiles.map(|(tile, bytes)| args![u64::from(tile.level()), tile.index(), bytes.clone()]);
    open.insert(
        "INSERT INTO tiles (level, idx, bytes)",
        tiles.collect(),
        "ON CONFLICT (level, idx) DO UPDATE SET bytes = excluded.bytes",
    )
    .await
}

async fn write_entries(open: &mut Writing, first: u64, added: &Added) -> Result<(), StoreError> {
    let numbered = || (first..).zip(&added.entries);
    let materials = added.materials.iter();
    let materials = materials
        .map(|(digest, kind, bytes)| args![*digest, kind_name(*kind).to_owned(), bytes.clone()]);
    open.insert(
        "INSERT INTO materials (digest, kind, bytes)",
        materials.collect(),
        "ON CONFLICT (digest) DO NOTHING",
    )
    .await?;
    let entries = numbered().map(|(position, entry)| args![position, entry.bytes.clone()]);
    open.insert("INSERT INTO entries (position, bytes)", entries.collect(), "").await?;
    let needs = numbered().flat_map(|(position, entry)| {
        entry.needs.iter().map(move |digest| args![position, *digest])
    });
    open.insert("INSERT INTO needs (position, digest)", needs.collect(), "").await
}

async fn write_papers(open: &mut Writing, added: Added) -> Result<(), StoreError> {
    let papers = added.papers.into_iter();
    let papers = papers.map(|(digest, salt, content)| args![digest, salt.to_vec(), content]);
    open.insert(
        "INSERT INTO papers (digest, salt, content)",
        papers.collect(),
        "ON CONFLICT (digest) DO NOTHING",
    )
    .await?;
    let blobs = added.blobs.into_iter().map(|(digest, content)| args![digest, content]);
    open.insert(
        "INSERT INTO blobs (digest, content)",
        blobs.collect(),
        "ON CONFLICT (digest) DO NOTHING",
    )
    .await?;
    for (credential, sealed) in added.secrets {
        super::secrets::put(open, credential, sealed).await?;
    }
    for (key, answer, expires) in added.answers {
        super::answers::put(open, key, answer, expires).await?;
    }
    for id in added.removed_drafts {
        open.run("DELETE FROM drafts WHERE id = $1", vec![Arg::Text(id)]).await?;
    }
    Ok(())
}
