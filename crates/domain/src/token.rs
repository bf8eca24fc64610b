//! Tokens: the text that a holder shows, and the hash by which the ledger knows it.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::digest::Digest;
use crate::entry::Entry;
use crate::fuse::{Cause, Fuse};
use crate::grant::{self, Grant};
use crate::id::{GrantId, TokenId};
use crate::policy::{Decision, Outcome};
use crate::refusal::{Code, Reasons, Refusal};
use crate::request::Request;
use crate::service::Service;
use crate::state::{State, Tables};
use crate::time::{Millis, Span};

/// The longest that a rotated token may live beside its successor.
pub const LONGEST_OVERLAP: Span = Span::DAY;

const PREFIX: &str = "pcl_";
const ID: usize = 26;
const SECRET: usize = 52;
const CHECKSUM: usize = 6;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A token's text: `pcl_`, 26 characters of id, `_`, 52 of secret, 6 of checksum. Secret scanners
/// know it by `pcl_[0-9a-hjkmnp-tv-z]{26}_[0-9a-hjkmnp-tv-z]{58}`. Never printed by `Debug`.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text of a token from 32 random bytes.
    pub fn new(token: TokenId, random: &[u8; 32]) -> Secret {
        let id = token.to_string();
        let id = id.strip_prefix("tok_").unwrap_or_default();
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + ID + SECRET + 7));
        text.push_str(PREFIX);
        text.push_str(id);
        text.push('_');
        base32(random, SECRET, &mut text);
        let checksum = Digest::of(text.as_bytes());
        base32(&checksum.0, CHECKSUM, &mut text);
        Secret(text)
    }

    /// The text, to be shown to its holder once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn presented(&self) -> Option<Presented> {
        Presented::read(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pcl_…")
    }
}

impl FromStr for Secret {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Secret, Refusal> {
        match Presented::read(text) {
            Some(_) => Ok(Secret(Zeroizing::new(text.to_owned()))),
            None => Err(Refusal::new(Code::Invalid, "not a token of ours; they begin with `pcl_`")),
        }
    }
}

/// Five bits a character, the first bits first.
fn base32(bytes: &[u8], characters: usize, to: &mut String) {
    let bit = |place: usize| bytes.get(place / 8).map_or(0, |byte| byte >> (7 - place % 8) & 1);
    for character in 0..characters {
        let value = (0..5).fold(0_u8, |sum, offset| sum << 1 | bit(character * 5 + offset));
        to.push(ALPHABET.get(usize::from(value)).copied().unwrap_or(b'0').into());
    }
}

/// What a caller showed: the id that it claims and the hash of the whole text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented {
    pub token: TokenId,
    pub hash: Digest,
}

impl Presented {
    /// Reads a token's text; `None` when it is not one (shape or checksum), which costs no look-up.
    pub fn read(text: &str) -> Option<Presented> {
        if text.len() != PREFIX.len() + ID + 1 + SECRET + CHECKSUM {
            return None;
        }
        let (body, checksum) = text.split_at_checked(text.len() - CHECKSUM)?;
        let (id, secret) = body.strip_prefix(PREFIX)?.split_at_checked(ID)?;
        let secret = secret.strip_prefix('_')?;
        // The alphabet of `base32`, which has no i, l, o and u.
        let known =
            |c| matches!(c, b'0'..=b'9' | b'a'..=b'z') && !matches!(c, b'i' | b'l' | b'o' | b'u');
        if !secret.bytes().all(known) {
            return None;
        }
        let mut expected = String::with_capacity(CHECKSUM);
        base32(&Digest::of(body.as_bytes()).0, CHECKSUM, &mut expected);
        let token = TokenId::from_str(&format!("tok_{id}")).ok()?;
        (expected == checksum).then(|| Presented { token, hash: Digest::of(text.as_bytes()) })
    }
}

/// The first token of a grant: the holder made the secret, the ledger gets its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenIssued {
    pub fuse: Fuse,
    pub grant: GrantId,
    /// SHA-256 of the token's text.
    pub hash: Digest,
    pub token: TokenId,
}

