//! Injection, forged requests, replay, methods, headers, sizes, slow patterns, other origins and what
//! nobody meant to serve: each switch of the vendor is found by its own check, and by all of them
//! together nothing is found on the hardened twin, traps included.
//!
//! What a vendor without a database cannot have (SQL, commands, XML) is judged on `tests/services`.

use proving::{AUDIENCE, Switches, Weakness};
use scanner::{CheckId, Report, Secret};

use crate::order::{order_for, patient_vendor, scan};

const CHECKS: [CheckId; 10] = [
    CheckId::Methods,
    CheckId::Headers,
    CheckId::CrossOrigin,
    CheckId::ExposedEndpoints,
    CheckId::Replay,
    CheckId::Injection,
    CheckId::ServerRequests,
    CheckId::SizeLimits,
    CheckId::SlowPatterns,
    CheckId::Behaviour,
];

/// A scan as alice and bob.
async fn answer_of(switches: Switches, checks: &[CheckId]) -> Report {
    let vendor = patient_vendor(switches).await;
    let mut order = order_for(&vendor, checks);
    let token = vendor.mint("bob", AUDIENCE, 300, &vendor.scopes("bob")).unwrap();
    order.credentials.second = Some(Secret::new(token));
    let answer = scan(&order).await;
    vendor.stop().await;
    answer
}

async fn finds(weakness: Weakness, check: CheckId, expected: &[&str]) {
    let answer = answer_of(Switches::hardened().with(weakness), &[check]).await;
    let mut found: Vec<_> = answer.findings.iter().map(|one| one.flaw.as_str()).collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, expected, "{:#?}", answer.findings);
    assert!(answer.findings.iter().all(|one| !one.evidence.is_empty() && !one.replay.is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hardened_twin_is_silent() {
    let answer = answer_of(Switches::hardened(), &CHECKS).await;
    assert!(answer.findings.is_empty(), "{:#?}", answer.findings);
}

macro_rules! switches {
    ($($name:ident: $weakness:ident, $check:ident => $expected:expr,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                finds(Weakness::$weakness, CheckId::$check, &$expected).await;
            }
        )+
    };
}

switches! {
    path_traversal: PathTraversal, Injection => ["path-traversal"],
    template: Template, Injection => ["template-injection"],
    ssrf: Ssrf, ServerRequests => ["server-request-forged"],
    open_redirect: OpenRedirect, ServerRequests => ["open-redirect"],
    idempotency_ignored: IdempotencyIgnored, Replay => ["request-replayed"],
    trace_answered: TraceAnswered, Methods => ["trace-answered"],
    method_override: MethodOverride, Methods => ["method-overridden"],
    security_headers_missing: SecurityHeadersMissing, Headers => ["cache-control-missing", "nosniff-missing"],
    cors_any_origin_with_credentials: CorsAnyOriginWithCredentials, CrossOrigin => ["foreign-origin-allowed"],
    debug_exposed: DebugExposed, ExposedEndpoints => ["debug-endpoint-exposed", "metrics-exposed", "repository-exposed"],
    old_version_exposed: OldVersionExposed, ExposedEndpoints => ["old-version-open"],
    office_exposed: OfficeExposed, ExposedEndpoints => ["administration-undocumented"],
    old_login_exposed: OldLoginExposed, Login => ["old-login-open"],
    no_size_limit: NoSizeLimit, SizeLimits => ["body-unbounded", "documented-length-ignored"],
    no_page_limit: NoPageLimit, SizeLimits => ["page-unbounded"],
    slow_pattern: SlowPattern, SlowPatterns => ["pattern-explodes"],
    signup_takes_role: SignupTakesRole, MassAssignment => ["field-assignable"],
}
