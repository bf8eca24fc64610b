//! How often each check is right, by findings that somebody read and judged (`tests/corpus/labels.tsv`).

use std::collections::{BTreeMap, BTreeSet};

use scanner::document::CHECKS;
use scanner::report::Severity;

use crate::real;

/// One judged finding.
struct Label {
    document: String,
    flaw: String,
    shape: String,
    pointer: String,
    right: bool,
}

#[test]
fn what_was_judged_wrong_is_rare_and_what_was_judged_right_is_still_found() {
    let labels = labels();
    let documents: BTreeSet<&str> = labels.iter().map(|one| one.document.as_str()).collect();
    let documents: Vec<&str> = documents.into_iter().collect();
    assert!(
        labels.len() >= 200 && documents.len() >= 20,
        "{} of {}",
        labels.len(),
        documents.len()
    );
    let found: BTreeSet<_> =
        real::each(&documents, |name| reported(name)).into_iter().flatten().collect();

    // Of each check: right ones, and wrong ones that are still reported.
    let mut counts: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let (mut lost, mut wrong) = (Vec::new(), Vec::new());
    for one in &labels {
        let key = [&one.document, &one.flaw, &one.shape, &one.pointer].map(String::clone);
        let count = counts.entry(&one.flaw).or_default();
        match (one.right, found.contains(&key)) {
            (true, true) => count.0 += 1,
            (true, false) => lost.push(key.join(" ")),
            (false, true) => {
                count.1 += 1;
                wrong.push(key.join(" "));
            }
            (false, false) => {}
        }
    }
    println!("{:<28} {:>5} {:>5} {:>9}", "check", "right", "wrong", "precision");
    let mut poor = Vec::new();
    for (flaw, (right, wrong)) in counts {
        let all = right + wrong;
        let percent = (right * 100).checked_div(all).unwrap_or(100);
        println!("{flaw:<28} {right:>5} {wrong:>5} {percent:>8}%");
        if percent < 90 && severity(flaw) > Severity::Info {
            poor.push(flaw);
        }
    }
    println!("still reported and wrong: {wrong:#?}");
    assert!(poor.is_empty(), "mend or make informational: {poor:?}");
    assert!(lost.is_empty(), "no longer found: {lost:#?}");
}

fn severity(flaw: &str) -> Severity {
    let found = CHECKS.iter().find(|(check, _)| check.flaw.id == flaw);
    found.map(|(check, _)| check.flaw.severity).expect("a label names a check")
}

fn reported(name: &str) -> Vec<[String; 4]> {
    let (report, _) = real::judge(name, real::bytes(name));
    let report = report.expect("judged");
    let places = |finding: &scanner::Finding| {
        let (flaw, shape) = (finding.flaw.clone(), finding.shape.clone());
        let key = |place: &scanner::report::Place| {
            [name.to_owned(), flaw.clone(), shape.clone(), place.pointer.clone()]
        };
        finding.places.iter().map(key).collect::<Vec<_>>()
    };
    report.findings.iter().flat_map(places).collect()
}

fn labels() -> Vec<Label> {
    let path = real::root().join("tests/corpus/labels.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("document\tflaw\tshape\tpointer\tverdict\twhy"));
    let label = |line: &str| {
        let parts: Vec<&str> = line.split('\t').collect();
        let [document, flaw, shape, pointer, verdict, why] = parts[..] else {
            panic!("six columns: {line}")
        };
        assert!(matches!(verdict, "true" | "false") && !why.is_empty(), "{line}");
        let [document, flaw, shape, pointer] = [document, flaw, shape, pointer].map(str::to_owned);
        Label { document, flaw, shape, pointer, right: verdict == "true" }
    };
    lines.map(label).collect()
}
