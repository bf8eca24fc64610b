//! What a scan brings back: measured values, findings with evidence, and what could not be judged.
//!
//! One shape for both scans; `report/` writes it in the formats that people and machines read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::flaw::Flaw;

pub mod baseline;
pub mod form;
mod html;
mod junit;
#[cfg(test)]
mod made;
mod markdown;
mod sarif;
pub mod score;
#[cfg(test)]
mod tests;
pub mod text;
pub mod verdict;
pub mod words;

pub use form::{Form, View};
pub use verdict::{Outcome, Threshold};

/// A measured value. There are no fractions, so that it can stand in a ledger entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Text(String),
}

/// How bad a finding is if it is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

/// How sure the evidence makes us that a finding is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// A request as a reviewer may see it: credentials stand as `$TOKEN` and the like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShownRequest {
    /// For instance `GET /v1/orders HTTP/1.1`; for a raw TLS probe a sentence.
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
}

/// An answer as a reviewer may see it: masked, without control characters, cut to a screen or two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShownResponse {
    /// The HTTP status, or 0 where no HTTP was spoken.
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub excerpt: String,
    /// True if the body was longer than the excerpt.
    pub cut: bool,
}

/// One request and what came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    pub request: ShownRequest,
    pub response: Option<ShownResponse>,
    /// The same request as a shell command; credentials are read from the environment.
    pub curl: String,
}

/// One place where a weakness stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// `METHOD /path` of the document, where the place belongs to one operation.
    pub operation: Option<String>,
    /// The file of the document, as it was named; empty for what a live scan saw.
    pub file: String,
    /// JSON Pointer (RFC 6901) within that file.
    pub pointer: String,
    /// Line in that file, counted from 1; 0 where it is not known.
    pub line: u32,
    /// What is particular to this place, for instance a parameter's name.
    pub detail: Option<String>,
}

/// A weakness, with what a reader needs to believe it, to repeat it and to mend it.
///
/// What has the same flaw and the same shape is one finding with many places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Stable over runs: made of flaw and shape (`key-in-query-1f3a90c2`). Baselines and
    /// `scan replay` name it.
    pub id: String,
    /// The check that asked.
    pub check: String,
    /// What is wrong; also the name of its page in `docs/checks`.
    pub flaw: String,
    pub title: String,
    pub severity: Severity,
    pub confidence: Confidence,
    /// What all places have in common, for instance ``query parameter `api_key` ``.
    pub shape: String,
    pub why: String,
    pub fix: String,
    /// Class of the OWASP API Security Top 10 of 2023, for instance `API2:2023`.
    pub owasp: String,
    pub cwe: u32,
    /// In the document's order. A live finding without an operation has one place of its own.
    pub places: Vec<Place>,
    /// How many operations of the document it reaches.
    pub reach: u32,
    /// The control request first, then the one that shows the weakness, then what reads it back.
    pub evidence: Vec<Exchange>,
    /// One command that repeats the request; empty for what was read in a document.
    pub replay: String,
}

/// Why a check, or part of it, could not be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapCode {
    /// The scan's number of requests was used up.
    OutOfRequests,
    /// The scan's time was used up.
    OutOfTime,
    /// The target is at an address where the order does not let the scan go.
    OutOfReach,
    /// Nothing answered, or not in the protocol expected.
    Unreachable,
    /// The order holds no credential that this question needs.
    NoCredential,
    /// Who answers is not proven (certificate or plain HTTP), so the credential was not sent.
    Unidentified,
    /// The document describes nothing that this question could be asked of.
    NoOperation,
    /// The request that had to succeed did not, so a refusal would prove nothing.
    ControlRefused,
    /// Answers came and do not say clearly what they mean.
    Undecided,
    /// The credential's form is not one that the scanner can take apart.
    Unsupported,
    /// A reference of the document leads outside and was not allowed, or leads nowhere.
    Unresolved,
    /// A part of the document is not what the specification says, and could not be read.
    Unreadable,
    /// A bound on size, depth or number was reached.
    TooLarge,
}

/// A check that has no verdict, or has none on some of its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incomplete {
    /// The check, or `document` for what no check could see.
    pub check: String,
    pub code: GapCode,
    pub detail: String,
}

/// The document that was judged, or that a live scan went by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Described {
    /// Where it was read: a file or an address, as given.
    pub source: String,
    /// SHA-256 of the first file's bytes in lower-case hex.
    pub sha256: String,
    pub title: String,
    /// The document's own version, `info.version`.
    pub version: String,
    /// `2.0`, `3.0` or `3.1`.
    pub openapi: String,
    pub operations: u32,
}

