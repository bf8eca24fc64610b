//! Materials: the large inputs of the rules, named by the digest of their bytes, parsed once.

use std::sync::Arc;

use imbl::OrdMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::catalog::{Matcher, Method, Operation, Operations, Scope};
use crate::digest::Digest;
use crate::entry::is_written_as;
use crate::policy::Rules;
use crate::probe::Answer;
use crate::refusal::{Code, Refusal};
use crate::standard::Standard;

/// The kinds of material of edition 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Answer,
    Operations,
    Policy,
    Standard,
}

impl Kind {
    /// The most bytes of a material of this kind.
    pub fn longest(self) -> usize {
        match self {
            Kind::Answer | Kind::Policy => 256 * 1024,
            Kind::Standard => 1024 * 1024,
            Kind::Operations => 32 * 1024 * 1024,
        }
    }
}

/// A service's operations, and how calls are matched to them.
#[derive(Debug)]
pub struct Table {
    pub operations: Arc<Operations>,
    pub matcher: Matcher,
}

impl Table {
    pub fn scope(&self, name: &str) -> Option<&Scope> {
        self.operations.scope(name)
    }

    /// Method and path of each operation of these scopes, sorted by name.
    pub(crate) fn calls<'a>(
        &'a self,
        scopes: &'a [String],
    ) -> impl Iterator<Item = (Method, &'a str)> {
        let within = |one: &&Operation| scopes.binary_search(&one.scope).is_ok();
        let operations = self.operations.operations().iter().filter(within);
        operations.map(|one| (one.method, one.path.as_str()))
    }
}

/// A parsed material.
#[derive(Debug, Clone)]
pub enum Material {
    Answer(Arc<Answer>),
    Operations(Arc<Table>),
    Policy(Arc<Rules>),
    Standard(Arc<Standard>),
}

impl Material {
    pub fn kind(&self) -> Kind {
        match self {
            Material::Answer(_) => Kind::Answer,
            Material::Operations(_) => Kind::Operations,
            Material::Policy(_) => Kind::Policy,
            Material::Standard(_) => Kind::Standard,
        }
    }

    /// Parses and checks the bytes. All but policies are canonical JSON (RFC 8785).
    pub fn read(kind: Kind, bytes: &[u8]) -> Result<Material, Refusal> {
        if bytes.len() > kind.longest() {
            return Err(Refusal::new(
                Code::Invalid,
                format!(
                    "the material has {} bytes, at most {} may be",
                    bytes.len(),
                    kind.longest()
                ),
            ));
        }
        match kind {
            Kind::Answer => parse(bytes).map(Material::Answer),
            Kind::Operations => {
                let operations = parse(bytes)?;
                let matcher = Matcher::new(&operations);
                Ok(Material::Operations(Table { operations, matcher }.into()))
            }
            Kind::Policy => Rules::read(bytes).map(|rules| Material::Policy(rules.into())),
            Kind::Standard => parse(bytes).map(Material::Standard),
        }
    }
}

fn parse<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<Arc<T>, Refusal> {
    let value: T = serde_json::from_slice(bytes).map_err(|error| {
        Refusal::new(Code::Invalid, format!("the material is unreadable: {error}"))
    })?;
    match is_written_as(&value, bytes) {
        true => Ok(Arc::new(value)),
        false => Err(Refusal::new(Code::NotCanonical, "the material is not in canonical form")),
    }
}

/// A shelf of parsed materials. Cloning is cheap; the state keeps one of all that still matters.
#[derive(Debug, Clone, Default)]
pub struct Materials(OrdMap<Digest, Material>);

impl Materials {
    /// Reads `bytes` and puts them under their own digest.
    pub fn put(&mut self, kind: Kind, bytes: &[u8]) -> Result<Digest, Refusal> {
        let digest = Digest::of(bytes);
        self.0.insert(digest, Material::read(kind, bytes)?);
        Ok(digest)
    }

    pub fn has(&self, digest: &Digest) -> bool {
        self.0.contains_key(digest)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Digest, &Material)> {
        self.0.iter()
    }

    pub(crate) fn insert(&mut self, digest: Digest, material: Material) {
        self.0.insert(digest, material);
    }

    pub(crate) fn get(&self, digest: &Digest) -> Option<&Material> {
        self.0.get(digest)
    }

    pub fn standard(&self, digest: &Digest) -> Result<&Arc<Standard>, Refusal> {
        match self.0.get(digest) {
            Some(Material::Standard(standard)) => Ok(standard),
            _ => Err(missing("standard", digest)),
        }
    }

    pub fn operations(&self, digest: &Digest) -> Result<&Arc<Table>, Refusal> {
        match self.0.get(digest) {
            Some(Material::Operations(table)) => Ok(table),
            _ => Err(missing("table of operations", digest)),
        }
    }

    pub fn policy(&self, digest: &Digest) -> Result<&Arc<Rules>, Refusal> {
        match self.0.get(digest) {
            Some(Material::Policy(rules)) => Ok(rules),
            _ => Err(missing("policy", digest)),
        }
    }

    pub fn answer(&self, digest: &Digest) -> Result<&Arc<Answer>, Refusal> {
        match self.0.get(digest) {
            Some(Material::Answer(answer)) => Ok(answer),
            _ => Err(missing("answer", digest)),
        }
    }
}

fn missing(noun: &str, digest: &Digest) -> Refusal {
    Refusal::new(Code::MaterialMissing, format!("no {noun} {digest} was supplied"))
}
