//! Revocations: one entry ends one token or everything of an owner, service, vendor or ticket.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::entry::Entry;
use crate::grant::Grant;
use crate::id::{GatewayId, GrantId, PersonId, ServiceId, TicketId, TokenId, VendorId};
use crate::people::Role;
use crate::refusal::{Code, Reasons, Refusal};
use crate::request::Request;
use crate::signature::Base64;
use crate::state::{State, Tables};
use crate::time::Millis;

const RECEIPT_CONTEXT: &[u8] = b"portcullis-receipt-v1\n";

/// What is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    Grant(GrantId),
    Owner(PersonId),
    Service(ServiceId),
    Ticket(TicketId),
    Token(TokenId),
    Vendor(VendorId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    Compromised,
    Ended,
    Left,
    Misbehaved,
    Superseded,
    Unused,
}

/// From this entry on none of the target's tokens admits a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// A paper with more words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Digest>,
    pub reason: Reason,
    pub target: Target,
}

/// A gateway's signed word that it follows the revocation: it admits no call of those grants any more
/// and has cut their open streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationReceived {
    pub gateway: GatewayId,
    /// The revocation's number: the position of its entry.
    #[serde(deserialize_with = "crate::number::whole")]
    pub revocation: u64,
    /// The gateway's Ed25519 signature over [`receipt_message`].
    pub signature: Base64,
}

/// A revocation as the state knows it; its number is its entry's position. Somebody's leaving is one
/// too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    pub at: Millis,
    /// How many tokens were live when it came.
    pub ended: u64,
    pub reason: Reason,
    pub receipts: BTreeMap<GatewayId, Millis>,
    pub target: Target,
}

/// What a gateway signs: the context, the genesis hash, its id and the revocation's number.
pub fn receipt_message(genesis: &Digest, gateway: GatewayId, revocation: u64) -> Vec<u8> {
    [RECEIPT_CONTEXT, &genesis.0, &gateway.0.to_be_bytes(), &revocation.to_be_bytes()].concat()
}

pub(crate) fn check(state: &State, revoked: &Revoked, entry: &Entry) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    reasons.take(exists(state, &revoked.target));
    if entry.actor.who.is_some() && !is_own(state, &revoked.target, entry) {
        reasons.take(entry.holds_any(state, &[Role::OPERATOR, "security"]));
    }
    reasons.done()
}

fn exists(state: &State, target: &Target) -> Result<(), Refusal> {
    match target {
        Target::Grant(id) => state.grant(*id)?.must_not_be_revoked(),
        Target::Owner(id) => state.people.get(id).map(|_| ()).ok_or_else(|| {
            Refusal::new(Code::NotFound, format!("no person {id}; see `portcullis person list`"))
        }),
        Target::Service(id) => state.service(*id).map(|_| ()),
        Target::Ticket(id) => state.ticket(*id).map(|_| ()),
        Target::Token(id) => {
            let token = state.token(*id)?;
            let ended = token.revoked.or(state.grant(token.grant)?.revoked);
            ended.map_or(Ok(()), |at| Err(already(at)))
        }
        Target::Vendor(id) => state.vendor(*id).map(|_| ()),
    }
}

impl Grant {
    fn must_not_be_revoked(&self) -> Result<(), Refusal> {
        self.revoked.map_or(Ok(()), |at| Err(already(at)))
    }
}

fn already(at: Millis) -> Refusal {
    Refusal::new(Code::WrongStatus, format!("it was revoked on {at}"))
}

/// Whoever holds or asked for a token may end it.
fn is_own(state: &State, target: &Target, entry: &Entry) -> bool {
    let who = entry.actor.who;
    let grant = match target {
        Target::Grant(id) => Some(*id),
        Target::Token(id) => state.tokens.get(id).map(|token| token.grant),
        Target::Owner(id) => return who == Some(*id),
        _ => None,
    };
    grant
        .and_then(|id| state.grants.get(&id))
        .and_then(|grant| state.requests.get(&grant.request))
        .is_some_and(|request| who == Some(request.requester) || who == Some(request.asked.owner))
}

