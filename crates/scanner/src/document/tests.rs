//! Whole audits: what a report holds, and that nothing in a document gets in the way.

use super::*;
use crate::api::Fetch;
use serde_json::json;
use std::collections::BTreeSet;

fn read(text: &str) -> Files {
    let none: &Fetch<'_> = &|_| Err("not followed".to_owned());
    Files::read("api.yaml", text.as_bytes().to_vec(), none).expect("readable")
}

fn report(text: &str) -> Report {
    audit(&read(text), "api.yaml", &Options::default(), 1_000).expect("an API")
}

const WEAK: &str = "\
openapi: 3.0.3
info: {title: Shop, version: '7'}
servers:
  - url: http://api.shop.com
components:
  securitySchemes:
    key: {type: apiKey, in: query, name: api_key}
security:
  - key: []
paths:
  /orders:
    get: {}
    post: {$ref: '#/nowhere'}
  /orders/{id}:
    get: {}
";

#[test]
fn every_check_is_described_under_the_name_of_its_file() {
    let mut ids = BTreeSet::new();
    for ((check, _), module) in CHECKS.iter().zip(MODULES) {
        let flaw = check.flaw;
        assert_eq!(flaw.id.replace('-', "_"), module);
        assert_eq!(flaw.check, flaw.id);
        assert!(ids.insert(flaw.id), "{} twice", flaw.id);
        assert!(check.asks.ends_with('?'), "{}", flaw.id);
        for text in [flaw.why, flaw.fix, check.judged] {
            assert!(text.ends_with('.') && text.len() > 40, "{}: {text}", flaw.id);
        }
        assert!(flaw.title.len() > 15 && !flaw.title.ends_with('.'), "{}", flaw.id);
        assert!(flaw.owasp.starts_with("API") && flaw.owasp.ends_with(":2023"), "{}", flaw.id);
        assert!(flaw.cwe > 0 && !check.example.is_empty(), "{}", flaw.id);
    }
}

#[test]
fn a_report_names_places_lines_and_reach_and_ranks() {
    let report = report(WEAK);
    let described = report.document.as_ref().expect("described");
    assert_eq!(
        (described.title.as_str(), described.version.as_str(), described.operations),
        ("Shop", "7", 2 + 1)
    );
    assert_eq!(described.sha256.len(), 64);
    let of = |flaw: &str| report.findings.iter().find(|one| one.flaw == flaw).expect("found");
    let key = of("key-in-query");
    assert_eq!((key.shape.as_str(), key.reach), ("query parameter `api_key`", 3));
    let place = &key.places[0];
    assert_eq!(
        (place.file.as_str(), place.pointer.as_str(), place.line),
        ("api.yaml", "/components/securitySchemes/key", 7)
    );
    assert_eq!(of("server-plaintext").places[0].line, 4);
    let ranks: Vec<_> = report.findings.iter().map(|one| one.severity).collect();
    assert!(ranks.is_sorted_by(|one, other| one >= other), "{ranks:?}");
    assert_eq!(report.checks.len(), CHECKS.len());
    assert_eq!(
        report,
        audit(&read(WEAK), "api.yaml", &Options::default(), 1_000)
            .map(|mut again| {
                again.ended = report.ended;
                again
            })
            .expect("an API")
    );
}

#[test]
fn only_the_chosen_checks_are_made_and_unknown_ones_refused() {
    let checks = Selection::read(["key-in-query"]).expect("known");
    let report = audit(&read(WEAK), "a", &Options { checks }, 0).expect("an API");
    assert_eq!(report.checks, ["key-in-query"]);
    assert!(report.findings.iter().all(|one| one.flaw == "key-in-query"));
    assert_eq!(Selection::read(["key"]), Err(UnknownCheck("key".to_owned())));
    assert_eq!(Selection::read([]), Ok(Selection::All));
}

#[test]
fn nothing_in_a_document_silences_a_check() {
    let before = report(WEAK);
    let quiet = WEAK.replace("info: {", "x-portcullis-ignore: true\nx-ignore: [key-in-query]\nx-internal: true\ninfo: {x-suppress: all, ");
    let after = report(&quiet);
    let ids =
        |report: &Report| report.findings.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&before), ids(&after));
}

#[test]
fn what_could_not_be_seen_is_said() {
    let text = "openapi: 3.0.0\npaths:\n  /a:\n    get:\n      parameters: [{$ref: 'gone.yaml#/x'}, {$ref: '#/nowhere'}]\n";
    let report = report(text);
    let details: Vec<_> = report.incomplete.iter().map(|one| one.detail.as_str()).collect();
    assert!(details.iter().any(|one| one.contains("gone.yaml")), "{details:?}");
    assert!(details.iter().any(|one| one.contains("/paths/~1a/get/parameters/1")), "{details:?}");
}

#[test]
fn no_api_is_an_error() {
    let error = audit(&read("a: 1"), "a", &Options::default(), 0).expect_err("no API");
    assert!(matches!(error, AuditError::Api(ApiError::Version(_))));
    let empty = json!({"openapi": "3.1.0"});
    assert!(audit(&Files::of_value(empty), "a", &Options::default(), 0).is_err());
}
