//! What policy sees of a request: its facts, as edition 1 maps them to Cedar.

use std::collections::HashSet;
use std::str::FromStr;

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
};
use serde::Serialize;

use super::{Facts, ScopeFacts};
use crate::digest::Digest;
use crate::id::{PersonId, ServiceId};
use crate::people::Kind;
use crate::refusal::{Code, Refusal};

/// All that Cedar gets to see of a request.
///
/// INVARIANT: questions and entities are made of this and nothing else, so that requests that look the
/// same to a policy get the same answer.
#[derive(Serialize)]
pub(super) struct Sight<'a> {
    principal: PersonId,
    person: [Attribute<'a>; 3],
    resource: ServiceId,
    service: [Attribute<'a>; 4],
    context: [Attribute<'a>; 11],
}

type Attribute<'a> = (&'static str, Value<'a>);

#[derive(Serialize)]
enum Value<'a> {
    Flag(bool),
    Number(u64),
    Word(&'a str),
    Words(Vec<&'a str>),
}

/// The names of edition 1's schema, parsed once.
pub(super) struct Names {
    person: EntityTypeName,
    service: EntityTypeName,
    action: EntityTypeName,
}

/// A request to Cedar that lacks its action only.
pub(super) struct Question {
    principal: EntityUid,
    resource: EntityUid,
    context: Context,
}

impl Names {
    pub(super) fn new() -> Result<Names, Refusal> {
        let noun = |name: &str| EntityTypeName::from_str(name).map_err(failed);
        Ok(Names { person: noun("Person")?, service: noun("Service")?, action: noun("Action")? })
    }

    pub(super) fn action(&self, name: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(self.action.clone(), EntityId::new(name))
    }

    fn person(&self, id: PersonId) -> EntityUid {
        EntityUid::from_type_name_and_id(self.person.clone(), EntityId::new(id.to_string()))
    }

    fn service(&self, id: ServiceId) -> EntityUid {
        EntityUid::from_type_name_and_id(self.service.clone(), EntityId::new(id.to_string()))
    }
}

impl Facts {
    pub(super) fn sight(&self) -> Sight<'_> {
        use Value::{Flag, Number, Word, Words};
        let any = |holds: fn(&ScopeFacts) -> bool| Flag(self.scopes.iter().any(holds));
        Sight {
            principal: self.person,
            person: [
                ("demo", Flag(self.demo)),
                ("kind", Word(kind(self.kind))),
                ("roles", Words(self.roles.iter().map(String::as_str).collect())),
            ],
            resource: self.service,
            service: [
                ("data", Words(self.data.clone())),
                ("name", Word(&self.name)),
                ("stage", Word(self.stage)),
                ("vendor", Word(&self.vendor)),
            ],
            context: [
                ("addresses", Flag(self.addresses)),
                ("administration", any(|scope| scope.administration)),
                ("days", Number(self.days())),
                ("environment", Word(&self.environment)),
                ("limited", Flag(self.per_minute.is_some())),
                ("owner", Word(kind(self.owner))),
                ("per_minute", Number(self.per_minute.unwrap_or_default())),
                ("sandbox", Flag(self.sandbox)),
                ("scopes", Words(self.scopes.iter().map(|scope| scope.name.as_str()).collect())),
                ("sensitive", any(|scope| scope.sensitive)),
                ("writes", any(|scope| scope.writes)),
            ],
        }
    }
}

impl Sight<'_> {
    /// Names this sight under a policy: what has the same name gets the same answer.
    pub(super) fn digest(&self, policy: &Digest) -> Result<Digest, Refusal> {
        let bytes = postcard::to_stdvec(self).map_err(failed)?;
        Ok(Digest::over(&[&policy.0, &bytes]))
    }

    pub(super) fn question(&self, names: &Names) -> Result<Question, Refusal> {
        Ok(Question {
            principal: names.person(self.principal),
            resource: names.service(self.resource),
            context: Context::from_pairs(pairs(&self.context)).map_err(failed)?,
        })
    }

    pub(super) fn entities(&self, names: &Names) -> Result<Entities, Refusal> {
        let entity = |uid, attributes: &[Attribute<'_>]| {
            Entity::new(uid, pairs(attributes).collect(), HashSet::new()).map_err(failed)
        };
        let person = entity(names.person(self.principal), &self.person)?;
        let service = entity(names.service(self.resource), &self.service)?;
        Entities::from_entities([person, service], None).map_err(failed)
    }
}

impl Question {
    /// Not held against the schema each time: its shape never changes, and a test shows that it fits.
    pub(super) fn with(&self, action: &EntityUid) -> Result<Request, Refusal> {
        let Question { principal, resource, context } = self;
        let (principal, resource, context) = (principal.clone(), resource.clone(), context.clone());
        Request::new(principal, action.clone(), resource, context, None).map_err(failed)
    }
}

fn pairs(attributes: &[Attribute<'_>]) -> impl Iterator<Item = (String, RestrictedExpression)> {
    attributes.iter().map(|(name, value)| ((*name).to_owned(), value.expression()))
}

impl Value<'_> {
    fn expression(&self) -> RestrictedExpression {
        let word = |word: &str| RestrictedExpression::new_string(word.to_owned());
        match self {
            Value::Flag(flag) => RestrictedExpression::new_bool(*flag),
            Value::Number(number) => {
                RestrictedExpression::new_long(i64::try_from(*number).unwrap_or(i64::MAX))
            }
            Value::Word(text) => word(text),
            Value::Words(words) => {
                RestrictedExpression::new_set(words.iter().map(|text| word(text)))
            }
        }
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Human => "human",
        Kind::Workload => "workload",
    }
}

fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(Code::Invalid, format!("the request does not fit the policy schema: {error}"))
}

#[cfg(test)]
mod tests {
    use cedar_policy::Schema;

    use super::*;
    use crate::policy::rules::SCHEMA;
    use crate::time::Millis;

    #[test]
    fn what_cedar_sees_fits_the_schema() {
        let facts = Facts {
            addresses: true,
            demo: false,
            kind: Kind::Human,
            owner: Kind::Workload,
            person: PersonId(1),
            roles: vec!["security".to_owned()],
            per_minute: Some(60),
            environment: "production".to_owned(),
            sandbox: false,
            service: ServiceId(2),
            name: "parcels".to_owned(),
            vendor: "vnd_1".to_owned(),
            stage: "wide",
            data: vec!["personal"],
            scopes: vec![ScopeFacts {
                name: "parcels:read".to_owned(),
                administration: false,
                sensitive: true,
                writes: false,
            }],
            now: Millis(0),
            until: Millis(1),
            sandboxes: Vec::new(),
        };
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).unwrap();
        let (names, sight) = (Names::new().unwrap(), facts.sight());
        let entities = sight.entities(&names).unwrap();
        Entities::from_entities(entities.iter().cloned(), Some(&schema)).unwrap();
        for action in ["ask", "grant", "review"] {
            let Question { principal, resource, context } = sight.question(&names).unwrap();
            Request::new(principal, names.action(action), resource, context, Some(&schema))
                .unwrap();
        }
    }
}
