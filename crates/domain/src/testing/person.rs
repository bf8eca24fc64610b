//! Verbs of operators: acts of authority with the signatures that they need.

use std::collections::BTreeSet;

use super::{Member, POLICY, World, standard};
use crate::authority::{Act, Authority};
use crate::digest::Digest;
use crate::entry::{Body, canonical};
use crate::material;
use crate::people::{Kind, PersonAdded, PersonOffboarded, Role};
use crate::policy::PolicyPublished;
use crate::refusal::Refusal;
use crate::signature::Signature;
use crate::standard::{Standard, StandardPublished};
use crate::statement::Statement;

impl World {
    /// The cast, the standard and the policy come in.
    pub(super) fn enter(&mut self) {
        let super::Cast { bob, sue, pia, max, bot, .. } = self.cast();
        let people: [(&Member, &[&str]); 4] =
            [(&bob, &[]), (&sue, &["security"]), (&pia, &["privacy"]), (&max, &[])];
        for (member, roles) in people {
            self.act(self.joining(member, roles)).expect("a person");
        }
        self.act(self.account(&bot, &max)).expect("a service account");
        self.publish_standard(&standard()).expect("a standard");
        self.publish_policy(POLICY).expect("a policy");
    }

    pub fn added(&self, member: &Member, roles: &[&str]) -> PersonAdded {
        PersonAdded {
            demo: false,
            key: member.public(),
            kind: Kind::Human,
            person: member.id,
            profile: Digest::of(&member.id.0.to_be_bytes()),
            responsible: None,
            roles: roles.iter().map(|role| Role::new(*role)).collect::<BTreeSet<_>>(),
        }
    }

    pub fn joining(&self, member: &Member, roles: &[&str]) -> Act {
        Act::PersonAdded(self.added(member, roles))
    }

    /// A service account that `responsible` answers for.
    pub fn account(&self, member: &Member, responsible: &Member) -> Act {
        let (kind, responsible) = (Kind::Workload, Some(responsible.id));
        Act::PersonAdded(PersonAdded { kind, responsible, ..self.added(member, &[]) })
    }

    /// A further operator, who signs from now on too.
    pub fn add_operator(&mut self, member: &Member) {
        let roles = [Role::OPERATOR];
        self.act(self.joining(member, &roles)).expect("an operator");
        self.operators.push(member.clone());
    }

    /// A demo person with roles.
    pub fn add_demo(&mut self, member: &Member, roles: &[&str]) {
        let added = PersonAdded { demo: true, ..self.added(member, roles) };
        self.act(Act::PersonAdded(added)).expect("a demo person");
    }

    pub fn offboard(&mut self, member: &Member) -> Result<u64, Refusal> {
        self.act(Act::PersonOffboarded(PersonOffboarded { person: member.id }))
    }

    /// All operators sign and the first of them brings it.
    pub fn act(&mut self, act: Act) -> Result<u64, Refusal> {
        let operators: Vec<Member> = self.operators.clone();
        self.act_signed(act, &operators.iter().collect::<Vec<_>>())
    }

    pub fn act_signed(&mut self, act: Act, signers: &[&Member]) -> Result<u64, Refusal> {
        let signatures = signers.iter().map(|signer| self.sign_act(signer, &act)).collect();
        let first = signers.first().copied().cloned().unwrap_or_else(|| self.cast().ann);
        self.by(&first, Body::Authority(Authority { act, signatures }.into()))
    }

    pub fn sign_act(&self, signer: &Member, act: &Act) -> Signature {
        self.sign(signer, |state, seen, not_after| {
            Statement::for_act(state, act, signer.id, seen, not_after)
        })
    }

    pub fn publish_standard(&mut self, standard: &Standard) -> Result<u64, Refusal> {
        let digest = self.put(material::Kind::Standard, &canonical(standard));
        let (name, version) = (standard.name.clone(), standard.version);
        self.act(Act::StandardPublished(StandardPublished { name, standard: digest, version }))
    }

    pub fn publish_policy(&mut self, text: &str) -> Result<u64, Refusal> {
        let policy = self.put(material::Kind::Policy, text.as_bytes());
        let version = self.state().policy.as_ref().map_or(1, |policy| policy.version + 1);
        self.act(Act::PolicyPublished(PolicyPublished { policy, version }))
    }
}
