//! One attempt for each weakness: the same requests for every vendor, and whether they got through.

mod edge;
mod injection;
mod limits;
pub mod login;
pub mod oauth;
mod objects;
mod tokens;

use proving::Weakness;
use reqwest::StatusCode;

use crate::bench::Bench;
use crate::certificates;

/// Tries what `weakness` allows; true when the vendor lets it happen.
pub async fn succeeds(weakness: Weakness, bench: &Bench) -> bool {
    match weakness {
        Weakness::PlaintextServed => plaintext(bench).await,
        Weakness::CertificateExpired => certificates::is_expired(&bench.vendor).await,
        Weakness::CertificateWrongName => certificates::names_another(&bench.vendor).await,
        Weakness::CertificateUntrusted => certificates::is_untrusted(&bench.vendor).await,
        Weakness::OneOperationWithoutAuthentication => is_ok(bench, "/v1/invoices", "").await,
        Weakness::TokenUnsignedAccepted => tokens::unsigned(bench).await,
        Weakness::TokenSignatureIgnored => tokens::tampered(bench).await,
        Weakness::TokenExpiredAccepted => tokens::expired(bench).await,
        Weakness::TokenAudienceIgnored => tokens::for_another_audience(bench).await,
        Weakness::TokenNotBeforeIgnored => tokens::from_tomorrow(bench).await,
        Weakness::TokenIssuerIgnored => tokens::of_another_issuer(bench).await,
        Weakness::TokenKeyConfusion => tokens::signed_with_the_public_key(bench).await,
        Weakness::TokenWeakSecret => tokens::signed_with_a_guess(bench).await,
        Weakness::TokenKeyIdInjection => tokens::signed_with_nothing(bench).await,
        Weakness::TokenEmbeddedKey => tokens::with_a_key_inside(bench).await,
        Weakness::TokenRemoteKey => tokens::with_a_key_elsewhere(bench).await,
        Weakness::TokenLivesAfterRevocation => oauth::works_after_revocation(bench).await,
        Weakness::TokenEverlasting => oauth::lives_for_years(bench).await,
        Weakness::RefreshReplayed => oauth::refreshes_twice(bench).await,
        Weakness::PkceDowngrade => oauth::redeems_without_verifier(bench).await,
        Weakness::RedirectUnchecked => oauth::redirects_elsewhere(bench).await,
        Weakness::CodeReplayed => oauth::redeems_twice(bench).await,
        Weakness::LoginUnlimited => login::guesses_on(bench).await,
        Weakness::LoginEnumerates => login::tells_names(bench).await,
        Weakness::SignupTakesRole => login::signs_up_as_administrator(bench).await,
        Weakness::NoRateLimit => limits::never_limited(bench).await,
        Weakness::NoSizeLimit => limits::takes_a_megabyte(bench).await,
        Weakness::NoPageLimit => limits::lists_everything(bench).await,
        Weakness::SlowPattern => limits::takes_seconds(bench).await,
        Weakness::IdempotencyIgnored => limits::pays_twice(bench).await,
        Weakness::ErrorsLeak => edge::errors_leak(bench).await,
        Weakness::CredentialEchoed => edge::credential_comes_back(bench).await,
        Weakness::Bola => objects::reads_another(bench).await,
        Weakness::ObjectChange => objects::changes_another(bench).await,
        Weakness::ObjectDelete => objects::deletes_another(bench).await,
        Weakness::FunctionAuthorisationMissing => {
            is_ok(bench, "/v1/admin/customers", &bench.token("alice")).await
        }
        Weakness::MassAssignment => objects::becomes_administrator(bench).await,
        Weakness::MassAssignmentCreate => objects::sets_the_price(bench).await,
        Weakness::ExcessiveData => objects::shows_too_much(bench).await,
        Weakness::ExcessiveDataList => objects::lists_too_much(bench).await,
        Weakness::CorsAnyOriginWithCredentials => edge::shares_with_any_origin(bench).await,
        Weakness::TraceAnswered => edge::traces(bench).await,
        Weakness::MethodOverride => edge::overrides_the_method(bench).await,
        Weakness::SecurityHeadersMissing => edge::lacks_security_headers(bench).await,
        Weakness::DebugExposed => edge::exposes_debug_pages(bench).await,
        Weakness::OldVersionExposed => edge::serves_the_old_version(bench).await,
        Weakness::OfficeExposed => edge::serves_the_office(bench).await,
        Weakness::OldLoginExposed => login::forgets_the_password(bench).await,
        Weakness::PathTraversal => injection::reads_other_files(bench).await,
        Weakness::Template => injection::evaluates(bench).await,
        Weakness::Ssrf => injection::calls_inside(bench).await,
        Weakness::OpenRedirect => injection::leads_anywhere(bench).await,
    }
}

async fn is_ok(bench: &Bench, path: &str, credential: &str) -> bool {
    bench.status(path, credential).await == StatusCode::OK
}

/// On the plain port, or else without TLS on the port of TLS.
async fn plaintext(bench: &Bench) -> bool {
    let fallback = format!("http://{}", bench.vendor.address);
    let plain = bench.vendor.plain_url.as_deref().unwrap_or(&fallback);
    let request = bench.client.get(format!("{plain}/v1/account")).bearer_auth(bench.token("alice"));
    request.send().await.is_ok_and(|response| response.status() == StatusCode::OK)
}