/// A successor, decided again under what holds now; the old one lives on until `overlap`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRotated {
    pub decision: Arc<Decision>,
    pub fuse: Fuse,
    pub hash: Digest,
    pub overlap: Millis,
    pub replaces: TokenId,
    pub token: TokenId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub fuse: Fuse,
    pub grant: GrantId,
    pub hash: Digest,
    pub issued: Millis,
    pub revoked: Option<Millis>,
}

impl Token {
    /// Compares in constant time.
    pub fn is(&self, presented: &Presented) -> bool {
        self.hash.0.ct_eq(&presented.hash.0).into()
    }
}

/// INVARIANT: a token ends at the earliest of its grant's end and policy's longest life.
pub fn fuse(grant: Fuse, decision: &Decision, now: Millis) -> Fuse {
    grant.or_earlier(Fuse::new(now.after(decision.bounds.life), Cause::Policy))
}

pub(crate) fn check_issued(
    state: &State,
    issued: &TokenIssued,
    entry: &Entry,
) -> Result<(), Refusal> {
    let grant = state.grant(issued.grant)?;
    let request = state.request(grant.request)?;
    let mut reasons = Reasons::default();
    reasons.take(check_free(state, issued.token));
    reasons.take(must_hold(state, request, entry));
    reasons.take(grant.must_live(entry.at));
    reasons.take(state.service(request.asked.service)?.must_be_released(entry.at));
    reasons.require(grant.token.is_none(), Code::Exists, || {
        "the grant was claimed already; rotate its token for another one".to_owned()
    });
    let claim = grant.claim_until();
    reasons.require(!claim.is_burnt(entry.at), Code::FuseBroken, || format!("the claim {claim}"));
    if let Some(decision) = &request.decision {
        let fuse = fuse(grant.fuse.clone(), decision, entry.at);
        reasons.require(issued.fuse == fuse, Code::FuseBroken, || {
            format!("the token {fuse}, not on {}", issued.fuse.until)
        });
    }
    reasons.done()
}

pub(crate) fn check_rotated(
    state: &State,
    rotated: &TokenRotated,
    entry: &Entry,
) -> Result<(), Refusal> {
    let old = state.token(rotated.replaces)?;
    let grant = state.grant(old.grant)?;
    let request = state.request(grant.request)?;
    let service = state.service(request.asked.service)?;
    let mut reasons = Reasons::default();
    reasons.take(check_free(state, rotated.token));
    reasons.take(must_hold(state, request, entry));
    reasons.take(must_be_current(rotated.replaces, old, grant, entry.at));
    reasons.take(service.must_be_released(entry.at));
    reasons.take(rotated.decision.check(state));
    reasons.take(may_rotate(state, request, service, &rotated.decision));
    let overlap = entry.at..=entry.at.after(LONGEST_OVERLAP);
    reasons.require(overlap.contains(&rotated.overlap), Code::Invalid, || {
        format!("the overlap ends between now and {LONGEST_OVERLAP} from now")
    });
    let fuse = fuse(grant::fuse(request, service), &rotated.decision, entry.at);
    reasons.require(rotated.fuse == fuse && !fuse.is_burnt(entry.at), Code::FuseBroken, || {
        format!("the token {fuse}, not on {}", rotated.fuse.until)
    });
    reasons.done()
}

fn check_free(state: &State, token: TokenId) -> Result<(), Refusal> {
    match state.tokens.contains_key(&token) {
        true => Err(Refusal::new(Code::Exists, format!("{token} exists already"))),
        false => Ok(()),
    }
}

/// Only the token's owner, or whoever requested it for a service account, gets its secret.
fn must_hold(state: &State, request: &Request, entry: &Entry) -> Result<(), Refusal> {
    entry.person(state)?;
    state.active_person(request.asked.owner)?;
    match entry.actor.who {
        Some(who) if who == request.asked.owner || who == request.requester => Ok(()),
        _ => Err(Refusal::new(Code::RoleNeeded, "only its owner or requester gets the token")),
    }
}

fn must_be_current(id: TokenId, old: &Token, grant: &Grant, at: Millis) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    reasons.require(old.revoked.is_none() && grant.revoked.is_none(), Code::WrongStatus, || {
        "the token is revoked".to_owned()
    });
    reasons.require(!old.fuse.is_burnt(at), Code::FuseBroken, || format!("the token {}", old.fuse));
    reasons.require(grant.token == Some(id), Code::WrongStatus, || {
        "the token was rotated already".to_owned()
    });
    reasons.done()
}

