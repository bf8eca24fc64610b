//! The terminal: one screen that says what to do first, whatever the size of the API.

use super::verdict::{Outcome, fail_on, sentence};
use super::words::{self, count, cut, line};
use super::{Finding, GapCode, Report, Severity, View, score};

/// Columns of a line; what is longer is cut, unless everything was asked for.
const WIDTH: usize = 110;
/// Rows of the table and lines about what was not judged.
const MOST_ROWS: usize = 16;
const MOST_GAPS: usize = 6;
/// Columns of a place; a long path keeps its end, where the line number is.
const PLACE: usize = 34;

/// The report for a terminal, about 40 lines; with `all` every finding and every place.
pub fn screen(report: &Report, view: &View) -> String {
    let mut parts = vec![head(report, view)];
    if !report.findings.is_empty() {
        parts.push(table(report, view));
        parts.extend(report.findings.first().map(|finding| first(finding, view)));
    }
    if !report.incomplete.is_empty() {
        parts.push(gaps(report, view));
    }
    parts.join("\n\n") + "\n"
}

/// One finding with everything that is known of it.
pub fn explain(finding: &Finding, colour: bool) -> String {
    let mut lines = vec![
        format!("{}  {}", painted(finding.severity, colour), words::name(finding)),
        fact("id", &line(&finding.id)),
        fact("class", &format!("{}, CWE-{}", line(&finding.owasp), finding.cwe)),
        fact("confidence", finding.confidence.code()),
        fact("reach", &words::reached(finding, 0)),
        fact("why", &line(&finding.why)),
        fact("fix", &line(&finding.fix)),
    ];
    for (index, place) in finding.places.iter().enumerate() {
        lines.push(fact(if index == 0 { "places" } else { "" }, &words::place(place)));
    }
    for exchange in &finding.evidence {
        lines.push(String::new());
        lines.extend(sent_and_answered(exchange));
    }
    if !finding.replay.is_empty() {
        lines.push(format!("\nto see it again:\n  {}", words::block(&finding.replay)));
    }
    lines.join("\n") + "\n"
}

fn head(report: &Report, view: &View) -> String {
    let kind = words::kind(report.scan);
    let mut lines = vec![format!("{kind} scan of {}", cut(&words::subject(report), WIDTH - 17))];
    let mut counts = vec![
        count(report.checks.len(), "check", "checks"),
        count(report.findings.len(), "finding", "findings"),
    ];
    if let Some(document) = &report.document {
        counts.insert(0, count(document.operations as usize, "operation", "operations"));
    }
    if report.requests_sent > 0 {
        counts.push(count(report.requests_sent as usize, "request", "requests"));
    }
    lines.push(counts.join(", "));
    if let Some(score) = &report.score {
        let sum = score::sentence(score, 3);
        lines.push(format!("score {} of 100: {sum}", score.points));
    }
    if let Some(against) = view.against {
        lines.push(format!("baseline: {}", against.sentence()));
    }
    lines.push(verdict(report, view));
    lines.join("\n")
}

fn verdict(report: &Report, view: &View) -> String {
    let said = sentence(report, view.threshold);
    let colour = match fail_on(report, view.threshold) {
        Outcome::Clean => "32",
        Outcome::Findings => "1;31",
        Outcome::Incomplete => "1;33",
    };
    paint(&said, colour, view.colour)
}

fn table(report: &Report, view: &View) -> String {
    let operations = words::operations(report);
    let most = if view.all { usize::MAX } else { MOST_ROWS };
    let shown = || report.findings.iter().take(most);
    let reach = shown().map(|one| words::reach(one, operations).len()).max().unwrap_or(0).max(5);
    // Severity, reach and place have their columns; the name has what is left.
    let named = WIDTH - 8 - reach - PLACE - 6;
    let mut lines =
        vec![format!("{:<8}  {:<named$}  {:>reach$}  first place", "severity", "finding", "reach")];
    for finding in shown() {
        let severity = painted(finding.severity, view.colour);
        let name = cut(&words::name(finding), named);
        let reached = words::reach(finding, operations);
        let place = finding.places.first().map(words::stands).unwrap_or_default();
        let place = keep_end(&place, PLACE);
        lines.push(format!("{severity}  {name:<named$}  {reached:>reach$}  {place}"));
        if view.all {
            lines.extend(
                finding.places.iter().map(|one| format!("            {}", words::place(one))),
            );
        }
    }
    let left = report.findings.len() - shown().count();
    if left > 0 {
        let rest = words::counts(report.findings.iter().skip(most));
        lines.push(format!("          and {left} more ({}): --all", words::counted(&rest)));
    }
    lines.join("\n")
}

