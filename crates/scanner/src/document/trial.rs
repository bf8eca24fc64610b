//! Small documents for the tests of checks.

use serde_json::{Value, json};

use super::{Check, Found, Look};
use crate::api::{Api, Files};
use crate::report::Finding;

/// A document with nothing wrong in it, of which these members are replaced.
pub fn with(members: Value) -> Value {
    let mut root = json!({
        "openapi": "3.0.3",
        "info": {"title": "Orders", "version": "1"},
        "servers": [{"url": "https://api.shop.com"}],
        "security": [{"token": []}],
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "paths": {"/orders": {"get": {}}},
    });
    let (Some(root_members), Value::Object(members)) = (root.as_object_mut(), members) else {
        return root;
    };
    root_members.extend(members);
    root
}

/// The findings of one check.
pub fn findings(check: &'static Check, look: Look, root: Value) -> Vec<Finding> {
    let files = Files::of_value(root);
    let api = Api::read(&files).expect("a readable document");
    let mut found = Found::new(&api, check);
    look(&api, &mut found);
    let (mut findings, mut incomplete) = (Vec::new(), Vec::new());
    found.enter(&mut findings, &mut incomplete);
    findings
}

/// What one check finds in files that were read, each as [`found`] has it.
pub fn found_in(check: &'static Check, look: Look, files: &Files) -> Vec<String> {
    let api = Api::read(files).expect("a readable document");
    let mut found = Found::new(&api, check);
    look(&api, &mut found);
    let (mut findings, mut incomplete) = (Vec::new(), Vec::new());
    found.enter(&mut findings, &mut incomplete);
    findings.iter().map(line).collect()
}

/// What one check finds, each as `shape @ operations or pointers of its places`.
pub fn found(check: &'static Check, look: Look, root: Value) -> Vec<String> {
    findings(check, look, root).iter().map(line).collect()
}

fn line(finding: &Finding) -> String {
    let place = |place: &crate::report::Place| {
        place.operation.clone().unwrap_or_else(|| place.pointer.clone())
    };
    let places: Vec<_> = finding.places.iter().map(place).collect();
    format!("{} @ {}", finding.shape, places.join(", "))
}
