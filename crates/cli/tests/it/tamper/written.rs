//! The honest ledger that all cases damage copies of: written once by the real binary, then stopped.

use std::fs;
use std::path::{Path, PathBuf};

use control::keys::{Key, KeyDirectory, Use};
use domain::digest::Digest;
use domain::entry::{Body, Entry};
use domain::follow::Follower;
use domain::state::State;
use serde_json::Value;

use super::tables::Tables;
use crate::server::{Person, Site};

const STANDARD: &str = r#"
name: small
version: 1
title: One dated document
reassess_after: 365d
reviews: {all: [{role: {role: security, count: 1}}, {role: {role: procurement, count: 1}}]}
signers: 2
checkpoints:
  - id: audit
    title: Audit
    criteria:
      - id: open-findings
        title: Open findings of the last test
        verify: {document: letter}
        measure: audit.open_findings
        threshold: {at-most: 0}
        valid_for: 365d
"#;

const DOCUMENT: &str = r#"{"openapi": "3.1.0", "info": {"title": "Things", "version": "1"},
    "security": [{"key": []}],
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "paths": {"/things": {
        "get": {"tags": ["things"], "operationId": "list", "responses": {"200": {"description": "all"}}},
        "post": {"tags": ["things"], "operationId": "make", "responses": {"201": {"description": "one"}}}
    }}}"#;

/// A ledger in which everything has happened once, and what it takes to rewrite it.
pub struct Written {
    site: Site,
    pub genesis: Digest,
    pub tables: Tables,
    pub entries: Vec<Entry>,
    /// Requests; holds no role.
    pub dana: Person,
    /// A backup from before the last revocation.
    pub yesterday: PathBuf,
}

impl Written {
    /// Plays it: two tickets, one of them in two rounds, a policy, two requests, two tokens, a
    /// rotation, a revocation.
    pub fn new() -> Written {
        let site = Site::new();
        let server = site.start();
        let olga = site.operator(&server);
        let dana = site.person(&server, &olga, "dana", &[]);
        let rosa = site.person(&server, &olga, "rosa", &["security"]);
        let paul = site.person(&server, &olga, "paul", &["procurement"]);
        procure(&site, [&olga, &dana, &rosa, &paul]);
        let yesterday = use_it(&site, [&olga, &dana, &rosa]);
        let genesis = server.genesis.parse().unwrap();
        server.stop();
        let tables = block_on(Tables::read(&site.data().join("portcullis.db")));
        let entries =
            tables.entries.iter().map(|(_, bytes)| Entry::decode(bytes).unwrap()).collect();
        Written { site, genesis, tables, entries, dana, yesterday }
    }

    /// The position of the `nth` entry of this kind, from 0.
    pub fn nth(&self, kind: &str, nth: usize) -> usize {
        let found = self.entries.iter().enumerate().filter(|(_, e)| e.body.kind() == kind);
        found.map(|(position, _)| position).nth(nth).unwrap_or_else(|| panic!("no {kind} {nth}"))
    }

    /// The first entry behind `position` that somebody signed, looking at the ledger as it was.
    pub fn next_signed(&self, position: usize) -> usize {
        let signed = |entry: &Entry| match &entry.body {
            Body::RequestMade(made) => made.signature.is_some(),
            body => matches!(
                body,
                Body::Authority(_) | Body::ReviewSigned(_) | Body::TicketSubmitted(_)
            ),
        };
        let behind = self.entries.iter().skip(position + 1).position(signed);
        position + 1 + behind.expect("a signature behind it")
    }

    /// The state in front of the entry at `position`, with which a batch begins.
    pub fn state_before(&self, position: usize) -> State {
        let mut follower = Follower::new(Some(self.genesis));
        let batches = self.tables.batches();
        for batch in batches.iter().filter(|batch| batch.size() <= position as u64) {
            follower.accept(batch).unwrap();
        }
        assert_eq!(follower.state().size(), position as u64, "no batch begins there");
        follower.state().clone()
    }

    pub fn node_key(&self) -> Key {
        keys(&self.site).load(Use::Node).unwrap()
    }

    /// A copy of the data and of the configuration with its keys.
    pub fn copy(&self) -> Site {
        let copy = Site::new();
        copy_folder(&self.site.data(), &copy.data());
        copy_folder(&self.site.config(), &copy.config());
        copy
    }
}

