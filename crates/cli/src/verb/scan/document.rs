//! `scan document`: judges a description and hands the report over.

use anyhow::Result;
use scanner::Report;
use scanner::api::Files;

use super::hand_over::Destination;
use super::source;
use crate::args::Document;
use crate::exit::Exit;
use crate::show::Show;

/// The options are read first, so that nobody waits for a scan whose report could not be written.
/// `audit` judges the files by the checks that are named, or by all but those left out.
pub fn document(
    wanted: Document,
    show: Show,
    audit: impl FnOnce(&Files, &Asked) -> Result<Report>,
) -> Result<Exit> {
    let Document { source, checks, without, allow_remote, hand_over } = wanted;
    let to = Destination::read(hand_over, show)?;
    let files = source::read(&source, allow_remote)?;
    to.hand_over(audit(&files, &Asked { source, checks, without })?)
}

/// What of the arguments the audit itself needs.
#[derive(Debug)]
pub struct Asked {
    pub source: String,
    pub checks: Vec<String>,
    pub without: Vec<String>,
}
