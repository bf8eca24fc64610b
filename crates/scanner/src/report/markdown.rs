//! Markdown for a comment on a pull request: a verdict, a table, details to unfold.
//!
//! Whoever wrote the document must not speak through the comment. Words that are plainly words stand
//! as they are; everything else stands in code, where nothing is a mention, a link or HTML.

use super::verdict::{Outcome, fail_on, sentence};
use super::words::{self, count, cut, line};
use super::{Finding, Report, Severity, View, score};

/// Rows of the table, and findings with details; a comment has at most 65,536 characters.
const MOST_ROWS: usize = 25;
const MOST_DETAILS: usize = 10;
const MOST_PLACES: usize = 10;
const MOST_GAPS: usize = 10;
/// Characters of a text from outside.
const MOST_IN_CELL: usize = 80;
const MOST_IN_LINE: usize = 300;
const MOST_IN_REPLAY: usize = 600;

/// The report as a comment.
pub fn comment(report: &Report, view: &View) -> String {
    let mark = match fail_on(report, view.threshold) {
        Outcome::Clean => "✅",
        Outcome::Findings => "❌",
        Outcome::Incomplete => "⚠️",
    };
    let verdict = sentence(report, view.threshold);
    let mut parts = vec![format!("### {mark} API scan: {verdict}"), facts(report, view)];
    if !report.incomplete.is_empty() {
        parts.push(gaps(report));
    }
    if !report.findings.is_empty() {
        parts.push(table(report));
        parts.extend(report.findings.iter().take(MOST_DETAILS).map(|one| details(report, one)));
    }
    parts.join("\n\n") + "\n"
}

fn facts(report: &Report, view: &View) -> String {
    let mut facts = vec![format!("Scanned {}", code(&words::subject(report), MOST_IN_LINE))];
    if let Some(document) = &report.document {
        facts.push(format!("{} operations", document.operations));
    }
    if let Some(score) = &report.score {
        facts.push(format!("score **{} of 100**", score.points));
    }
    if let Some(counts) = view.against {
        facts.push(counts.sentence());
    }
    let mut facts = facts.join(", ") + ".";
    if let Some(score) = report.score.as_ref().filter(|score| !score.deductions.is_empty()) {
        facts.push_str(&format!(" Score: {}.", prose(&score::sentence(score, 3))));
    }
    facts
}

fn gaps(report: &Report) -> String {
    let mut lines = vec!["**This scan is not whole.** Not judged:".to_owned(), String::new()];
    lines.extend(report.incomplete.iter().take(MOST_GAPS).map(|gap| {
        let (check, meaning) = (code(&gap.check, MOST_IN_CELL), gap.code.meaning());
        format!("- {check}: {meaning} ({})", code(&gap.detail, MOST_IN_LINE))
    }));
    if report.incomplete.len() > MOST_GAPS {
        lines.push(format!("- and {} more", report.incomplete.len() - MOST_GAPS));
    }
    lines.join("\n")
}

fn table(report: &Report) -> String {
    let mut lines = vec![
        "| severity | finding | shape | reach | first place |".to_owned(),
        "|---|---|---|--:|---|".to_owned(),
    ];
    let operations = words::operations(report);
    lines.extend(report.findings.iter().take(MOST_ROWS).map(|finding| {
        format!(
            "| {} | {} | {} | {} | {} |",
            severity(finding.severity),
            prose(&cut(&line(&finding.title), MOST_IN_CELL)),
            code(&finding.shape, MOST_IN_CELL),
            words::reach(finding, operations),
            code(&finding.places.first().map(words::stands).unwrap_or_default(), MOST_IN_CELL),
        )
    }));
    let left = report.findings.len().saturating_sub(MOST_ROWS);
    if left > 0 {
        let more = count(left, "more finding", "more findings");
        lines.push(String::new());
        lines.push(format!("And {more}: see the full report."));
    }
    lines.join("\n")
}

