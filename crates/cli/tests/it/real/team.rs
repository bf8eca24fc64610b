//! A team that procures a service by hand: four people, files as they would be kept in git.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use super::caller::Caller;
use super::vendor::root;
use crate::server::{PORTCULLIS, Person, Server, Site, holding};

/// What the sandbox accepts, while it is attacked.
pub const TRIAL: &str = "sandbox-credential-0123456789";

pub struct Team {
    pub site: Site,
    pub server: Server,
    /// Operates.
    pub olga: Person,
    /// Asks and calls; she could review as security, but not what she asked for.
    pub dana: Person,
    /// Reviews as security.
    pub rosa: Person,
    /// Reviews as procurement.
    pub paul: Person,
}

impl Team {
    pub fn assemble() -> Team {
        let site = Site::new();
        let server = site.start();
        let olga = site.operator(&server);
        let dana = site.person(&server, &olga, "dana", &["security"]);
        let rosa = site.person(&server, &olga, "rosa", &["security"]);
        let paul = site.person(&server, &olga, "paul", &["procurement"]);
        Team { site, server, olga, dana, rosa, paul }
    }

    /// Publishes a standard of `tests/vendors`.
    pub fn publish(&self, file: &str) {
        let file = root().join("tests/vendors").join(file);
        self.olga.ok(&["standard", "publish", file.to_str().unwrap()]);
    }

    /// Opens a ticket from a file, attacks the sandbox, hands in what the standards ask for; the
    /// ticket as it stands then.
    pub fn evaluate(&self, ticket: &str) -> Value {
        let file = self.site.file("ticket.yaml", ticket);
        let opened = self.dana.ok(&["ticket", "open", file.to_str().unwrap()]);
        let id = opened["id"].as_str().unwrap();
        let trial = self.site.file("trial.txt", TRIAL);
        let probe = ["ticket", "probe", id, "--token", trial.to_str().unwrap()];
        let refused = self.dana.refused(&probe);
        assert!(refused.contains("`operator` orders its probes"), "{refused}");
        self.olga.ok(&probe);
        let licence = self.site.file("LICENSE", "Apache License, version 2.0");
        let licence = licence.to_str().unwrap();
        self.dana.ok(&["ticket", "attach", id, "licence", licence, "--value", "apache-2.0"]);
        let seen = self.site.file("seen.txt", "`ss -tlnp` shows it on 127.0.0.1 alone.");
        let seen = ["ticket", "attach", id, "on-this-machine", seen.to_str().unwrap()];
        let attested = [&seen[..], &["--value", "true", "--attest", "security"]].concat();
        self.rosa.ok(&attested)
    }

    /// Brings an evaluated ticket to its approval, and the service to its first callers.
    pub fn approve(&self, ticket: &Value, credential: &str) {
        let (id, name) = (ticket["id"].as_str().unwrap(), ticket["name"].as_str().unwrap());
        for criterion in ticket["criteria"].as_array().unwrap() {
            assert_eq!(criterion["outcome"], "passed", "{criterion:#}");
        }
        self.dana.ok(&["ticket", "submit", id]);
        let refused = self.dana.refused(&["ticket", "sign", id, "--role", "security"]);
        assert!(refused.contains("own-request"), "{refused}");
        let first = self.rosa.ok(&["ticket", "sign", id]);
        assert_eq!(first["decided"], Value::Null, "one signature is not enough");
        let second = self.paul.ok(&["ticket", "sign", id]);
        assert!(second["decided"].is_u64(), "{second:#}");
        let file = self.site.file("credential.txt", credential);
        let file = file.to_str().unwrap();
        for environment in ["sandbox", "production"] {
            self.olga.ok(&["service", "credential", name, environment, "--file", file]);
        }
        self.olga.ok(&["ticket", "release", name, "canary"]);
    }

    /// Asks for a token for a week in production.
    pub fn ask(&self, service: &str, scopes: &[&str]) -> Value {
        let mut args = vec!["request", "new", service, "--environment", "production"];
        args.extend(["--for", "7d", "--reason", "the weekly report"]);
        scopes.iter().for_each(|scope| args.extend(["--scope", scope]));
        self.dana.ok(&args)
    }

    /// Claims a granted request's token into a file that only dana reads; its id, and who calls with it.
    pub fn claim(&self, request: &Value) -> (String, Caller) {
        let id = request["id"].as_str().unwrap();
        let file = self.site.folder.path().join(format!("{id}.token"));
        let token = self.dana.ok(&["request", "claim", id, "--out", file.to_str().unwrap()]);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "the token is in a private file");
        assert_eq!(token.get("secret"), None, "and nowhere else");
        let secret = std::fs::read_to_string(&file).unwrap();
        let caller = Caller::new(token["base_url"].as_str().unwrap(), secret.trim());
        (token["id"].as_str().unwrap().to_owned(), caller)
    }

    /// Stops the server, verifies what it left from genesis, and looks for secrets in it: the number
    /// of recorded calls.
    pub fn close(self, secrets: &[&str]) -> u64 {
        let Team { site, server, .. } = self;
        let genesis = server.genesis.clone();
        server.stop();
        let verified = Command::new(PORTCULLIS)
            .args(["--json", "ledger", "verify", "--genesis", &genesis])
            .arg(site.data())
            .output()
            .unwrap();
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
        let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
        let facts = (&report["pinned"], &report["differences"], &report["missing_segments"]);
        assert_eq!(facts, (&true.into(), &0.into(), &0.into()), "{report:#}");
        for secret in secrets.iter().chain([&TRIAL]) {
            assert_eq!(holding(&site.data(), secret.as_bytes()), None, "a secret is on the disk");
        }
        report["calls"].as_u64().unwrap()
    }
}
