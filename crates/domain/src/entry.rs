//! Entries: the closed list of everything that can happen in edition 1, and their canonical bytes.

use std::io;

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::authority::{Act, Authority};
use crate::credential::CredentialStored;
use crate::digest::Digest;
use crate::evidence::EvidenceAttached;
use crate::genesis::Genesis;
use crate::grant::GrantIssued;
use crate::material::Kind;
use crate::people::Person;
use crate::probe::{ProbeAnswered, ProbeOrdered};
use crate::refusal::{Code, Refusal};
use crate::request::{RequestDecided, RequestMade};
use crate::review::ReviewSigned;
use crate::revocation::{RevocationReceived, Revoked};
use crate::service::{ServiceReleased, ServiceSuspended, VendorAdded};
use crate::state::Tables;
use crate::ticket::{
    TicketAmended, TicketApproved, TicketOpened, TicketSubmitted, TicketWithdrawn,
};
use crate::time::Millis;
use crate::token::{TokenIssued, TokenRotated};
use crate::usage::SegmentCommitted;

/// The longest that an entry's bytes may be.
pub const LONGEST: usize = 16 * 1024;

/// One line of the ledger: who did what, when.
///
/// INVARIANT: every struct below declares its fields in alphabetical order and holds no floats, so
/// that serde's output is the canonical form of RFC 8785. A test compares it with another encoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub actor: Actor,
    pub at: Millis,
    pub body: Body,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    Authority(Box<Authority>),
    CredentialStored(CredentialStored),
    EvidenceAttached(EvidenceAttached),
    Genesis(Box<Genesis>),
    GrantIssued(GrantIssued),
    ProbeAnswered(ProbeAnswered),
    ProbeOrdered(ProbeOrdered),
    RequestDecided(RequestDecided),
    RequestMade(RequestMade),
    ReviewSigned(ReviewSigned),
    RevocationReceived(RevocationReceived),
    Revoked(Revoked),
    SegmentCommitted(SegmentCommitted),
    ServiceReleased(ServiceReleased),
    ServiceSuspended(ServiceSuspended),
    TicketAmended(TicketAmended),
    TicketApproved(TicketApproved),
    TicketOpened(Box<TicketOpened>),
    TicketSubmitted(TicketSubmitted),
    TicketWithdrawn(TicketWithdrawn),
    TokenIssued(TokenIssued),
    TokenRotated(TokenRotated),
    VendorAdded(VendorAdded),
}

/// The canonical bytes (RFC 8785) of a document whose fields are declared in alphabetical order.
pub fn canonical(document: &impl Serialize) -> Vec<u8> {
    // INVARIANT: none of our documents has a map with other than text keys or a failing serializer.
    serde_json::to_vec(document).unwrap_or_default()
}

/// Whether `document` in canonical form is exactly `bytes`, without writing it anywhere.
pub(crate) fn is_written_as(document: &impl Serialize, bytes: &[u8]) -> bool {
    let mut rest = Rest(bytes);
    serde_json::to_writer(&mut rest, document).is_ok() && rest.0.is_empty()
}

/// What is still to be written, if all goes well.
struct Rest<'a>(&'a [u8]);

impl io::Write for Rest<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0 = self.0.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Entry {
    /// The entry's bytes, as they are hashed and stored.
    pub fn encode(&self) -> Vec<u8> {
        canonical(self)
    }

    /// Reads bytes, which must be exactly what [`Entry::encode`] gives: no white space, no unknown or
    /// repeated fields, no other spelling of anything.
    pub fn decode(bytes: &[u8]) -> Result<Entry, Refusal> {
        if bytes.len() > LONGEST {
            let message =
                format!("the entry has {} bytes, at most {LONGEST} are allowed", bytes.len());
            return Err(Refusal::new(Code::NotCanonical, message));
        }
        let unreadable =
            |why: String| Refusal::new(Code::NotCanonical, format!("unreadable: {why}"));
        // All of it at once: serde_json would look at each text by itself.
        let text = std::str::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))?;
        let entry: Entry =
            serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
        match is_written_as(&entry, bytes) {
            true => Ok(entry),
            false => Err(Refusal::new(Code::NotCanonical, "not in canonical form (RFC 8785)")),
        }
    }

    /// The materials that the rules need to judge it, beyond those that the state keeps.
    pub fn materials(&self) -> Vec<(Kind, Digest)> {
        match &self.body {
            Body::Authority(authority) => match &authority.act {
                Act::PolicyPublished(act) => vec![(Kind::Policy, act.policy)],
                Act::StandardPublished(act) => vec![(Kind::Standard, act.standard)],
                _ => Vec::new(),
            },
            Body::Genesis(genesis) => {
                let policy = genesis.policy.iter().map(|act| (Kind::Policy, act.policy));
                let standards = genesis.standards.iter();
                standards.map(|act| (Kind::Standard, act.standard)).chain(policy).collect()
            }
            Body::ProbeAnswered(answered) => vec![(Kind::Answer, answered.answer)],
            Body::TicketAmended(amended) => vec![(Kind::Operations, amended.terms.operations)],
            Body::TicketOpened(opened) => vec![(Kind::Operations, opened.terms.operations)],
            _ => Vec::new(),
        }
    }

    /// The person who acts: known and active.
    pub(crate) fn person<'a>(&self, state: &'a Tables) -> Result<&'a Person, Refusal> {
        let who = self.actor.who.ok_or_else(|| {
            Refusal::new(Code::NotActive, "a person has to do this; the entry names none")
        })?;
        state.active_person(who)
    }

    pub(crate) fn holds(&self, state: &Tables, role: &str) -> Result<(), Refusal> {
        self.holds_any(state, &[role])
    }

    pub(crate) fn holds_any(&self, state: &Tables, roles: &[&str]) -> Result<(), Refusal> {
        let person = self.person(state)?;
        match roles.iter().any(|role| person.has(role)) {
            true => Ok(()),
            false => Err(Refusal::new(
                Code::RoleNeeded,
                format!("this needs the role `{}`", roles.join("` or `")),
            )),
        }
    }
}

impl Body {
    /// The kind's name, as on the wire.
    pub fn kind(&self) -> &'static str {
        match self {
            Body::Authority(authority) => authority.act.kind(),
            Body::CredentialStored(_) => "credential-stored",
            Body::EvidenceAttached(_) => "evidence-attached",
            Body::Genesis(_) => "genesis",
            Body::GrantIssued(_) => "grant-issued",
            Body::ProbeAnswered(_) => "probe-answered",
            Body::ProbeOrdered(_) => "probe-ordered",
            Body::RequestDecided(_) => "request-decided",
            Body::RequestMade(_) => "request-made",
            Body::ReviewSigned(_) => "review-signed",
            Body::RevocationReceived(_) => "revocation-received",
            Body::Revoked(_) => "revoked",
            Body::SegmentCommitted(_) => "segment-committed",
            Body::ServiceReleased(_) => "service-released",
            Body::ServiceSuspended(_) => "service-suspended",
            Body::TicketAmended(_) => "ticket-amended",
            Body::TicketApproved(_) => "ticket-approved",
            Body::TicketOpened(_) => "ticket-opened",
            Body::TicketSubmitted(_) => "ticket-submitted",
            Body::TicketWithdrawn(_) => "ticket-withdrawn",
            Body::TokenIssued(_) => "token-issued",
            Body::TokenRotated(_) => "token-rotated",
            Body::VendorAdded(_) => "vendor-added",
        }
    }
}
