//! `scan show`: a report that was kept, in any form, or one finding of it explained.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result};
use scanner::report::text;
use scanner::{Report, report};

use super::find;
use super::hand_over::Destination;
use crate::args::Show as Wanted;
use crate::exit::{Exit, No};
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
