//! Reading the ledger through a server, and backing its data up.

mod show;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use control::journal::{Reader, Store};
use serde_json::json;

use super::Desk;
use crate::exit::No;
use crate::home::Home;
use crate::show::count;
use crate::verify;

pub use show::show;

/// Copies the data into a new directory, in the embedded form, and verifies the copy from genesis.
pub async fn backup(
    desk: &Desk,
    data: Option<PathBuf>,
    database: Option<&str>,
    out: &Path,
) -> Result<()> {
    let data = match data {
        Some(data) => data,
        None => Home::data()?,
    };
    let store = match database {
        Some(database) => Store::parse(database)?,
        None => Store::in_directory(&data),
    };
    if out.exists() {
        return Err(No::usage(format!("{} exists already; name a new directory", out.display())));
    }
    crate::home::private_dir(out)?;
    desk.show.note("copying …");
    Reader::open(store).await?.copy_to(out).await.context("copying the database")?;
    copy_usage(&data.join("usage"), &out.join("usage"))?;
    desk.show.note("verifying the copy from genesis …");
    let report = verify::run(out, None, None).await?;
    let done = json!({ "backup": out, "entries": report.entries, "root": report.root });
    desk.show.print(&done, || {
        let entries =
            count(usize::try_from(report.entries).unwrap_or(usize::MAX), "entry", "entries");
        println!("{entries}, verified, in {}", out.display());
        println!("the keys are not in it: keep {} apart", desk.home.keys().display());
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
