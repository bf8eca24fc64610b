//! Check `data-exposure`: do answers hold secrets, or private data of people who did not ask?
//!
//! It reads the answers that the scan already has, and sends nothing of its own.

use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::live::CheckId;
use crate::live::actor::{Role, Who};
use crate::live::scan::Scan;
use crate::live::world::{Case, World};
use crate::report::{Confidence, Severity};

mod people;
mod secrets;

pub const CHECK: Check = Check {
    id: CheckId::DataExposure,
    title: "Excessive data",
    asks: "Do answers keep secrets, and private data of others, to themselves?",
    flaws: &[&SECRET, &OTHERS],
    values: &[
        Measure {
            name: "exposure.answers_examined",
            kind: Kind::Int,
            meaning: "answers of operations that succeeded and were read",
        },
        Measure {
            name: "exposure.operations_exposing",
            kind: Kind::Int,
            meaning: "operations whose answers hold a secret or private data of others",
        },
    ],
};

pub async fn run(scan: &Scan<'_>) -> Judgement {
    if scan.actor(Who::A).await.is_none() {
        return Judgement::unjudged(scan.nobody(Who::A));
    }
    let world = scan.world().await;
    let mut judgement = Judgement::default();
    let mut exposing: Vec<usize> = Vec::new();
    let plain = |case: &&Case| case.who != Who::Admin;
    for case in world.cases() {
        let Some(operation) = scan.document.operations.get(case.operation) else { continue };
        if exposing.contains(&case.operation) {
            continue;
        }
        let evidence = || vec![case.reply.exchange.clone()];
        let secrets = secrets::found(scan, world, case);
        let others = people::found(scan, world, case);
        if let Some(first) = secrets.first() {
            let mut finding = SECRET.found(Some(operation.label()), evidence());
            finding.why = format!("{} Here: {}.", finding.why, secrets.join(", "));
            finding.places.iter_mut().for_each(|place| place.detail = Some(first.clone()));
            judgement.findings.push(finding);
            exposing.push(case.operation);
        } else if !others.is_empty() {
            let mut finding = OTHERS.found(Some(operation.label()), evidence());
            finding.why = format!("{} Here: {}.", finding.why, others.join(", "));
            judgement.findings.push(finding);
            exposing.push(case.operation);
        }
    }
    judgement.gaps.extend(world.stopped.clone());
    if world.cases().iter().all(|case| case.who == Who::Admin) && judgement.gaps.is_empty() {
        judgement.gaps.push(Gap::no_operation("no operation succeeded for a plain user"));
    }
    if judgement.gaps.is_empty() {
        judgement.value("exposure.answers_examined", world.cases().iter().filter(plain).count());
        judgement.value("exposure.operations_exposing", exposing.len());
    }
    judgement
}

/// Operations whose purpose is to hand out a credential.
fn hands_out(world: &World, case: &Case) -> bool {
    matches!(world.roles.get(case.operation), Some(Role::LogIn | Role::Refresh | Role::Register))
}

const SECRET: Flaw = Flaw {
    id: "secret-in-answer",
    check: CheckId::DataExposure.code(),
    title: "An answer holds a secret",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "Passwords, their hashes, keys and codes are of use only to the service and to attackers; \
          whoever may ask gets them.",
    fix: "Write answers field by field from what the caller needs, never the stored record.",
    owasp: "API3:2023",
    cwe: 200,
};

const OTHERS: Flaw = Flaw {
    id: "records-of-others",
    title: "An answer holds private data of other people",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    why: "The answer to a plain user holds private fields of several other people that the document \
          does not describe.",
    cwe: 359,
    ..SECRET
};
