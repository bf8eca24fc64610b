//! The ledger's tables in a SQLite file: read as they are, written as somebody wants them.

use std::path::Path;

use domain::digest::Digest;
use domain::follow::Batch;
use domain::material::Kind;
use sqlx::{Connection as _, Row as _, SqliteConnection};

/// A batch's row.
#[derive(Debug, Clone)]
pub struct Frame {
    pub first: u64,
    pub size: u64,
    pub root: Digest,
    pub attestation: String,
}

/// A snapshot's row, in one part.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub node: String,
    pub size: u64,
    pub bytes: Vec<u8>,
}

/// Everything that a start, a gateway or a verifier reads of a ledger.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    pub entries: Vec<(u64, Vec<u8>)>,
    pub frames: Vec<Frame>,
    pub materials: Vec<(Digest, Kind, Vec<u8>)>,
    pub needs: Vec<(u64, Digest)>,
    /// Level, index, bytes.
    pub tiles: Vec<(u8, u64, Vec<u8>)>,
    pub snapshot: Option<Snapshot>,
}

impl Tables {
    /// The size that the newest batch states.
    pub fn size(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.size)
    }

    /// The last entry of the batch that holds this one.
    pub fn last_beside(&self, position: u64) -> u64 {
        let frame = self.frames.iter().find(|frame| frame.size > position);
        frame.unwrap().size - 1
    }

    /// The batches, as a control that looks at nothing would hand them out.
    pub fn batches(&self) -> Vec<Batch> {
        let batch = |frame: &Frame| {
            let inside = |position: &u64| (frame.first..frame.size).contains(position);
            let entries = self.entries.iter().filter(|(position, _)| inside(position));
            let mut named: Vec<Digest> =
                self.needs.iter().filter(|(at, _)| inside(at)).map(|(_, digest)| *digest).collect();
            named.sort_unstable_by_key(|digest| digest.0);
            named.dedup();
            let material = |named: &Digest| {
                let found = self.materials.iter().find(|(digest, ..)| digest == named);
                found.map(|(_, kind, bytes)| (*kind, bytes.clone()))
            };
            Batch {
                attestation: frame.attestation.clone(),
                entries: entries.map(|(_, bytes)| bytes.clone()).collect(),
                first: frame.first,
                materials: named.iter().filter_map(material).collect(),
            }
        };
        self.frames.iter().map(batch).collect()
    }

    pub async fn read(file: &Path) -> Tables {
        let mut database = open(file).await;
        let mut tables = Tables::default();
        let sql = "SELECT position, bytes FROM entries ORDER BY position";
        for row in sqlx::query(sql).fetch_all(&mut database).await.unwrap() {
            tables.entries.push((number(row.get(0)), row.get(1)));
        }
        let sql = "SELECT first, size, root, attestation FROM batches ORDER BY first";
        for row in sqlx::query(sql).fetch_all(&mut database).await.unwrap() {
            let (first, size, root) = (number(row.get(0)), number(row.get(1)), digest(row.get(2)));
            tables.frames.push(Frame { first, size, root, attestation: row.get(3) });
        }
        let sql = "SELECT digest, kind, bytes FROM materials";
        for row in sqlx::query(sql).fetch_all(&mut database).await.unwrap() {
            tables.materials.push((digest(row.get(0)), kind(row.get(1)), row.get(2)));
        }
        let sql = "SELECT position, digest FROM needs ORDER BY position, digest";
        for row in sqlx::query(sql).fetch_all(&mut database).await.unwrap() {
            tables.needs.push((number(row.get(0)), digest(row.get(1))));
        }
        let sql = "SELECT level, idx, bytes FROM tiles ORDER BY level, idx";
        for row in sqlx::query(sql).fetch_all(&mut database).await.unwrap() {
            let level = u8::try_from(row.get::<i64, _>(0)).unwrap();
            tables.tiles.push((level, number(row.get(1)), row.get(2)));
        }
        let sql = "SELECT node, size, bytes FROM snapshots WHERE parts = 1";
        for row in sqlx::query(sql).fetch_all(&mut database).await.unwrap() {
            let (node, size, bytes) = (row.get(0), number(row.get(1)), row.get(2));
            tables.snapshot = Some(Snapshot { node, size, bytes });
        }
        database.close().await.unwrap();
        tables
    }

    /// Puts these tables in the place of those in the file.
    pub async fn write(&self, file: &Path) {
        let mut database = open(file).await;
        let clear = "PRAGMA foreign_keys = OFF; BEGIN; DELETE FROM needs; DELETE FROM entries; \
                     DELETE FROM batches; DELETE FROM tiles; DELETE FROM materials; \
                     DELETE FROM snapshots;";
        sqlx::raw_sql(clear).execute(&mut database).await.unwrap();
        for (position, bytes) in &self.entries {
            let sql = sqlx::query("INSERT INTO entries VALUES ($1, $2)");
            sql.bind(signed(*position)).bind(bytes).execute(&mut database).await.unwrap();
        }
        for frame in &self.frames {
            let sql = sqlx::query("INSERT INTO batches VALUES ($1, $2, $3, $4)");
            let sql = sql.bind(signed(frame.first)).bind(signed(frame.size));
            let sql = sql.bind(frame.root.0.to_vec()).bind(&frame.attestation);
            sql.execute(&mut database).await.unwrap();
        }
        for (digest, kind, bytes) in &self.materials {
            let sql = sqlx::query("INSERT INTO materials VALUES ($1, $2, $3)");
            let sql = sql.bind(digest.0.to_vec()).bind(name(*kind)).bind(bytes);
            sql.execute(&mut database).await.unwrap();
        }
        for (position, digest) in &self.needs {
            let sql = sqlx::query("INSERT INTO needs VALUES ($1, $2)");
            let sql = sql.bind(signed(*position)).bind(digest.0.to_vec());
            sql.execute(&mut database).await.unwrap();
        }
        for (level, index, bytes) in &self.tiles {
            let sql = sqlx::query("INSERT INTO tiles VALUES ($1, $2, $3)");
            let sql = sql.bind(i64::from(*level)).bind(signed(*index)).bind(bytes);
            sql.execute(&mut database).await.unwrap();
        }
        if let Some(Snapshot { node, size, bytes }) = &self.snapshot {
            let sql = sqlx::query("INSERT INTO snapshots VALUES ($1, $2, 0, 1, $3)");
            let sql = sql.bind(node).bind(signed(*size)).bind(bytes);
            sql.execute(&mut database).await.unwrap();
        }
        let tip = sqlx::query("UPDATE tip SET size = $1").bind(signed(self.size()));
        tip.execute(&mut database).await.unwrap();
        sqlx::raw_sql("COMMIT").execute(&mut database).await.unwrap();
        database.close().await.unwrap();
    }
}

async fn open(file: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap()
}

fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap()
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap()
}

fn digest(bytes: Vec<u8>) -> Digest {
    Digest(bytes.try_into().unwrap())
}

const KINDS: [(Kind, &str); 4] = [
    (Kind::Answer, "answer"),
    (Kind::Operations, "operations"),
    (Kind::Policy, "policy"),
    (Kind::Standard, "standard"),
];

fn kind(name: String) -> Kind {
    KINDS.iter().find(|(_, known)| *known == name).unwrap().0
}

fn name(kind: Kind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).unwrap().1
}