pub(crate) fn check_received(state: &State, received: &RevocationReceived) -> Result<(), Refusal> {
    let gateway = state.active_gateway(received.gateway)?;
    let Some(revocation) = state.revocations.get(&received.revocation) else {
        let message = format!("entry {} is no revocation", received.revocation);
        return Err(Refusal::new(Code::NotFound, message));
    };
    let mut reasons = Reasons::default();
    let new = !revocation.receipts.contains_key(&received.gateway);
    reasons.require(new, Code::Exists, || "the receipt is in the ledger already".to_owned());
    if let Some(genesis) = state.genesis_hash() {
        let message = receipt_message(&genesis, received.gateway, received.revocation);
        reasons.take(gateway.machine.key.verify(&message, &received.signature.0));
    }
    reasons.done()
}

impl Tables {
    /// The live grants that a revocation would end.
    pub fn covered(&self, target: &Target, now: Millis) -> Vec<GrantId> {
        let covers = |request: &Request| {
            let service = self.services.get(&request.asked.service);
            match target {
                Target::Owner(id) => request.asked.owner == *id || request.requester == *id,
                Target::Service(id) => request.asked.service == *id,
                Target::Ticket(id) => service.is_some_and(|service| service.ticket == *id),
                Target::Vendor(id) => service.is_some_and(|service| service.vendor == *id),
                Target::Grant(_) | Target::Token(_) => false,
            }
        };
        match target {
            Target::Grant(id) => vec![*id],
            Target::Token(id) => self
                .tokens
                .get(id)
                .filter(|token| self.grants.get(&token.grant).is_some_and(|g| g.token == Some(*id)))
                .map(|token| token.grant)
                .into_iter()
                .collect(),
            _ => self
                .grants
                .iter()
                .filter(|(_, grant)| grant.revoked.is_none() && !grant.fuse.is_burnt(now))
                .filter(|(_, grant)| self.requests.get(&grant.request).is_some_and(|r| covers(r)))
                .map(|(id, _)| *id)
                .collect(),
        }
    }

    pub(crate) fn absorb_revoked(&mut self, revoked: &Revoked, number: u64, at: Millis) {
        self.revoke_numbered(revoked.target, revoked.reason, number, at);
    }

    /// Every end that gateways acknowledge has a number, an owner's leaving too.
    pub(crate) fn revoke_numbered(
        &mut self,
        target: Target,
        reason: Reason,
        number: u64,
        at: Millis,
    ) {
        let ended = self.revoke(&target, at);
        let revocation = Revocation { at, ended, reason, receipts: BTreeMap::new(), target };
        self.revocations.insert(number, revocation.into());
    }

    pub(crate) fn absorb_received(&mut self, received: &RevocationReceived, at: Millis) {
        if let Some(old) = self.revocations.get(&received.revocation) {
            let mut revocation = (**old).clone();
            revocation.receipts.insert(received.gateway, at);
            self.revocations.insert(received.revocation, revocation.into());
        }
    }

    /// Ends the grants; a single token that has a successor ends alone.
    fn revoke(&mut self, target: &Target, at: Millis) -> u64 {
        let grants = self.covered(target, at);
        let mut ended = grants.len() as u64;
        for id in grants {
            self.change_grant(id, |grant| grant.revoked = Some(at));
            let request = self.grants.get(&id).and_then(|grant| self.requests.get(&grant.request));
            if let Some(service) = request.map(|request| request.asked.service) {
                self.change_service(service, |s| s.grants = s.grants.saturating_sub(1));
            }
        }
        if let Target::Token(id) = target {
            self.change_token(*id, |token| token.revoked = Some(at));
            ended = 1;
        }
        ended
    }
}
