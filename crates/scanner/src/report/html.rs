//! One self-contained page for people who were not there: no script, nothing loaded, printable.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::verdict::{Outcome, fail_on, sentence};
use super::words::{self, block, count, line};
use super::{Exchange, Finding, Place, Report, Score, Severity, View, score};

const STYLE: &str = include_str!("page.css");

/// Places of a finding that are listed; JSON has all of them.
const MOST_PLACES: usize = 200;

/// The report as a page.
pub fn page(report: &Report, view: &View) -> String {
    let subject = words::subject(report);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { "API scan: " (subject) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (verdict(report, view, &subject))
                @if !report.incomplete.is_empty() { (gaps(report)) }
                (severities(report))
                @if let Some(score) = &report.score { (scored(score)) }
                (findings(report))
                (facts(report, view))
            }
        }
    };
    page.into_string()
}

/// Nothing may be loaded or run; the one style is named by its hash.
fn policy() -> String {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

fn verdict(report: &Report, view: &View, subject: &str) -> Markup {
    let class = match fail_on(report, view.threshold) {
        Outcome::Clean => "verdict clean",
        Outcome::Findings => "verdict bad",
        Outcome::Incomplete => "verdict open",
    };
    let said = sentence(report, view.threshold);
    let mut letters = said.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let said: String = first.into_iter().chain(letters).collect();
    html! {
        header {
            p.kind { (words::kind(report.scan)) " scan of" }
            h1 { (subject) }
            p class=(class) { (said) "." }
        }
    }
}

fn gaps(report: &Report) -> Markup {
    html! {
        section.gaps {
            h2 { "What was not judged" }
            p {
                "This scan is not whole. What follows was not judged, so it may hold faults that "
                "nobody has seen yet."
            }
            ul {
                @for gap in &report.incomplete {
                    li {
                        strong { (line(&gap.check)) } ": " (gap.code.meaning()) ". "
                        span.detail { (line(&gap.detail)) }
                    }
                }
            }
        }
    }
}

fn severities(report: &Report) -> Markup {
    let counts = words::counts(report.findings.iter());
    let of =
        |severity| counts.iter().find(|(one, _)| *one == severity).map_or(0, |(_, count)| *count);
    html! {
        section {
            h2 { "How bad it is" }
            ul.tiles {
                @for severity in Severity::ALL {
                    li class=(format!("tile {}", severity.code())) {
                        span.number { (of(severity)) } " " (severity.code())
                    }
                }
            }
        }
    }
}

fn scored(score: &Score) -> Markup {
    html! {
        section {
            h2 { "Score" }
            div.score {
                (dial(score.points))
                p {
                    "A flaw costs points by its severity, by how sure the scan is of it, and by how "
                    "many of the operations it reaches."
                }
            }
            table {
                thead { tr {
                    th { "flaw" } th { "severity" } th { "confidence" } th.number { "reach" }
                    th { "severity x confidence x (0.4 + 0.6 x reach)" } th.number { "points" }
                } }
                tbody {
                    tr { td { "to begin with" } td {} td {} td {} td {} td.number { "100.0" } }
                    @for one in &score.deductions {
                        tr {
                            td { (line(&one.flaw)) }
                            td { (one.severity.code()) }
                            td { (one.confidence.code()) }
                            td.number { (one.reach) "/" (one.operations) }
                            td { (line(&one.arithmetic)) }
                            td.number { "−" (score::tenths(one.tenths)) }
                        }
                    }
                }
                tfoot { tr {
                    td { "score" } td colspan="4" { (score::sentence(score, 0)) }
                    td.number { (score.points) }
                } }
            }
        }
    }
}

/// A ring, filled as far as the score goes.
fn dial(points: u32) -> Markup {
    // Of a circle whose radius makes its length 100.
    let points = points.min(100);
    let class = match points {
        80.. => "ring good",
        50..=79 => "ring fair",
        _ => "ring poor",
    };
    let label = format!("{points} of 100 points");
    let dash = format!("{points} 100");
    html! {
        svg.dial viewBox="0 0 40 40" width="120" height="120" role="img" aria-label=(label) {
            circle.track cx="20" cy="20" r="15.9155" fill="none" stroke-width="4" {}
            circle class=(class) cx="20" cy="20" r="15.9155" fill="none" stroke-width="4"
                stroke-dasharray=(dash) transform="rotate(-90 20 20)" {}
            text x="20" y="23.5" text-anchor="middle" font-size="10" { (points) }
        }
    }
}

fn findings(report: &Report) -> Markup {
    html! {
        section {
            h2 { (count(report.findings.len(), "finding", "findings")) }
            @if report.findings.is_empty() { p { "Nothing was found." } }
            @for finding in &report.findings { (one(report, finding)) }
        }
    }
}

fn one(report: &Report, finding: &Finding) -> Markup {
    let severity = finding.severity.code();
    let reach = words::reached(finding, words::operations(report));
    html! {
        details {
            summary {
                span class=(format!("mark {severity}")) { (severity) }
                " " (words::name(finding)) " "
                span.reach { (reach) }
            }
            dl {
                dt { "Why it matters" } dd { (line(&finding.why)) }
                dt { "How to mend it" } dd { (line(&finding.fix)) }
                dt { "Class" }
                dd {
                    (line(&finding.owasp)) ", CWE-" (finding.cwe) ", "
                    (finding.confidence.code()) " confidence, " code { (line(&finding.id)) }
                }
                dt { "Where" }
                dd { (places(&finding.places)) }
                @if !finding.evidence.is_empty() {
                    dt { "What was seen" }
                    dd { @for exchange in &finding.evidence { (seen(exchange)) } }
                }
                @if !finding.replay.is_empty() {
                    dt { "To see it again" }
                    dd { pre { (block(&finding.replay)) } }
                }
            }
        }
    }
}

fn places(places: &[Place]) -> Markup {
    html! {
        ul.places {
            @for place in places.iter().take(MOST_PLACES) { li { (words::place(place)) } }
            @if places.len() > MOST_PLACES {
                li { "and " (places.len() - MOST_PLACES) " more places" }
            }
        }
    }
}

fn seen(exchange: &Exchange) -> Markup {
    let headers = |headers: &[(String, String)]| {
        let header =
            |(name, value): &(String, String)| format!("{}: {}\n", line(name), line(value));
        headers.iter().map(header).collect::<String>()
    };
    let (request, response) = (&exchange.request, &exchange.response);
    html! {
        figure {
            figcaption { "request" }
            pre {
                (line(&request.line)) "\n" (headers(&request.headers))
                @if let Some(body) = &request.body { "\n" (block(body)) }
            }
            figcaption { "answer" }
            @match response {
                None => { p { "no answer" } }
                Some(response) => {
                    pre {
                        (response.status) "\n" (headers(&response.headers)) "\n"
                        (block(&response.excerpt))
                        @if response.cut { "\n…" }
                    }
                }
            }
            figcaption { "as a command" }
            pre { (block(&exchange.curl)) }
        }
    }
}

fn facts(report: &Report, view: &View) -> Markup {
    let mut facts = vec![
        (
            "scanned",
            format!("{} to {}", words::moment(report.started), words::moment(report.ended)),
        ),
        ("scanner", format!("Portcullis {}", line(&report.scanner))),
        ("checks", report.checks.iter().map(|one| line(one)).collect::<Vec<_>>().join(", ")),
    ];
    if let Some(document) = &report.document {
        facts.push((
            "document",
            format!("{}, sha256 {}", line(&document.source), line(&document.sha256)),
        ));
        facts.push(("operations", document.operations.to_string()));
    }
    if !report.target.is_empty() {
        facts.push(("target", line(&report.target)));
        facts.push(("requests", report.requests_sent.to_string()));
    }
    if let Some(against) = view.against {
        facts.push(("baseline", against.sentence()));
    }
    html! {
        footer {
            h2 { "About this scan" }
            dl { @for (name, value) in &facts { dt { (name) } dd { (value) } } }
        }
    }
}
