//! Reading a ledger without being one of its nodes: for the auditor, and for backups.

use domain::digest::Digest;
use domain::follow::Follower;

use super::fold::Fold;
use super::snapshots::{self, Cached};
use super::start::tiles_must_fit;
use super::store::{Arg, Database, Row, StoreError, args};
use super::{JournalError, Store, read};

/// An open store that nothing is appended to.
pub struct Reader {
    database: Database,
}

/// A table to copy: how its rows are read and written, what they hold, how many at once.
struct Copied {
    /// Whether the first column is a position in the ledger.
    placed: bool,
    select: &'static str,
    insert: &'static str,
    columns: &'static [Of],
    page: u64,
}

#[derive(Clone, Copy)]
enum Of {
    Bytes,
    MaybeBytes,
    Number,
    Text,
}

/// What is copied, in an order in which a row's references are there before it. Sessions, answers and
/// snapshots stay behind: they are the running nodes' own.
const TABLES: [Copied; 9] = [
    Copied {
        placed: true,
        select: "SELECT position, bytes FROM entries ORDER BY position LIMIT $1 OFFSET $2",
        insert: "INSERT INTO entries (position, bytes)",
        columns: &[Of::Number, Of::Bytes],
        page: 4_096,
    },
    Copied {
        placed: true,
        select: "SELECT first, size, root, attestation FROM batches ORDER BY first \
                 LIMIT $1 OFFSET $2",
        insert: "INSERT INTO batches (first, size, root, attestation)",
        columns: &[Of::Number, Of::Number, Of::Bytes, Of::Text],
        page: 4_096,
    },
    Copied {
        placed: false,
        select: "SELECT level, idx, bytes FROM tiles ORDER BY level, idx LIMIT $1 OFFSET $2",
        insert: "INSERT INTO tiles (level, idx, bytes)",
        columns: &[Of::Number, Of::Number, Of::Bytes],
        page: 512,
    },
    Copied {
        placed: false,
        select: "SELECT digest, kind, bytes FROM materials ORDER BY digest LIMIT $1 OFFSET $2",
        insert: "INSERT INTO materials (digest, kind, bytes)",
        columns: &[Of::Bytes, Of::Text, Of::Bytes],
        page: 64,
    },
    Copied {
        placed: true,
        select: "SELECT position, digest FROM needs ORDER BY position, digest LIMIT $1 OFFSET $2",
        insert: "INSERT INTO needs (position, digest)",
        columns: &[Of::Number, Of::Bytes],
        page: 4_096,
    },
    Copied {
        placed: false,
        select: "SELECT digest, salt, content FROM papers ORDER BY digest LIMIT $1 OFFSET $2",
        insert: "INSERT INTO papers (digest, salt, content)",
        columns: &[Of::Bytes, Of::MaybeBytes, Of::MaybeBytes],
        page: 16,
    },
    Copied {
        placed: false,
        select: "SELECT digest, content FROM blobs ORDER BY digest LIMIT $1 OFFSET $2",
        insert: "INSERT INTO blobs (digest, content)",
        columns: &[Of::Bytes, Of::Bytes],
        page: 1,
    },
    Copied {
        placed: false,
        select: "SELECT credential, sealed FROM secrets ORDER BY credential LIMIT $1 OFFSET $2",
        insert: "INSERT INTO secrets (credential, sealed)",
        columns: &[Of::Text, Of::Bytes],
        page: 512,
    },
    Copied {
        placed: false,
        select: "SELECT id, kind, json, created FROM drafts ORDER BY id LIMIT $1 OFFSET $2",
        insert: "INSERT INTO drafts (id, kind, json, created)",
        columns: &[Of::Text, Of::Text, Of::Text, Of::Number],
        page: 64,
    },
];

impl Reader {
    pub async fn open(store: Store) -> Result<Reader, JournalError> {
        Ok(Reader { database: store.connect().await? })
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    /// Believes the ledger from genesis, every batch by the rulebook, or says where it breaks. Rests on
    /// no snapshot, and says of each that lies there what the entries say to it.
    pub async fn verify(
        &self,
        pinned: Option<Digest>,
    ) -> Result<(Follower, Vec<Cached>), JournalError> {
        let mut fold = Fold::new(pinned);
        let mut cached = Vec::new();
        for (node, size) in snapshots::all(&self.database).await? {
            let kept = snapshots::load(&self.database, node.clone(), size).await?;
            fold.follow_to(&self.database, size).await?;
            cached.push(Cached { verdict: kept.compare(&fold), node, size });
        }
        fold.catch_up(&self.database).await?;
        tiles_must_fit(&self.database, &fold).await?;
        Ok((fold.into_follower(), cached))
    }

    pub async fn batches(&self) -> Result<u64, JournalError> {
        let row = self.database.row("SELECT COUNT(*) FROM batches", args![]).await?;
        Ok(row.map_or(Ok(0), |row| row.number(0))?)
    }

    pub async fn entries(
        &self,
        from: u64,
        count: u64,
    ) -> Result<Vec<(u64, Vec<u8>)>, JournalError> {
        Ok(read::entries(&self.database, from, from.saturating_add(count)).await?)
    }

    /// Copies everything of the ledger, as it is now, into an empty store. Call it on a store that is
    /// written to: what comes in meanwhile is left out.
    ///
    /// # Errors
    /// [`JournalError::NotEmpty`] before anything is copied.
    pub async fn copy_to(&self, store: Store) -> Result<(), JournalError> {
        let size = read::tip(&self.database).await?;
        let name = format!("{store:?}");
        let copy = store.connect().await?;
        if copy.row("SELECT position FROM entries LIMIT 1", args![]).await?.is_some() {
            return Err(JournalError::NotEmpty(name));
        }
        for table in &TABLES {
            self.copy(table, size, &copy).await?;
        }
        copy.run("UPDATE tip SET size = $1", args![size]).await?;
        copy.close().await;
        Ok(())
    }

    async fn copy(&self, table: &Copied, size: u64, to: &Database) -> Result<(), JournalError> {
        let mut offset = 0_u64;
        loop {
            let rows = self.database.rows(table.select, args![table.page, offset]).await?;
            if rows.is_empty() {
                return Ok(());
            }
            offset += rows.len() as u64;
            let mut kept = Vec::with_capacity(rows.len());
            for row in &rows {
                // What was appended while the tables are read refers to rows that were not copied.
                if !table.placed || row.number(0)? < size {
                    kept.push(values(row, table)?);
                }
            }
            let mut open = to.begin().await?;
            open.insert(table.insert, kept, "ON CONFLICT DO NOTHING").await?;
            open.commit().await?;
        }
    }
}

fn values(row: &Row, table: &Copied) -> Result<Vec<Arg>, StoreError> {
    let value = |(column, of): (usize, &Of)| {
        Ok(match of {
            Of::Bytes => Arg::Bytes(row.bytes(column)?),
            Of::MaybeBytes => Arg::MaybeBytes(row.maybe_bytes(column)?),
            Of::Number => Arg::from(row.number(column)?),
            Of::Text => Arg::Text(row.text(column)?),
        })
    };
    table.columns.iter().enumerate().map(value).collect()
}
