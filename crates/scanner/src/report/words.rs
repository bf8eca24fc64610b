//! The words that every form of a report uses, and how text from outside stands in a line.

use domain::time::Millis;

use super::{Confidence, Finding, GapCode, Place, Report, Scan, Severity};

impl Severity {
    /// The worst first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// As it is written in reports and on the command line.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Confidence {
    /// As it is written in reports.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl GapCode {
    /// As it is written in reports.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OutOfRequests => "out-of-requests",
            Self::OutOfTime => "out-of-time",
            Self::OutOfReach => "out-of-reach",
            Self::Unreachable => "unreachable",
            Self::NoCredential => "no-credential",
            Self::Unidentified => "unidentified",
            Self::NoOperation => "no-operation",
            Self::ControlRefused => "control-refused",
            Self::Undecided => "undecided",
            Self::Unsupported => "unsupported",
            Self::Unresolved => "unresolved",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too-large",
        }
    }

    /// What it means, for people who did not order the scan.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::OutOfRequests => "the scan's number of requests was used up",
            Self::OutOfTime => "the scan's time was used up",
            Self::OutOfReach => "the target is where the scan was not allowed to go",
            Self::Unreachable => "nothing answered, or not in the protocol expected",
            Self::NoCredential => "the scan was given no credential that this question needs",
            Self::Unidentified => "it is not proven who answers, so the credential was not sent",
            Self::NoOperation => "the document describes nothing that this could be asked of",
            Self::ControlRefused => "the request that had to succeed did not",
            Self::Undecided => "the answers do not say clearly what they mean",
            Self::Unsupported => "the credential's form cannot be taken apart",
            Self::Unresolved => "a reference leads outside and was not allowed, or leads nowhere",
            Self::Unreadable => "a part of the document is not what the specification says",
            Self::TooLarge => "a bound on size, depth or number was reached",
        }
    }
}

/// What was scanned, in one line.
pub fn subject(report: &Report) -> String {
    let document = report.document.as_ref().map(|one| {
        let name = [one.title.trim(), one.version.trim()].join(" ");
        let name = if name.trim().is_empty() { one.source.as_str() } else { name.trim() };
        format!("{name} (OpenAPI {}, {})", one.openapi, one.source)
    });
    line(&match (report.scan, document) {
        (Scan::Document, Some(document)) => document,
        (Scan::Live, Some(document)) => format!("{}, by {document}", report.target),
        (_, None) => report.target.clone(),
    })
}

/// `document` or `live`.
pub fn kind(scan: Scan) -> &'static str {
    match scan {
        Scan::Document => "document",
        Scan::Live => "live",
    }
}

/// How many operations the scan knew of; 0 where it went by no document.
pub fn operations(report: &Report) -> u32 {
    report.document.as_ref().map_or(0, |document| document.operations)
}

/// RFC 3339 in UTC.
pub fn moment(at: u64) -> String {
    Millis(at).to_string()
}

/// `12/1043`; the number alone where nobody knows of how many, a dash where it reaches none.
pub fn reach(finding: &Finding, operations: u32) -> String {
    match (finding.reach, operations) {
        (0, _) => "-".to_owned(),
        (some, 0) => some.to_string(),
        (some, all) => format!("{some}/{all}"),
    }
}

/// The same in words.
pub fn reached(finding: &Finding, operations: u32) -> String {
    match (finding.reach, operations) {
        (0, _) => "no operation in particular".to_owned(),
        (some, 0) => count(some as usize, "operation", "operations"),
        (some, all) => format!("{some} of {}", count(all as usize, "operation", "operations")),
    }
}

/// `file:line`; where there is no file, the operation; where there is none, nothing.
pub fn stands(place: &Place) -> String {
    match (place.file.as_str(), place.line, &place.operation) {
        ("", _, Some(operation)) => line(operation),
        ("", _, None) => String::new(),
        (file, 0, _) => line(file),
        (file, number, _) => format!("{}:{number}", line(file)),
    }
}

/// Everything that is known of a place, in one line.
pub fn place(place: &Place) -> String {
    let operation = place.operation.as_deref().filter(|_| !place.file.is_empty());
    let parts = [Some(stands(place)), operation.map(line), place.detail.as_deref().map(line)];
    let parts: Vec<_> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    parts.join("  ")
}

/// Title and shape: what tells one finding of a flaw from another.
pub fn name(finding: &Finding) -> String {
    match finding.shape.is_empty() {
        true => line(&finding.title),
        false => format!("{}: {}", line(&finding.title), line(&finding.shape)),
    }
}

/// How many findings there are of each severity, the worst first; none of zero.
pub fn counts<'a>(findings: impl Iterator<Item = &'a Finding> + Clone) -> Vec<(Severity, usize)> {
    let of = |severity| findings.clone().filter(|finding| finding.severity == severity).count();
    let all = Severity::ALL.into_iter().map(|severity| (severity, of(severity)));
    all.filter(|(_, count)| *count > 0).collect()
}

/// `1 finding`, `2 findings`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `2 critical, 1 high and 3 low`.
pub fn counted(counts: &[(Severity, usize)]) -> String {
    let words: Vec<_> =
        counts.iter().map(|(severity, count)| format!("{count} {}", severity.code())).collect();
    match words.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => words.join(""),
    }
}

/// Text from outside as one line: what would move a cursor, hide text or turn it round is replaced.
pub fn line(text: &str) -> String {
    text.split_whitespace().map(visible).collect::<Vec<_>>().join(" ")
}

/// The same where lines are kept.
pub fn block(text: &str) -> String {
    let lines = text.lines().map(|line| visible(&line.replace('\t', "    ")));
    lines.collect::<Vec<_>>().join("\n")
}

/// At most so many characters; the last says if something is missing.
pub fn cut(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

fn visible(text: &str) -> String {
    text.chars().map(|one| if is_hidden(one) { '\u{fffd}' } else { one }).collect()
}

/// Control characters, and what Unicode has to hide text or to turn it round.
fn is_hidden(one: char) -> bool {
    one.is_control()
        || matches!(one, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}')
        || matches!(one, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(one, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || matches!(one, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_play_with_a_terminal_is_replaced() {
        assert_eq!(line("a\x1b[2Jb\r\nc\u{202e}d"), "a\u{fffd}[2Jb c\u{fffd}d");
        assert_eq!(block("a\tb\nc\x07"), "a    b\nc\u{fffd}");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
    }

    #[test]
    fn codes_are_those_of_the_json_form() {
        let written = |value: serde_json::Value| value.as_str().map(str::to_owned);
        for severity in Severity::ALL {
            let json = serde_json::to_value(severity).expect("json");
            assert_eq!(written(json).as_deref(), Some(severity.code()));
        }
        for confidence in [Confidence::Low, Confidence::Medium, Confidence::High] {
            let json = serde_json::to_value(confidence).expect("json");
            assert_eq!(written(json).as_deref(), Some(confidence.code()));
        }
        for code in [GapCode::OutOfRequests, GapCode::ControlRefused, GapCode::TooLarge] {
            let json = serde_json::to_value(code).expect("json");
            assert_eq!(written(json).as_deref(), Some(code.code()));
        }
    }
}
