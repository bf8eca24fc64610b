//! Check `size-limits`: are bodies, texts and pages bounded?

mod bodies;
mod flaws;
mod pages;

use super::scan::Scan;
use super::{Check, Gap, Judgement, Kind, Measure};
use crate::live::CheckId;
use crate::report;
use flaws::{BODY, FAILS, LENGTH, PAGE};

pub const CHECK: Check = Check {
    id: CheckId::SizeLimits,
    title: "Size limits",
    asks: "Are bodies, texts and pages bounded, and does the service stand what is too large?",
    flaws: &[&BODY, &LENGTH, &PAGE, &FAILS],
    values: &[
        Measure {
            name: "size.large_body_refused",
            kind: Kind::Bool,
            meaning: "bodies of two million bytes (gentle: a quarter of that) were refused",
        },
        Measure {
            name: "size.pages_limited",
            kind: Kind::Bool,
            meaning: "a page of a million items was not given",
        },
    ],
};

/// What one look brought: findings, and how many operations were really asked.
#[derive(Default)]
struct Found {
    findings: Vec<report::Finding>,
    asked: usize,
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    let world = scan.world().await;
    let pages = pages::look(scan, world).await;
    let bodies = bodies::look(scan, world).await;
    let mut asked = 0;
    let looks =
        [("size.pages_limited", PAGE.id, pages), ("size.large_body_refused", BODY.id, bodies)];
    for (name, flaw, look) in looks {
        match look {
            Ok(found) => {
                asked += found.asked;
                if found.asked > 0 {
                    judgement.value(name, !found.findings.iter().any(|one| one.flaw == flaw));
                }
                for finding in found.findings {
                    report::gather(&mut judgement.findings, finding);
                }
            }
            Err(gap) => judgement.gaps.push(gap),
        }
    }
    if asked == 0 && judgement.gaps.is_empty() {
        judgement
            .gaps
            .push(Gap::undecided("no operation with a page or a body was seen to succeed"));
    }
    judgement
}