pub fn keys(site: &Site) -> KeyDirectory {
    KeyDirectory::open(&site.config().join("keys"), None).unwrap()
}

/// Runs a future on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

fn text(answer: &Value, field: &str) -> String {
    answer[field].as_str().unwrap_or_else(|| panic!("no {field} in {answer:#}")).to_owned()
}

fn ticket_file(site: &Site, service: &str, production: &str) -> String {
    let file = serde_json::json!({
        "service": service, "vendor": "Parcel", "standard": "small", "document": "openapi.json",
        "data": ["personal"],
        "environments": {
            "sandbox": {"upstream": "https://sandbox.example.com", "sandbox": true},
            "production": {"upstream": production},
        },
        "intake": {"why": "shipping", "budget": "olga"},
    });
    site.file(&format!("{service}.json"), file.to_string()).to_str().unwrap().to_owned()
}

/// Tickets: `other` stays in review with one signature; `things` is rejected by one reviewer, amended,
/// and approved in its second round.
fn procure(site: &Site, [olga, dana, rosa, paul]: [&Person; 4]) {
    let standard = site.file("small.yaml", STANDARD);
    site.file("openapi.json", DOCUMENT);
    let letter = site.file("letter.txt", "no open findings");
    let letter = letter.to_str().unwrap();
    olga.ok(&["standard", "publish", standard.to_str().unwrap()]);
    for vendor in ["Parcel", "Spare one", "Spare two"] {
        dana.ok(&["vendor", "add", vendor]);
    }
    let attach = |ticket: &str| {
        dana.ok(&["ticket", "attach", ticket, "open-findings", letter, "--value", "0"]);
        dana.ok(&["ticket", "submit", ticket]);
    };
    let file = ticket_file(site, "other", "https://other.example.com");
    let other = text(&dana.ok(&["ticket", "open", &file]), "id");
    attach(&other);
    rosa.ok(&["ticket", "sign", &other]);
    let file = ticket_file(site, "things", "https://old.example.com");
    let things = text(&dana.ok(&["ticket", "open", &file]), "id");
    attach(&things);
    rosa.ok(&["ticket", "sign", &things]);
    paul.ok(&["ticket", "sign", &things, "--reject"]);
    let file = ticket_file(site, "things", "https://api.example.com");
    dana.ok(&["ticket", "amend", &things, &file]);
    attach(&things);
    rosa.ok(&["ticket", "sign", &things]);
    paul.ok(&["ticket", "sign", &things]);
    let key = site.file("vendor-key.txt", "the-vendors-key");
    let key = key.to_str().unwrap();
    olga.ok(&["service", "credential", "things", "production", "--file", key]);
    olga.ok(&["ticket", "release", "things", "canary"]);
}

/// Requests and tokens under a policy of their own; the backup that is taken in between.
fn use_it(site: &Site, [olga, dana, rosa]: [&Person; 3]) -> PathBuf {
    let policy = site.file("policy.cedar", portcullis::up::genesis::POLICY.replace("90", "91"));
    olga.ok(&["policy", "publish", policy.to_str().unwrap()]);
    let ask = |environment: &str, scope: &str| {
        let ask = ["request", "new", "things", "-e", environment, "-s", scope, "--for", "20d"];
        text(&dana.ok(&[ask.as_slice(), &["--reason", "a report"]].concat()), "id")
    };
    let out = site.folder.path().join("token");
    let claim = |request: &str| {
        text(&dana.ok(&["request", "claim", request, "--out", out.to_str().unwrap()]), "id")
    };
    claim(&ask("sandbox", "things:read"));
    let request = ask("production", "things:write");
    rosa.ok(&["request", "sign", &request]);
    let token = claim(&request);
    let rotate = ["token", "rotate", &token, "--out", out.to_str().unwrap()];
    let token = text(&dana.ok(&rotate), "id");
    let backup = site.folder.path().join("yesterday");
    let data = site.data();
    olga.ok(&["backup", "--data", data.to_str().unwrap(), backup.to_str().unwrap()]);
    dana.ok(&["token", "revoke", &token, "--reason", "compromised"]);
    backup.join("portcullis.db")
}

fn copy_folder(from: &Path, to: &Path) {
    portcullis::home::private_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let (from, to) = (file.path(), to.join(file.file_name()));
        match file.file_type().unwrap().is_dir() {
            true => copy_folder(&from, &to),
            false => drop(fs::copy(from, to).unwrap()),
        }
    }
}
