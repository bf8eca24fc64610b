//! A shell's own sum, and its result in the answer. Commands that are not heard are timed in `delay`.

use super::flaws::COMMAND;
use super::probe::Probe;
use crate::live::Gap;
use crate::live::invent::Marker;
use crate::report::Finding;

/// How a command is added to a value; `{v}` is the value, `{c}` the command.
const WAYS: [&str; 9] = [
    "{v};{c};{v}",
    "{v}|{c}",
    "{v}$({c})",
    "{v}`{c}`",
    "{v}&&{c}",
    "{v}\n{c}\n{v}",
    "{v}';{c};'",
    "{v}\";{c};\"",
    "{v}&{c}&{v}",
];

pub async fn look(probe: &Probe<'_, '_>) -> Result<Option<Finding>, Gap> {
    if probe.counts_failures() {
        return Ok(None);
    }
    for way in WAYS {
        let (left, right) = (probe.scan.client.marks.number(), probe.scan.client.marks.number());
        let word = Marker::fresh().plain();
        let command = format!("echo {word}$(({left}*{right}))");
        let sent = way.replace("{v}", &probe.value).replace("{c}", &command);
        let Some(reply) = probe.ask(sent).await? else { continue };
        let result = format!("{word}{}", left.saturating_mul(right));
        if reply.text().contains(&result) {
            let how = format!("`{command}` came back as its result.");
            return Ok(Some(probe.found(&COMMAND, &how, vec![reply.exchange])));
        }
    }
    Ok(None)
}
