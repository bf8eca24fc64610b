//! People and service accounts, their roles and their keys.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::PersonId;
use crate::refusal::{Code, Reasons, Refusal};
use crate::revocation::{Reason, Target};
use crate::signature::PublicKey;
use crate::state::{State, Tables};
use crate::time::Millis;

/// A role's name: `operator` and `auditor` are ours, the others are the organisation's own, as its
/// standards and policies use them (`security`, `privacy`, `procurement`, …).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Role(String);

impl Role {
    /// Signs authority entries.
    pub const OPERATOR: &'static str = "operator";
    /// The one who asked, as a signer of what they ask for. Nobody holds it.
    pub const REQUESTER: &'static str = "requester";

    pub fn new(name: impl Into<String>) -> Role {
        Role(name.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_well_formed(&self) -> bool {
        is_name(&self.0) && self.0 != Role::REQUESTER
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names of roles, services, environments, criteria: 1 to 60 of `a-z 0-9 - _ .`, a letter or digit first.
pub fn is_name(text: &str) -> bool {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut bytes = text.bytes();
    text.len() <= 60
        && bytes.next().is_some_and(plain)
        && bytes.all(|c| plain(c) || matches!(c, b'-' | b'_' | b'.'))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Human,
    /// A service account or an agent: it may ask, and never sign a review.
    Workload,
}

/// Somebody comes in, with their first key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonAdded {
    /// A person of the tour: only loopback upstreams are allowed to them.
    pub demo: bool,
    pub key: PublicKey,
    pub kind: Kind,
    pub person: PersonId,
    /// The paper that holds name and address.
    pub profile: Digest,
    /// Who answers for a service account, and for nobody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible: Option<PersonId>,
    pub roles: BTreeSet<Role>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyAdded {
    pub key: PublicKey,
    pub person: PersonId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRetired {
    /// The key's fingerprint.
    pub key: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolesSet {
    pub person: PersonId,
    pub roles: BTreeSet<Role>,
}

/// Somebody else answers for a service account from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponsibleSet {
    pub person: PersonId,
    pub responsible: PersonId,
}

/// Somebody leaves: their sessions, keys and tokens end with this entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonOffboarded {
    pub person: PersonId,
}

/// A person as the state knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub demo: bool,
    pub kind: Kind,
    pub offboarded: Option<Millis>,
    pub profile: Digest,
    /// Who has answered for the service account, the last named now; empty for a human.
    pub responsible: Vec<PersonId>,
    pub roles: BTreeSet<Role>,
}

impl Person {
    /// Whether they have not left. A service account needs somebody to answer for it besides:
    /// [`Tables::active_person`].
    pub(crate) fn is_here(&self) -> bool {
        self.offboarded.is_none()
    }

    pub fn has(&self, role: &str) -> bool {
        self.is_here() && self.roles.iter().any(|held| held.as_str() == role)
    }
}

/// A key as the state knows it: one person's for ever, active until retired or its owner leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    pub person: PersonId,
    pub public: PublicKey,
    pub retired: Option<Millis>,
}

pub(crate) fn check_added(state: &State, added: &PersonAdded) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    reasons.require(!state.people.contains_key(&added.person), Code::Exists, || {
        format!("person {} exists already", added.person)
    });
    check_roles(&mut reasons, &added.roles, added.kind);
    match (added.kind, added.responsible) {
        (Kind::Workload, Some(person)) => {
            reasons.take(may_answer(state, person));
        }
        (Kind::Workload, None) => {
            reasons.add(Code::Invalid, "a service account names `responsible`")
        }
        (Kind::Human, Some(_)) => reasons.add(Code::Invalid, "a human answers for themselves"),
        (Kind::Human, None) => {}
    }
    check_new_key(&mut reasons, state, &added.key);
    reasons.done()
}

pub(crate) fn check_key_added(state: &State, added: &KeyAdded) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    reasons.take(state.active_person(added.person));
    check_new_key(&mut reasons, state, &added.key);
    reasons.done()
}

pub(crate) fn check_key_retired(state: &State, retired: &KeyRetired) -> Result<(), Refusal> {
    match state.keys.get(&retired.key) {
        Some(key) if key.retired.is_none() => {
            must_leave_operators(state, key.person, |left| *left != retired.key)
        }
        Some(_) => Err(Refusal::new(Code::WrongStatus, "the key is retired already")),
        None => Err(Refusal::new(
            Code::NotFound,
            format!("no key {}; see `portcullis person key list`", retired.key),
        )),
    }
}

pub(crate) fn check_roles_set(state: &State, set: &RolesSet) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    if let Some(person) = reasons.take(state.active_person(set.person)) {
        check_roles(&mut reasons, &set.roles, person.kind);
        if set.roles.iter().all(|role| role.as_str() != Role::OPERATOR) {
            reasons.take(must_leave_operators(state, set.person, |_| false));
        }
    }
    reasons.done()
}

pub(crate) fn check_responsible_set(state: &State, set: &ResponsibleSet) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    match state.people.get(&set.person) {
        None => reasons
            .add(Code::NotFound, format!("no person {}; see `portcullis person list`", set.person)),
        Some(person) => {
            reasons.require(person.is_here(), Code::NotActive, || {
                format!("person {} has left", set.person)
            });
            reasons.require(person.kind == Kind::Workload, Code::Invalid, || {
                "a human answers for themselves".to_owned()
            });
        }
    }
    reasons.take(may_answer(state, set.responsible));
    reasons.done()
}

