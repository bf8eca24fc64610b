//! SARIF 2.1.0 (OASIS, errata 01): a rule a flaw, a result a place, a notification for what could not be judged.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::baseline::fingerprint;
use super::words::{self, block, line};
use super::{Finding, Incomplete, Place, Report, Severity, View};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What may not stand in a URI reference as it is (RFC 3986 §2). `%` is left: what is escaped in an
/// address stays what it is; of a file's name it is escaped beforehand.
const NOT_IN_URI: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'[')
    .add(b']');

/// The report as a SARIF log of one run.
pub fn sarif(report: &Report, view: &View) -> Value {
    let rules = rules(report);
    let indices: BTreeMap<&str, usize> =
        rules.iter().enumerate().map(|(index, finding)| (finding.flaw.as_str(), index)).collect();
    let results: Vec<_> = report
        .findings
        .iter()
        .flat_map(|finding| {
            let rule = indices.get(finding.flaw.as_str()).copied().unwrap_or_default();
            results(report, finding, rule, view)
        })
        .collect();
    let driver = json!({
        "name": "Portcullis",
        "semanticVersion": report.scanner,
        "rules": rules.into_iter().map(rule).collect::<Vec<_>>(),
    });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "automationDetails": { "id": format!("portcullis/{}/", words::kind(report.scan)) },
            "invocations": [invocation(report)],
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": properties(report),
        }],
    })
}

/// One finding of each flaw, in the report's order: it has the flaw's words.
fn rules(report: &Report) -> Vec<&Finding> {
    let mut rules: Vec<&Finding> = Vec::new();
    for finding in &report.findings {
        if !rules.iter().any(|known| known.flaw == finding.flaw) {
            rules.push(finding);
        }
    }
    rules
}

fn rule(finding: &Finding) -> Value {
    let title = unlinked(&line(&finding.title));
    let [why, fix] = [&finding.why, &finding.fix].map(|text| unlinked(&block(text)));
    let mut properties = Map::new();
    let tags = ["security", &finding.owasp, &format!("external/cwe/cwe-{}", finding.cwe)];
    properties.insert("tags".to_owned(), json!(tags.map(line)));
    properties.insert("precision".to_owned(), json!(finding.confidence.code()));
    properties.insert("problem.severity".to_owned(), json!(level(finding.severity).1));
    if let Some(number) = security_severity(finding.severity) {
        properties.insert("security-severity".to_owned(), json!(number));
    }
    json!({
        "id": line(&finding.flaw),
        "name": pascal(&finding.flaw),
        "shortDescription": { "text": title },
        "fullDescription": { "text": why },
        "help": {
            "text": format!("{why}\n\nTo mend it: {fix}"),
            "markdown": format!(
                "{}\n\n**To mend it:** {}", super::markdown::prose(&why), super::markdown::prose(&fix)
            ),
        },
        "defaultConfiguration": { "level": level(finding.severity).0 },
        "properties": properties,
    })
}

/// A finding without a place is still a result.
fn results(report: &Report, finding: &Finding, rule: usize, view: &View) -> Vec<Value> {
    let nowhere = [Place::of_operation(None)];
    let places = if finding.places.is_empty() { &nowhere[..] } else { &finding.places };
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let result = |place: &Place| {
        let print = fingerprint(finding, place);
        // Two places may be alike; each stays a result of its own.
        let nth = seen.entry(print.clone()).and_modify(|nth| *nth += 1).or_insert(1);
        let print = format!("{print}:{nth}");
        let mut result = json!({
            "ruleId": line(&finding.flaw),
            "ruleIndex": rule,
            "level": level(finding.severity).0,
            "message": { "text": message(finding, place) },
            "locations": [location(report, place)],
            "partialFingerprints": { "portcullis/v1": print, "primaryLocationLineHash": print },
            "properties": {
                "finding": line(&finding.id),
                "severity": finding.severity.code(),
                "confidence": finding.confidence.code(),
                "reach": finding.reach,
                "pointer": line(&place.pointer),
                "replay": block(&finding.replay),
            },
        });
        if let (Some(_), Some(result)) = (view.against, result.as_object_mut()) {
            result.insert("baselineState".to_owned(), json!("new"));
        }
        result
    };
    places.iter().map(result).collect()
}