/// What one flaw costs of the score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deduction {
    pub flaw: String,
    pub severity: Severity,
    pub confidence: Confidence,
    /// Operations that the flaw reaches, and operations that there are.
    pub reach: u32,
    pub operations: u32,
    /// Tenths of a point, negative ones excluded.
    pub tenths: u32,
    /// The sum in words: `25 x 0.8 x (0.4 + 0.6 x 12/1043) = 8.1`.
    pub arithmetic: String,
}

/// 100 points less the deductions, never below 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    pub points: u32,
    pub deductions: Vec<Deduction>,
}

/// Which of the two scans made a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scan {
    Document,
    Live,
}

/// The result of one scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The version of this shape; its schema is `docs/scan-report.schema.json`.
    pub format: u32,
    pub scan: Scan,
    /// The version of the scanner.
    pub scanner: String,
    /// The order's nonce; empty where nobody ordered.
    pub nonce: String,
    pub document: Option<Described>,
    /// The order's target, as given; empty for a document.
    pub target: String,
    /// SHA-256 of the leaf certificate in lower-case hex; the same on every connection of the scan.
    pub certificate_sha256: Option<String>,
    /// What the scan's own connections spoke, for instance `TLSv1.3 TLS13_AES_256_GCM_SHA384`.
    pub tls: Option<String>,
    /// Milliseconds since 1970, by the clock that the caller passed.
    pub started: u64,
    pub ended: u64,
    /// The checks that were to be made.
    pub checks: Vec<String>,
    /// Of a document only.
    pub score: Option<Score>,
    /// Measured values by stable dotted name. A name that is absent was not measured.
    pub values: BTreeMap<String, Value>,
    /// The worst first; of the same severity what reaches most.
    pub findings: Vec<Finding>,
    /// What could not be judged. A report with an entry here is not whole, whatever it found.
    pub incomplete: Vec<Incomplete>,
    pub requests_sent: u32,
}

/// The version of [`Report`]'s shape.
pub const FORMAT: u32 = 1;

impl Finding {
    /// A finding of this flaw and shape, without places or evidence yet.
    pub fn new(flaw: &Flaw, shape: impl Into<String>) -> Self {
        let shape = shape.into();
        Self {
            id: identity(flaw.id, &shape),
            check: flaw.check.to_owned(),
            flaw: flaw.id.to_owned(),
            title: flaw.title.to_owned(),
            severity: flaw.severity,
            confidence: flaw.confidence,
            shape,
            why: flaw.why.to_owned(),
            fix: flaw.fix.to_owned(),
            owasp: flaw.owasp.to_owned(),
            cwe: flaw.cwe,
            places: Vec::new(),
            reach: 0,
            evidence: Vec::new(),
            replay: String::new(),
        }
    }
}

impl Finding {
    /// The same finding, of this shape.
    pub fn of_shape(mut self, shape: impl Into<String>) -> Self {
        self.shape = shape.into();
        self.id = identity(&self.flaw, &self.shape);
        self
    }
}

impl Described {
    /// What a report says of the document that it goes by. `source` is where it was read.
    pub fn of(api: &Api<'_>, source: &str) -> Self {
        Self {
            source: source.to_owned(),
            sha256: api.files.list.first().map(|file| file.sha256.clone()).unwrap_or_default(),
            title: api.title.to_owned(),
            version: api.version.to_owned(),
            openapi: api.edition.name().to_owned(),
            operations: u32::try_from(api.operations.len()).unwrap_or(u32::MAX),
        }
    }
}

impl Place {
    /// A place that a live scan saw.
    pub fn of_operation(operation: Option<String>) -> Self {
        let (file, pointer) = (String::new(), String::new());
        Self { operation, file, pointer, line: 0, detail: None }
    }
}

fn identity(flaw: &str, shape: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, shape.as_bytes());
    let start = digest.as_ref().iter().take(4).copied().collect::<Vec<u8>>();
    format!("{flaw}-{}", hex::encode(start))
}

/// Exchanges of one finding that are kept; its places name the rest.
const MOST_EXCHANGES: usize = 12;

/// Adds a finding; what has the same flaw and shape becomes one finding with more places.
pub fn gather(findings: &mut Vec<Finding>, found: Finding) {
    let Some(known) = findings.iter_mut().find(|one| one.id == found.id) else {
        findings.push(found);
        return;
    };
    known.reach += found.reach;
    known.places.extend(found.places);
    if known.evidence.len() + found.evidence.len() <= MOST_EXCHANGES {
        known.evidence.extend(found.evidence);
    }
}

/// The worst first, then the surest, then what reaches most.
pub fn rank(findings: &mut [Finding]) {
    findings.sort_by(|one, other| {
        let key = |finding: &Finding| (finding.severity, finding.confidence, finding.reach);
        key(other).cmp(&key(one)).then_with(|| one.id.cmp(&other.id))
    });
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
