//! Whether a target may be attacked: this machine, a declared sandbox, or what the user answers for.

use anyhow::Result;
use domain::address::Reach;
use reqwest::Url;
use scanner::api::Api;

use crate::args::Manners;
use crate::exit::No;

/// Words by which a server's name or description declares it a place for trials.
const TRIALS: [&str; 9] =
    ["sandbox", "test", "testing", "staging", "demo", "dev", "development", "playground", "trial"];

/// Where the scan's connections may lead.
///
/// # Errors
/// The target is no address, or nothing says that it may be attacked.
pub fn reach(target: &str, api: &Api<'_>, manners: &Manners) -> Result<Reach> {
    let url = Url::parse(target)
        .map_err(|error| No::usage(format!("`--target` is no address: {error}")))?;
    let host = url.host_str().unwrap_or_default();
    if !manners.network.is_empty() {
        return match manners.i_own_this {
            true => Ok(Reach::Private(manners.network.clone())),
            false => Err(No::usage("`--network` goes with `--i-own-this`")),
        };
    }
    if is_loopback(&url) {
        return Ok(Reach::Loopback);
    }
    if manners.i_own_this || is_declared(host, api) {
        return Ok(Reach::Public);
    }
    Err(No::refused(format!(
        "`{host}` is neither this machine nor a sandbox that the document declares; if you may attack \
         it, say so by `--i-own-this`"
    )))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A server entry of this host whose name or description says that it is for trials.
fn is_declared(host: &str, api: &Api<'_>) -> bool {
    api.servers.iter().any(|server| {
        let Ok(url) = Url::parse(&server.url) else { return false };
        let same = url.host_str().is_some_and(|other| other.eq_ignore_ascii_case(host));
        let said = format!("{host} {}", server.description).to_ascii_lowercase();
        let mut words = said.split(|one: char| !one.is_ascii_alphanumeric());
        same && words.any(|word| TRIALS.contains(&word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use scanner::api::Files;
    use serde_json::json;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        manners: Manners,
    }

    fn asked(target: &str, options: &[&str]) -> Result<Reach> {
        let manners = Line::parse_from([&["x"], options].concat()).manners;
        let files = Files::of_value(json!({"openapi": "3.0.0", "paths": {"/a": {"get": {}}},
            "servers": [{"url": "https://api.example.com"},
                {"url": "https://sandbox.example.com/v1"},
                {"url": "https://x.example.com", "description": "Staging system"}]}));
        let api = Api::read(&files).expect("an API");
        reach(target, &api, &manners)
    }

    #[test]
    fn only_this_machine_and_declared_sandboxes_are_attacked_unasked() {
        for target in ["http://127.0.0.1:1", "http://[::1]:1", "https://localhost"] {
            assert_eq!(asked(target, &[]).expect(target), Reach::Loopback);
        }
        for target in ["https://sandbox.example.com", "https://x.example.com/v2"] {
            assert_eq!(asked(target, &[]).expect(target), Reach::Public);
        }
        for target in ["https://api.example.com", "https://sandbox.example.org", "https://10.1.2.3"]
        {
            assert!(asked(target, &[]).is_err(), "{target}");
            assert_eq!(asked(target, &["--i-own-this"]).expect(target), Reach::Public);
        }
        assert!(asked("https://10.1.2.3", &["--network", "10.0.0.0/8"]).is_err());
    }
}
