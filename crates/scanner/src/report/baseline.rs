//! Baselines: what is known of an API already, so that only what is new speaks up.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::{Finding, Place, Report};

/// The version of [`Baseline`]'s shape.
const FORMAT: u32 = 1;

/// The places of findings that are known, as fingerprints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    format: u32,
    /// By the finding's id, in order. A fingerprint stands there as often as it was found.
    known: BTreeMap<String, Vec<String>>,
}

/// How a report compares with a baseline, in places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub known: usize,
    pub new: usize,
    /// In the baseline, and not found this time.
    pub gone: usize,
}

impl Counts {
    /// What a reader has to know of it.
    pub fn sentence(self) -> String {
        format!("{} known places left out, {} gone", self.known, self.gone)
    }
}

/// A file that is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    #[error("it is no baseline: {0}")]
    Shape(#[from] serde_json::Error),
    #[error("it is a baseline of format {0}, and this version reads format {FORMAT}")]
    Format(u32),
}

/// Every place of this report, to be known from now on.
pub fn of(report: &Report) -> Baseline {
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in &report.findings {
        let prints = finding.places.iter().map(|place| fingerprint(finding, place));
        known.entry(finding.id.clone()).or_default().extend(prints);
    }
    known.values_mut().for_each(|prints| prints.sort_unstable());
    Baseline { format: FORMAT, known }
}

impl Baseline {
    /// The file's text.
    ///
    /// # Errors
    /// None that can be met: names and hashes are JSON.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// It is not what [`Baseline::text`] writes, or of another format.
    pub fn read(text: &[u8]) -> Result<Self, BaselineError> {
        let read: Self = serde_json::from_slice(text)?;
        match read.format {
            FORMAT => Ok(read),
            other => Err(BaselineError::Format(other)),
        }
    }
}

/// The report without what the baseline knows.
///
/// A finding keeps its id, its reach and its evidence; only its places become fewer, and without a
/// new place it is left out. The score stays, for it is the document's. What could not be judged
/// stays: a baseline never hides it.
pub fn only_new(mut report: Report, baseline: &Baseline) -> (Report, Counts) {
    let mut counts = Counts::default();
    let mut left = baseline.known.clone();
    report.findings.retain_mut(|finding| {
        let Some(mut known) = left.remove(&finding.id) else {
            counts.new += finding.places.len();
            return true;
        };
        let before = finding.places.len();
        let prints: Vec<_> = finding.places.iter().map(|one| fingerprint(finding, one)).collect();
        let mut prints = prints.iter();
        finding.places.retain(|_| {
            let print = prints.next();
            let at = known.iter().position(|one| Some(one) == print);
            at.map(|at| known.swap_remove(at)).is_none()
        });
        counts.known += before - finding.places.len();
        counts.new += finding.places.len();
        counts.gone += known.len();
        !finding.places.is_empty()
    });
    counts.gone += left.values().map(Vec::len).sum::<usize>();
    (report, counts)
}

/// What stays the same of a place when a document is edited elsewhere: 16 hex digits over finding,
/// operation, detail and pointer. Neither the line counts nor how the file is called, nor where in
/// a list the place stands.
pub fn fingerprint(finding: &Finding, place: &Place) -> String {
    let operation = place.operation.as_deref().unwrap_or_default();
    let detail = place.detail.as_deref().unwrap_or_default();
    let parts = [finding.id.as_str(), operation, detail, &steady(&place.pointer)];
    let hash = digest(&SHA256, parts.join("\0").as_bytes());
    hex::encode(hash.as_ref().iter().take(8).copied().collect::<Vec<u8>>())
}

/// What OpenAPI and JSON Schema keep in lists: below these a number is a position.
const LISTS: [&str; 14] = [
    "allOf",
    "anyOf",
    "consumes",
    "enum",
    "examples",
    "items",
    "oneOf",
    "parameters",
    "prefixItems",
    "produces",
    "required",
    "security",
    "servers",
    "tags",
];

fn steady(pointer: &str) -> String {
    let mut above = "";
    let mut parts = Vec::new();
    for part in pointer.split('/') {
        let is_position = LISTS.contains(&above) && part.bytes().all(|byte| byte.is_ascii_digit());
        parts.push(if is_position { "*" } else { part });
        above = part;
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Severity;
    use crate::report::made::{gap, report, severe};

    fn at(operation: &str, pointer: &str, line: u32) -> Place {
        let mut place = Place::of_operation(Some(operation.to_owned()));
        (place.file, place.pointer, place.line) = ("api.yaml".to_owned(), pointer.to_owned(), line);
        place
    }

    fn found(places: &[Place]) -> Report {
        let mut scan = report();
        let mut finding = severe(Severity::High);
        finding.places = places.to_vec();
        scan.findings = vec![finding];
        scan.incomplete = vec![gap()];
        scan
    }

    #[test]
    fn what_moved_is_known_and_what_is_added_is_new() {
        let before = found(&[
            at("GET /a", "/paths/~1a/get/parameters/0", 10),
            at("GET /b", "/paths/~1b/get/responses/200", 20),
        ]);
        let text = of(&before).text().expect("json");
        let baseline = Baseline::read(text.as_bytes()).expect("a baseline");
        let after = found(&[
            at("GET /a", "/paths/~1a/get/parameters/3", 11),
            at("GET /b", "/paths/~1b/get/responses/404", 21),
        ]);
        let (new, counts) = only_new(after, &baseline);
        assert_eq!(counts, Counts { known: 1, new: 1, gone: 1 });
        let places = &new.findings.first().expect("one").places;
        assert_eq!(places.iter().map(|one| one.line).collect::<Vec<_>>(), [21]);
    }

    #[test]
    fn a_place_like_a_known_one_is_still_one_more() {
        let one = at("GET /a", "/paths/~1a/get/parameters/0", 10);
        let other = at("GET /a", "/paths/~1a/get/parameters/1", 12);
        let baseline = of(&found(std::slice::from_ref(&one)));
        let (new, counts) = only_new(found(&[one, other]), &baseline);
        assert_eq!(counts, Counts { known: 1, new: 1, gone: 0 });
        assert_eq!(new.findings.len(), 1);
    }

    #[test]
    fn a_baseline_never_hides_what_was_not_judged_nor_the_score() {
        let mut scan = found(&[at("GET /a", "", 1)]);
        scan.score = Some(super::super::score::score(&scan.findings, 1));
        let (new, counts) = only_new(scan.clone(), &of(&scan));
        assert_eq!(counts, Counts { known: 1, new: 0, gone: 0 });
        assert!(new.findings.is_empty());
        assert_eq!((new.incomplete, new.score), (scan.incomplete, scan.score));
    }

    #[test]
    fn another_detail_is_another_place() {
        let mut known = at("GET /a", "/x", 1);
        known.detail = Some("limit".to_owned());
        let mut new = known.clone();
        new.detail = Some("offset".to_owned());
        let (_, counts) = only_new(found(&[new]), &of(&found(&[known])));
        assert_eq!(counts, Counts { known: 0, new: 1, gone: 1 });
    }

    #[test]
    fn what_is_no_baseline_is_refused() {
        for text in [
            r#"{"format":2,"known":{}}"#,
            r#"{"known":{}}"#,
            "[]",
            r#"{"format":1,"known":{},"x":1}"#,
        ] {
            assert!(Baseline::read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
