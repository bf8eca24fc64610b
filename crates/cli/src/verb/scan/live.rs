//! `scan live`: attacks a sandbox in a confined process and hands the report over.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use scanner::api::{Api, Files};
use scanner::child::ChildError;
use scanner::live::Progress;
use scanner::order::{Bounds, Order};
use scanner::report::{Described, words};
use scanner::{CheckId, Report};
use tokio::runtime::Runtime;

use super::hand_over::Destination;
use super::{selected, source};
use crate::args::{Identities, Live, Manners};
use crate::exit::{Exit, No};
use crate::show::{self, Show};
use crate::verb::read_bytes;

mod identities;
mod permission;
mod plan;

use identities::credentials;

/// Bytes of one answer that are read.
const MOST_ANSWER: u64 = 1024 * 1024;

/// The document and the order that a scan is made of.
pub struct Prepared {
    order: Order,
    document: Described,
}

pub fn live(wanted: Live, show: Show) -> Result<Exit> {
    let to = Destination::read(wanted.hand_over, show)?;
    let all = CheckId::ALL.map(CheckId::code);
    let chosen = selected(&all, &wanted.asked)?;
    let dry = wanted.manners.dry_run;
    let files = source::read(&wanted.document, wanted.asked.allow_remote)?;
    let Live { document, target, identities, manners, .. } = wanted;
    let prepared = prepare(&files, &document, &target, &chosen, &identities, &manners)?;
    if dry {
        return plan::print(&prepared.order, &files, show);
    }
    to.hand_over(run(prepared, show)?)
}

/// Puts the order together and asks whether the target may be attacked.
///
/// # Errors
/// The document describes no API, or the target may not be attacked.
pub fn prepare(
    files: &Files,
    name: &str,
    target: &str,
    checks: &[&str],
    identities: &Identities,
    manners: &Manners,
) -> Result<Prepared> {
    let api =
        Api::read(files).map_err(|error| No::usage(format!("`{name}` cannot be used: {error}")))?;
    let reach = permission::reach(target, &api, manners)?;
    let credentials = credentials(identities, &api, manners.dry_run)?;
    let document = Described::of(&api, name);
    let trust = manners.trust.iter().map(|path| authority(path)).collect::<Result<_>>()?;
    let checks = checks.iter().map(|code| code.parse()).collect::<Result<_, _>>()?;
    let order = Order {
        nonce: uuid::Uuid::now_v7().simple().to_string(),
        target: target.to_owned(),
        reach,
        document: files.bundle(),
        checks,
        credentials,
        trust,
        plaintext_port: None,
        intensity: manners.intensity,
        bounds: Bounds {
            max_requests: manners.requests,
            per_second: manners.rate,
            seconds: manners.seconds,
            max_answer_bytes: MOST_ANSWER,
        },
    };
    Ok(Prepared { order, document })
}

/// Scans in a process of its own, as a runner does.
///
/// # Errors
/// The order is refused, or the process fails.
pub fn run(prepared: Prepared, show: Show) -> Result<Report> {
    let program = std::env::current_exe().context("finding the program itself")?;
    let bar = if show.json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    bar.set_style(ProgressStyle::with_template("{spinner} {msg} {elapsed}")?);
    bar.set_message(format!("attacking {} …", prepared.order.target));
    bar.enable_steady_tick(Duration::from_millis(100));
    let watch = |progress: Progress| bar.set_message(told(&prepared.order.target, &progress));
    let runtime = Runtime::new()?;
    let scan = scanner::child::run(&program, ["scan-child"], &prepared.order, watch);
    let scanned = runtime.block_on(scan);
    bar.finish_and_clear();
    let mut report = scanned.map_err(|error| match error {
        ChildError::Refused { detail, .. } => No::usage(detail),
        other => anyhow::Error::new(other),
    })?;
    report.document = Some(prepared.document);
    report.nonce = String::new();
    Ok(report)
}

/// One line on how far a scan is.
fn told(target: &str, progress: &Progress) -> String {
    let Progress { doing, done, of, requests } = progress;
    let sent = show::count(*requests, "request", "requests");
    let doing = words::line(doing);
    format!("attacking {target}: {doing}, {done} of {of} checks done, {sent}")
}

fn authority(path: &Path) -> Result<String> {
    let wrong = || No::Usage(format!("{} is no PEM", path.display()));
    String::from_utf8(read_bytes(path)?).with_context(wrong)
}
