//! What goes into a statement and what comes out of a row; what cannot be read names its table.

use domain::digest::Digest;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use super::StoreError;

/// One value that a statement binds.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    MaybeBytes(Option<Vec<u8>>),
}

impl From<Digest> for Arg {
    fn from(digest: Digest) -> Arg {
        Arg::Bytes(digest.0.to_vec())
    }
}

impl From<Vec<u8>> for Arg {
    fn from(bytes: Vec<u8>) -> Arg {
        Arg::Bytes(bytes)
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Arg {
        Arg::Text(text)
    }
}

impl From<u64> for Arg {
    /// Sizes, positions and times are below 2^53 ([`ledger::MAX_SIZE`], [`domain::time::Millis::MAX`]).
    fn from(number: u64) -> Arg {
        Arg::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// The values of a statement, each turned into an [`Arg`].
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::journal::store::Arg::from($value)),*] };
}
pub(crate) use args;

/// One row of an answer, read by column number.
pub(crate) struct Row {
    cells: Cells,
    sql: &'static str,
}

pub(super) enum Cells {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! column {
    ($row:expr, $column:expr) => {
        match &$row.cells {
            Cells::Sqlite(row) => row.try_get($column).map_err(|error| $row.corrupt(error))?,
            Cells::Postgres(row) => row.try_get($column).map_err(|error| $row.corrupt(error))?,
        }
    };
}

impl Row {
    pub(super) fn new(sql: &'static str, cells: Cells) -> Row {
        Row { cells, sql }
    }

    /// INVARIANT: a value of another type is damage, and never something that may pass by itself.
    fn corrupt(&self, why: impl ToString) -> StoreError {
        StoreError::corrupt(table(self.sql), why.to_string())
    }

    pub(crate) fn number(&self, column: usize) -> Result<u64, StoreError> {
        let number: i64 = column!(self, column);
        u64::try_from(number).map_err(|_| self.corrupt(format!("{number} is negative")))
    }

    pub(crate) fn maybe_number(&self, column: usize) -> Result<Option<u64>, StoreError> {
        let number: Option<i64> = column!(self, column);
        Ok(number.and_then(|number| u64::try_from(number).ok()))
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, StoreError> {
        Ok(column!(self, column))
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        Ok(column!(self, column))
    }

    pub(crate) fn maybe_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(column!(self, column))
    }

    pub(crate) fn digest(&self, column: usize) -> Result<Digest, StoreError> {
        let bytes = self.bytes(column)?;
        let bytes = <[u8; 32]>::try_from(bytes.as_slice());
        bytes.map(Digest).map_err(|_| self.corrupt("a digest has 32 bytes"))
    }
}

/// The table that the statement reads; of several the first.
fn table(sql: &'static str) -> &'static str {
    let read = sql.rsplit_once("FROM ").map_or("?", |(_, read)| read);
    read.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or(read)
}
