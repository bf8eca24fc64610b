//! What a start believes: this node's own snapshot, if the log has its size and root, else every entry.

use std::collections::BTreeMap;

use domain::digest::Digest;
use domain::follow::verifier;
use domain::signature::Seen;
use domain::snapshot::{self, SnapshotError};
use domain::state::State;
use ledger::{Checkpoint, Frontier, tile};

use super::attester::Attester;
use super::edge::Edge;
use super::fold::Fold;
use super::snapshots::{self, Kept};
use super::store::{Database, StoreError, args};
use super::{JournalError, read};

/// A fold of the whole ledger, and the snapshot that it rests on until the entries in front of it were
/// folded again.
pub(super) struct Start {
    pub fold: Fold,
    pub rests_on: Option<Kept>,
}

/// What became of this node's snapshot.
enum Found {
    Usable(Box<Fold>, Kept),
    /// There is none, or another version of the program wrote it.
    Nothing,
    /// It was changed, or is not of this ledger.
    Refused(JournalError),
}

/// Believes the ledger, which must reach the watermark, know this node by its key, and have the tiles of
/// its entries.
pub(super) async fn believe(
    database: &Database,
    attester: &Attester,
    pinned: Option<Digest>,
    watermark: Option<Seen>,
) -> Result<Start, JournalError> {
    let (mut fold, rests_on, refused) = match find(database, attester, pinned).await? {
        Found::Usable(fold, kept) => (*fold, Some(kept), None),
        Found::Nothing => (Fold::new(pinned), None, None),
        // The ledger itself may be what was changed: then its entry is named, and not the cache.
        Found::Refused(why) => (Fold::new(pinned), None, Some(why)),
    };
    fold.catch_up(database).await?;
    must_be_whole(database, &fold, watermark, attester).await?;
    match refused {
        Some(why) => Err(why),
        None => Ok(Start { fold, rests_on }),
    }
}

async fn find(
    database: &Database,
    attester: &Attester,
    pinned: Option<Digest>,
) -> Result<Found, JournalError> {
    let node = attester.node().to_string();
    let Some(kept) = snapshots::newest(database, &node).await? else { return Ok(Found::Nothing) };
    let mut materials = materials(database).await?;
    let key = attester.snapshot_key().clone();
    let opened = tokio::task::spawn_blocking(move || {
        let opened = snapshot::open(&kept.bytes, &key, |_, digest| materials.remove(digest));
        (kept, opened)
    });
    let (kept, opened) =
        opened.await.map_err(|error| JournalError::Interrupted(error.to_string()))?;
    let (state, frontier) = match opened {
        Ok(opened) => opened,
        // The seal holds, so this node wrote it: as another version of the program.
        Err(SnapshotError::Format | SnapshotError::Unreadable(_)) => return Ok(Found::Nothing),
        Err(why) => return Ok(Found::Refused(kept.refused(why))),
    };
    if let Some(pinned) = pinned
        && state.genesis_hash() != Some(pinned)
    {
        return Ok(Found::Refused(kept.refused("it is of a ledger with another genesis")));
    }
    if let Err(why) = on_the_log(database, &kept, &state, &frontier).await? {
        return Ok(Found::Refused(kept.refused(why)));
    }
    Ok(match edge(database, &frontier).await? {
        Ok(edge) => Found::Usable(Box::new(Fold::resume(state, frontier, edge)), kept),
        Err(error) => Found::Refused(error),
    })
}

/// Every material by its digest; the snapshot hashes those that it names again.
async fn materials(database: &Database) -> Result<BTreeMap<Digest, Vec<u8>>, StoreError> {
    let rows = database.rows("SELECT digest, bytes FROM materials", args![]).await?;
    rows.iter().map(|row| Ok((row.digest(0)?, row.bytes(1)?))).collect()
}

/// The batch that ends where the snapshot does has its root, attested by a node that it knows.
async fn on_the_log(
    database: &Database,
    kept: &Kept,
    state: &State,
    frontier: &Frontier,
) -> Result<Result<(), String>, StoreError> {
    const SQL: &str = "SELECT root, attestation FROM batches WHERE size = $1";
    let size = frontier.size();
    if size != kept.size {
        return Ok(Err(format!("it holds {size} entries and lies there as one of {}", kept.size)));
    }
    let Some(row) = database.row(SQL, args![size]).await? else {
        return Ok(Err(format!("no batch of the ledger ends at {size} entries")));
    };
    let (root, attestation) = (row.digest(0)?, row.text(1)?);
    let origin = state.origin().map_or("", |origin| origin.name.as_str());
    let nodes = state.nodes.iter();
    let keys: Vec<_> = nodes.filter_map(|(id, node)| verifier(*id, &node.key)).collect();
    Ok(match Checkpoint::open(attestation.as_bytes(), origin, &keys) {
        Err(why) => Err(format!("the batch that ends there is not attested: {why}")),
        Ok((log, _))
            if log.size() == size && log.root() == frontier.root() && root.0 == log.root().0 =>
        {
            Ok(())
        }
        Ok(_) => Err(format!("the ledger has another root at {size} entries")),
    })
}

/// The partial tiles of the tree as it was, from the wider ones that the database may have by now.
async fn edge(
    database: &Database,
    frontier: &Frontier,
) -> Result<Result<Edge, JournalError>, StoreError> {
    let mut tiles = Vec::new();
    for tile in tile::edge(frontier.size()) {
        let mut bytes = read::tile(database, tile.level(), tile.index()).await?;
        bytes.truncate(tile.byte_len());
        tiles.push((tile, bytes));
    }
    Ok(Edge::read(tiles, frontier))
}

async fn must_be_whole(
    database: &Database,
    fold: &Fold,
    watermark: Option<Seen>,
    attester: &Attester,
) -> Result<(), JournalError> {
    if let Some(seen) = watermark {
        fold.follower().must_extend(seen)?;
    }
    if let Some(node) = fold.state().nodes.get(&attester.node())
        && node.key != attester.key()
    {
        return Err(JournalError::OtherKey(attester.node()));
    }
    tiles_must_fit(database, fold).await
}

/// The stored tiles at the tree's edge are those of its entries.
pub(super) async fn tiles_must_fit(database: &Database, fold: &Fold) -> Result<(), JournalError> {
    for ((level, index), bytes) in fold.edge().tiles() {
        let stored = read::tile(database, *level, *index).await?;
        if !stored.starts_with(bytes) {
            return Err(JournalError::Tiles(format!("tile {level}/{index} was changed")));
        }
    }
    Ok(())
}
