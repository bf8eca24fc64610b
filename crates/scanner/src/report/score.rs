//! The score of a document: 100 points less what each flaw costs, with the sum in words.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{cut, line};
use super::{Confidence, Deduction, Finding, Score, Severity};

/// Tenths of a point that nothing is deducted from.
const FULL: u32 = 1_000;
/// Characters of a flaw's name in a sentence; only a report from elsewhere has longer ones.
const LONGEST: usize = 40;

/// What the findings leave of 100 points.
///
/// A flaw costs weight x confidence x (0.4 + 0.6 x reach / operations) points, rounded to a tenth,
/// once, however many findings it has: its reach is what they reach together. The deductions stand
/// in falling order. What is left is rounded down, so that 100 means that nothing was deducted.
pub fn score(findings: &[Finding], operations: u32) -> Score {
    let mut flaws: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        flaws.entry(&finding.flaw).or_default().push(finding);
    }
    let costs = flaws.into_iter().filter_map(|(flaw, findings)| cost(flaw, &findings, operations));
    let mut deductions: Vec<_> = costs.filter(|deduction| deduction.tenths > 0).collect();
    deductions.sort_by(|one, other| other.tenths.cmp(&one.tenths).then(one.flaw.cmp(&other.flaw)));
    let points = FULL.saturating_sub(total(&deductions)) / 10;
    Score { points, deductions }
}

/// The tenths that are deducted, all together.
pub fn total(deductions: &[Deduction]) -> u32 {
    deductions.iter().fold(0, |sum, deduction| sum.saturating_add(deduction.tenths))
}

/// How the score came about, in one line; the costliest flaws are named, the rest are one sum.
pub fn sentence(score: &Score, named: usize) -> String {
    let (first, rest) = score.deductions.split_at(named.min(score.deductions.len()));
    let mut sum = "100".to_owned();
    let other = if first.is_empty() { "" } else { "other " };
    for one in first.iter().chain(rest.iter().filter(|_| rest.len() == 1)) {
        sum.push_str(&format!(" - {} {}", tenths(one.tenths), cut(&line(&one.flaw), LONGEST)));
    }
    if rest.len() > 1 {
        sum.push_str(&format!(" - {} for {} {other}flaws", tenths(total(rest)), rest.len()));
    }
    let gone = total(&score.deductions);
    match FULL.checked_sub(gone) {
        Some(left) if left % 10 == 0 => format!("{sum} = {}", score.points),
        Some(left) => format!("{sum} = {}, rounded down to {}", tenths(left), score.points),
        None => format!("{sum} is below 0 and counts as {}", score.points),
    }
}

/// `8.1`
pub fn tenths(tenths: u32) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The worst of the findings counts, with what all of them reach together.
fn cost(flaw: &str, findings: &[&Finding], operations: u32) -> Option<Deduction> {
    let worst = findings.iter().max_by_key(|finding| {
        (weight(finding.severity) * parts(finding.confidence), finding.severity)
    })?;
    let reach = reach(findings).min(operations);
    let (weight, parts) = (weight(worst.severity), parts(worst.confidence));
    // Without operations nothing is reached, and the flaw costs its least.
    let all = u64::from(operations.max(1));
    let share = 4 * all + 6 * u64::from(reach);
    let tenths = (u64::from(weight * parts) * share + 5 * all) / (10 * all);
    let tenths = u32::try_from(tenths).unwrap_or(FULL);
    let sure = if parts == 10 { "1".to_owned() } else { format!("0.{parts}") };
    let result = self::tenths(tenths);
    let arithmetic = format!("{weight} x {sure} x (0.4 + 0.6 x {reach}/{all}) = {result}");
    let (severity, confidence) = (worst.severity, worst.confidence);
    let flaw = flaw.to_owned();
    Some(Deduction { flaw, severity, confidence, reach, operations, tenths, arithmetic })
}

/// Operations that the findings reach together: those that their places name count once; what a
/// finding reaches beyond the operations that it names is added.
fn reach(findings: &[&Finding]) -> u32 {
    let mut named = BTreeSet::new();
    let mut unnamed = 0_u32;
    for finding in findings {
        let own: BTreeSet<_> =
            finding.places.iter().filter_map(|place| place.operation.as_deref()).collect();
        let known = u32::try_from(own.len()).unwrap_or(u32::MAX);
        unnamed = unnamed.saturating_add(finding.reach.saturating_sub(known));
        named.extend(own);
    }
    u32::try_from(named.len()).unwrap_or(u32::MAX).saturating_add(unnamed)
}

/// Points at full confidence and full reach.
pub fn weight(severity: Severity) -> u32 {
    match severity {
        Severity::Critical => 40,
        Severity::High => 20,
        Severity::Medium => 8,
        Severity::Low => 3,
        Severity::Info => 0,
    }
}

