//! Reading the ledger's tables: batches, entries, tiles, proofs, the newest attestation.

use std::collections::BTreeMap;
use std::iter::Peekable;

use domain::digest::Digest;
use domain::follow::{Batch, Broken};
use domain::material::Kind;
use ledger::{Proof, Tile};

use super::store::{Database, Row, StoreError, args};
use super::{Journal, JournalError};

/// How many batches are looked at in one go.
const BATCHES: usize = 512;

/// A batch and the root that its row states.
pub(super) struct Stored {
    pub batch: Batch,
    pub root: Digest,
}

/// The size of the ledger in the database.
pub(super) async fn tip(database: &Database) -> Result<u64, StoreError> {
    let row = database.row("SELECT size FROM tip WHERE one = 1", args![]).await?;
    row.ok_or_else(|| StoreError::corrupt("tip", "it has no row"))?.number(0)
}

/// Whole batches that end behind `from` and not behind `until`: at least one, if there is any, and no
/// more once they have `at_most` entries.
pub(super) async fn batches(
    database: &Database,
    from: u64,
    at_most: usize,
    until: u64,
) -> Result<Vec<Stored>, JournalError> {
    const SQL: &str = "SELECT first, size, root, attestation FROM batches \
                       WHERE size > $1 AND size <= $2 ORDER BY first LIMIT $3";
    let rows = database.rows(SQL, args![from, until, at_most.clamp(1, BATCHES) as u64]).await?;
    let mut frames = Vec::new();
    let mut count = 0;
    for row in &rows {
        let (first, size) = (row.number(0)?, row.number(1)?);
        count += size.saturating_sub(first);
        if !frames.is_empty() && count > at_most as u64 {
            break;
        }
        frames.push((first, size, row.digest(2)?, row.text(3)?));
    }
    let (Some(first), Some(last)) = (frames.first(), frames.last()) else { return Ok(Vec::new()) };
    let mut entries = entries(database, first.0, last.1).await?.into_iter().peekable();
    let mut materials = materials(database, first.0, last.1).await?.into_iter().peekable();
    let frames = frames.into_iter();
    frames
        .map(|(first, size, root, attestation)| {
            let entries = cut_entries(&mut entries, first, size)?;
            let materials = cut_materials(&mut materials, size);
            Ok(Stored { batch: Batch { attestation, entries, first, materials }, root })
        })
        .collect()
}

pub(super) async fn entries(
    database: &Database,
    from: u64,
    until: u64,
) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    const SQL: &str = "SELECT position, bytes FROM entries \
                       WHERE position >= $1 AND position < $2 ORDER BY position";
    let rows = database.rows(SQL, args![from, until]).await?;
    rows.iter().map(|row| Ok((row.number(0)?, row.bytes(1)?))).collect()
}

type Needed = (u64, Digest, Kind, Vec<u8>);

async fn materials(database: &Database, from: u64, until: u64) -> Result<Vec<Needed>, StoreError> {
    // Damage names the first table: most of what is read stands in `materials`.
    const SQL: &str = "SELECT n.position, n.digest, m.kind, m.bytes FROM materials m \
                       JOIN needs n ON n.digest = m.digest \
                       WHERE n.position >= $1 AND n.position < $2 ORDER BY n.position, n.digest";
    let rows = database.rows(SQL, args![from, until]).await?;
    let needed =
        |row: &Row| Ok((row.number(0)?, row.digest(1)?, kind_of(&row.text(2)?)?, row.bytes(3)?));
    rows.iter().map(needed).collect()
}

fn cut_entries(
    entries: &mut Peekable<impl Iterator<Item = (u64, Vec<u8>)>>,
    first: u64,
    size: u64,
) -> Result<Vec<Vec<u8>>, Broken> {
    let mut cut = Vec::new();
    for expected in first..size {
        match entries.next_if(|(position, _)| *position == expected) {
            Some((_, bytes)) => cut.push(bytes),
            None => {
                let found = entries.peek().map_or(size, |(position, _)| *position);
                return Err(Broken::Gap { expected, found });
            }
        }
    }
    Ok(cut)
}

fn cut_materials(
    needed: &mut Peekable<impl Iterator<Item = Needed>>,
    size: u64,
) -> Vec<(Kind, Vec<u8>)> {
    let mut cut = BTreeMap::new();
    while let Some((_, digest, kind, bytes)) = needed.next_if(|(position, ..)| *position < size) {
        cut.insert(digest, (kind, bytes));
    }
    cut.into_values().collect()
}

