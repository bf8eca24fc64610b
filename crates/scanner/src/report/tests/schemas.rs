//! Every form that has a schema against it, by a validator that nobody here wrote.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::{Form, Report, full, live, report, view, written};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What the validator has against a text; empty if nothing.
fn faults(schema: &str, text: &str) -> String {
    let python = root().join(".cache/vendors/venv/bin/python");
    assert!(python.exists(), "`make test-setup` installs {}", python.display());
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    let script = root().join("tests/vendors/valid.py");
    let run = Command::new(python).arg(script).arg(schema).arg(file.path()).output();
    let run = run.expect("the validator runs");
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(
        run.status.success() != (run.status.code() == Some(1) && !said.is_empty()),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    said
}

fn every_report() -> [Report; 3] {
    [report(), full(), live()]
}

#[test]
fn sarif_is_valid() {
    for scan in every_report() {
        assert_eq!(faults("sarif", &written(Form::Sarif, &scan)), "");
    }
    let against = Some(super::baseline::Counts::default());
    let view = super::View { against, ..view() };
    let text = Form::Sarif.write(&full(), &view).expect("written");
    assert_eq!(faults("sarif", &text), "");
    let broken = text.replace("\"startLine\": 120", "\"startLine\": 0");
    assert!(faults("sarif", &broken).contains("less than the minimum"), "the validator looks");
}

#[test]
fn junit_is_well_formed_xml() {
    for scan in every_report() {
        assert_eq!(faults("xml", &written(Form::Junit, &scan)), "");
    }
}

#[test]
fn json_is_as_its_published_schema_says() {
    let schema = root().join("docs/scan-report.schema.json");
    let schema = schema.to_str().expect("a path");
    for scan in every_report() {
        assert_eq!(faults(schema, &written(Form::Json, &scan)), "");
    }
    let whole = serde_json::to_value(full()).expect("json");
    for place in [
        "",
        "/document",
        "/score",
        "/score/deductions/0",
        "/findings/0",
        "/incomplete/0",
        "/findings/0/places/0",
        "/findings/0/evidence/0",
        "/findings/0/evidence/0/request",
        "/findings/0/evidence/0/response",
    ] {
        let mut more = whole.clone();
        more.pointer_mut(place).expect(place)["unknown"] = json!(1);
        assert!(faults(schema, &more.to_string()).contains("unknown"), "`{place}` takes anything");
    }
}

#[test]
fn json_is_read_back_as_it_was_written() {
    for scan in every_report() {
        let read: Report = serde_json::from_str(&written(Form::Json, &scan)).expect("a report");
        assert_eq!(read, scan);
    }
}
