//! A fixed slice of real documents: each is judged, soon; `make corpus` takes all of them.

use std::time::Duration;

use crate::real;

/// Of one document, without optimisation and beside other tests.
const SOON: Duration = Duration::from_secs(if cfg!(debug_assertions) { 120 } else { 10 });

#[test]
fn the_slice_is_judged_whole_and_soon() {
    let list = std::fs::read_to_string(real::root().join("tests/corpus/slice.txt")).unwrap();
    let names: Vec<&str> = list.lines().collect();
    assert_eq!(names.len(), 300);
    let judged = real::each(&names, |name| real::judge(name, real::bytes(name)));
    let mut refused = Vec::new();
    for (name, (report, took)) in names.iter().zip(judged) {
        assert!(took < SOON, "{name} took {took:?}");
        match report {
            Err(why) => refused.push(format!("{name}: {why}")),
            Ok(report) => {
                assert!(report.document.is_some_and(|one| one.operations > 0), "{name}");
                let places = report.findings.iter().flat_map(|finding| &finding.places);
                let nowhere = places.filter(|place| place.line == 0).count();
                assert_eq!(nowhere, 0, "{name}: places without a line");
            }
        }
    }
    for why in &refused {
        println!("refused: {why}");
    }
    assert!(refused.len() * 100 <= names.len(), "{refused:#?}");
}
