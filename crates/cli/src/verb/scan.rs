//! `scan`: reports of what was found in an API, and the checks that find it.

pub mod checks;
pub mod document;
pub mod hand_over;
pub mod show;
pub mod source;

use anyhow::Result;

use crate::args::ScanVerb;
use crate::exit::Exit;
use crate::show::Show;

/// Runs one of the verbs; none of them needs a server or a session.
pub fn scan(verb: ScanVerb, show: Show) -> Result<Exit> {
    match verb {
        ScanVerb::Show(wanted) => show::show(wanted, show),
        ScanVerb::Checks { id } => checks::checks(id.as_deref(), show),
    }
}
