//! The vendor's credentials: that one is sealed in the vault, for what, and whose it is. Never its text.

use serde::{Deserialize, Serialize};

use crate::entry::Entry;
use crate::id::{CredentialId, PersonId, ServiceId};
use crate::people::Role;
use crate::refusal::{Code, Reasons, Refusal};
use crate::state::{State, Tables};

/// From now on the gateway injects this credential for the service in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialStored {
    pub credential: CredentialId,
    pub environment: String,
    /// Who rotates it at the vendor.
    pub owner: PersonId,
    pub service: ServiceId,
}

pub(crate) fn check(
    state: &State,
    stored: &CredentialStored,
    entry: &Entry,
) -> Result<(), Refusal> {
    let service = state.service(stored.service)?;
    let ticket = state.ticket(service.ticket)?;
    let mut reasons = Reasons::default();
    let own = entry.actor.who == Some(ticket.requester);
    if !own {
        reasons.take(entry.holds(state, Role::OPERATOR));
    }
    reasons.take(state.active_person(stored.owner));
    let known = service.environments.contains_key(&stored.environment);
    reasons.require(known, Code::NotFound, || service.no_environment(&stored.environment));
    let used = state.services.values().any(|service| {
        service.credentials.values().any(|credential| *credential == stored.credential)
    });
    reasons.require(!used, Code::Exists, || format!("{} is in use already", stored.credential));
    reasons.done()
}

impl Tables {
    pub(crate) fn absorb_credential(&mut self, stored: &CredentialStored) {
        self.change_service(stored.service, |service| {
            service.credentials.insert(stored.environment.clone(), stored.credential);
        });
    }
}
