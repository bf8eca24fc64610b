//! A line break and a header of ours, which then stands among the answer's own (CWE-113).

use super::flaws::LINES;
use super::probe::Probe;
use crate::live::Gap;
use crate::live::invent::Marker;
use crate::report::Finding;

const BREAKS: [&str; 3] = ["\r\n", "\n", "%0d%0a"];

pub async fn look(probe: &Probe<'_, '_>) -> Result<Option<Finding>, Gap> {
    if probe.counts_failures() {
        return Ok(None);
    }
    for line in BREAKS {
        let word = Marker::fresh().plain();
        let Some(reply) = probe.ask(format!("{}{line}X-{word}: 1", probe.value)).await? else {
            continue;
        };
        let name = format!("x-{word}");
        if reply.headers.iter().any(|(key, _)| *key == name) {
            let how = "The header that stood after the line break came back as one.";
            return Ok(Some(probe.found(&LINES, how, vec![reply.exchange])));
        }
    }
    Ok(None)
}
