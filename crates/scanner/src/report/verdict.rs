//! Whether a report is good enough, and the sentence that says so.

use super::words::{count, counted, counts};
use super::{Finding, Report, Severity};

/// The least severity that fails a scan; `None` where none does (`--fail-on never`).
pub type Threshold = Option<Severity>;

/// How a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was judged, and nothing at or above the threshold was found.
    Clean,
    /// Something at or above the threshold was found, whether the scan is whole or not.
    Findings,
    /// Nothing of the kind was found, and not everything was judged.
    Incomplete,
}

impl Outcome {
    /// The exit code of `portcullis scan`.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Incomplete => 4,
        }
    }
}

/// INVARIANT: a report that is not whole is never `Clean`.
pub fn fail_on(report: &Report, threshold: Threshold) -> Outcome {
    if report.findings.iter().any(|finding| fails(finding, threshold)) {
        Outcome::Findings
    } else if report.incomplete.is_empty() {
        Outcome::Clean
    } else {
        Outcome::Incomplete
    }
}

/// True if this finding alone fails the scan.
pub fn fails(finding: &Finding, threshold: Threshold) -> bool {
    threshold.is_some_and(|least| finding.severity >= least)
}

/// The verdict in one sentence, without the stop.
pub fn sentence(report: &Report, threshold: Threshold) -> String {
    let bad = report.findings.iter().filter(|finding| fails(finding, threshold));
    let failing = counts(bad.clone());
    let rest = report.findings.len() - bad.clone().count();
    let said = match (threshold, rest) {
        _ if !failing.is_empty() => {
            let noun = if bad.count() == 1 { "finding" } else { "findings" };
            format!("not good enough: {} {noun}", counted(&failing))
        }
        (None, 0) => "nothing was found".to_owned(),
        (None, _) => format!(
            "{} ({}), and none of them was to fail the scan",
            count(rest, "finding", "findings"),
            counted(&counts(report.findings.iter()))
        ),
        (Some(least), 0) => format!("nothing was found, {} or otherwise", least.code()),
        (Some(least), _) => format!(
            "nothing that is {} or worse was found, and {}",
            least.code(),
            count(rest, "lesser finding", "lesser findings")
        ),
    };
    match (report.incomplete.len(), fail_on(report, threshold)) {
        (0, _) => said,
        (gaps, Outcome::Findings) => format!("{said}; {} not be judged", could(gaps)),
        (gaps, _) => format!("no verdict: {} not be judged; {said}", could(gaps)),
    }
}

fn could(gaps: usize) -> String {
    format!("{} could", count(gaps, "question", "questions"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::made::{gap, report, severe};

    #[test]
    fn a_scan_that_is_not_whole_is_never_clean() {
        let mut scan = report();
        assert_eq!(fail_on(&scan, Some(Severity::High)), Outcome::Clean);
        scan.incomplete.push(gap());
        for threshold in [None, Some(Severity::Info), Some(Severity::Critical)] {
            assert_eq!(fail_on(&scan, threshold), Outcome::Incomplete);
            let said = sentence(&scan, threshold);
            assert!(said.starts_with("no verdict: 1 question could not be judged"), "{said}");
        }
        scan.findings.push(severe(Severity::High));
        assert_eq!(fail_on(&scan, Some(Severity::High)), Outcome::Findings);
        let said = "not good enough: 1 high finding; 1 question could not be judged";
        assert_eq!(sentence(&scan, Some(Severity::High)), said);
    }

    #[test]
    fn the_threshold_is_the_least_that_fails() {
        let mut scan = report();
        scan.findings = vec![severe(Severity::Medium), severe(Severity::Low)];
        let outcome = |threshold| fail_on(&scan, threshold);
        assert_eq!(outcome(Some(Severity::High)), Outcome::Clean);
        assert_eq!(outcome(Some(Severity::Medium)), Outcome::Findings);
        assert_eq!(outcome(None), Outcome::Clean);
        let said = "nothing that is high or worse was found, and 2 lesser findings";
        assert_eq!(sentence(&scan, Some(Severity::High)), said);
        let said = "not good enough: 1 medium and 1 low findings";
        assert_eq!(sentence(&scan, Some(Severity::Low)), said);
    }

    #[test]
    fn exit_codes_are_those_of_the_documentation() {
        let all = [Outcome::Clean, Outcome::Findings, Outcome::Incomplete];
        assert_eq!(all.map(Outcome::exit_code), [0, 1, 4]);
    }
}
