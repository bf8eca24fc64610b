//! The weak and the hardened vendor: nothing is found where nothing is, and each weakness alone
//! changes exactly what measures it.

use std::collections::BTreeMap;

use proving::{Switches, Weakness};
use scanner::{CheckId, Placement, Report, Secret, Value};

use crate::order::{order_and_secrets, order_for, scan, vendor};

async fn answer_of(switches: Switches) -> ([String; 5], Report) {
    let vendor = vendor(switches).await;
    let (order, secrets) = order_and_secrets(&vendor, &CHECKS);
    let answer = scan(&order).await;
    vendor.stop().await;
    (secrets, answer)
}

/// The checks whose values stand below. Each of the others has stories of its own.
const CHECKS: [CheckId; 11] = [
    CheckId::Transport,
    CheckId::Authentication,
    CheckId::TokenValidation,
    CheckId::ErrorLeaks,
    CheckId::CredentialEcho,
    CheckId::CrossOrigin,
    CheckId::ExposedEndpoints,
    CheckId::TokenLifecycle,
    CheckId::OAuth,
    CheckId::Login,
    CheckId::RateLimit,
];

/// Values whose number depends on chance, on time or on how much the vendor's document describes, and
/// says nothing about a weakness.
const COUNTS: [&str; 7] = [
    "authentication.operations_public",
    "authentication.operations_tested",
    "credential.answers_examined",
    "errors.answers_examined",
    "exposed.paths_asked",
    "login.attempts_made",
    "transport.certificate_days_left",
];

fn good() -> BTreeMap<String, Value> {
    let values: [(&str, Value); 45] = [
        ("authentication.operations_open", Value::Int(0)),
        ("credential.echoed", Value::Bool(false)),
        ("cross_origin.strangers_refused", Value::Bool(true)),
        ("errors.banners", Value::Int(0)),
        ("errors.leaks", Value::Int(0)),
        ("exposed.found", Value::Int(0)),
        ("limits.headers", Value::Bool(true)),
        ("limits.rate_limit_seen", Value::Bool(true)),
        ("limits.recovered", Value::Bool(true)),
        ("limits.retry_after", Value::Bool(true)),
        ("lifecycle.ended_by_logout", Value::Bool(true)),
        ("lifecycle.header_only", Value::Bool(true)),
        ("lifecycle.refresh_rotated", Value::Bool(true)),
        ("lifecycle.refresh_single_use", Value::Bool(true)),
        ("login.attempts_limited", Value::Bool(true)),
        ("login.names_hidden", Value::Bool(true)),
        ("login.short_password_refused", Value::Bool(true)),
        ("token.not_before_checked", Value::Bool(true)),
        ("token.issuer_checked", Value::Bool(true)),
        ("lifecycle.lifetime_seconds", Value::Int(300)),
        ("oauth.code_single_use", Value::Bool(true)),
        ("oauth.pkce_enforced", Value::Bool(true)),
        ("oauth.pkce_required", Value::Bool(true)),
        ("oauth.plain_refused", Value::Bool(true)),
        ("oauth.state_kept", Value::Bool(true)),
        ("oauth.client_authenticated", Value::Bool(true)),
        ("oauth.redirect_exact", Value::Bool(true)),
        ("oauth.refresh_scope_kept", Value::Bool(true)),
        ("token.audience_checked", Value::Bool(true)),
        ("token.embedded_key_refused", Value::Bool(true)),
        ("token.expiry_checked", Value::Bool(true)),
        ("token.key_confusion_refused", Value::Bool(true)),
        ("token.key_id_safe", Value::Bool(true)),
        ("token.kind", Value::from("jwt")),
        ("token.lifetime_seconds", Value::Int(300)),
        ("token.null_signature_refused", Value::Bool(true)),
        ("token.remote_key_refused", Value::Bool(true)),
        ("token.signature_checked", Value::Bool(true)),
        ("token.unsigned_refused", Value::Bool(true)),
        ("transport.certificate_key_bits", Value::Int(256)),
        ("transport.certificate_valid", Value::Bool(true)),
        ("transport.hsts", Value::Bool(true)),
        ("transport.plaintext_refused", Value::Bool(true)),
        ("transport.tls_min_version", Value::from("1.2")),
        ("transport.weak_suites", Value::Int(0)),
    ];
    let mut values: BTreeMap<_, _> =
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    values.insert("transport.tls_max_version".to_owned(), Value::from("1.3"));
    values
}

