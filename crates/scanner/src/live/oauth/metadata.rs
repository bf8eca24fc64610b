//! What an authorization server says of itself (RFC 8414 §2).

use serde_json::Value;

use super::FLAW;
use crate::flaw::Flaw;
use crate::live::Judgement;
use crate::live::reply::Reply;
use crate::live::request::Request;
use crate::live::scan::Scan;
use crate::live::token::key::at_root_and_base;
use crate::report::{Confidence, Severity};

const PLACES: [&str; 2] =
    ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

pub const WEAK: Flaw = Flaw {
    id: "oauth-metadata-weak",
    title: "The authorization server announces a weak choice",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    why: "Clients choose from what is announced, and an attacker chooses the weakest.",
    fix: "Announce and accept S256 and signed tokens only (RFC 9700 §2.1.1, RFC 8725 §3.2).",
    cwe: 327,
    ..FLAW
};

/// The metadata that is served at a usual place of the target.
pub async fn fetch(scan: &Scan<'_>) -> Option<(Reply, Value)> {
    for place in PLACES.iter().flat_map(|place| at_root_and_base(scan, place)) {
        let Ok(reply) = scan.send(&Request::get(place)).await else { continue };
        let value = reply.json().filter(|_| reply.is_success());
        if let Some(value) = value.filter(|value| value.get("token_endpoint").is_some()) {
            return Some((reply, value));
        }
    }
    None
}

pub fn judge(reply: &Reply, metadata: &Value, judgement: &mut Judgement) {
    let listed = |name: &str| {
        let list = metadata.get(name).and_then(Value::as_array);
        list.map(|list| list.iter().filter_map(Value::as_str).collect::<Vec<_>>())
    };
    let methods = listed("code_challenge_methods_supported").unwrap_or_default();
    judgement.value("oauth.pkce_announced", methods.contains(&"S256"));
    // Elsewhere `none` is how an unsigned request or answer is meant to be named.
    let signing = [
        "id_token_signing_alg_values_supported",
        "token_endpoint_auth_signing_alg_values_supported",
    ];
    let mut weak: Vec<_> = signing
        .iter()
        .filter(|name| listed(name).is_some_and(|list| list.contains(&"none")))
        .map(|name| format!("`{name}` names `none`"))
        .collect();
    if methods.contains(&"plain") {
        weak.push("`code_challenge_methods_supported` names `plain`".to_owned());
    }
    if weak.is_empty() {
        return;
    }
    let mut finding = WEAK.found(None, vec![reply.exchange.clone()]);
    finding.why = format!("{} {}.", finding.why, weak.join("; "));
    judgement.findings.push(finding);
}