/// The kind's name in the table.
pub(super) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Answer => "answer",
        Kind::Operations => "operations",
        Kind::Policy => "policy",
        Kind::Standard => "standard",
    }
}

fn kind_of(name: &str) -> Result<Kind, StoreError> {
    let kinds = [Kind::Answer, Kind::Operations, Kind::Policy, Kind::Standard];
    let kind = kinds.into_iter().find(|kind| kind_name(*kind) == name);
    kind.ok_or_else(|| StoreError::corrupt("materials", format!("`{name}` is no kind")))
}

/// The stored bytes of a tile, the widest there is; none when there is no such tile.
pub(super) async fn tile(
    database: &Database,
    level: u8,
    index: u64,
) -> Result<Vec<u8>, StoreError> {
    const SQL: &str = "SELECT bytes FROM tiles WHERE level = $1 AND idx = $2";
    let row = database.row(SQL, args![u64::from(level), index]).await?;
    row.map_or(Ok(Vec::new()), |row| row.bytes(0))
}

impl Journal {
    /// Whole batches from the one that holds entry `from`, with their materials: at least one, if there
    /// is any, and about `at_most` entries. Only what this node believes itself.
    pub async fn batches(&self, from: u64, at_most: usize) -> Result<Vec<Batch>, JournalError> {
        let until = self.state().size();
        let stored = batches(&self.shared.database, from, at_most, until).await?;
        Ok(stored.into_iter().map(|stored| stored.batch).collect())
    }

    /// Up to `count` entries' bytes with their positions, from position `from` on.
    pub async fn entries(
        &self,
        from: u64,
        count: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, JournalError> {
        let until = from.saturating_add(count as u64).min(self.state().size());
        Ok(entries(&self.shared.database, from, until).await?)
    }

    /// The bytes of a material.
    pub async fn material(&self, digest: Digest) -> Result<Option<(Kind, Vec<u8>)>, JournalError> {
        const SQL: &str = "SELECT kind, bytes FROM materials WHERE digest = $1";
        let Some(row) = self.shared.database.row(SQL, args![digest]).await? else {
            return Ok(None);
        };
        let bytes = row.bytes(1)?;
        match Digest::of(&bytes) == digest {
            true => Ok(Some((kind_of(&row.text(0)?)?, bytes))),
            false => Err(StoreError::corrupt("materials", format!("{digest} was changed")).into()),
        }
    }

    /// The hashes of a tile (C2SP tlog-tiles), 32 bytes each: as many as the newest tree has there.
    pub async fn tile(&self, level: u8, index: u64) -> Result<Vec<u8>, JournalError> {
        Ok(tile(&self.shared.database, level, index).await?)
    }

    /// The proof that entry `index` is in the tree of `size` entries (RFC 6962 §2.1.1).
    pub async fn inclusion(&self, index: u64, size: u64) -> Result<Proof, JournalError> {
        let tiles = self.tiles(ledger::tiles::inclusion_tiles(index, size)).await?;
        ledger::inclusion(&tiles, index, size).map_err(tiles_error)
    }

    /// The proof that the tree of `new` entries begins with that of `old` (RFC 6962 §2.1.2).
    pub async fn consistency(&self, old: u64, new: u64) -> Result<Proof, JournalError> {
        let tiles = self.tiles(ledger::tiles::consistency_tiles(old, new)).await?;
        ledger::consistency(&tiles, old, new).map_err(tiles_error)
    }

    async fn tiles(&self, wanted: Vec<Tile>) -> Result<BTreeMap<(u8, u64), Vec<u8>>, StoreError> {
        let mut tiles = BTreeMap::new();
        for wanted in wanted {
            let place = (wanted.level(), wanted.index());
            tiles.insert(place, tile(&self.shared.database, place.0, place.1).await?);
        }
        Ok(tiles)
    }

    /// The attestation of the newest batch: a checkpoint (C2SP tlog-checkpoint) signed by the node that
    /// appended it. `None` before genesis.
    pub async fn checkpoint(&self) -> Result<Option<String>, JournalError> {
        match self.state().size() {
            0 => Ok(None),
            size => self.attestation(size).await.map(Some),
        }
    }

    /// The attestation of the batch that ends at `size` entries.
    pub async fn attestation(&self, size: u64) -> Result<String, JournalError> {
        const SQL: &str = "SELECT attestation FROM batches WHERE size = $1";
        let row = self.shared.database.row(SQL, args![size]).await?;
        Ok(row.ok_or(JournalError::NoSuchSize(size))?.text(0)?)
    }
}

fn tiles_error(error: impl std::fmt::Display) -> JournalError {
    JournalError::Tiles(error.to_string())
}
