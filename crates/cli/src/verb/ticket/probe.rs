//! Ordering probes, and waiting for the runner's answer.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use scanner::report::{GapCode, Incomplete};
use serde_json::{Value, json};

use super::{print, report};
use crate::client::{Client, text};
use crate::exit::reading;
use crate::show::count;
use crate::sign::plain;
use crate::verb::{Desk, find};

/// The runner ends its own work within two minutes.
const LONGEST: Duration = Duration::from_secs(180);

#[derive(Debug, clap::Args)]
pub struct Probe {
    /// The ticket, or its service's name
    pub ticket: String,
    /// The sandbox; the first by default
    #[arg(long, short)]
    pub environment: Option<String>,
    /// A credential that the sandbox accepts, in a file
    #[arg(long, value_name = "FILE")]
    pub token: Option<PathBuf>,
    /// One of a second plain user, who owns nothing of the first, in a file
    #[arg(long, value_name = "FILE")]
    pub second: Option<PathBuf>,
    /// An administrator's, in a file
    #[arg(long, value_name = "FILE")]
    pub admin: Option<PathBuf>,
    /// One that has expired, in a file
    #[arg(long, value_name = "FILE")]
    pub expired: Option<PathBuf>,
    /// One of the same issuer for another audience, in a file
    #[arg(long, value_name = "FILE")]
    pub wrong_audience: Option<PathBuf>,
}

impl Probe {
    /// The credentials as the API takes them.
    fn credentials(&self) -> Result<Value> {
        let read = |path: &Option<PathBuf>| match path {
            Some(path) => std::fs::read_to_string(path)
                .map(|text| json!(text.trim()))
                .with_context(|| reading(path)),
            None => Ok(Value::Null),
        };
        Ok(json!({
            "token": read(&self.token)?,
            "second": read(&self.second)?,
            "admin": read(&self.admin)?,
            "expired": read(&self.expired)?,
            "wrong_audience": read(&self.wrong_audience)?,
        }))
    }
}

/// Orders the probes and waits for the runner's answer.
pub async fn probe(desk: &Desk, probe: Probe) -> Result<()> {
    let wish = json!({ "environment": probe.environment, "credentials": probe.credentials()? });
    let client = desk.client()?;
    let id = find::ticket(&client, &probe.ticket).await?;
    let order: Value = client.post(&format!("/v1/tickets/{id}/probes"), &wish).await?;
    let order = text(&order, "order");
    let all = client.list(&format!("/v1/tickets/{id}/probes")).await?;
    let doing = all.iter().find(|probe| text(probe, "order") == order).map(doing);
    let doing = doing.unwrap_or_default();
    desk.show.note(&format!("ordered: {doing}"));
    let bar = waiting(desk)?;
    bar.set_message("the runner attacks the sandbox, for two minutes at most …");
    let answered = answered(&client, order).await;
    bar.finish_and_clear();
    answered?;
    let found = report::of(&client, id, order).await?;
    let gaps: Vec<_> = found.incomplete.iter().map(gap).collect();
    if found.values.is_empty() && !gaps.is_empty() {
        bail!("nothing was measured at {}:\n  {}", plain(&found.target), gaps.join("\n  "));
    }
    let mut ticket: Value = client.get(&format!("/v1/tickets/{id}")).await?;
    if let Some(ticket) = ticket.as_object_mut() {
        ticket.insert("not_measured".to_owned(), json!(found.incomplete));
    }
    desk.show.print(&ticket, || print(&ticket, &probe.ticket));
    for gap in &gaps {
        desk.show.note(&format!("not measured: {gap}"));
    }
    let values = count(found.values.len(), "value", "values");
    let findings = count(found.findings.len(), "finding", "findings");
    let report = format!("portcullis ticket report {}", probe.ticket);
    desk.show.note(&format!("measured: {values}, {findings}: {report}"));
    Ok(())
}

/// What could not be measured, why, and what to do about it.
fn gap(gap: &Incomplete) -> String {
    let then = match gap.code {
        GapCode::Unreachable => "is the sandbox up, at the ticket's `upstream`? then probe again",
        GapCode::OutOfReach => "an operator probes what is not on the public internet",
        GapCode::NoCredential => {
            "give it with `--token`, `--second`, `--admin`, `--expired` or `--wrong-audience`"
        }
        GapCode::Unidentified => {
            "the sandbox needs a certificate that proves its name, or `authorities` in the ticket"
        }
        GapCode::ControlRefused => "is the credential in `--token` one that the sandbox accepts?",
        GapCode::OutOfRequests | GapCode::OutOfTime => "probe again, when the sandbox is quiet",
        GapCode::NoOperation => "the document describes nothing to ask it of: `ticket amend`",
        GapCode::Unresolved | GapCode::Unreadable | GapCode::TooLarge => {
            "mend the document: `portcullis scan document FILE` names the place"
        }
        GapCode::Undecided | GapCode::Unsupported => "`ticket report` shows what was seen",
    };
    format!("`{}`: {}; {then}", gap.check, plain(&gap.detail))
}

fn doing(probe: &Value) -> String {
    let checks = probe.get("checks").and_then(Value::as_array).into_iter().flatten();
    let checks: Vec<_> = checks.filter_map(Value::as_str).collect();
    format!("{} at {}", checks.join(", "), text(probe, "target"))
}

/// A line with the time that has passed, where a terminal shows it.
fn waiting(desk: &Desk) -> Result<ProgressBar> {
    let bar = if desk.show.json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    bar.set_style(ProgressStyle::with_template("{spinner} {msg} {elapsed}")?);
    bar.enable_steady_tick(Duration::from_millis(100));
    Ok(bar)
}

/// Orders probes and waits until the order is answered.
pub async fn order(client: &Client, id: &str, wish: &Value) -> Result<()> {
    let order: Value = client.post(&format!("/v1/tickets/{id}/probes"), wish).await?;
    answered(client, text(&order, "order")).await
}

/// Polls the order.
async fn answered(client: &Client, order: &str) -> Result<()> {
    let path = format!("/v1/orders/{order}");
    let mut pause = tokio::time::interval(Duration::from_millis(100));
    let end = Instant::now() + LONGEST;
    while Instant::now() < end {
        pause.tick().await;
        let order: Value = client.get(&path).await?;
        if order.get("answered").and_then(Value::as_bool) == Some(true) {
            return Ok(());
        }
    }
    bail!("no runner answered within three minutes; see the server's log")
}
