//! A vendor's sandbox from `proving`, and the files of a ticket for it.

use std::path::PathBuf;

use proving::{AUDIENCE, Running, Switches, Vendor, VendorConfig, Weakness};

use crate::server::{Person, Server, Site};

/// Asks for an authentication and an error probe, and for a document.
pub const STANDARD: &str = include_str!("../../../../examples/standards/internal.yaml");

/// A vendor that runs as long as this lives.
pub struct Sandbox {
    vendor: Running,
    _runtime: tokio::runtime::Runtime,
    name: String,
}

impl Sandbox {
    /// Hardened but for these weaknesses.
    pub fn with(name: &str, weaknesses: &[Weakness]) -> Sandbox {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let start = |switches: Switches, weakness: &Weakness| switches.with(*weakness);
        let switches = weaknesses.iter().fold(Switches::hardened(), start);
        let vendor = runtime.block_on(Vendor::start(VendorConfig::with_switches(switches)));
        Sandbox { vendor: vendor.unwrap(), _runtime: runtime, name: name.to_owned() }
    }

    pub fn url(&self) -> &str {
        &self.vendor.base_url
    }

    /// A file with a credential that the sandbox accepts.
    pub fn token(&self, site: &Site) -> PathBuf {
        let scopes = self.vendor.scopes("alice");
        let token = self.vendor.mint("alice", AUDIENCE, 3600, &scopes).unwrap();
        site.file(&format!("{}.token", self.name), token)
    }

    /// The ticket's file, with document and certificate beside it.
    pub fn ticket(&self, site: &Site) -> PathBuf {
        let name = &self.name;
        site.file(&format!("{name}.json"), self.vendor.document().to_string());
        site.file(&format!("{name}.pem"), &self.vendor.ca_pem);
        let text = format!(
            "service: {name}\nvendor: Parcel Ltd\nstandard: internal\ndocument: {name}.json\n\
             credential: {{kind: bearer}}\ndata: [personal]\nenvironments:\n  sandbox:\n    \
             upstream: {}\n    sandbox: true\n    authorities: {name}.pem\n\
             intake: {{why: labels for the shop, budget: logistics}}\n",
            self.url()
        );
        site.file(&format!("{name}.yaml"), text)
    }

    pub fn open(&self, site: &Site, who: &Person) {
        who.ok(&["ticket", "open", self.ticket(site).to_str().unwrap()]);
    }

    /// Attacks the sandbox, hands in what else the standard asks for.
    pub fn evaluate(&self, site: &Site, who: &Person) {
        let token = self.token(site);
        who.ok(&["ticket", "probe", &self.name, "--token", token.to_str().unwrap()]);
        let runbook = site.file("runbook.txt", "Call 4711.\nAt night, 4712.");
        let runbook = runbook.to_str().unwrap();
        who.ok(&["ticket", "attach", &self.name, "on-call", runbook, "--value", "30"]);
    }

    /// Hands the evaluated ticket in, and has both reviewers sign it.
    pub fn approve(&self, requester: &Person, reviewers: [&Person; 2]) {
        requester.ok(&["ticket", "submit", &self.name]);
        for reviewer in reviewers {
            reviewer.ok(&["ticket", "sign", &self.name]);
        }
    }
}

/// The standard is published, the vendor is there.
pub fn prepare(site: &Site, operator: &Person) {
    let file = site.file("internal.yaml", STANDARD);
    operator.ok(&["standard", "publish", file.to_str().unwrap()]);
    operator.ok(&["vendor", "add", "Parcel Ltd"]);
}

/// The same, and one person for each role that the standard asks for: security, platform.
pub fn reviewed(site: &Site, server: &Server, operator: &Person) -> [Person; 2] {
    prepare(site, operator);
    [("rosa", "security"), ("paul", "platform")]
        .map(|(name, role)| site.person(server, operator, name, &[role]))
}
