//! `scan replay`: looks again whether a finding of a live scan is still there.
//!
//! The check is made again, with fresh objects, control requests and read-backs: a request alone
//! would prove nothing.

use anyhow::{Context as _, Result};
use scanner::Report;
use scanner::report::Scan;

use super::hand_over::Destination;
use super::live;
use super::{find, source};
use crate::args::Replay;
use crate::exit::{Exit, No};
use crate::show::Show;
use crate::verb::read_bytes;

pub fn replay(wanted: Replay, show: Show) -> Result<Exit> {
    let to = Destination::read(wanted.hand_over, show)?;
    let wrong = || No::Usage(format!("{} is no report in its JSON form", wanted.report.display()));
    let before: Report =
        serde_json::from_slice(&read_bytes(&wanted.report)?).with_context(wrong)?;
    let finding = find(&before, &wanted.finding)?;
    if before.scan != Scan::Live {
        let again = "scan the document again to see whether it is mended";
        return Err(No::usage(format!("`{}` was found in a document; {again}", finding.id)));
    }
    let source = wanted.document.or_else(|| Some(before.document.as_ref()?.source.clone()));
    let source =
        source.ok_or_else(|| No::usage("the report names no document: `--document FILE`"))?;
    let target = wanted.target.unwrap_or_else(|| before.target.clone());
    let files = source::read(&source, false)?;
    let checks = [finding.check.as_str()];
    let prepared =
        live::prepare(&files, &source, &target, &checks, &wanted.identities, &wanted.manners)?;
    let mut after = live::run(prepared, show)?;
    after.findings.retain(|one| one.id == finding.id);
    if !show.json {
        let still =
            if after.findings.is_empty() { "is not seen any more" } else { "is still there" };
        eprintln!("`{}` {still} at {target}", finding.id);
    }
    to.hand_over(after)
}
