//! `scan document`: judges a description and hands the report over.

use anyhow::Result;
use scanner::document::{Options, Selection, audit};

use super::hand_over::Destination;
use super::{selected, source};
use crate::args::Document;
use crate::exit::{Exit, No};
use crate::show::Show;

/// The options are read first, so that nobody waits for a scan whose report could not be written.
pub fn document(wanted: Document, show: Show) -> Result<Exit> {
    let Document { source, asked, hand_over } = wanted;
    let to = Destination::read(hand_over, show)?;
    let all: Vec<_> = scanner::document::CHECKS.iter().map(|(check, _)| check.flaw.id).collect();
    let chosen = selected(&all, &asked)?;
    let checks = Selection::read(chosen)?;
    let files = source::read(&source, asked.allow_remote)?;
    let started = crate::scan::clock().0;
    let report = audit(&files, &source, &Options { checks }, started)
        .map_err(|error| No::usage(format!("`{source}` cannot be judged: {error}")))?;
    to.hand_over(report)
}
