//! `scan`: judges descriptions, attacks sandboxes, shows reports and the checks behind them.

pub mod checks;
pub mod document;
pub mod hand_over;
pub mod live;
pub mod replay;
pub mod show;
pub mod source;

use anyhow::Result;
use scanner::Report;
use scanner::report::Finding;

use crate::args::{Asked, ScanVerb};
use crate::exit::{Exit, No};
use crate::nearest::hint;
use crate::show::Show;

/// Runs one of the verbs; none of them needs a server or a session.
pub fn scan(verb: ScanVerb, show: Show) -> Result<Exit> {
    match verb {
        ScanVerb::Document(wanted) => document::document(wanted, show),
        ScanVerb::Live(wanted) => live::live(wanted, show),
        ScanVerb::Replay(wanted) => replay::replay(wanted, show),
        ScanVerb::Show(wanted) => show::show(wanted, show),
        ScanVerb::Checks { id } => checks::checks(id.as_deref(), show),
    }
}

/// The checks to make: those that are named, or all, but none that is left out.
fn selected<'c>(all: &[&'c str], asked: &Asked) -> Result<Vec<&'c str>> {
    let Asked { checks: only, without, .. } = asked;
    let unknown = |name: &&String| !all.contains(&name.as_str());
    if let Some(name) = only.iter().chain(without).find(unknown) {
        let hint = hint(name, all.iter().copied());
        let list = "`portcullis scan checks` lists them";
        return Err(No::usage(format!("no check of this scan is called `{name}`{hint}; {list}")));
    }
    let named = |name: &str| only.iter().any(|one| one == name) || only.is_empty();
    let left_out = |name: &str| without.iter().any(|one| one == name);
    let chosen: Vec<_> =
        all.iter().copied().filter(|name| named(name) && !left_out(name)).collect();
    match chosen.is_empty() {
        true => Err(No::usage("no check is left")),
        false => Ok(chosen),
    }
}

/// By its id, or by a beginning that only one has.
fn find<'a>(report: &'a Report, id: &str) -> Result<&'a Finding> {
    if let Some(exact) = report.findings.iter().find(|finding| finding.id == id) {
        return Ok(exact);
    }
    let begun: Vec<_> =
        report.findings.iter().filter(|finding| finding.id.starts_with(id)).collect();
    match begun.as_slice() {
        [one] => Ok(one),
        [] => {
            let hint = hint(id, report.findings.iter().map(|finding| finding.id.as_str()));
            Err(No::usage(format!("the report has no finding `{id}`{hint}")))
        }
        more => {
            let ids: Vec<_> = more.iter().map(|finding| format!("`{}`", finding.id)).collect();
            Err(No::usage(format!("`{id}` can mean {}", ids.join(", "))))
        }
    }
}
