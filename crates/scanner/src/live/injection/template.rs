//! A sum between a template's brackets, and its result in the answer.

use super::flaws::TEMPLATE;
use super::probe::Probe;
use crate::live::Gap;
use crate::live::invent::Marker;
use crate::report::Finding;

/// Brackets of the usual engines, with the sum in the middle.
const BRACKETS: [(&str, &str); 7] =
    [("{{", "}}"), ("${", "}"), ("<%= ", " %>"), ("#{", "}"), ("{", "}"), ("*{", "}"), ("@(", ")")];

pub async fn look(probe: &Probe<'_, '_>) -> Result<Option<Finding>, Gap> {
    if probe.counts_failures() {
        return Ok(None);
    }
    for (open, close) in BRACKETS {
        let (left, right) = (probe.scan.client.marks.number(), probe.scan.client.marks.number());
        let word = Marker::fresh().plain();
        let sent = format!("{word}{open}{left}*{right}{close}z");
        let Some(reply) = probe.ask(sent).await? else { continue };
        let result = format!("{word}{}z", left.saturating_mul(right));
        if reply.text().contains(&result) {
            let how = format!("`{open}{left}*{right}{close}` came back as its result.");
            return Ok(Some(probe.found(&TEMPLATE, &how, vec![reply.exchange])));
        }
    }
    Ok(None)
}
