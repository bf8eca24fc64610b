//! Two databases behind one SQL text: SQLite in the data directory, PostgreSQL for many nodes.

mod value;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, PgPool, Postgres, SqlSafeStr, Sqlite, SqlitePool, Transaction};

use value::Cells;
pub(crate) use value::{Arg, Row, args};

const SQLITE: &[(&str, &str)] =
    &[("journal", include_str!("../../migrations/sqlite/0001_journal.sql"))];
const POSTGRES: &[(&str, &str)] =
    &[("journal", include_str!("../../migrations/postgres/0001_journal.sql"))];
const READERS: u32 = 4;
const CONNECTIONS: u32 = 10;
const PATIENCE: Duration = Duration::from_secs(10);
/// Rows of one statement; a row has at most 5 columns, SQLite binds at most 32,766 values.
const ROWS: usize = 512;

/// Where the journal lives.
#[derive(Clone)]
pub enum Store {
    /// The database's file, in the data directory.
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the database's tables cannot be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the data directory `{path}` cannot be made: {source}")]
    Directory { path: PathBuf, source: std::io::Error },
    #[error("`{0}` is not a database; write `postgres://…` or the path of a data directory")]
    Address(String),
    #[error(
        "the database at `{host}` cannot be reached by TLS: {why}; name its authority with \
         `sslrootcert=FILE` in its address, or say `sslmode=disable` there if nobody else is on the \
         network in between"
    )]
    Tls { host: String, why: String },
    #[error("table `{table}`: {why}")]
    Corrupt { table: &'static str, why: String },
}

impl StoreError {
    pub(crate) fn corrupt(table: &'static str, why: impl Into<String>) -> StoreError {
        StoreError::Corrupt { table, why: why.into() }
    }
}

impl Store {
    /// SQLite in this data directory, which is made when it is missing.
    pub fn in_directory(directory: &Path) -> Store {
        Store::Sqlite(directory.join("portcullis.db"))
    }

    /// `postgres://…`, or a data directory. A server on another machine is reached by TLS, its certificate
    /// and name verified, unless the address says `sslmode`. Errors never repeat the text, which may hold
    /// a password.
    pub fn parse(text: &str) -> Result<Store, StoreError> {
        let postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
        match text.split_once("://") {
            Some(_) if postgres => PgConnectOptions::from_str(text)
                .map(|options| Store::Postgres(Box::new(guarded(text, options))))
                .map_err(|_| StoreError::Address("postgres://…".to_owned())),
            Some((scheme, _)) => Err(StoreError::Address(format!("{scheme}://…"))),
            None => Ok(Store::in_directory(Path::new(text))),
        }
    }

    pub(crate) async fn connect(self) -> Result<Database, StoreError> {
        match self {
            Store::Sqlite(file) => connect_sqlite(&file).await,
            Store::Postgres(options) => connect_postgres(*options).await,
        }
    }
}

impl fmt::Debug for Store {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Store::Sqlite(file) => write!(f, "sqlite in {}", file.display()),
            Store::Postgres(options) => {
                write!(f, "postgres at {}:{}", options.get_host(), options.get_port())
            }
        }
    }
}

/// Whoever says nothing about TLS gets all of it, except on their own machine.
fn guarded(text: &str, options: PgConnectOptions) -> PgConnectOptions {
    let query = url::Url::parse(text).ok();
    let said = query.is_some_and(|url| {
        url.query_pairs().any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode"))
    });
    let said = said || std::env::var_os("PGSSLMODE").is_some();
    let host = options.get_host().trim_matches(['[', ']']);
    let loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let here = options.get_socket().is_some() || host.starts_with('/') || host == "localhost";
    match said || here || loopback {
        true => options,
        false => options.ssl_mode(PgSslMode::VerifyFull),
    }
}

