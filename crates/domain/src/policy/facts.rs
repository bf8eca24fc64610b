//! The facts of one request that a decision rests on.

use crate::id::{PersonId, ServiceId};
use crate::people::Kind;
use crate::refusal::Refusal;
use crate::request::Asked;
use crate::state::State;
use crate::time::{Millis, Span};

/// The facts of one request.
#[derive(Debug, Clone)]
pub struct Facts {
    pub addresses: bool,
    pub demo: bool,
    pub kind: Kind,
    pub owner: Kind,
    pub person: PersonId,
    pub roles: Vec<String>,
    pub per_minute: Option<u64>,
    pub environment: String,
    pub sandbox: bool,
    pub service: ServiceId,
    pub name: String,
    pub vendor: String,
    pub stage: &'static str,
    pub data: Vec<&'static str>,
    pub scopes: Vec<ScopeFacts>,
    pub now: Millis,
    pub until: Millis,
    /// The service's sandboxes, which a smaller request could use.
    pub sandboxes: Vec<String>,
}

/// What policy gets to know of one scope.
#[derive(Debug, Clone)]
pub struct ScopeFacts {
    pub name: String,
    pub administration: bool,
    pub sensitive: bool,
    /// Whether an operation of it may change something.
    pub writes: bool,
}

impl Facts {
    /// The facts as the state has them.
    pub fn of(
        state: &State,
        requester: PersonId,
        asked: &Asked,
        now: Millis,
    ) -> Result<Facts, Refusal> {
        let service = state.service(asked.service)?;
        let ticket = state.ticket(service.ticket)?;
        let table = state.materials.operations(&service.operations)?;
        let owner = state.active_person(asked.owner)?;
        let person = state.active_person(requester)?;
        let environment = service.environments.get(&asked.environment);
        let operations = &table.operations;
        let scopes = asked.scopes.iter().filter_map(|name| operations.scope(name));
        let scopes = scopes.map(|scope| ScopeFacts {
            name: scope.name.clone(),
            administration: scope.administration,
            sensitive: scope.sensitive,
            writes: operations.writes(&scope.name),
        });
        Ok(Facts {
            addresses: !asked.addresses.is_empty(),
            demo: person.demo,
            kind: person.kind,
            owner: owner.kind,
            person: requester,
            roles: person.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            per_minute: asked.rate.map(|rate| rate.per_minute()),
            environment: asked.environment.clone(),
            sandbox: environment.is_some_and(|environment| environment.sandbox),
            service: asked.service,
            name: service.name.clone(),
            vendor: service.vendor.to_string(),
            stage: service.release.name(),
            data: ticket.terms.data.iter().map(|class| class.name()).collect(),
            scopes: scopes.collect(),
            now,
            until: asked.until,
            sandboxes: service
                .environments
                .iter()
                .filter(|(_, environment)| environment.sandbox)
                .map(|(name, _)| name.clone())
                .collect(),
        })
    }

    /// Whole days of life, rounded up.
    pub fn days(&self) -> u64 {
        self.now.until(self.until).0.div_ceil(Span::DAY.0)
    }
}
