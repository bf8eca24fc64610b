//! What a scan brings back: measured values, findings with evidence, and what could not be judged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::order::CheckId;

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

/// A weakness, with what a reader needs to believe it, to repeat it and to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    pub check: CheckId,
    pub title: String,
    pub severity: Severity,
    pub confidence: Confidence,
    /// `METHOD /path` of the document, where the finding belongs to one operation.
    pub operation: Option<String>,
    pub why: String,
    pub fix: String,
    /// Class of the OWASP API Security Top 10 of 2023, for instance `API2:2023`.
    pub owasp: String,
    pub cwe: u32,
    /// The control request first, then the one that shows the weakness.
    pub evidence: Vec<Exchange>,
    /// One command that repeats it.
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
}

/// A check that has no verdict, or has none on some of its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incomplete {
    pub check: CheckId,
    pub code: GapCode,
    pub detail: String,
}

/// The result of one scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The order's nonce.
    pub nonce: String,
    /// The order's target, as given.
    pub target: String,
    /// SHA-256 of the leaf certificate in lower-case hex; the same on every connection of the scan.
    pub certificate_sha256: Option<String>,
    /// What the scan's own connections spoke, for instance `TLSv1.3 TLS13_AES_256_GCM_SHA384`.
    pub tls: Option<String>,
    /// Milliseconds since 1970, by the clock that the caller passed.
    pub started: u64,
    pub ended: u64,
    /// Measured values by stable dotted name. A name that is absent was not measured.
    pub values: BTreeMap<String, Value>,
    pub findings: Vec<Finding>,
    pub incomplete: Vec<Incomplete>,
    pub requests_sent: u32,
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