/// The worst finding, and how to mend it.
fn first(finding: &Finding, view: &View) -> String {
    let place = finding.places.first().map(words::place).unwrap_or_default();
    let more = match finding.places.len() {
        0 | 1 => String::new(),
        all => format!(" and {} more", count(all - 1, "place", "places")),
    };
    let lines = [
        format!("{} {}", paint("first:", "1", view.colour), cut(&words::name(finding), WIDTH - 7)),
        format!("  where  {}{more}", cut(&place, WIDTH - 9 - more.len())),
        format!("  why    {}", cut(&line(&finding.why), 2 * WIDTH)),
        format!("  fix    {}", cut(&line(&finding.fix), 2 * WIDTH)),
        format!("  id     {}", line(&finding.id)),
    ];
    lines.join("\n")
}

/// What was not judged, one line for each check and reason.
fn gaps(report: &Report, view: &View) -> String {
    let mut groups: Vec<(&str, GapCode, Vec<&str>)> = Vec::new();
    for gap in &report.incomplete {
        let known =
            groups.iter_mut().find(|(check, code, _)| *check == gap.check && *code == gap.code);
        match known {
            Some((_, _, details)) => details.push(&gap.detail),
            None => groups.push((&gap.check, gap.code, vec![&gap.detail])),
        }
    }
    let mut lines = vec![paint("not judged, so this scan is not whole:", "1;33", view.colour)];
    let most = if view.all { usize::MAX } else { MOST_GAPS };
    for (check, code, details) in groups.iter().take(most) {
        lines.push(gap_line(check, *code, details, view.all));
    }
    let left = groups.len().saturating_sub(most);
    if left > 0 {
        lines.push(format!("  and {}: --all", count(left, "more reason", "more reasons")));
    }
    lines.join("\n")
}

fn gap_line(check: &str, code: GapCode, details: &[&str], all: bool) -> String {
    let begin = format!("  {} ({})", line(check), code.code());
    if all {
        let details = details.iter().map(|detail| format!("\n    {}", line(detail)));
        return format!("{begin}: {}{}", code.meaning(), details.collect::<String>());
    }
    let detail = details.first().map(|detail| line(detail)).unwrap_or_default();
    let more = match details.len() {
        0 | 1 => String::new(),
        all => format!(" (and {} more)", all - 1),
    };
    let room = WIDTH.saturating_sub(begin.chars().count() + more.len() + 2).max(20);
    format!("{begin}: {}{more}", cut(&detail, room))
}

fn sent_and_answered(exchange: &super::Exchange) -> Vec<String> {
    let request = &exchange.request;
    let mut lines = vec![format!("  > {}", line(&request.line))];
    lines.extend(request.headers.iter().map(|(n, v)| format!("  > {}: {}", line(n), line(v))));
    lines.extend(request.body.iter().map(|body| format!("  > {}", line(body))));
    match &exchange.response {
        None => lines.push("  < no answer".to_owned()),
        Some(response) => {
            lines.push(format!("  < {}", response.status));
            let header =
                |(name, value): &(String, String)| format!("  < {}: {}", line(name), line(value));
            lines.extend(response.headers.iter().map(header));
            lines.extend(words::block(&response.excerpt).lines().map(|one| format!("  < {one}")));
            lines.extend(response.cut.then(|| "  < …".to_owned()));
        }
    }
    lines.push(format!("  $ {}", words::block(&exchange.curl)));
    lines
}

fn fact(name: &str, value: &str) -> String {
    format!("  {name:<10}  {value}")
}

/// The end of a long place: it has the file's name and the line.
fn keep_end(text: &str, most: usize) -> String {
    let length = text.chars().count();
    match length > most {
        true => std::iter::once('…').chain(text.chars().skip(length + 1 - most)).collect(),
        false => text.to_owned(),
    }
}

fn painted(severity: Severity, colour: bool) -> String {
    let code = match severity {
        Severity::Critical => "1;31",
        Severity::High => "31",
        Severity::Medium => "33",
        Severity::Low => "36",
        Severity::Info => "2",
    };
    paint(&format!("{:<8}", severity.code()), code, colour)
}

fn paint(text: &str, code: &str, colour: bool) -> String {
    match colour {
        true => format!("\x1b[{code}m{text}\x1b[0m"),
        false => text.to_owned(),
    }
}
