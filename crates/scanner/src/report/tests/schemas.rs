//! Every form that has a schema against it, by a validator that nobody here wrote.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::{Form, Report, full, live, report, view, written};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What the validator has against each text; empty where it has nothing.
fn faults(schema: &str, texts: &[String]) -> Vec<String> {
    let python = root().join(".cache/vendors/venv/bin/python");
    assert!(python.exists(), "`make test-setup` installs {}", python.display());
    let folder = tempfile::tempdir().expect("a directory");
    let file = |index: usize| folder.path().join(format!("{index}.text"));
    for (index, text) in texts.iter().enumerate() {
        std::fs::write(file(index), text).expect("written");
    }
    let mut validator = Command::new(python);
    validator.arg(root().join("tests/vendors/valid.py")).arg(schema);
    let run = validator.args((0..texts.len()).map(file)).output().expect("the validator runs");
    let said = String::from_utf8_lossy(&run.stdout);
    let judged = run.status.code() == Some(i32::from(!said.is_empty()));
    assert!(judged, "{}", String::from_utf8_lossy(&run.stderr));
    let of = |index: usize| {
        let begin = format!("{}: ", file(index).display());
        said.lines().filter_map(|line| line.strip_prefix(&begin)).collect::<Vec<_>>().join("\n")
    };
    (0..texts.len()).map(of).collect()
}

fn every_report() -> [Report; 3] {
    [report(), full(), live()]
}

#[test]
fn sarif_is_valid() {
    let mut texts = every_report().map(|scan| written(Form::Sarif, &scan)).to_vec();
    let against = Some(super::baseline::Counts::default());
    let view = super::View { against, ..view() };
    let text = Form::Sarif.write(&full(), &view).expect("written");
    let broken = text.replace("\"startLine\": 120", "\"startLine\": 0");
    texts.extend([text, broken]);
    let found = faults("sarif", &texts);
    assert_eq!(found[..4], ["", "", "", ""]);
    assert!(found[4].contains("less than the minimum"), "the validator looks: {found:?}");
}

#[test]
fn junit_is_well_formed_xml() {
    let texts = every_report().map(|scan| written(Form::Junit, &scan));
    assert_eq!(faults("xml", &texts), ["", "", ""]);
}

/// Every object of the shape; none of them takes a member that it does not know.
const CLOSED: [&str; 10] = [
    "",
    "/document",
    "/score",
    "/score/deductions/0",
    "/incomplete/0",
    "/findings/0",
    "/findings/0/places/0",
    "/findings/0/evidence/0",
    "/findings/0/evidence/0/request",
    "/findings/0/evidence/0/response",
];

#[test]
fn json_is_as_its_published_schema_says() {
    let schema = root().join("docs/scan-report.schema.json");
    let schema = schema.to_str().expect("a path");
    let whole = serde_json::to_value(full()).expect("json");
    let with_more = CLOSED.map(|place| {
        let mut more = whole.clone();
        more.pointer_mut(place).expect(place)["unknown"] = json!(1);
        more.to_string()
    });
    let texts =
        [every_report().map(|scan| written(Form::Json, &scan)).to_vec(), with_more.to_vec()];
    let found = faults(schema, &texts.concat());
    assert_eq!(found[..3], ["", "", ""]);
    for (place, fault) in CLOSED.iter().zip(&found[3..]) {
        assert!(fault.contains("unknown"), "`{place}` takes anything: {fault}");
    }
}

#[test]
fn json_is_read_back_as_it_was_written() {
    for scan in every_report() {
        let read: Report = serde_json::from_str(&written(Form::Json, &scan)).expect("a report");
        assert_eq!(read, scan);
    }
}