/// The tables, step by step. A step that was released is never edited: its checksum is in the database.
fn migrator(steps: &[(&'static str, &'static str)]) -> Migrator {
    let step = |(version, (name, sql)): (i64, &(&'static str, &'static str))| {
        let (name, sql) = (Cow::Borrowed(*name), sql.into_sql_str());
        Migration::new(version, name, MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations((1..).zip(steps).map(step).collect())
}

async fn connect_sqlite(file: &Path) -> Result<Database, StoreError> {
    if let Some(directory) = file.parent() {
        make_private(directory, file)
            .map_err(|source| StoreError::Directory { path: directory.to_owned(), source })?;
    }
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        // What is erased is overwritten, not only forgotten.
        .pragma("secure_delete", "ON");
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .connect_with(options.clone())
        .await?;
    migrator(SQLITE).run(&writer).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(PATIENCE)
        .connect_with(options.pragma("query_only", "ON"))
        .await?;
    Ok(Database::Sqlite { writer, readers })
}

async fn connect_postgres(options: PgConnectOptions) -> Result<Database, StoreError> {
    let host = options.get_host().to_owned();
    let options = options.options([
        // Durable here, and on the failover target where the server names one.
        ("synchronous_commit", "on"),
        ("statement_timeout", "30000"),
        // A node that hangs between two statements does not hold the tip against the others.
        ("idle_in_transaction_session_timeout", "10000"),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .connect_with(options)
        .await
        .map_err(|error| match error {
            sqlx::Error::Tls(why) => StoreError::Tls { host, why: why.to_string() },
            // A certificate that is not believed, or an answer that is no TLS.
            sqlx::Error::Io(why) if why.kind() == std::io::ErrorKind::InvalidData => {
                StoreError::Tls { host, why: why.to_string() }
            }
            error => error.into(),
        })?;
    migrator(POSTGRES).run(&pool).await?;
    Ok(Database::Postgres(pool))
}

/// SQLite gives the files beside the database the mode that it has.
fn make_private(directory: &Path, file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(file).map(drop)
}

/// Open connections. SQLite has one that writes, so that writers queue here and not in its lock.
#[derive(Clone)]
pub(crate) enum Database {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres(PgPool),
}

macro_rules! bound {
    ($database:ty, $sql:expr, $args:expr) => {{
        let mut query = sqlx::query::<$database>($sql);
        for arg in $args {
            query = match arg {
                Arg::Int(value) => query.bind(value),
                Arg::Text(value) => query.bind(value),
                Arg::Bytes(value) => query.bind(value),
                Arg::MaybeBytes(value) => query.bind(value),
            };
        }
        query
    }};
}

impl Database {
    /// Whether other nodes append to the same ledger.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Database::Postgres(_))
    }

    pub(crate) async fn rows(
        &self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Database::Sqlite { readers, .. } => {
                let rows = bound!(Sqlite, sql, args).fetch_all(readers).await?;
                rows.into_iter().map(|row| Row::new(sql, Cells::Sqlite(row))).collect()
            }
            Database::Postgres(pool) => {
                let rows = bound!(Postgres, sql, args).fetch_all(pool).await?;
                rows.into_iter().map(|row| Row::new(sql, Cells::Postgres(row))).collect()
            }
        })
    }

    pub(crate) async fn row(
        &self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }

    /// Runs one statement by itself and says how many rows it changed.
    pub(crate) async fn run(&self, sql: &'static str, args: Vec<Arg>) -> Result<u64, StoreError> {
        Ok(match self {
            Database::Sqlite { writer, .. } => {
                bound!(Sqlite, sql, args).execute(writer).await?.rows_affected()
            }
            Database::Postgres(pool) => {
                bound!(Postgres, sql, args).execute(pool).await?.rows_affected()
            }
        })
    }

    /// Begins to write. SQLite takes its lock at once, so that a transaction never fails half way.
    pub(crate) async fn begin(&self) -> Result<Writing, StoreError> {
        Ok(match self {
            Database::Sqlite { writer, .. } => {
                Writing::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            Database::Postgres(pool) => Writing::Postgres(pool.begin().await?),
        })
    }

    pub(crate) async fn close(&self) {
        match self {
            Database::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Database::Postgres(pool) => pool.close().await,
        }
    }
}

/// A transaction; dropped, it never was.
pub(crate) enum Writing {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Writing {
    pub(crate) async fn run(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<u64, StoreError> {
        Ok(match self {
            Writing::Sqlite(open) => {
                bound!(Sqlite, sql, args).execute(&mut **open).await?.rows_affected()
            }
            Writing::Postgres(open) => {
                bound!(Postgres, sql, args).execute(&mut **open).await?.rows_affected()
            }
        })
    }

    /// Inserts all rows: `head` ends before `VALUES`, `tail` says what happens on a conflict.
    pub(crate) async fn insert(
        &mut self,
        head: &'static str,
        rows: Vec<Vec<Arg>>,
        tail: &'static str,
    ) -> Result<(), StoreError> {
        let mut rows = rows.into_iter().peekable();
        while let Some(columns) = rows.peek().map(Vec::len) {
            let some: Vec<_> = rows.by_ref().take(ROWS).collect();
            let places = places(some.len(), columns);
            let sql = AssertSqlSafe(format!("{head} VALUES {places} {tail}"));
            self.run(sql, some.into_iter().flatten().collect()).await?;
        }
        Ok(())
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Writing::Sqlite(open) => open.commit().await?,
            Writing::Postgres(open) => open.commit().await?,
        }
        Ok(())
    }
}

/// `($1, $2), ($3, $4)` for two rows of two columns.
fn places(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let places = (1..=columns).map(|column| format!("${}", row * columns + column));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_directory_or_postgres() {
        assert!(matches!(Store::parse("/var/lib/portcullis"), Ok(Store::Sqlite(_))));
        assert!(matches!(Store::parse("postgres://u:p@db/x"), Ok(Store::Postgres(_))));
        let refused = Store::parse("mysql://u:secret@db/x").unwrap_err().to_string();
        assert!(refused.contains("mysql://") && !refused.contains("secret"), "{refused}");
    }

    #[test]
    fn only_a_database_on_this_machine_is_reached_without_tls_unless_it_is_said() {
        let mode = |address: &str| match Store::parse(address) {
            Ok(Store::Postgres(options)) => options.get_ssl_mode(),
            other => panic!("{other:?}"),
        };
        let verified =
            ["postgres://u@db.example/x", "postgresql://u@10.0.0.7:5433/x?application_name=p"];
        for address in verified {
            assert!(matches!(mode(address), PgSslMode::VerifyFull), "{address}");
        }
        let as_before = [
            "postgres://u@localhost/x",
            "postgres://u@127.0.0.1/x",
            "postgres://u@[::1]:5433/x",
            "postgres://u@db.example/x?host=/run/postgresql",
            "postgres://u@db.example/x?sslmode=prefer",
        ];
        for address in as_before {
            assert!(matches!(mode(address), PgSslMode::Prefer), "{address}");
        }
        assert!(matches!(mode("postgres://u@db/x?sslmode=disable"), PgSslMode::Disable));
    }

    #[test]
    fn a_store_does_not_print_its_password() {
        let store = Store::parse("postgres://ann:hunter2@db.example/x").unwrap();
        assert_eq!(format!("{store:?}"), "postgres at db.example:5432");
    }

    async fn setting(database: &Database, sql: &'static str) -> String {
        match database {
            Database::Sqlite { writer, .. } => {
                let value: i64 = sqlx::query_scalar(sql).fetch_one(writer).await.unwrap();
                value.to_string()
            }
            Database::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
        }
    }

    #[tokio::test]
    async fn a_commit_on_sqlite_is_synced_and_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let store = Store::in_directory(directory.path());
        let database = store.connect().await.unwrap();
        assert_eq!(setting(&database, "PRAGMA synchronous").await, "2", "full");
        assert_eq!(setting(&database, "PRAGMA foreign_keys").await, "1");
        database.run("UPDATE tip SET size = size", args![]).await.unwrap();
        for file in std::fs::read_dir(directory.path()).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", file.file_name());
        }
        let reader = database.rows("UPDATE tip SET size = 7", args![]).await;
        assert!(reader.is_err(), "readers only read");
    }

    #[tokio::test]
    async fn a_commit_on_postgres_is_synced() {
        let cluster = crate::testing::Cluster::start();
        let store = Store::parse(&cluster.database().await).unwrap();
        let database = store.connect().await.unwrap();
        assert_eq!(setting(&database, "SHOW synchronous_commit").await, "on");
    }

    #[test]
    fn places_count_on_over_the_rows() {
        assert_eq!(places(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }
}
