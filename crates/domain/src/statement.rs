//! What a person signs: a canonical document that the signing client shows and the fold makes again.

use serde::Serialize;

use crate::authority::Act;
use crate::digest::Digest;
use crate::entry::canonical;
use crate::id::PersonId;
use crate::people::Key;
use crate::refusal::{Code, Reasons, Refusal};
use crate::signature::{REVIEW_NAMESPACE, Seen, Signature};
use crate::state::State;
use crate::time::{Millis, Span};

/// The longest that a signature may wait for its use.
pub const LONGEST_WAIT: Span = Span::days(30);

/// The bytes that a person signs (RFC 8785), bound to one ledger, signer, role and moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement(Vec<u8>);

/// What every statement has beside its subject.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    pub not_after: Millis,
    pub role: &'a str,
    pub seen: Seen,
    pub signer: PersonId,
}

#[derive(Serialize)]
struct AuthorityStatement<'a> {
    act: &'a Act,
    genesis: Option<Digest>,
    not_after: Millis,
    role: &'static str,
    seen: Seen,
    signer: PersonId,
    statement: &'static str,
}

impl Statement {
    /// The canonical bytes of `document`, whose fields are declared in alphabetical order.
    pub(crate) fn of(document: &impl Serialize) -> Statement {
        Statement(canonical(document))
    }

    pub(crate) fn authority(
        state: &State,
        act: &Act,
        signer: PersonId,
        signature: &Signature,
    ) -> Statement {
        Statement::for_act(state, act, signer, signature.seen, signature.not_after)
    }

    /// What an operator signs for an act of authority.
    pub fn for_act(
        state: &State,
        act: &Act,
        signer: PersonId,
        seen: Seen,
        not_after: Millis,
    ) -> Statement {
        Statement::of(&AuthorityStatement {
            act,
            genesis: state.genesis_hash(),
            not_after,
            role: crate::people::Role::OPERATOR,
            seen,
            signer,
            statement: "authority",
        })
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A signature that must verify for an entry to hold: everything but the arithmetic is checked.
#[derive(Debug, Clone)]
pub struct Claim {
    pub signer: PersonId,
    not_after: Millis,
    key: std::sync::Arc<Key>,
    message: Statement,
    sig: Vec<u8>,
}

impl Claim {
    /// A claim by whoever holds `role`.
    pub(crate) fn of_role(
        state: &State,
        signature: &Signature,
        role: &str,
        at: Millis,
        statement: impl FnOnce(PersonId) -> Statement,
    ) -> Result<Claim, Refusal> {
        let claim = Claim::new(state, signature, at, statement)?;
        match state.people.get(&claim.signer) {
            Some(person) if person.has(role) => Ok(claim),
            _ => Err(Refusal::new(
                Code::RoleNeeded,
                format!("{} does not hold the role `{role}`", claim.signer),
            )),
        }
    }

    /// A claim by exactly this person.
    pub(crate) fn of_person(
        state: &State,
        signature: &Signature,
        person: PersonId,
        at: Millis,
        statement: impl FnOnce(PersonId) -> Statement,
    ) -> Result<Claim, Refusal> {
        let claim = Claim::new(state, signature, at, statement)?;
        match claim.signer == person {
            true => Ok(claim),
            false => Err(Refusal::new(
                Code::KeyNotActive,
                format!("the signature is {}'s; {person}'s is needed", claim.signer),
            )),
        }
    }

    fn new(
        state: &State,
        signature: &Signature,
        at: Millis,
        statement: impl FnOnce(PersonId) -> Statement,
    ) -> Result<Claim, Refusal> {
        let Some(key) = state.keys.get(&signature.key).cloned() else {
            let message = format!("no key {} is enrolled", signature.key);
            return Err(Refusal::new(Code::KeyNotActive, message));
        };
        let mut reasons = Reasons::default();
        reasons.require(key.retired.is_none(), Code::KeyNotActive, || {
            format!("key {} is retired", signature.key)
        });
        reasons.take(state.active_person(key.person));
        let window = at..=at.after(LONGEST_WAIT);
        reasons.require(window.contains(&signature.not_after), Code::SignatureExpired, || {
            format!(
                "the signature counts until {}, which is past, or more than {LONGEST_WAIT} ahead",
                signature.not_after
            )
        });
        reasons.require(state.has_root(signature.seen), Code::SignatureInvalid, || {
            format!(
                "the signer saw a ledger of {} entries that is not this one",
                signature.seen.size
            )
        });
        let claim = Claim {
            signer: key.person,
            not_after: signature.not_after,
            message: statement(key.person),
            sig: signature.sig.0.clone(),
            key,
        };
        reasons.require(!state.used.contains(&claim.mark()), Code::SignatureUsed, || {
            "the signature was used before; sign again".to_owned()
        });
        reasons.done().map(|()| claim)
    }

    /// What the state remembers, until the signature would not count any more anyway.
    pub(crate) fn mark(&self) -> (Millis, Digest) {
        let key = self.key.public.fingerprint();
        (self.not_after, Digest::over(&[&key.0, self.message.as_bytes()]))
    }

    /// The arithmetic.
    pub fn verify(&self) -> Result<(), Refusal> {
        self.key.public.verify(REVIEW_NAMESPACE, self.message.as_bytes(), &self.sig)
    }
}
