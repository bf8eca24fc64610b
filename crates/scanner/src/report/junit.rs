//! JUnit XML: a suite a check, a test a finding; what could not be judged is an error, never a pass.

use super::verdict::fails;
use super::words::{self, block, line};
use super::{Finding, Incomplete, Report, View};

/// The report as JUnit XML.
///
/// A finding that reaches the threshold fails, a lesser one passes with its words in `system-out`. A
/// check that found nothing and was judged is one test that passes.
pub fn junit(report: &Report, view: &View) -> String {
    let suites: Vec<_> =
        checks(report).into_iter().map(|check| suite(report, check, view)).collect();
    let [tests, failures, errors] = ["<testcase ", "<failure ", "<error "]
        .map(|tag| suites.iter().map(|suite| suite.matches(tag).count()).sum::<usize>());
    let seconds = report.ended.saturating_sub(report.started);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
         time=\"{}.{:03}\">\n{}</testsuites>\n",
        escape(&format!(
            "portcullis scan {}: {}",
            words::kind(report.scan),
            words::subject(report)
        )),
        seconds / 1_000,
        seconds % 1_000,
        suites.concat(),
    )
}

/// The checks that were to be made, then what else has something to say.
fn checks(report: &Report) -> Vec<&str> {
    let others = report.findings.iter().map(|finding| &finding.check);
    let gaps = report.incomplete.iter().map(|gap| &gap.check);
    let mut checks: Vec<&str> = Vec::new();
    for check in report.checks.iter().chain(others).chain(gaps) {
        if !checks.contains(&check.as_str()) {
            checks.push(check);
        }
    }
    checks
}

fn suite(report: &Report, check: &str, view: &View) -> String {
    let findings = || report.findings.iter().filter(|finding| finding.check == check);
    let gaps = || report.incomplete.iter().filter(|gap| gap.check == check);
    let mut cases: Vec<_> = findings().map(|finding| found(report, finding, view)).collect();
    cases.extend(gaps().map(unjudged));
    if cases.is_empty() {
        cases.push(case(check, "nothing found", ""));
    }
    let failures = findings().filter(|finding| fails(finding, view.threshold)).count();
    format!(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{}\" \
         skipped=\"0\" timestamp=\"{}\">\n{}  </testsuite>\n",
        escape(&line(check)),
        cases.len(),
        gaps().count(),
        words::moment(report.started),
        cases.concat(),
    )
}

fn found(report: &Report, finding: &Finding, view: &View) -> String {
    let words = escape(&told(report, finding));
    let body = if fails(finding, view.threshold) {
        let (flaw, title) = (escape(&line(&finding.flaw)), escape(&line(&finding.title)));
        let severity = finding.severity.code();
        format!("<failure type=\"{flaw}\" message=\"{severity}: {title}\">{words}</failure>")
    } else {
        format!("<system-out>{words}</system-out>")
    };
    case(&finding.check, &words::name(finding), &body)
}

fn unjudged(gap: &Incomplete) -> String {
    let (code, detail) = (gap.code.code(), escape(&line(&gap.detail)));
    let meaning = escape(gap.code.meaning());
    let body = format!("<error type=\"{code}\" message=\"not judged: {meaning}\">{detail}</error>");
    case(&gap.check, &format!("not judged: {code}"), &body)
}

fn case(check: &str, name: &str, body: &str) -> String {
    let (check, name) = (escape(&line(check)), escape(name));
    match body {
        "" => format!("    <testcase classname=\"{check}\" name=\"{name}\"/>\n"),
        body => format!(
            "    <testcase classname=\"{check}\" name=\"{name}\">\n      {body}\n    </testcase>\n"
        ),
    }
}

fn told(report: &Report, finding: &Finding) -> String {
    let reach = words::reached(finding, words::operations(report));
    let (owasp, cwe) = (line(&finding.owasp), finding.cwe);
    let (severity, confidence) = (finding.severity.code(), finding.confidence.code());
    let mut told = vec![
        format!("{severity} severity, {confidence} confidence, {owasp}, CWE-{cwe}"),
        format!("finding {}", line(&finding.id)),
        format!("why: {}", block(&finding.why)),
        format!("fix: {}", block(&finding.fix)),
        format!("reaches {reach}, at:"),
    ];
    told.extend(finding.places.iter().map(|place| format!("  {}", words::place(place))));
    if !finding.replay.is_empty() {
        told.push(format!("replay: {}", block(&finding.replay)));
    }
    told.join("\n")
}

/// Text for an element or an attribute, without what XML 1.0 §2.2 forbids.
fn escape(text: &str) -> String {
    let allowed =
        |one: &char| *one == '\n' || !(one.is_control() || matches!(one, '\u{fffe}' | '\u{ffff}'));
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars().filter(allowed) {
        match one {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    escaped
}
