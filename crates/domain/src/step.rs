//! The one door: `check` judges an entry on a draft, and only it makes the [`Step`] that a draft absorbs.

use crate::actor::Proof;
use crate::digest::Digest;
use crate::entry::{Body, Entry};
use crate::material::{Material, Materials};
use crate::refusal::{Code, Reasons, Refusal};
use crate::state::{State, Tables};
use crate::statement::Claim;
use crate::{
    authority, credential, evidence, genesis, grant, probe, request, review, revocation, service,
    ticket, token, usage,
};

/// A state to come: a published one and the steps absorbed since. Dropped, it never was.
#[derive(Debug, Clone)]
pub struct Draft {
    state: State,
}

/// An entry that holds at exactly one size of one draft. Only [`check`] makes one.
#[derive(Debug)]
pub struct Step {
    entry: Entry,
    /// SHA-256 of the bytes of a genesis; no other entry is named by its hash.
    genesis: Option<Digest>,
    size: u64,
    claims: Vec<Claim>,
    keep: Vec<(Digest, Material)>,
}

impl Step {
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The size of the ledger that the entry was checked at: its position.
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// Judges `entry` as the next one of `draft`: its form, its time, its actor, its kind's own rules,
/// and every signature in it. Control asks before it appends, a gateway before it believes, an
/// auditor years later.
pub fn check(draft: &Draft, entry: &Entry, materials: &Materials) -> Result<Step, Refusal> {
    let bytes = entry.encode();
    match Entry::decode(&bytes)? == *entry {
        true => check_read(draft, entry.clone(), &bytes, materials),
        false => Err(Refusal::new(Code::NotCanonical, "the entry does not survive its own bytes")),
    }
}

/// Judges an entry that [`Entry::decode`] has just read from `bytes`.
pub(crate) fn check_read(
    draft: &Draft,
    entry: Entry,
    bytes: &[u8],
    materials: &Materials,
) -> Result<Step, Refusal> {
    let claims = claims(draft, &entry, materials)?;
    let mut reasons = Reasons::default();
    for claim in &claims {
        reasons.take(claim.verify());
    }
    reasons.done()?;
    Ok(Step {
        genesis: matches!(entry.body, Body::Genesis(_)).then(|| Digest::of(bytes)),
        size: draft.state.size,
        keep: kept(&entry, materials),
        claims,
        entry,
    })
}

/// Every rule but the arithmetic of people's signatures, which are the answer. Makes no step.
pub fn claims(draft: &Draft, entry: &Entry, materials: &Materials) -> Result<Vec<Claim>, Refusal> {
    let state = &draft.state;
    let mut reasons = Reasons::default();
    reasons.require(entry.at >= state.at, Code::TimeBackwards, || {
        format!("the entry is dated {}, the one before {}", entry.at, state.at)
    });
    if let Body::Genesis(genesis) = &entry.body {
        reasons.take(genesis::check(state, genesis, entry, materials));
        return reasons.done().map(|()| Vec::new());
    }
    reasons.require(state.origin.is_some(), Code::Genesis, || {
        "a ledger begins with its genesis".to_owned()
    });
    reasons.take(state.active_node(entry.actor.node));
    if entry.actor.who.is_some() {
        reasons.take(entry.person(state));
    }
    let mut claims = Vec::new();
    reasons.take(judge(state, entry, materials, &mut claims));
    reasons.done()?;
    check_proof(entry, &claims).map(|()| claims)
}

/// What the node says of who acted must be possible: a job is nobody, a login somebody, and
/// signatures prove only those who made them.
fn check_proof(entry: &Entry, claims: &[Claim]) -> Result<(), Refusal> {
    let holds = match (entry.actor.proof, entry.actor.who) {
        (Proof::Login, who) => who.is_some(),
        (Proof::Node, who) => who.is_none(),
        (Proof::Signature, None) => !claims.is_empty(),
        (Proof::Signature, Some(who)) => claims.iter().any(|claim| claim.signer == who),
    };
    match holds {
        true => Ok(()),
        false => Err(Refusal::new(
            Code::Invalid,
            "the entry does not prove who acted in the way that it says",
        )),
    }
}

fn judge(
    state: &State,
    entry: &Entry,
    materials: &Materials,
    claims: &mut Vec<Claim>,
) -> Result<(), Refusal> {
    match &entry.body {
        Body::Authority(body) => authority::check(state, body, entry.at, materials, claims),
        Body::CredentialStored(body) => credential::check(state, body, entry),
        Body::EvidenceAttached(body) => evidence::check(state, body, entry, claims),
        Body::Genesis(body) => genesis::check(state, body, entry, materials),
        Body::GrantIssued(body) => grant::check(state, body, entry),
        Body::ProbeAnswered(body) => probe::check_answered(state, body, entry, materials),
        Body::ProbeOrdered(body) => probe::check_ordered(state, body, entry),
        Body::RequestDecided(body) => request::check_decided(state, body, entry),
        Body::RequestMade(body) => request::check_made(state, body, entry, claims),
        Body::ReviewSigned(body) => review::check(state, body, entry, claims),
        Body::RevocationReceived(body) => revocation::check_received(state, body),
        Body::Revoked(body) => revocation::check(state, body, entry),
        Body::SegmentCommitted(body) => usage::check(state, body),
        Body::ServiceReleased(body) => service::check_released(state, body, entry),
        Body::ServiceSuspended(body) => service::check_suspended(state, body, entry),
        Body::TicketAmended(body) => ticket::check_amended(state, body, entry, materials),
        Body::TicketApproved(body) => ticket::check_approved(state, body, entry),
        Body::TicketOpened(body) => ticket::check_opened(state, body, entry, materials),
        Body::TicketSubmitted(body) => ticket::check_submitted(state, body, entry, claims),
        Body::TicketWithdrawn(body) => ticket::check_withdrawn(state, body, entry),
        Body::TokenIssued(body) => token::check_issued(state, body, entry),
        Body::TokenRotated(body) => token::check_rotated(state, body, entry),
        Body::VendorAdded(body) => service::check_vendor(state, body, entry),
    }
}

fn kept(entry: &Entry, materials: &Materials) -> Vec<(Digest, Material)> {
    let keep = entry.materials().into_iter();
    keep.filter_map(|(_, digest)| Some((digest, materials.get(&digest)?.clone()))).collect()
}

impl Draft {
    /// A draft on top of a published state.
    pub fn on(state: &State) -> Draft {
        Draft { state: state.clone() }
    }