fn message(finding: &Finding, place: &Place) -> String {
    let where_ = [place.operation.as_deref(), place.detail.as_deref()];
    let parts = where_.into_iter().flatten().map(line).filter(|part| !part.is_empty());
    let said = std::iter::once(words::name(finding)).chain(parts).collect::<Vec<_>>().join("; ");
    unlinked(&said)
}

/// A message may hold links, `[text](target)` (§3.11.6). Ours have none, so nobody's words make one.
fn unlinked(text: &str) -> String {
    text.replace("](", "] (")
}

/// Code scanning shows only what stands in a line of an artifact; for what a live scan saw the
/// artifact is the target.
fn location(report: &Report, place: &Place) -> Value {
    let uri = if place.file.is_empty() { uri(&report.target) } else { file_uri(&place.file) };
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri },
            "region": { "startLine": place.line.max(1) },
        },
    });
    if let (Some(operation), Some(location)) = (&place.operation, location.as_object_mut()) {
        let name = line(operation);
        let logical = json!([{ "name": name, "fullyQualifiedName": name, "kind": "function" }]);
        location.insert("logicalLocations".to_owned(), logical);
    }
    location
}

fn invocation(report: &Report) -> Value {
    let notes: Vec<_> = report.incomplete.iter().map(notification).collect();
    json!({
        "executionSuccessful": report.incomplete.is_empty(),
        "startTimeUtc": words::moment(report.started),
        "endTimeUtc": words::moment(report.ended),
        "toolExecutionNotifications": notes,
    })
}

fn notification(gap: &Incomplete) -> Value {
    let [check, detail] = [&gap.check, &gap.detail].map(|text| unlinked(&line(text)));
    json!({
        "level": "error",
        "descriptor": { "id": gap.code.code() },
        "message": { "text": format!("{check} was not judged: {}: {detail}", gap.code.meaning()) },
        "properties": { "check": check },
    })
}

fn properties(report: &Report) -> Value {
    let mut properties = Map::new();
    let checks: Vec<_> = report.checks.iter().map(|check| line(check)).collect();
    properties.insert("checks".to_owned(), json!(checks));
    properties.insert("subject".to_owned(), json!(words::subject(report)));
    if let Some(score) = &report.score {
        properties.insert("score".to_owned(), json!(score.points));
    }
    Value::Object(properties)
}

/// SARIF's level, and the `problem.severity` that code scanning reads.
fn level(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Critical | Severity::High => ("error", "error"),
        Severity::Medium => ("warning", "warning"),
        Severity::Low | Severity::Info => ("note", "recommendation"),
    }
}

/// The number from which code scanning makes its own severity, as text: above 9.0 critical, from 7.0
/// high, from 4.0 medium, from 0.1 low.
fn security_severity(severity: Severity) -> Option<&'static str> {
    match severity {
        Severity::Critical => Some("9.5"),
        Severity::High => Some("8.0"),
        Severity::Medium => Some("5.5"),
        Severity::Low => Some("2.5"),
        Severity::Info => None,
    }
}

fn pascal(flaw: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
    };
    line(flaw).split('-').map(word).collect::<Vec<String>>().concat()
}

fn uri(address: &str) -> String {
    utf8_percent_encode(&line(address), NOT_IN_URI).to_string()
}

/// A file as a URI reference; an address stays one.
fn file_uri(file: &str) -> String {
    if file.starts_with("https://") || file.starts_with("http://") {
        return uri(file);
    }
    let escaped = uri(&file.replace('%', "%25").replace('#', "%23").replace('?', "%3F"));
    match escaped.strip_prefix("./").unwrap_or(&escaped) {
        rooted if rooted.starts_with('/') => format!("file://{rooted}"),
        // Otherwise what stands before a colon in the first part would be a scheme.
        relative => relative.replace(':', "%3A"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_uri_references() {
        assert_eq!(file_uri("./api/shop v2.yaml"), "api/shop%20v2.yaml");
        assert_eq!(file_uri("/srv/a#b%.yaml"), "file:///srv/a%23b%25.yaml");
        assert_eq!(file_uri("javascript:x"), "javascript%3Ax");
        assert_eq!(file_uri("https://a.example/b%20c {d}"), "https://a.example/b%20c%20%7Bd%7D");
    }

    #[test]
    fn a_rule_has_a_name_in_one_word() {
        assert_eq!(pascal("key-in-query"), "KeyInQuery");
        assert_eq!(pascal("é-x--y"), "éXY");
    }
}
