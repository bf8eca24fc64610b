//! Snapshots as they lie in the database: sealed copies of one node's own fold, in parts.
//!
//! [`domain::snapshot`] makes and opens the bytes, `start` says when they are believed, `keeper` when they
//! are written. A snapshot is there once all of its parts are: what a crash left half written is none.

use domain::snapshot::{self, SnapshotError};

use super::fold::Fold;
use super::store::{Database, Row, StoreError, args};
use super::{JournalError, Reader};

/// The bytes of one part: what the writer may have to wait for, at most.
const PART: usize = 1024 * 1024;

/// A snapshot whose parts are all there.
#[derive(Debug)]
pub(super) struct Kept {
    /// The node in whose name it lies.
    pub node: String,
    /// The entries that it says it holds.
    pub size: u64,
    pub bytes: Vec<u8>,
}

/// A snapshot as an auditor finds it, who has no key to its seal.
#[derive(Debug, Clone)]
pub struct Cached {
    pub node: String,
    pub size: u64,
    pub verdict: Verdict,
}

/// What the fold says to a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds what the entries fold to.
    Fits,
    /// Another version of the program wrote it: it is not used, and cannot be compared.
    OtherVersion,
    /// It holds something else, or is none.
    Refused(String),
}

impl Kept {
    pub(super) fn refused(&self, why: impl ToString) -> JournalError {
        JournalError::Snapshot { node: self.node.clone(), size: self.size, why: why.to_string() }
    }

    /// Compares with a fold that has followed the ledger up to this size.
    pub(super) fn compare(&self, fold: &Fold) -> Verdict {
        if fold.state().size() != self.size {
            let why = format!("no batch of the ledger ends at {} entries", self.size);
            return Verdict::Refused(why);
        }
        match snapshot::holds(&self.bytes, fold.state(), fold.follower().frontier()) {
            Ok(true) => Verdict::Fits,
            Ok(false) => Verdict::Refused("the entries fold to another state".to_owned()),
            Err(SnapshotError::Format) => Verdict::OtherVersion,
            Err(why) => Verdict::Refused(why.to_string()),
        }
    }
}

/// The newest snapshot of this node.
pub(super) async fn newest(database: &Database, node: &str) -> Result<Option<Kept>, StoreError> {
    let kept = all(database).await?.into_iter().filter(|(name, _)| name == node);
    match kept.max_by_key(|(_, size)| *size) {
        Some((node, size)) => load(database, node, size).await.map(Some),
        None => Ok(None),
    }
}

/// Nodes and sizes of the snapshots that are whole, in the order of the ledger.
pub(super) async fn all(database: &Database) -> Result<Vec<(String, u64)>, StoreError> {
    const SQL: &str = "SELECT node, size FROM snapshots GROUP BY node, size, parts \
                       HAVING COUNT(*) = parts ORDER BY size, node";
    let rows = database.rows(SQL, args![]).await?;
    rows.iter().map(|row| Ok((row.text(0)?, row.number(1)?))).collect()
}

pub(super) async fn load(database: &Database, node: String, size: u64) -> Result<Kept, StoreError> {
    const SQL: &str = "SELECT bytes FROM snapshots WHERE node = $1 AND size = $2 ORDER BY part";
    let rows = database.rows(SQL, args![node.clone(), size]).await?;
    let parts = rows.iter().map(|row: &Row| row.bytes(0)).collect::<Result<Vec<_>, _>>()?;
    Ok(Kept { node, size, bytes: parts.concat() })
}

/// Keeps the snapshot and then drops this node's others. Each part is a transaction of its own, so that
/// commits find their place between them.
pub(super) async fn keep(database: &Database, kept: &Kept) -> Result<(), StoreError> {
    const KEEP: &str = "INSERT INTO snapshots (node, size, part, parts, bytes) \
                        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (node, size, part) \
                        DO UPDATE SET parts = excluded.parts, bytes = excluded.bytes";
    const SAME: &str = "DELETE FROM snapshots WHERE node = $1 AND size = $2";
    const OTHERS: &str =
        "SELECT size, part FROM snapshots WHERE node = $1 AND size <> $2 ORDER BY size, part";
    const DROP: &str = "DELETE FROM snapshots WHERE node = $1 AND size = $2 AND part = $3";
    let node = || kept.node.clone();
    database.run(SAME, args![node(), kept.size]).await?;
    let parts = kept.bytes.chunks(PART);
    let count = parts.len() as u64;
    for (part, bytes) in (0_u64..).zip(parts) {
        database.run(KEEP, args![node(), kept.size, part, count, bytes.to_vec()]).await?;
    }
    for row in database.rows(OTHERS, args![node(), kept.size]).await? {
        database.run(DROP, args![node(), row.number(0)?, row.number(1)?]).await?;
    }
    Ok(())
}

impl Reader {
    /// Deletes every snapshot: nodes fold the ledger from its first entry again. Answers how many there were.
    /// Reads nothing of them: it is the way out when they cannot be read.
    pub async fn drop_snapshots(&self) -> Result<u64, JournalError> {
        const COUNT: &str =
            "SELECT COUNT(*) FROM (SELECT DISTINCT node, size FROM snapshots) AS found";
        let found = self.database().row(COUNT, args![]).await?;
        self.database().run("DELETE FROM snapshots", args![]).await?;
        Ok(found.map_or(Ok(0), |row| row.number(0))?)
    }
}