fn details(report: &Report, finding: &Finding) -> String {
    let summary = html(&cut(&words::name(finding), MOST_IN_LINE));
    let severity = finding.severity.code();
    let mut lines = vec![
        format!("<details><summary>{severity}: <code>{summary}</code></summary>"),
        String::new(),
        format!("- **Why:** {}", prose(&line(&finding.why))),
        format!("- **Fix:** {}", prose(&line(&finding.fix))),
        format!(
            "- **Class:** {}, CWE {}; {} confidence; finding {}",
            code(&finding.owasp, MOST_IN_CELL),
            finding.cwe,
            finding.confidence.code(),
            code(&finding.id, MOST_IN_CELL),
        ),
        format!("- **Reach:** {}", words::reached(finding, words::operations(report))),
    ];
    let places = finding.places.iter().take(MOST_PLACES);
    lines.extend(places.map(|place| format!("  - {}", code(&words::place(place), MOST_IN_LINE))));
    if finding.places.len() > MOST_PLACES {
        lines.push(format!("  - and {} more places", finding.places.len() - MOST_PLACES));
    }
    if !finding.replay.is_empty() {
        lines.push(format!("- **See it:** {}", exact(&finding.replay)));
    }
    lines.extend([String::new(), "</details>".to_owned()]);
    lines.join("\n")
}

fn severity(severity: Severity) -> String {
    match severity {
        Severity::Critical | Severity::High => format!("**{}**", severity.code()),
        other => other.code().to_owned(),
    }
}

/// Running text: words that could be more than words stand in code.
pub fn prose(text: &str) -> String {
    let paragraph = |text: &str| {
        let words = text.split_whitespace().map(|word| match is_calm(word) {
            true => word.to_owned(),
            false => code(word, MOST_IN_LINE),
        });
        words.collect::<Vec<_>>().join(" ")
    };
    text.split("\n\n").map(paragraph).collect::<Vec<_>>().join("\n\n")
}

/// Letters with punctuation around them, hyphens between them, or a number. Everything by which
/// Markdown or a forge makes something of a text has another character in it.
fn is_calm(word: &str) -> bool {
    let core = word.trim_matches([',', '.', ';', ':', '?', '(', ')', '\'', '"']);
    let letters =
        core.split('-').all(|part| !part.is_empty() && part.chars().all(char::is_alphabetic));
    let number = !core.is_empty() && core.chars().all(|one| one.is_ascii_digit() || one == '.');
    let sign = matches!(core, "-" | "=");
    letters || number || sign
}

/// A text from outside in code. In a table `|` ends the cell even there, so it is not kept, and
/// neither is the backtick that would end the code.
fn code(text: &str, most: usize) -> String {
    let kept = cut(&line(text), most).replace('`', "").replace('|', "¦");
    match kept.is_empty() {
        true => String::new(),
        false => format!("`{kept}`"),
    }
}

/// A command, to the letter: in code that ends with more backticks than stand together in it.
fn exact(text: &str) -> String {
    let text = cut(&line(text), MOST_IN_REPLAY);
    let longest = text.split(|one| one != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    format!("{fence} {text} {fence}")
}

/// For an element of HTML; in `code` no forge looks for mentions.
fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.replace('"', "&quot;").replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words_and_the_rest_is_code() {
        let text =
            "Limit requests (for each); answer 429 with Retry-After, see @all or www.evil.example.";
        let said = "Limit requests (for each); answer 429 with Retry-After, see `@all` or `www.evil.example.`";
        assert_eq!(prose(text), said);
        for loud in [
            "#12", "<b>", "[x](y)", "![x](y)", "http://x", "a@b", "*x*", "_x_", "~x~", "\\",
            "GH-12", "$x$", ":+1:", "www.x", "&#64;x", "a|b",
        ] {
            assert!(prose(loud).starts_with('`'), "{loud}");
        }
    }

    #[test]
    fn code_cannot_be_left() {
        assert_eq!(code("a`b|c\\|d\ne", 80), "`ab¦c\\¦d e`");
        assert_eq!(code("", 80), "");
        assert_eq!(code("``", 80), "");
        assert_eq!(exact("a | ``b``"), "``` a | ``b`` ```");
    }
}
