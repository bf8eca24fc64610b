//! Reading the ledger through a server, and backing its data up.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use control::journal::{Reader, Store};
use serde_json::{Value, json};

use super::Desk;
use crate::args::Place;
use crate::home::Home;
use crate::show::table;
use crate::verify;

pub async fn show(desk: &Desk, from: u64, count: usize) -> Result<()> {
    let client = desk.client()?;
    let head: Value = client.get("/v1/ledger").await?;
    let path = format!("/v1/ledger/entries?from={from}&count={count}");
    let entries: Value = client.get(&path).await?;
    let all = json!({ "ledger": head, "entries": entries });
    desk.show.print(&all, || {
        let fields = [
            ("origin", "origin"),
            ("genesis", "genesis"),
            ("entries", "size"),
            ("root", "root"),
            ("single operator", "single_operator"),
        ];
        crate::show::facts(&head, &fields);
        let items = entries.as_array().cloned().unwrap_or_default();
        let row = |item: &Value| {
            let field = |name: &str| item.get(name).cloned().unwrap_or_default();
            let at = field("at").as_u64().unwrap_or_default();
            let kind = field("kind").as_str().unwrap_or_default().to_owned();
            let who = item.pointer("/entry/actor/who").and_then(Value::as_str);
            let who = who.unwrap_or("(node)").to_owned();
            vec![field("position").to_string(), domain::time::Millis(at).to_string(), kind, who]
        };
        table(&["entry", "at", "what", "who"], items.iter().map(row).collect());
    });
    Ok(())
}

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
        anyhow::bail!("{} exists already; name a new directory", out.display());
    }
    crate::home::private_dir(out)?;
    desk.show.note("copying …");
    Reader::open(store)
        .await?
        .copy_to(Store::in_directory(out))
        .await
        .context("copying the database")?;
    copy_usage(&data.join("usage"), &out.join("usage"))?;
    desk.show.note("verifying the copy from genesis …");
    let report = verify::run(out, None, None).await?;
    let done = json!({ "backup": out, "entries": report.entries, "root": report.root });
    desk.show.print(&done, || {
        println!("{} entries, verified, in {}", report.entries, out.display());
        println!("the keys are not in it: keep {} apart", desk.home.keys().display());
    });
    Ok(())
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
        println!("{} entries, verified, in {store:?}", seen.size);
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