/// Tenths of certainty.
pub fn parts(confidence: Confidence) -> u32 {
    match confidence {
        Confidence::High => 10,
        Confidence::Medium => 7,
        Confidence::Low => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flaw::Flaw;
    use crate::report::Place;

    const FLAW: Flaw = Flaw {
        id: "flaw",
        check: "flaw",
        title: "A flaw",
        severity: Severity::High,
        confidence: Confidence::Medium,
        why: "",
        fix: "",
        owasp: "API1:2023",
        cwe: 1,
    };

    fn finding(flaw: &Flaw, shape: &str, operations: &[&str]) -> Finding {
        let mut finding = Finding::new(flaw, shape);
        let place = |one: &&str| Place::of_operation(Some((*one).to_owned()));
        finding.places = operations.iter().map(place).collect();
        finding.reach = u32::try_from(operations.len()).expect("few");
        finding
    }

    #[test]
    fn a_deduction_is_the_sum_that_it_shows() {
        let found = score(&[finding(&FLAW, "", &["a", "b", "c"])], 10);
        let [deduction] = found.deductions.as_slice() else { panic!("{found:?}") };
        // 20 x 0.7 x (0.4 + 0.18) = 8.12
        assert_eq!(deduction.arithmetic, "20 x 0.7 x (0.4 + 0.6 x 3/10) = 8.1");
        assert_eq!((deduction.tenths, found.points), (81, 91));
        assert_eq!(sentence(&found, 3), "100 - 8.1 flaw = 91.9, rounded down to 91");
    }

    /// `W x C x (0.4 + 0.6 x R/N)`, reckoned as a reader would.
    fn reckoned(sum: &str) -> f64 {
        let numbers = sum.split(|one: char| !one.is_ascii_digit() && one != '.');
        let numbers: Vec<f64> = numbers.filter_map(|one| one.parse().ok()).collect();
        let [weight, sure, least, more, reach, all] = numbers[..] else { panic!("{sum}") };
        weight * sure * (least + more * reach / all)
    }

    #[test]
    fn every_sum_that_is_shown_comes_out() {
        let operations = ["a", "b", "c", "d", "e", "f", "g"];
        for severity in Severity::ALL {
            for confidence in [Confidence::Low, Confidence::Medium, Confidence::High] {
                for reach in 0..=operations.len() {
                    let flaw = Flaw { severity, confidence, ..FLAW };
                    let found = score(&[finding(&flaw, "", &operations[..reach])], 7);
                    for one in &found.deductions {
                        let (sum, result) = one.arithmetic.split_once(" = ").expect("a sum");
                        let off = (reckoned(sum) - f64::from(one.tenths) / 10.0).abs();
                        assert!(off <= 0.05 + 1e-9, "{}", one.arithmetic);
                        assert_eq!(result, tenths(one.tenths));
                    }
                    let left = FULL - total(&found.deductions);
                    assert_eq!(found.points, left / 10);
                }
            }
        }
    }

    #[test]
    fn a_flaw_costs_once_and_shared_operations_count_once() {
        let twice = [finding(&FLAW, "x", &["a", "b"]), finding(&FLAW, "y", &["b", "c"])];
        let found = score(&twice, 10);
        assert_eq!(found.deductions.iter().map(|one| one.reach).collect::<Vec<_>>(), [3]);
        let mut component = finding(&FLAW, "z", &[]);
        component.reach = 40;
        let found = score(&[component], 10);
        assert_eq!(found.deductions.first().map(|one| (one.reach, one.tenths)), Some((10, 140)));
    }

    #[test]
    fn the_score_ends_at_zero_and_what_informs_costs_nothing() {
        let info = Flaw { id: "info", severity: Severity::Info, ..FLAW };
        let none = score(&[finding(&info, "", &["a"])], 1);
        assert_eq!((none.points, none.deductions.len()), (100, 0));
        assert_eq!(sentence(&none, 3), "100 = 100");
        let ids = ["a", "b", "c", "d"];
        let worst =
            |id| Flaw { id, severity: Severity::Critical, confidence: Confidence::High, ..FLAW };
        let all = ids.map(|id| finding(&worst(id), "", &["x"]));
        let found = score(&all, 1);
        assert_eq!((found.points, total(&found.deductions)), (0, 1_600));
        let said = "100 - 40.0 a - 80.0 for 2 other flaws";
        assert!(sentence(&score(&all[..3], 1), 1).starts_with(said));
        assert_eq!(
            sentence(&found, 9),
            "100 - 40.0 a - 40.0 b - 40.0 c - 40.0 d is below 0 and counts as 0"
        );
    }

    #[test]
    fn the_order_of_the_findings_changes_nothing() {
        let low = Flaw { id: "low", severity: Severity::Low, ..FLAW };
        let mut all = vec![
            finding(&FLAW, "x", &["a", "b"]),
            finding(&low, "y", &["b"]),
            finding(&FLAW, "z", &["d"]),
        ];
        let one = score(&all, 7);
        all.reverse();
        assert_eq!(one, score(&all, 7));
    }

    #[test]
    fn a_document_without_operations_costs_its_least() {
        let found = score(&[finding(&FLAW, "", &["a"])], 0);
        assert_eq!(found.deductions.first().map(|one| (one.reach, one.tenths)), Some((0, 56)));
    }
}