/// Only a human who is here answers for a service account.
fn may_answer(state: &State, person: PersonId) -> Result<(), Refusal> {
    match state.active_person(person)?.kind {
        Kind::Human => Ok(()),
        Kind::Workload => {
            Err(Refusal::new(Code::Invalid, "a human is responsible for a service account"))
        }
    }
}

pub(crate) fn check_offboarded(state: &State, gone: &PersonOffboarded) -> Result<(), Refusal> {
    match state.people.get(&gone.person) {
        Some(person) if person.is_here() => {}
        _ => return state.active_person(gone.person).map(|_| ()),
    }
    must_leave_operators(state, gone.person, |_| false)
}

/// INVARIANT: enough operators who can sign are left to meet the quorum, when of `person`'s keys only
/// those are left that `stays` says.
fn must_leave_operators(
    state: &State,
    person: PersonId,
    stays: impl Fn(&Digest) -> bool,
) -> Result<(), Refusal> {
    let signs = |operator: &PersonId| {
        state.keys.iter().any(|(fingerprint, key)| {
            let left = key.person != person || stays(fingerprint);
            key.person == *operator && key.retired.is_none() && left
        })
    };
    let quorum = state.settings.quorum;
    match state.operators().filter(signs).count() >= usize::from(quorum) {
        true => Ok(()),
        false => Err(Refusal::new(
            Code::Invalid,
            format!(
                "fewer operators with a key would be left than the quorum of {quorum} that authority \
                 entries need; add an operator first"
            ),
        )),
    }
}

fn check_roles(reasons: &mut Reasons, roles: &BTreeSet<Role>, kind: Kind) {
    for role in roles.iter().filter(|role| !role.is_well_formed()) {
        reasons.add(Code::Invalid, format!("`{role}` is not a role's name; use a-z, 0-9, - and _"));
    }
    reasons.require(roles.is_empty() || kind == Kind::Human, Code::WorkloadReview, || {
        "a service account holds no roles: it may ask, and never approve".to_owned()
    });
}

fn check_new_key(reasons: &mut Reasons, state: &State, key: &PublicKey) {
    reasons.take(key.is_strong());
    reasons.require(!state.keys.contains_key(&key.fingerprint()), Code::Exists, || {
        format!("key {} belongs to somebody already, for ever", key.fingerprint())
    });
}

impl Tables {
    pub(crate) fn absorb_person(&mut self, added: &PersonAdded) {
        let PersonAdded { demo, key, kind, person, profile, responsible, roles } = added.clone();
        let responsible = responsible.into_iter().collect();
        let new = Person { demo, kind, offboarded: None, profile, responsible, roles };
        self.people.insert(person, new.into());
        self.absorb_key(&KeyAdded { key, person });
        self.raise_quorum();
    }

    pub(crate) fn absorb_key(&mut self, added: &KeyAdded) {
        let key = Key { person: added.person, public: added.key.clone(), retired: None };
        self.keys.insert(added.key.fingerprint(), key.into());
    }

    pub(crate) fn absorb_key_retired(&mut self, retired: &KeyRetired, at: Millis) {
        self.change_key(retired.key, |key| key.retired = Some(at));
    }

    pub(crate) fn absorb_roles(&mut self, set: &RolesSet) {
        self.change_person(set.person, |person| person.roles.clone_from(&set.roles));
        self.raise_quorum();
    }

    pub(crate) fn absorb_responsible(&mut self, set: &ResponsibleSet) {
        self.change_person(set.person, |person| {
            person.responsible.retain(|earlier| *earlier != set.responsible);
            person.responsible.push(set.responsible);
        });
    }

    pub(crate) fn absorb_offboarded(&mut self, gone: &PersonOffboarded, at: Millis) {
        self.change_person(gone.person, |person| person.offboarded = Some(at));
        self.revoke_numbered(Target::Owner(gone.person), Reason::Left, self.size, at);
    }

    /// INVARIANT: as long as there are two operators, two sign.
    fn raise_quorum(&mut self) {
        if self.settings.quorum < 2 && self.operators().count() >= 2 {
            self.settings.quorum = 2;
        }
    }

    /// Those who may sign authority entries now.
    pub fn operators(&self) -> impl Iterator<Item = PersonId> {
        self.people.iter().filter(|(_, p)| p.has(Role::OPERATOR)).map(|(id, _)| *id)
    }

    /// The person, if they may act at all: they have not left, nor has who answers for them.
    pub fn active_person(&self, id: PersonId) -> Result<&Person, Refusal> {
        match self.people.get(&id) {
            Some(person) if !person.is_here() => {
                Err(Refusal::new(Code::NotActive, format!("person {id} has left")))
            }
            Some(person) if !self.is_answered_for(person) => Err(Refusal::new(
                Code::NotActive,
                format!(
                    "nobody answers for the service account {id} any more; operators name somebody \
                     with `portcullis person responsible`"
                ),
            )),
            Some(person) => Ok(person),
            None => Err(Refusal::new(
                Code::NotFound,
                format!("no person {id}; see `portcullis person list`"),
            )),
        }
    }

    /// Whether a human who is here is responsible: oneself, or for a service account somebody else.
    pub(crate) fn is_answered_for(&self, person: &Person) -> bool {
        let last = person.responsible.last().and_then(|id| self.people.get(id));
        person.kind == Kind::Human || last.is_some_and(|person| person.is_here())
    }

    /// INVARIANT: what a service account asked for was asked for by everybody who ever answered for
    /// it: an account's key may still be in their hands.
    pub(crate) fn asked_through(&self, asker: PersonId, person: PersonId) -> bool {
        let account = self.people.get(&asker);
        asker == person || account.is_some_and(|account| account.responsible.contains(&person))
    }
}