/// What people once signed they need not sign again for, unless it has grown since; what only policy
/// granted, policy must.
fn may_rotate(
    state: &State,
    request: &Request,
    service: &Service,
    decision: &Decision,
) -> Result<(), Refusal> {
    let review =
        |why: &str| Err(Refusal::new(Code::ReviewNeeded, format!("{why}; make a new request")));
    match decision.outcome {
        Outcome::Deny => Err(Refusal::new(Code::PolicyDenied, "policy denies it by now")),
        Outcome::Review if !request.was_reviewed() => {
            review("policy wants people to review this by now")
        }
        Outcome::Review if has_grown(state, request, service)? => {
            review("the scopes hold operations that nobody has reviewed")
        }
        _ => Ok(()),
    }
}

/// Whether the service's table gives the scopes an operation that the one decided under did not.
fn has_grown(state: &State, request: &Request, service: &Service) -> Result<bool, Refusal> {
    let decided = request.operations(state).unwrap_or(service.operations);
    if decided == service.operations {
        return Ok(false);
    }
    let scopes = &request.asked.scopes;
    let before: HashSet<_> = state.materials.operations(&decided)?.calls(scopes).collect();
    let mut now = state.materials.operations(&service.operations)?.calls(scopes);
    Ok(!now.all(|call| before.contains(&call)))
}

impl Tables {
    pub fn token(&self, id: TokenId) -> Result<&Token, Refusal> {
        let found = self.tokens.get(&id).map(AsRef::as_ref);
        found.ok_or_else(|| {
            Refusal::new(Code::NotFound, format!("no token {id}; see `portcullis token list`"))
        })
    }

    pub(crate) fn absorb_issued(&mut self, issued: &TokenIssued, at: Millis) {
        let TokenIssued { fuse, grant, hash, token } = issued.clone();
        self.tokens.insert(token, Token { fuse, grant, hash, issued: at, revoked: None }.into());
        self.change_grant(grant, |grant| grant.token = Some(token));
    }

    pub(crate) fn absorb_rotated(&mut self, rotated: &TokenRotated, at: Millis) {
        let Some(grant) = self.tokens.get(&rotated.replaces).map(|old| old.grant) else { return };
        let overlap = Fuse::new(rotated.overlap, Cause::Rotation);
        self.change_token(rotated.replaces, |old| {
            old.fuse = old.fuse.clone().or_earlier(overlap);
        });
        let (fuse, hash, token) = (rotated.fuse.clone(), rotated.hash, rotated.token);
        self.tokens.insert(token, Token { fuse, grant, hash, issued: at, revoked: None }.into());
        let now = self.grants.get(&grant).and_then(|found| {
            let request = self.requests.get(&found.request)?;
            let service = self.services.get(&request.asked.service)?;
            let rate = grant::rate(&request.asked, &rotated.decision, service);
            Some((grant::fuse(request, service), service.operations, rate))
        });
        self.change_grant(grant, |grant| {
            grant.token = Some(token);
            if let Some((fuse, operations, rate)) = now {
                (grant.fuse, grant.operations, grant.rate) = (fuse, operations, rate);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_and_every_typo_is_not() {
        let secret = Secret::new(TokenId(42), &[7; 32]);
        let text = secret.expose();
        let presented = Presented::read(text).unwrap();
        assert_eq!((presented.token, presented.hash), (TokenId(42), Digest::of(text.as_bytes())));
        assert_eq!(text.len(), 89);
        for place in 4..text.len() {
            let mut typo = text.as_bytes().to_vec();
            typo[place] = if typo[place] == b'x' { b'y' } else { b'x' };
            assert_eq!(Presented::read(std::str::from_utf8(&typo).unwrap()), None, "{place}");
        }
        assert_eq!(Presented::read(&text[1..]), None);
        assert_eq!(format!("{secret:?}"), "pcl_…");
    }

    #[test]
    fn different_randomness_makes_different_secrets() {
        let one = Secret::new(TokenId(1), &[0; 32]);
        let mut bits = [0; 32];
        bits[31] = 1;
        assert_ne!(one.expose(), Secret::new(TokenId(1), &bits).expose());
    }
}
