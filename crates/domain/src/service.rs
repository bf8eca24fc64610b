//! Vendors and their services: what is approved, how far it is released, until when.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::entry::Entry;
use crate::fuse::Fuse;
use crate::id::{CredentialId, ServiceId, TicketId, VendorId};
use crate::limit::Rate;
use crate::people::Role;
use crate::refusal::{Code, Reasons, Refusal};
use crate::standard::Stage;
use crate::state::{State, Tables};
use crate::ticket::{self, Environment, Status, Ticket, TicketApproved};
use crate::time::{Millis, Span};

/// While a service is a canary: at most this many grants, each with at most this rate.
pub const CANARY_GRANTS: u64 = 5;
pub const CANARY_RATE: Rate = Rate { count: 60, per: Span::MINUTE };

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VendorAdded {
    /// The paper with name and contacts.
    pub profile: Digest,
    pub vendor: VendorId,
}

/// The service goes one stage further.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceReleased {
    pub service: ServiceId,
    pub stage: Release,
}

/// The service stops at once, until another ticket for it is approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSuspended {
    pub service: ServiceId,
}

/// How far a service is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Release {
    Approved,
    Canary,
    Wide,
    Suspended,
}

impl Release {
    pub fn name(self) -> &'static str {
        match self {
            Release::Approved => "approved",
            Release::Canary => "canary",
            Release::Wide => "wide",
            Release::Suspended => "suspended",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vendor {
    pub profile: Digest,
}

/// An approved service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// The credential in force, per environment.
    pub credentials: BTreeMap<String, CredentialId>,
    /// Since when a renewal is owed.
    pub due: Option<Millis>,
    pub environments: BTreeMap<String, Environment>,
    pub fuse: Fuse,
    /// How many grants were issued and not revoked.
    pub grants: u64,
    pub name: String,
    pub operations: Digest,
    pub release: Release,
    /// The ticket that the service rests on.
    pub ticket: TicketId,
    pub vendor: VendorId,
}

impl Service {
    /// Whether tokens may be issued for it and used.
    pub fn must_be_released(&self, now: Millis) -> Result<(), Refusal> {
        let mut reasons = Reasons::default();
        let out = matches!(self.release, Release::Canary | Release::Wide);
        reasons.require(out, Code::NotReleased, || {
            format!("the service `{}` is {}, not released", self.name, self.release.name())
        });
        reasons.require(!self.fuse.is_burnt(now), Code::EvidenceExpired, || {
            format!("the approval of `{}` {}", self.name, self.fuse)
        });
        reasons.done()
    }
}

impl Service {
    /// That it has no environment of this name, and those that it has.
    pub(crate) fn no_environment(&self, name: &str) -> String {
        let names: Vec<_> = self.environments.keys().map(String::as_str).collect();
        format!("`{}` has no environment `{name}`; it has {}", self.name, names.join(", "))
    }

    /// Demo people touch nothing but this machine.
    pub(crate) fn must_be_loopback(&self) -> Result<(), Refusal> {
        ticket::must_be_loopback(&self.environments)
    }
}

pub(crate) fn check_vendor(
    state: &State,
    added: &VendorAdded,
    entry: &Entry,
) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    reasons.take(entry.person(state));
    let free = !state.vendors.contains_key(&added.vendor);
    reasons.require(free, Code::Exists, || format!("{} exists already", added.vendor));
    reasons.done()
}

pub(crate) fn check_released(
    state: &State,
    released: &ServiceReleased,
    entry: &Entry,
) -> Result<(), Refusal> {
    let service = state.service(released.service)?;
    let mut reasons = Reasons::default();
    reasons.take(entry.holds(state, Role::OPERATOR));
    match (service.release, released.stage) {
        (Release::Approved, Release::Canary) => {}
        (Release::Canary, Release::Wide) => {
            let ticket = state.ticket(service.ticket)?;
            reasons.take(ticket::must_pass(state, ticket, Stage::Wide, entry.at));
        }
        (from, to) => reasons.add(
            Code::WrongStatus,
            format!(
                "`{}` is {} and cannot become {}; the stages are approved, canary, wide",
                service.name,
                from.name(),
                to.name()
            ),
        ),
    }
    reasons.require(!service.fuse.is_burnt(entry.at), Code::EvidenceExpired, || {
        format!("the approval {}", service.fuse)
    });
    reasons.done()
}

