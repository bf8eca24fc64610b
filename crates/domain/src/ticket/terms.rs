//! The terms of a ticket: what reviewers sign, and where the service's environments stand.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::{Cidr, Plain, Reach, Upstream};
use crate::catalog::{Adjust, Placement};
use crate::contract::Contract;
use crate::digest::Digest;
use crate::material::Materials;
use crate::people::is_name;
use crate::refusal::{Code, Reasons, Refusal};
use crate::standard::DataClass;

/// What is asked for: reviewers sign exactly this, with the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// What the team changed of the scopes that follow from the document: the table of operations
    /// follows from both, and whoever signs makes it again.
    #[serde(default, skip_serializing_if = "Adjust::is_empty")]
    pub adjust: Adjust,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Contract>,
    /// Where the gateway puts the vendor's credential.
    pub credential: Placement,
    pub data: BTreeSet<DataClass>,
    /// SHA-256 of the API's document, as handed in.
    pub document: Digest,
    pub environments: BTreeMap<String, Environment>,
    /// The paper with the reason, the budget's owner and whatever else people read.
    pub intake: Digest,
    /// The material that the document was turned into.
    pub operations: Digest,
}

/// One environment of the vendor's, with its upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Certificates (PEM) that are trusted for this upstream in place of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorities: Option<String>,
    /// Private networks in which the upstream may stand; public addresses only when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub private: Vec<Cidr>,
    /// Probes attack sandboxes only.
    pub sandbox: bool,
    /// `https://host[:port][/base]`; plain `http` on loopback only.
    pub upstream: String,
}

impl Environment {
    pub fn upstream(&self) -> Result<Upstream, Refusal> {
        Upstream::parse(&self.upstream, Plain::ToLoopback)
            .map_err(|error| Refusal::new(Code::UpstreamRefused, error.to_string()))
    }

    /// Where its upstream may be found: gateways and runners connect nowhere else.
    pub fn reach(&self) -> Result<Reach, Refusal> {
        Ok(match self.upstream()?.host().is_loopback() {
            true => Reach::Loopback,
            false if self.private.is_empty() => Reach::Public,
            false => Reach::Private(self.private.clone()),
        })
    }
}

pub(crate) fn must_be_loopback(
    environments: &BTreeMap<String, Environment>,
) -> Result<(), Refusal> {
    for environment in environments.values() {
        if !environment.upstream()?.host().is_loopback() {
            return Err(Refusal::new(
                Code::DemoPerson,
                format!("demo people use loopback upstreams only, not `{}`", environment.upstream),
            ));
        }
    }
    Ok(())
}

pub(super) fn check_terms(terms: &Terms, demo: bool, materials: &Materials) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    if let Some(table) = reasons.take(materials.operations(&terms.operations)) {
        for scope in table.operations.scopes().iter().filter(|s| s.administration && !s.sensitive) {
            reasons.add(
                Code::Invalid,
                format!("scope `{}` administers, so it is sensitive", scope.name),
            );
        }
    }
    reasons.require(terms.credential.is_usable(), Code::Invalid, || {
        "the vendor's credential cannot stand there in a call".to_owned()
    });
    let count = terms.environments.len();
    reasons.require((1..=16).contains(&count), Code::Invalid, || {
        format!("a ticket has 1 to 16 environments, not {count}")
    });
    let sandbox = terms.environments.values().any(|environment| environment.sandbox);
    reasons.require(sandbox, Code::Invalid, || {
        "one environment is a sandbox: what cannot be attacked cannot be approved".to_owned()
    });
    for (name, environment) in &terms.environments {
        reasons.require(is_name(name), Code::Invalid, || format!("`{name}` is not a name"));
        reasons.take(environment.upstream());
        let pem = environment.authorities.as_deref().unwrap_or_default();
        reasons.require(pem.len() <= 8192, Code::Invalid, || {
            format!("`{name}`: the trusted certificates take more than 8 KB")
        });
    }
    if demo {
        reasons.take(must_be_loopback(&terms.environments));
    }
    reasons.done()
}