    /// A draft that is the state from now on: what nobody else holds of it is not copied.
    pub(crate) fn of(state: State) -> Draft {
        Draft { state }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// Absorbs a step that was checked on this draft, at this size.
    pub fn absorb(&mut self, step: Step) -> Result<(), Refusal> {
        if step.size != self.state.size {
            return Err(Refusal::new(
                Code::StaleStep,
                format!("checked at {} entries, the draft has {}", step.size, self.state.size),
            ));
        }
        self.state.0.absorb(&step);
        Ok(())
    }

    /// The state once the draft's entries are appended: `root` is the attested root of the log of as
    /// many entries as the draft has.
    pub fn publish(mut self, root: Digest) -> State {
        let tables = &mut self.state.0;
        tables.roots.insert(tables.size, root);
        self.state
    }
}

impl Tables {
    fn absorb(&mut self, step: &Step) {
        let Step { entry, genesis, size, claims, keep } = step;
        let at = entry.at;
        let mut materials = Materials::default();
        for (digest, material) in keep {
            materials.insert(*digest, material.clone());
            if !matches!(material, Material::Answer(_)) {
                self.materials.insert(*digest, material.clone());
            }
        }
        self.remember(claims, at);
        match &entry.body {
            Body::Authority(body) => self.absorb_authority(body, *size, at),
            Body::CredentialStored(body) => self.absorb_credential(body),
            Body::EvidenceAttached(body) => self.absorb_evidence(body, entry, claims),
            Body::Genesis(body) => self.absorb_genesis(body, *genesis, at),
            Body::GrantIssued(body) => self.absorb_grant(body, at),
            Body::ProbeAnswered(body) => self.absorb_answered(body, at, &materials),
            Body::ProbeOrdered(body) => self.absorb_ordered(body, entry),
            Body::RequestDecided(body) => self.absorb_decided(body, at),
            Body::RequestMade(body) => self.absorb_made(body, entry),
            Body::ReviewSigned(body) => self.absorb_review(body, at, claims),
            Body::RevocationReceived(body) => self.absorb_received(body, at),
            Body::Revoked(body) => self.absorb_revoked(body, *size, at),
            Body::SegmentCommitted(body) => self.absorb_segment(body),
            Body::ServiceReleased(body) => self.absorb_released(body),
            Body::ServiceSuspended(body) => self.absorb_suspended(body),
            Body::TicketAmended(body) => self.absorb_amended(body),
            Body::TicketApproved(body) => self.absorb_approved(body, at),
            Body::TicketOpened(body) => self.absorb_opened(body, entry),
            Body::TicketSubmitted(body) => self.absorb_submitted(body, at),
            Body::TicketWithdrawn(body) => self.absorb_withdrawn(body, at),
            Body::TokenIssued(body) => self.absorb_issued(body, at),
            Body::TokenRotated(body) => self.absorb_rotated(body, at),
            Body::VendorAdded(body) => self.absorb_vendor(body),
        }
        self.size = size + 1;
        self.at = at;
    }

    /// Marks signatures as used and forgets those that time has ended.
    fn remember(&mut self, claims: &[Claim], at: crate::time::Millis) {
        self.used.extend(claims.iter().map(Claim::mark));
        while self.used.get_min().is_some_and(|(end, _)| *end < at) {
            self.used.remove_min();
        }
    }
}
