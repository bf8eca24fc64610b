//! Check `methods`: does each path answer only to the methods that it should?

mod effect;
mod overrides;
mod trace;

use super::scan::Scan;
use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::live::CheckId;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    id: CheckId::Methods,
    title: "Methods",
    asks: "Does each path answer only to the methods that it should?",
    flaws: &[&TRACE, &OVERRIDE, &OVERRIDE_READ, &UNDOCUMENTED],
    values: &[Measure {
        name: "methods.odd_ones_refused",
        kind: Kind::Bool,
        meaning: "TRACE, overrides of the method and undocumented methods had no effect",
    }],
};

pub async fn run(scan: &Scan<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    let mut looked = 0_usize;
    let looks = [trace::look(scan).await, overrides::look(scan).await, effect::look(scan).await];
    for look in looks {
        match look {
            Ok(found) => {
                looked += found.asked;
                for finding in found.findings {
                    crate::report::gather(&mut judgement.findings, finding);
                }
            }
            Err(gap) => judgement.gaps.push(gap),
        }
    }
    judgement.gaps.dedup();
    if looked == 0 && judgement.gaps.is_empty() {
        judgement.gaps.push(Gap::undecided("no path answered with a success to compare with"));
    }
    if judgement.gaps.is_empty() || !judgement.findings.is_empty() {
        judgement.value("methods.odd_ones_refused", judgement.findings.is_empty());
    }
    judgement
}

/// What one look brought: findings, and how many questions were really asked.
#[derive(Default)]
struct Found {
    findings: Vec<crate::report::Finding>,
    asked: usize,
}

const TRACE: Flaw = Flaw {
    id: "trace-answered",
    check: CheckId::Methods.code(),
    title: "TRACE repeats the request",
    severity: Severity::Medium,
    confidence: Confidence::High,
    why: "Whatever the way adds to a request (cookies, credentials, internal addresses) comes back \
          in a body that a script can read (RFC 9110 §9.3.8).",
    fix: "Answer TRACE with 405.",
    owasp: "API8:2023",
    cwe: 693,
};

const OVERRIDE: Flaw = Flaw {
    id: "method-overridden",
    title: "A header or parameter turns a POST into another method",
    severity: Severity::Low,
    why: "Proxies, gateways and checks that go by the method see another one than the program does.",
    fix: "Switch method overriding off; if clients need it, decide on the real method first and \
          check access after it.",
    cwe: 436,
    ..TRACE
};

const OVERRIDE_READ: Flaw = Flaw {
    id: "read-overridden",
    title: "A reading request is turned into one that changes",
    severity: Severity::High,
    why: "A link or an image is enough to change or delete what belongs to whoever follows it, and \
          checks that go by the method see a read.",
    fix: "Never take the method from a parameter or header of a GET.",
    cwe: 650,
    ..TRACE
};

const UNDOCUMENTED: Flaw = Flaw {
    id: "undocumented-method",
    title: "A method that the document does not name has an effect",
    severity: Severity::Medium,
    why: "What nobody described, nobody reviewed, and nobody tests.",
    fix: "Answer 405 to methods that are not meant, or describe them.",
    owasp: "API9:2023",
    cwe: 749,
    ..TRACE
};