pub(crate) fn check_suspended(
    state: &State,
    suspended: &ServiceSuspended,
    entry: &Entry,
) -> Result<(), Refusal> {
    let service = state.service(suspended.service)?;
    let mut reasons = Reasons::default();
    reasons.take(entry.holds_any(state, &[Role::OPERATOR, "security"]));
    reasons.require(service.release != Release::Suspended, Code::WrongStatus, || {
        format!("`{}` is suspended already", service.name)
    });
    reasons.done()
}

impl Tables {
    pub fn vendor(&self, id: VendorId) -> Result<&Vendor, Refusal> {
        let found = self.vendors.get(&id).map(AsRef::as_ref);
        found.ok_or_else(|| {
            Refusal::new(Code::NotFound, format!("no vendor {id}; see `portcullis vendor list`"))
        })
    }

    pub fn service(&self, id: ServiceId) -> Result<&Service, Refusal> {
        let found = self.services.get(&id).map(AsRef::as_ref);
        found.ok_or_else(|| {
            let message = format!("no approved service {id}; see `portcullis service list`");
            Refusal::new(Code::NotFound, message)
        })
    }

    pub(crate) fn absorb_vendor(&mut self, added: &VendorAdded) {
        self.vendors.insert(added.vendor, Vendor { profile: added.profile }.into());
    }

    /// The service comes to stand on this ticket: new, or renewed with what it had.
    pub(crate) fn absorb_approved(&mut self, approved: &TicketApproved, at: Millis) {
        self.change_ticket(approved.ticket, |ticket| ticket.status = Status::Approved { at });
        let Some(ticket) = self.tickets.get(&approved.ticket).cloned() else { return };
        let old = self.services.get(&ticket.service);
        let wide = || ticket::must_pass(self, &ticket, Stage::Wide, at).is_ok();
        let release = match old.map(|service| service.release) {
            Some(Release::Wide) if wide() => Release::Wide,
            Some(Release::Canary | Release::Wide) => Release::Canary,
            _ => Release::Approved,
        };
        let service = Service {
            credentials: self.kept_credentials(&ticket),
            due: None,
            environments: ticket.terms.environments.clone(),
            fuse: approved.fuse.clone(),
            grants: old.map_or(0, |service| service.grants),
            name: ticket.name.clone(),
            operations: ticket.terms.operations,
            release,
            ticket: approved.ticket,
            vendor: ticket.vendor,
        };
        self.services.insert(ticket.service, service.into());
    }

    /// A credential stays only where the calls go to the same place, in the same way, as before.
    fn kept_credentials(&self, ticket: &Ticket) -> BTreeMap<String, CredentialId> {
        let Some(old) = self.services.get(&ticket.service) else { return BTreeMap::new() };
        let before = self.tickets.get(&old.ticket).map(|ticket| &ticket.terms);
        let same = |name: &String| {
            before.is_some_and(|before| {
                before.credential == ticket.terms.credential
                    && before.environments.get(name) == ticket.terms.environments.get(name)
            })
        };
        let kept = old.credentials.iter().filter(|(name, _)| same(name));
        kept.map(|(name, credential)| (name.clone(), *credential)).collect()
    }

    pub(crate) fn absorb_released(&mut self, released: &ServiceReleased) {
        self.change_service(released.service, |service| service.release = released.stage);
    }

    pub(crate) fn absorb_suspended(&mut self, suspended: &ServiceSuspended) {
        self.change_service(suspended.service, |service| service.release = Release::Suspended);
    }
}
