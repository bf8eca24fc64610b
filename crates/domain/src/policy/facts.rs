//! What policy may look at: the facts of one request, as edition 1 maps them to Cedar.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
    Schema,
};

use crate::id::{PersonId, ServiceId};
use crate::people::Kind;
use crate::refusal::{Code, Refusal};
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
    /// Each scope with whether it administers and whether it is sensitive.
    pub scopes: Vec<(String, bool, bool)>,
    pub now: Millis,
    pub until: Millis,
    /// The service's sandboxes, which a smaller request could use.
    pub sandboxes: Vec<String>,
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
        let scopes = asked.scopes.iter().filter_map(|name| table.scope(name));
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
            scopes: scopes.map(|s| (s.name.clone(), s.administration, s.sensitive)).collect(),
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

    pub(super) fn request(&self, action: &str, schema: &Schema) -> Result<Request, Refusal> {
        let action = uid("Action", action)?;
        let context = Context::from_pairs(self.context()).map_err(failed)?;
        Request::new(self.principal()?, action, self.resource()?, context, Some(schema))
            .map_err(failed)
    }

    pub(super) fn entities(&self) -> Result<Entities, Refusal> {
        let person = HashMap::from([
            ("demo".to_owned(), flag(self.demo)),
            ("kind".to_owned(), word(kind(self.kind))),
            ("roles".to_owned(), words(self.roles.iter().map(String::as_str))),
        ]);
        let service = HashMap::from([
            ("data".to_owned(), words(self.data.iter().copied())),
            ("name".to_owned(), word(&self.name)),
            ("stage".to_owned(), word(self.stage)),
            ("vendor".to_owned(), word(&self.vendor)),
        ]);
        let entities = [(self.principal()?, person), (self.resource()?, service)];
        let entities: Result<Vec<_>, _> = entities
            .into_iter()
            .map(|(uid, attributes)| Entity::new(uid, attributes, HashSet::new()).map_err(failed))
            .collect();
        Entities::from_entities(entities?, None).map_err(failed)
    }

    fn principal(&self) -> Result<EntityUid, Refusal> {
        uid("Person", &self.person.to_string())
    }

    fn resource(&self) -> Result<EntityUid, Refusal> {
        uid("Service", &self.service.to_string())
    }

    fn context(&self) -> [(String, RestrictedExpression); 10] {
        let scopes = words(self.scopes.iter().map(|(name, _, _)| name.as_str()));
        [
            ("addresses".to_owned(), flag(self.addresses)),
            ("administration".to_owned(), flag(self.scopes.iter().any(|(_, admin, _)| *admin))),
            ("days".to_owned(), number(self.days())),
            ("environment".to_owned(), word(&self.environment)),
            ("limited".to_owned(), flag(self.per_minute.is_some())),
            ("owner".to_owned(), word(kind(self.owner))),
            ("per_minute".to_owned(), number(self.per_minute.unwrap_or_default())),
            ("sandbox".to_owned(), flag(self.sandbox)),
            ("scopes".to_owned(), scopes),
            ("sensitive".to_owned(), flag(self.scopes.iter().any(|(_, _, sensitive)| *sensitive))),
        ]
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Human => "human",
        Kind::Workload => "workload",
    }
}

fn uid(noun: &str, id: &str) -> Result<EntityUid, Refusal> {
    let noun = EntityTypeName::from_str(noun).map_err(failed)?;
    Ok(EntityUid::from_type_name_and_id(noun, EntityId::new(id)))
}

fn flag(value: bool) -> RestrictedExpression {
    RestrictedExpression::new_bool(value)
}

fn word(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn words<'a>(values: impl Iterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(values.map(word))
}

fn number(value: u64) -> RestrictedExpression {
    RestrictedExpression::new_long(i64::try_from(value).unwrap_or(i64::MAX))
}

fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(Code::Invalid, format!("the request does not fit the policy schema: {error}"))
}