fn measured(answer: &Report) -> BTreeMap<String, Value> {
    let mut values = answer.values.clone();
    for name in COUNTS {
        assert!(values.remove(name).is_some(), "{name} is missing");
    }
    values
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hardened_twin_is_good_in_everything() {
    let (_, answer) = answer_of(Switches::hardened()).await;
    assert_eq!(answer.incomplete, []);
    assert_eq!(answer.findings, []);
    assert_eq!(measured(&answer), good());
    let days = &answer.values["transport.certificate_days_left"];
    assert!(matches!(days, Value::Int(59 | 60)), "{days:?}");
    assert_eq!(answer.certificate_sha256.as_deref().map(str::len), Some(64));
    assert!(
        answer.tls.as_deref().is_some_and(|tls| tls.starts_with("TLSv1_3")),
        "{:?}",
        answer.tls
    );
    assert!(answer.requests_sent <= 2_000 && answer.ended >= answer.started);
}

/// A value's name with what it becomes; `None` if it is no longer measured.
type Change = (&'static str, Option<Value>);

/// What changes where tokens of any claims can be made: this value, and what only such tokens tell.
/// The vendor knows no critical headers.
fn signable(name: &'static str) -> Vec<Change> {
    let told = [(name, false), ("token.critical_minded", false)];
    told.map(|(name, value)| (name, Some(Value::Bool(value)))).into()
}

/// The values that a weakness changes, and the check that finds it.
#[expect(clippy::too_many_lines, reason = "a row a weakness")]
fn expected(weakness: Weakness) -> Option<(CheckId, Vec<Change>)> {
    let no = || Some(Value::Bool(false));
    Some(match weakness {
        Weakness::PlaintextServed => {
            (CheckId::Transport, vec![("transport.plaintext_refused", no())])
        }
        Weakness::CertificateExpired | Weakness::CertificateWrongName => {
            (CheckId::Transport, vec![("transport.certificate_valid", no())])
        }
        Weakness::OneOperationWithoutAuthentication => {
            (CheckId::Authentication, vec![("authentication.operations_open", Some(Value::Int(1)))])
        }
        Weakness::TokenUnsignedAccepted => {
            (CheckId::TokenValidation, vec![("token.unsigned_refused", no())])
        }
        Weakness::TokenSignatureIgnored => {
            // What any signature opens tells nothing of keys, and lets any claims be tried.
            let untold = [
                "token.embedded_key_refused",
                "token.null_signature_refused",
                "token.remote_key_refused",
            ];
            let mut changed = signable("token.signature_checked");
            changed.extend(untold.map(|name| (name, None)));
            (CheckId::TokenValidation, changed)
        }
        Weakness::TokenExpiredAccepted => {
            (CheckId::TokenValidation, vec![("token.expiry_checked", no())])
        }
        Weakness::TokenAudienceIgnored => {
            (CheckId::TokenValidation, vec![("token.audience_checked", no())])
        }
        Weakness::TokenNotBeforeIgnored => {
            (CheckId::TokenValidation, vec![("token.not_before_checked", no())])
        }
        Weakness::TokenIssuerIgnored => {
            (CheckId::TokenValidation, vec![("token.issuer_checked", no())])
        }
        Weakness::TokenKeyConfusion => {
            (CheckId::TokenValidation, signable("token.key_confusion_refused"))
        }
        Weakness::TokenWeakSecret => {
            // Where there is a secret there is no public key and no point on a curve.
            let mut changed = signable("token.secret_strong");
            let gone = ["token.key_confusion_refused", "token.null_signature_refused"];
            changed.extend(gone.map(|name| (name, None)));
            (CheckId::TokenValidation, changed)
        }
        Weakness::TokenKeyIdInjection => (CheckId::TokenValidation, signable("token.key_id_safe")),
        Weakness::TokenEmbeddedKey => {
            (CheckId::TokenValidation, signable("token.embedded_key_refused"))
        }
        Weakness::TokenRemoteKey => {
            (CheckId::TokenValidation, signable("token.remote_key_refused"))
        }
        Weakness::TokenLivesAfterRevocation => {
            (CheckId::TokenLifecycle, vec![("lifecycle.ended_by_logout", no())])
        }
        Weakness::TokenEverlasting => {
            let years = Value::Int(315_360_000);
            (CheckId::TokenLifecycle, vec![("lifecycle.lifetime_seconds", Some(years))])
        }
        Weakness::RefreshReplayed => {
            (CheckId::TokenLifecycle, vec![("lifecycle.refresh_single_use", no())])
        }
        Weakness::PkceDowngrade => (
            CheckId::OAuth,
            vec![
                ("oauth.pkce_enforced", no()),
                ("oauth.pkce_required", no()),
                ("oauth.plain_refused", no()),
            ],
        ),
        Weakness::RedirectUnchecked => (CheckId::OAuth, vec![("oauth.redirect_exact", no())]),
        Weakness::CodeReplayed => (CheckId::OAuth, vec![("oauth.code_single_use", no())]),
        Weakness::LoginUnlimited => (CheckId::Login, vec![("login.attempts_limited", no())]),
        Weakness::LoginEnumerates => (CheckId::Login, vec![("login.names_hidden", no())]),
        Weakness::NoRateLimit => {
            let gone = ["limits.retry_after", "limits.recovered"].map(|name| (name, None));
            let mut changed = vec![("limits.rate_limit_seen", no()), ("limits.headers", no())];
            changed.extend(gone);
            (CheckId::RateLimit, changed)
        }
        // A short password is refused with 500 then, which says nothing of passwords.
        Weakness::ErrorsLeak => (
            CheckId::ErrorLeaks,
            vec![("errors.leaks", None), ("login.short_password_refused", None)],
        ),
        Weakness::CredentialEchoed => {
            (CheckId::CredentialEcho, vec![("credential.echoed", Some(Value::Bool(true)))])
        }
        // Questions of authorisation, which these checks do not ask.
        _ => return None,
    })
}

async fn tells_of_exactly(weakness: Weakness) {
    let (secrets, answer) = answer_of(Switches::hardened().with(weakness)).await;
    let (check, changes) = expected(weakness).expect("a weakness that is probed");
    assert_eq!(answer.incomplete, []);
    assert!(!answer.findings.is_empty());
    for finding in &answer.findings {
        assert_eq!(finding.check, check.code(), "{}", finding.title);
        assert!(!finding.evidence.is_empty() && !finding.replay.is_empty());
    }
    let mut values = measured(&answer);
    if weakness == Weakness::ErrorsLeak {
        // How many answers leak is a matter of how many were provoked.
        let leaks = values.remove("errors.leaks");
        assert!(matches!(leaks, Some(Value::Int(1..))), "{leaks:?}");
    }
    let mut hoped = good();
    for (name, value) in changes {
        match value {
            Some(value) => hoped.insert(name.to_owned(), value),
            None => hoped.remove(name),
        };
    }
    assert_eq!(values, hoped);
    holds_no_secret(&secrets, &answer);
}

/// Whatever a vendor sends back, the answer that leaves the scanner holds no credential.
fn holds_no_secret(secrets: &[String; 5], answer: &Report) {
    let text = serde_json::to_string(answer).unwrap();
    for secret in secrets {
        let (signed, signature) = secret.rsplit_once('.').unwrap();
        let payload = signed.split_once('.').unwrap().1;
        // The beginning of a part is enough to tell: evidence may be cut.
        for part in [&payload[..24], &signature[..24]] {
            assert!(!text.contains(part), "a part of a credential is shown");
        }
    }
}

macro_rules! weaknesses {
    ($($name:ident: $weakness:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                tells_of_exactly(Weakness::$weakness).await;
            }
        )+

        #[test]
        fn every_weakness_that_is_probed_has_its_story() {
            let told = [$(Weakness::$weakness,)+];
            for weakness in Weakness::ALL {
                assert_eq!(told.contains(weakness), expected(*weakness).is_some(), "{weakness}");
            }
        }
    };
}

weaknesses! {
    plaintext_served: PlaintextServed,
    certificate_expired: CertificateExpired,
    certificate_wrong_name: CertificateWrongName,
    one_operation_without_authentication: OneOperationWithoutAuthentication,
    token_unsigned_accepted: TokenUnsignedAccepted,
    token_signature_ignored: TokenSignatureIgnored,
    token_expired_accepted: TokenExpiredAccepted,
    token_audience_ignored: TokenAudienceIgnored,
    token_not_before_ignored: TokenNotBeforeIgnored,
    token_issuer_ignored: TokenIssuerIgnored,
    token_key_confusion: TokenKeyConfusion,
    token_weak_secret: TokenWeakSecret,
    token_key_id_injection: TokenKeyIdInjection,
    token_embedded_key: TokenEmbeddedKey,
    token_remote_key: TokenRemoteKey,
    token_lives_after_revocation: TokenLivesAfterRevocation,
    token_everlasting: TokenEverlasting,
    refresh_replayed: RefreshReplayed,
    pkce_downgrade: PkceDowngrade,
    redirect_unchecked: RedirectUnchecked,
    code_replayed: CodeReplayed,
    login_unlimited: LoginUnlimited,
    login_enumerates: LoginEnumerates,
    no_rate_limit: NoRateLimit,
    errors_leak: ErrorsLeak,
    credential_echoed: CredentialEchoed,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_weaknesses_at_once_are_all_found() {
    let (secrets, answer) = answer_of(Switches::weak()).await;
    for check in CHECKS {
        assert!(answer.findings.iter().any(|one| one.check == check.code()), "{}", check.code());
    }
    holds_no_secret(&secrets, &answer);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opaque_key_is_judged_by_changed_ones() {
    let vendor = vendor(Switches::hardened()).await;
    let mut order = order_for(&vendor, &[CheckId::TokenValidation]);
    order.credentials.token = Some(Secret::new(format!("Bearer {}", vendor.api_key())));
    order.credentials.placement = Placement::Header { name: "Authorization".to_owned() };
    (order.credentials.expired, order.credentials.wrong_audience) = (None, None);
    let answer = scan(&order).await;
    assert_eq!(answer.values["token.kind"], Value::from("opaque"));
    assert_eq!(answer.values["token.signature_checked"], Value::Bool(true));
    assert_eq!(answer.values["token.unsigned_refused"], Value::Bool(true));
    assert!(!answer.values.contains_key("token.expiry_checked"));
    assert_eq!(answer.incomplete.len(), 2);
    vendor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_credential_nothing_that_needs_one_is_guessed() {
    let vendor = vendor(Switches::hardened()).await;
    let needing = [
        CheckId::Authentication,
        CheckId::TokenValidation,
        CheckId::CredentialEcho,
        CheckId::RateLimit,
    ];
    let others = [CheckId::Transport, CheckId::ErrorLeaks];
    let mut order = order_for(&vendor, &[&needing[..], &others[..]].concat());
    order.credentials.token = None;
    // Where accounts can be had for nothing, the scan would get one for itself.
    let paths = order.document["paths"].as_object_mut().unwrap();
    paths.retain(|path, _| !["signup", "login", "oauth"].iter().any(|word| path.contains(word)));
    let answer = scan(&order).await;
    assert!(
        answer
            .values
            .keys()
            .all(|name| name.starts_with("transport.") || name.starts_with("errors."))
    );
    let checks: Vec<_> = answer.incomplete.iter().map(|one| one.check.as_str()).collect();
    for check in needing {
        assert!(checks.contains(&check.code()), "{}", check.code());
    }
    vendor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_that_runs_out_of_requests_says_so_and_keeps_to_them() {
    let vendor = vendor(Switches::hardened()).await;
    let mut order = order_for(&vendor, &[CheckId::Authentication]);
    order.bounds.max_requests = 10;
    let answer = scan(&order).await;
    assert_eq!(answer.requests_sent, 10);
    assert!(answer.values.is_empty());
    assert_eq!(answer.incomplete[0].code, scanner::report::GapCode::OutOfRequests);
    vendor.stop().await;
}
