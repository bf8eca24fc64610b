//! Reading the ledger through a server, and backing its data up.

mod show;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use control::journal::{Reader, Store};
use serde_json::json;

use super::Desk;
use crate::args::Place;
use crate::exit::No;
use crate::home::Home;
use crate::show::count;
use crate::verify::{self, Report};

pub use show::show;

impl Place {
    fn find(self) -> Result<(PathBuf, Store)> {
        let data = match self.data {
            Some(data) => data,
            None => Home::data()?,
        };
        let store = match self.database {
            Some(database) => Store::parse(&database)?,
            None => Store::in_directory(&data),
        };
        Ok((data, store))
    }
}

/// Copies the data into a new directory, in the embedded form, and verifies the copy from genesis.
pub async fn backup(desk: &Desk, place: Place, out: &Path) -> Result<()> {
    let (data, store) = place.find()?;
    if out.exists() {
        return Err(No::usage(format!("{} exists already; name a new directory", out.display())));
    }
    if matches!(&store, Store::Sqlite(file) if !file.exists()) {
        return Err(No::usage(format!("{} holds no ledger (portcullis.db)", data.display())));
    }
    let report = match copied(desk, store, &data, out).await {
        Ok(report) => report,
        Err(error) => {
            // A copy that was not verified is no backup.
            let _ = std::fs::remove_dir_all(out);
            return Err(error);
        }
    };
    let done = json!({ "backup": out, "entries": report.entries, "root": report.root });
    desk.show.print(&done, || {
        let entries = count(report.entries, "entry", "entries");
        println!("{entries}, verified, in {}", out.display());
        println!("the keys are not in it: keep {} apart", desk.home.keys().display());
    });
    Ok(())
}

async fn copied(desk: &Desk, store: Store, data: &Path, out: &Path) -> Result<Report> {
    crate::home::private_dir(out)?;
    desk.show.note("copying …");
    let from = Reader::open(store).await?;
    from.copy_to(Store::in_directory(out)).await.context("copying the database")?;
    copy_usage(&data.join("usage"), &out.join("usage"))?;
    desk.show.note("verifying the copy from genesis …");
    verify::run(out, None, None).await
}

/// Copies a backup to where a server will find it, and verifies from genesis what lies there then.
pub async fn restore(desk: &Desk, backup: &Path, place: Place) -> Result<()> {
    let (data, store) = place.find()?;
    desk.show.note("verifying the backup from genesis …");
    let report = verify::run(backup, None, None).await?;
    crate::home::private_dir(&data)?;
    desk.show.note("copying …");
    let from = Reader::open(Store::in_directory(backup)).await?;
    from.copy_to(store.clone()).await?;
    copy_usage(&backup.join("usage"), &data.join("usage"))?;
    desk.show.note("verifying the copy from genesis …");
    let (follower, _) = Reader::open(store.clone()).await?.verify(None).await?;
    let seen = follower.seen();
    if seen.root.to_string() != report.root {
        anyhow::bail!("the copy has the root {}, the backup {}", seen.root, report.root);
    }
    let done = json!({ "restored": format!("{store:?}"), "entries": seen.size, "root": seen.root });
    desk.show.print(&done, || {
        println!("{}, verified, in {store:?}", count(seen.size, "entry", "entries"));
        println!("start with the keys of the server that the backup is of");
    });
    Ok(())
}

/// Deletes every snapshot.
pub async fn drop_snapshots(desk: &Desk, place: Place) -> Result<()> {
    let (_, store) = place.find()?;
    let dropped = Reader::open(store).await?.drop_snapshots().await?;
    desk.show.print(&json!({ "dropped": dropped }), || match dropped {
        0 => println!("there was none"),
        _ => println!("dropped: {dropped}; the next start reads every entry"),
    });
    Ok(())
}

/// Segments are never changed once they are there.
fn copy_usage(from: &Path, to: &Path) -> Result<()> {
    let Ok(gateways) = std::fs::read_dir(from) else { return Ok(()) };
    for gateway in gateways {
        let gateway = gateway?;
        let folder = to.join(gateway.file_name());
        std::fs::create_dir_all(&folder)?;
        for segment in std::fs::read_dir(gateway.path())? {
            let segment = segment?;
            if segment.path().extension().is_some_and(|e| e == "jsonl") {
                std::fs::copy(segment.path(), folder.join(segment.file_name()))?;
            }
        }
    }
    Ok(())
}
