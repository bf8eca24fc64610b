//! Whose an object is, what an office may, which fields sneak in and which data leaks out: each
//! switch of the vendor is found by its own check, and the hardened twin is silent.

use proving::{AUDIENCE, Switches, Weakness};
use scanner::{CheckId, Report, Secret};

use crate::order::{order_for, patient_vendor, scan};

const CHECKS: [CheckId; 5] = [
    CheckId::Authentication,
    CheckId::ObjectAuthorisation,
    CheckId::FunctionAuthorisation,
    CheckId::MassAssignment,
    CheckId::DataExposure,
];

/// A scan as alice and bob, with an administrator where the story gives one.
async fn answer_of(switches: Switches, with_admin: bool) -> Report {
    let vendor = patient_vendor(switches).await;
    let mut order = order_for(&vendor, &CHECKS);
    let mint = |who: &str| {
        let token = vendor.mint(who, AUDIENCE, 300, &vendor.scopes(who)).unwrap();
        Some(Secret::new(token))
    };
    order.credentials.second = mint("bob");
    order.credentials.admin = mint("admin").filter(|_| with_admin);
    let answer = scan(&order).await;
    vendor.stop().await;
    answer
}

fn flaws(answer: &Report) -> Vec<String> {
    let mut found: Vec<_> = answer.findings.iter().map(|one| one.flaw.clone()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

async fn finds(weakness: Weakness, expected: &[&str]) {
    let answer = answer_of(Switches::hardened().with(weakness), true).await;
    assert_eq!(flaws(&answer), expected, "{:#?}", answer.findings);
    assert!(answer.findings.iter().all(|one| !one.evidence.is_empty() && !one.replay.is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hardened_twin_is_silent() {
    for with_admin in [true, false] {
        let answer = answer_of(Switches::hardened(), with_admin).await;
        assert!(answer.findings.is_empty(), "{:#?}", answer.findings);
    }
}

macro_rules! switches {
    ($($name:ident: $weakness:ident => $expected:expr,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                finds(Weakness::$weakness, &$expected).await;
            }
        )+
    };
}

switches! {
    bola: Bola => ["object-readable"],
    object_change: ObjectChange => ["object-changeable"],
    object_delete: ObjectDelete => ["object-deletable"],
    function_authorisation_missing: FunctionAuthorisationMissing => ["function-open"],
    mass_assignment: MassAssignment => ["field-assignable"],
    mass_assignment_create: MassAssignmentCreate => ["field-assignable"],
    excessive_data: ExcessiveData => ["secret-in-answer"],
    excessive_data_list: ExcessiveDataList => ["secret-in-answer"],
    one_operation_without_authentication: OneOperationWithoutAuthentication => ["operation-open"],
}
