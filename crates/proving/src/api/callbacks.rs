//! Callbacks: where a customer wants to hear about parcels.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fetch;
use crate::input::{Body, Bounded, Limits, check_text};
use crate::problem::Problem;
use crate::site::Site;
use crate::weakness::Weakness;

/// The most characters of a URL.
pub(crate) const URL_CHARS: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Callback {
    callback_url: String,
}

impl Bounded for Callback {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        check_text("callback_url", &self.callback_url, limits.text(URL_CHARS))
    }
}

/// Takes a callback on a public host. It is called with the next event, not now; a weak vendor
/// calls it at once and tells what came back.
pub(crate) async fn register(
    State(site): State<Arc<Site>>,
    Body(Callback { callback_url }): Body<Callback>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let answered = if site.has(Weakness::Ssrf) {
        fetch::get(&callback_url).await.ok().map(|answer| answer.status)
    } else if is_public(&callback_url) {
        None
    } else {
        return Err(Problem::CallbackRefused);
    };
    let told = json!({ "callback_url": callback_url, "answered": answered });
    Ok((StatusCode::ACCEPTED, Json(told)))
}

/// Whether it is https on a host with a public name. Addresses are refused altogether: a customer
/// who runs a service has a name for it.
fn is_public(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let Some(authority) = uri.authority().filter(|_| uri.scheme_str() == Some("https")) else {
        return false;
    };
    let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_name = host.contains('.') && last.chars().all(|c| c.is_ascii_alphabetic());
    let inner = ["local", "localhost", "internal", "lan", "home", "corp", "test", "invalid"];
    is_name
        && !authority.as_str().contains('@')
        && host.parse::<IpAddr>().is_err()
        && !inner.contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_names_with_tls_are_called() {
        assert!(is_public("https://hooks.shop.example/parcel?a=1"));
        let refused = [
            "http://hooks.shop.example/",
            "https://localhost/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://metadata.google.internal/",
            "https://shop.example@127.0.0.1/",
            "file:///etc/passwd",
            "//shop.example/",
            "",
        ];
        for url in refused {
            assert!(!is_public(url), "{url}");
        }
    }
}
