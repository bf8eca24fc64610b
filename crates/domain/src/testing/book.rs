//! What every world begins with: genesis, a standard, a policy, a table of operations.

use std::collections::BTreeSet;

use super::World;
use crate::actor::Proof;
use crate::catalog::{Method, Operation, Operations, Placement, Scope};
use crate::digest::Digest;
use crate::entry::{Body, Entry};
use crate::genesis::{EDITION, Genesis, SettingsSet};
use crate::machine::{GatewayEnrolled, NodeEnrolled, RunnerEnrolled};
use crate::people::{Kind, PersonAdded, Role};
use crate::review::Quorum;
use crate::standard::{Checkpoint, Criterion, DataClass, Stage, Standard, Threshold, Verify};
use crate::time::Span;

pub(super) const ORIGIN: &str = "ledger.example/test";

/// Grants reads for a month, sends sensitive scopes to `security`, denies what lasts or reaches too far.
pub const POLICY: &str = r#"
@id("reads") @life("30d") @rate("600/1m")
permit(principal, action == Action::"grant", resource)
when { !context.sensitive && context.days <= 60 };

@id("sensitive") @reviewers("security") @life("7d")
permit(principal, action == Action::"review", resource)
when { context.sensitive };

@id("long") @advice("ask for at most 90 days")
forbid(principal, action == Action::"ask", resource)
when { context.days > 90 };

@id("administration") @advice("administer the sandbox only")
forbid(principal, action == Action::"ask", resource)
when { context.administration && !context.sandbox };
"#;

/// Genesis with one operator, one node, one gateway and one runner.
pub fn genesis(world: &World) -> Genesis {
    let ann = world.cast().ann;
    let (node, machine) = (world.node.0, world.node.1);
    Genesis {
        edition: EDITION,
        gateways: vec![GatewayEnrolled {
            gateway: world.gateway.0,
            key: world.gateway.1.key(),
            sealing: world.gateway.1.key(),
        }],
        log: machine.signer(ORIGIN).verifier().to_string(),
        nodes: vec![NodeEnrolled { key: machine.key(), node }],
        operators: vec![PersonAdded {
            demo: false,
            key: ann.public(),
            kind: Kind::Human,
            person: ann.id,
            profile: Digest::of(b"Ann"),
            responsible: None,
            roles: BTreeSet::from([Role::new(Role::OPERATOR)]),
        }],
        origin: ORIGIN.to_owned(),
        policy: None,
        runners: vec![RunnerEnrolled { key: world.runner.1.key(), runner: world.runner.0 }],
        settings: SettingsSet { quorum: 1, staleness: Span::MINUTE },
        standards: Vec::new(),
    }
}

impl World {
    pub fn genesis_entry(&self) -> Entry {
        self.entry(None, Proof::Node, Body::Genesis(genesis(self).into()))
    }
}

/// Two probes, a document, an attestation for personal data, and one more for the wide release.
pub fn standard() -> Standard {
    let criterion = |id: &str, threshold, days, verify| Criterion {
        fix: format!("mend {id}"),
        id: id.to_owned(),
        measure: id.to_owned(),
        stage: Stage::Approval,
        threshold: Some(threshold),
        title: format!("the {id} of the vendor"),
        valid_for: Span::days(days),
        verify,
        when: BTreeSet::new(),
    };
    let probe = |check: &str| Verify::Probe(check.to_owned());
    let tls = criterion("tls", Threshold::AtLeast(12), 90, probe("transport"));
    let auth = criterion("auth", Threshold::Is(true), 60, probe("authentication"));
    let words = BTreeSet::from(["iso-27001".to_owned(), "soc-2".to_owned()]);
    let report = Verify::Document("audit".to_owned());
    let report = criterion("report", Threshold::OneOf(words), 365, report);
    let privacy = Verify::Attestation(Role::new("privacy"));
    let privacy = Criterion {
        when: BTreeSet::from([DataClass::Personal]),
        ..criterion("deletion", Threshold::AtMost(30), 365, privacy)
    };
    let alerts = Verify::Attestation(Role::new("security"));
    let alerts =
        Criterion { stage: Stage::Wide, ..criterion("alerts", Threshold::Is(true), 365, alerts) };
    let checkpoint =
        |id: &str, criteria| Checkpoint { criteria, id: id.to_owned(), title: id.to_owned() };
    Standard {
        checkpoints: vec![
            checkpoint("security", vec![tls, auth]),
            checkpoint("compliance", vec![report, privacy]),
            checkpoint("monitoring", vec![alerts]),
        ],
        name: "baseline".to_owned(),
        reassess_after: Span::days(180),
        reviews: Quorum::All(vec![Quorum::one("privacy"), Quorum::one("security")]),
        signers: 2,
        title: "Baseline".to_owned(),
        version: 1,
    }
}

/// Parcels and labels to read and write, keys to administer.
pub fn operations() -> Operations {
    let operation = |id: &str, method, path: &str, scope: &str| Operation {
        id: id.to_owned(),
        method,
        path: path.to_owned(),
        scope: scope.to_owned(),
    };
    let scope = |name: &str, administration, sensitive| Scope {
        administration,
        name: name.to_owned(),
        sensitive,
        title: name.to_owned(),
    };
    Operations::new(
        vec![Placement::Bearer],
        vec![
            operation("create", Method::Post, "/parcels", "parcels:write"),
            operation("get", Method::Get, "/parcels/{id}", "parcels:read"),
            operation("labels", Method::Get, "/labels", "labels:read"),
            operation("list", Method::Get, "/parcels", "parcels:read"),
            operation("rotate", Method::Post, "/keys", "keys:admin"),
        ],
        vec![
            scope("keys:admin", true, true),
            scope("labels:read", false, false),
            scope("parcels:read", false, false),
            scope("parcels:write", false, true),
        ],
    )
    .expect("a table")
}
