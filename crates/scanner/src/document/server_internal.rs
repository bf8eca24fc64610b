//! Servers that only insiders should know: private addresses and test systems beside public ones.

use url::{Host, Url};

use super::words::Words;
use super::{Check, Found, Spot};
use crate::api::Api;
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "server-internal",
        check: "server-internal",
        title: "An internal server stands in the document",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        why: "It tells attackers where less guarded systems are and how the network is laid out; clients \
              that are generated from the document may send real credentials there.",
        fix: "Keep developers' and private servers in a document of their own; publish only those that \
              the public is meant to call.",
        owasp: "API9:2023",
        cwe: 1059,
    },
    asks: "Does a document with public servers also name internal ones?",
    judged: "Loopback and private addresses, `localhost`, names under `.local`, `.internal`, `.corp`, \
             `.lan` and the like, and hosts of a development, staging or test system, where the document \
             names a public server as well. Sandboxes that are offered to the public are not counted.",
    example: "servers:\n  - url: https://api.example.com\n  - url: https://staging.corp.example.com",
};

const TEST: &[&str] =
    &["dev", "staging", "stage", "stg", "qa", "uat", "preprod", "int", "internal"];

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let public = api.servers.iter().any(|server| is_public(&server.url));
    for server in api.servers.iter().filter(|_| public) {
        let shape = match test_word(&server.url) {
            _ if is_local(&server.url) => "a private address".to_owned(),
            Some(word) => format!("a `{word}` host"),
            None => continue,
        };
        found.at(shape, Spot::document(&server.at).detail(server.url.clone()));
    }
}

/// True for a host of the internet. Hosts that only stand for another (RFC 2606) are none.
fn is_public(url: &str) -> bool {
    let Some(Host::Domain(name)) = host(url) else { return false };
    let stands = ["example", "example.com", "example.org", "example.net"];
    let stands = stands.iter().any(|end| name == *end || name.ends_with(&format!(".{end}")));
    !stands && !is_local(url) && test_word(url).is_none()
}

fn host(url: &str) -> Option<Host<String>> {
    Url::parse(url).ok()?.host().map(|host| host.to_owned())
}

/// True for addresses that lead to nowhere on the public internet.
pub(super) fn is_local(url: &str) -> bool {
    match host(url) {
        Some(Host::Ipv4(ip)) => {
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()
        }
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unspecified(),
        Some(Host::Domain(name)) => {
            let ends = [
                ".localhost",
                ".local",
                ".internal",
                ".corp",
                ".lan",
                ".home",
                ".intranet",
                ".localdomain",
                ".test",
            ];
            name == "localhost" || !name.contains('.') || ends.iter().any(|end| name.ends_with(end))
        }
        None => false,
    }
}

fn test_word(url: &str) -> Option<&'static str> {
    let Some(Host::Domain(name)) = host(url) else { return None };
    let labels: Vec<&str> = name.split('.').collect();
    // The registered name itself (`dev.to`, `staging.com`) says nothing.
    let under = labels.get(..labels.len().saturating_sub(2)).unwrap_or_default();
    under.iter().find_map(|label| Words::of(label).says(TEST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(urls: &[&str]) -> Vec<String> {
        let servers: Vec<_> = urls.iter().map(|url| json!({ "url": url })).collect();
        trial::found(&CHECK, look, trial::with(json!({ "servers": servers })))
    }

    #[test]
    fn internal_ones_beside_public_ones_are_found() {
        let urls = [
            "https://api.a.com",
            "http://localhost:3000",
            "https://api-staging.a.com",
            "http://192.168.0.7/v1",
            "http://orders.internal",
        ];
        assert_eq!(
            found(&urls),
            [
                "a private address @ /servers/1/url, /servers/3/url, /servers/4/url",
                "a `staging` host @ /servers/2/url"
            ]
        );
    }

    #[test]
    fn public_ones_and_wholly_local_documents_are_not() {
        assert!(
            found(&["https://api.a.com", "https://sandbox.a.com", "https://dev.to/api", "/v1"])
                .is_empty()
        );
        assert!(found(&["http://localhost:3000"]).is_empty());
        assert!(found(&["https://api.example.com", "http://shop.local"]).is_empty());
        assert!(found(&["https://devices.a.com", "https://integrate.a.com"]).is_empty());
    }
}
