//! Control: what the flows work with, and the effects that a flow may have.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use domain::digest::Digest;
use domain::id::{CredentialId, GatewayId, PersonId, RunnerId, ServiceId};
use domain::refusal::{Code, Refusal};
use domain::state::State;
use domain::time::{Millis, Span};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::probe::Trials;
use crate::flow::vendor::VendorNames;
use crate::journal::{Clock, Journal, JournalError, Paper};
use crate::login::Challenges;
use crate::vault::{Vault, VaultError, seal_to};

/// How long a gateway may use a credential before it asks again.
const LEASE: Span = Span::HOUR;

/// A credential on its way to one gateway.
pub struct Lease {
    pub credential: CredentialId,
    pub sealed: Vec<u8>,
    pub until: Millis,
}

/// One control node.
pub struct Control {
    pub journal: Journal,
    pub vault: Vault,
    pub clock: Clock,
    /// The base URL that people and clients reach it by: logins are bound to it.
    pub origin: String,
    /// Where callers reach the gateway, for hints.
    pub gateway: String,
    pub(crate) challenges: Challenges,
    pub(crate) trials: Trials,
    pub(crate) vendors: VendorNames,
    profiles: Mutex<HashMap<Digest, Profile>>,
    random: SystemRandom,
}

/// What the paper of a person or vendor says.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub name: String,
    /// An e-mail address or whatever else reaches them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub contact: String,
}

impl Control {
    pub fn new(
        journal: Journal,
        vault: Vault,
        clock: Clock,
        origin: String,
        gateway: String,
    ) -> Control {
        Control {
            journal,
            vault,
            clock,
            origin,
            gateway,
            challenges: Challenges::default(),
            trials: Trials::default(),
            vendors: VendorNames::default(),
            profiles: Mutex::default(),
            random: SystemRandom::new(),
        }
    }

    pub fn state(&self) -> Arc<State> {
        self.journal.state()
    }

    pub fn now(&self) -> Millis {
        (self.clock)().max(self.state().at())
    }

    /// 32 bytes that nobody can guess.
    pub fn random(&self) -> Result<[u8; 32], Refusal> {
        let mut bytes = [0; 32];
        self.random
            .fill(&mut bytes)
            .map_err(|_| Refusal::new(Code::Invalid, "the system gives no randomness"))?;
        Ok(bytes)
    }

    /// A new id's value: UUIDv7 (RFC 9562 §5.7).
    pub fn id(&self) -> u128 {
        uuid::Uuid::now_v7().as_u128()
    }

    /// The name behind a profile's paper; its digest when the paper was erased or cannot be read.
    pub async fn profile(&self, paper: Digest) -> Profile {
        match self.read_profile(paper).await {
            Ok(Some(profile)) => profile,
            _ => Profile { name: format!("(erased {})", short(&paper)), contact: String::new() },
        }
    }

    /// What a profile's paper says; nothing when it was erased.
    pub(crate) async fn read_profile(
        &self,
        paper: Digest,
    ) -> Result<Option<Profile>, JournalError> {
        if let Some(known) = self.profiles.lock().get(&paper) {
            return Ok(Some(known.clone()));
        }
        let Some(Paper::Kept { content, .. }) = self.journal.paper(paper).await? else {
            return Ok(None);
        };
        let profile: Option<Profile> = serde_json::from_slice(&content).ok();
        if let Some(profile) = &profile {
            self.profiles.lock().insert(paper, profile.clone());
        }
        Ok(profile)
    }

    pub async fn person_name(&self, person: PersonId) -> String {
        match self.state().people.get(&person) {
            Some(known) => self.profile(known.profile).await.name,
            None => person.to_string(),
        }
    }

    /// An enrolled runner that may be ordered.
    pub fn runner(&self) -> Result<RunnerId, Refusal> {
        let state = self.state();
        let active = state.runners.iter().find(|(_, runner)| runner.is_active());
        active.map(|(id, _)| *id).ok_or_else(|| {
            Refusal::new(Code::NotActive, "no runner is enrolled; `portcullis up` enrols one")
        })
    }

    /// A vendor credential, opened and sealed again to an enrolled gateway.
    pub async fn lease(
        &self,
        gateway: GatewayId,
        service: ServiceId,
        environment: &str,
        context: impl FnOnce(CredentialId) -> Vec<u8>,
    ) -> Result<Lease, LeaseError> {
        let state = self.state();
        let key = state.active_gateway(gateway)?.sealing;
        let stored = state.service(service)?.credentials.get(environment).copied();
        let credential = stored.ok_or(LeaseError::NoCredential)?;
        let record = self.journal.secret(credential).await?.ok_or(LeaseError::NoCredential)?;
        let opened = self.vault.open(credential, &record)?;
        let until = self.now().after(LEASE);
        let sealed = seal_to(&key, &context(credential), &opened)?;
        Ok(Lease { credential, sealed, until })
    }
}

/// Why a gateway gets no credential.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("no credential is stored")]
    NoCredential,
    #[error("the vault: {0}")]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The first characters of a digest, for people.
pub fn short(digest: &Digest) -> String {
    digest.to_string().chars().take(12).collect()
}
