//! Origins of strangers, from the plainest to those that a loose comparison takes for its own.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use url::{Host, Url};

use crate::live::scan::Scan;

/// What an origin tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trick {
    Any,
    Null,
    Suffix,
    Prefix,
}

/// Hosts whose look-alikes are tried.
const MOST_HOSTS: usize = 4;
/// Strings of the document that are looked through for hosts.
const MOST_STRINGS: usize = 20_000;

impl Trick {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any origin",
            Self::Null => "the origin `null`, which every sandboxed frame has",
            Self::Suffix => "an origin whose name only ends like an allowed one",
            Self::Prefix => "an origin whose name only begins like an allowed one",
        }
    }
}

/// What is tried against this target.
pub fn origins(scan: &Scan<'_>) -> Vec<(Trick, String)> {
    let word = scan.client.marks.next();
    let mut all =
        vec![(Trick::Any, format!("https://{word}.example")), (Trick::Null, "null".to_owned())];
    let root = scan.document.files.list.first().map(|file| &file.root);
    for host in hosts(&scan.client.target.host, root) {
        all.push((Trick::Suffix, format!("https://{word}{}", domain(&host))));
        all.push((Trick::Prefix, format!("https://{host}.{word}.example")));
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// The part of a name that somebody registered: a name below it may rightly be allowed, one that
/// only ends in the same letters may not.
fn domain(host: &str) -> &str {
    let dots: Vec<_> = host.match_indices('.').map(|(at, _)| at).collect();
    let short = |from: usize, to: usize| to - from <= 4 && host.len() - to <= 3;
    let start = match dots.as_slice() {
        [.., third, second, last] if short(*second, *last) => third + 1,
        [second, last] if short(*second, *last) => 0,
        [.., second, _] => second + 1,
        _ => 0,
    };
    host.get(start..).unwrap_or(host)
}

/// The target's name and the names that the document speaks of most: servers, contacts, links.
fn hosts(target: &str, document: Option<&Json>) -> Vec<String> {
    let mut counts = BTreeMap::new();
    let mut left = MOST_STRINGS;
    if let Some(root) = document {
        count(root, &mut counts, &mut left);
    }
    let mut named: Vec<(String, usize)> = counts.into_iter().collect();
    named.sort_by(|(one, more), (other, less)| less.cmp(more).then_with(|| one.cmp(other)));
    let own = (target.parse::<std::net::IpAddr>().is_err() && target.contains('.'))
        .then(|| target.to_owned());
    let named = named.into_iter().map(|(host, _)| host).filter(|host| host != target);
    own.into_iter().chain(named).take(MOST_HOSTS).collect()
}

fn count(value: &Json, counts: &mut BTreeMap<String, usize>, left: &mut usize) {
    if *left == 0 {
        return;
    }
    match value {
        Json::String(text) => {
            *left -= 1;
            for host in named_in(text) {
                *counts.entry(host).or_default() += 1;
            }
        }
        Json::Array(list) => list.iter().for_each(|one| count(one, counts, left)),
        Json::Object(members) => members.values().for_each(|one| count(one, counts, left)),
        _ => {}
    }
}

/// Names of hosts in URLs and mail addresses of a text.
fn named_in(text: &str) -> Vec<String> {
    let words = text.split(|one: char| one.is_whitespace() || "<>()[]\"'`,;".contains(one));
    let mut found = Vec::new();
    for word in words.take(200) {
        let url = word.starts_with("http").then(|| Url::parse(word).ok()).flatten();
        if let Some(Host::Domain(name)) = url.as_ref().and_then(Url::host) {
            found.push(name.to_owned());
        } else if let Some((_, name)) = word.split_once('@') {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let plain = |one: u8| one.is_ascii_alphanumeric() || b".-".contains(&one);
            if name.contains('.') && name.bytes().all(plain) {
                found.push(name);
            }
        }
    }
    // The words of standards and their examples are nobody's origin.
    let foreign = ["w3.org", "ietf.org", "json-schema.org", "openapis.org", "apache.org"];
    found.retain(|host| host.contains('.') && !foreign.iter().any(|one| host.ends_with(one)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_domain_is_what_somebody_registered() {
        let cases = [
            ("api.shop.example", "shop.example"),
            ("shop.example", "shop.example"),
            ("a.b.shop.co.uk", "shop.co.uk"),
            ("shop.co.uk", "shop.co.uk"),
        ];
        for (host, expected) in cases {
            assert_eq!(domain(host), expected);
        }
    }

    #[test]
    fn hosts_come_from_the_target_and_from_what_the_document_speaks_of() {
        let document = json!({"servers": [{"url": "https://api.shop.example/v1"}], "info": {
            "contact": {"email": "help@shop.example"}, "license": {"url": "https://www.apache.org/l"},
            "description": "See https://api.shop.example/docs, or (https://127.0.0.1/)."
        }});
        assert_eq!(
            hosts("sandbox.shop.example", Some(&document)),
            ["sandbox.shop.example", "api.shop.example", "shop.example"]
        );
        assert_eq!(hosts("127.0.0.1", None), [""; 0]);
    }
}
