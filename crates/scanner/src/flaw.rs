//! What a check may find, in the words that reports and `docs/checks` use.

use crate::report::{Confidence, Exchange, Finding, Place, Severity};

/// The part of a finding that does not depend on where it was found.
#[derive(Debug, Clone, Copy)]
pub struct Flaw {
    /// Stable kebab-case name; also its page in `docs/checks`.
    pub id: &'static str,
    /// The check that looks for it: of a document check the same name.
    pub check: &'static str,
    pub title: &'static str,
    pub severity: Severity,
    pub confidence: Confidence,
    pub why: &'static str,
    pub fix: &'static str,
    /// Class of the OWASP API Security Top 10 of 2023, for instance `API2:2023`.
    pub owasp: &'static str,
    /// Number in the Common Weakness Enumeration.
    pub cwe: u32,
}

impl Flaw {
    /// What a live check found at one operation, or beside all of them; the last exchange is the
    /// one to repeat.
    pub fn found(&self, operation: Option<String>, evidence: Vec<Exchange>) -> Finding {
        let mut finding = Finding::new(self, "");
        finding.replay = evidence.last().map(|exchange| exchange.curl.clone()).unwrap_or_default();
        finding.reach = u32::from(operation.is_some());
        finding.places.push(Place::of_operation(operation));
        finding.evidence = evidence;
        finding
    }
}
