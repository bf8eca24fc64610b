//! `scan show`: a report that was kept, in any form, or one finding of it explained.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result};
use scanner::report::{Finding, text};
use scanner::{Report, report};

use super::hand_over::Destination;
use crate::args::Show as Wanted;
use crate::exit::{Exit, No};
use crate::nearest::hint;
use crate::show::Show;
use crate::verb::read_bytes;

pub fn show(wanted: Wanted, show: Show) -> Result<Exit> {
    let to = Destination::read(wanted.hand_over, show)?;
    let wrong = || No::Usage(format!("{} is no report in its JSON form", wanted.report.display()));
    let report: Report =
        serde_json::from_slice(&read_bytes(&wanted.report)?).with_context(wrong)?;
    if report.format != report::FORMAT {
        let why = format!("is of format {}, this version reads {}", report.format, report::FORMAT);
        return Err(No::usage(format!("{} {why}", wanted.report.display())));
    }
    let Some(id) = wanted.finding else { return to.hand_over(report) };
    let finding = find(&report, &id)?;
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    show.print(finding, || print!("{}", text::explain(finding, colour)));
    Ok(Exit::Done)
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
