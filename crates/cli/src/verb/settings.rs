//! Bounds that operators set: how many of them sign, and how stale a gateway may be.

use anyhow::Result;
use domain::authority::Act;
use domain::genesis::SettingsSet;
use domain::time::Span;
use serde_json::{Value, json};

use super::{Desk, act};
use crate::client::Client;
use crate::exit::No;
use crate::show::facts;

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub struct Set {
    /// How many operators sign an act of authority; two at least once there are two
    #[arg(long)]
    pub quorum: Option<u8>,
    /// How long a gateway may go without proof that it is up to date: 60s
    #[arg(long)]
    pub staleness: Option<Span>,
}

async fn now(client: &Client) -> Result<(u8, Span)> {
    let head: Value = client.get("/v1/ledger").await?;
    let number = |field| head.get(field).and_then(Value::as_u64);
    match (number("quorum").and_then(|quorum| u8::try_from(quorum).ok()), number("staleness")) {
        (Some(quorum), Some(staleness)) => Ok((quorum, Span(staleness))),
        _ => Err(No::refused("the server does not say its settings; is it another version?")),
    }
}

pub async fn show(desk: &Desk) -> Result<()> {
    let (quorum, staleness) = now(&desk.client()?).await?;
    let settings = json!({ "quorum": quorum, "staleness": staleness.to_string() });
    desk.show.print(&settings, || {
        facts(&settings, &[("quorum", "quorum"), ("staleness", "staleness")]);
    });
    Ok(())
}

/// Sets what was named; the other setting stays as it is.
pub async fn set(desk: &Desk, set: Set) -> Result<()> {
    let (quorum, staleness) = now(&desk.client()?).await?;
    let set = SettingsSet {
        quorum: set.quorum.unwrap_or(quorum),
        staleness: set.staleness.unwrap_or(staleness),
    };
    let act = Act::SettingsSet(set);
    act::propose(desk, act, Vec::new(), Vec::new(), "").await.map(|_| ())
}
