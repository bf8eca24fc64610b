//! The damage: what somebody would like the ledger to say instead.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_lc_rs::hmac;
use domain::actor::{Actor, Proof};
use domain::authority::{Act, Authority};
use domain::credential::CredentialStored;
use domain::digest::Digest;
use domain::entry::{Body, Entry};
use domain::fuse::Fuse;
use domain::grant::{self, GrantIssued};
use domain::id::{CredentialId, GrantId, PersonId, RequestId, TokenId};
use domain::material::{Kind, Materials};
use domain::people::{Role, RolesSet};
use domain::policy::{self, PolicyPublished};
use domain::request::{Asked, RequestDecided, RequestMade};
use domain::review::{self, ReviewSigned, Verdict};
use domain::revocation::{Reason, Revoked, Target};
use domain::service::ServiceSuspended;
use domain::signature::{Base64, REVIEW_NAMESPACE, Signature};
use domain::statement::Frame;
use domain::step::{Draft, check};
use domain::time::Span;
use domain::token::{self, TokenIssued, TokenRotated};
use portcullis::sign::Signer;

use super::forged::{Forged, Power};
use super::written::Written;
use crate::server::Person;

/// The reviews in the order in which they were signed.
const SECURITY_OTHER_TICKET: usize = 0;
const SECURITY_FIRST_ROUND: usize = 1;
const REJECTION: usize = 2;
const SECURITY: usize = 3;
const PROCUREMENT: usize = 4;

fn review(written: &Written, nth: usize) -> usize {
    written.nth("review-signed", nth)
}

fn signed(body: &mut Body) -> &mut ReviewSigned {
    let Body::ReviewSigned(signed) = body else { panic!("no review") };
    signed
}

pub fn grant_without_decision(w: &Written) -> Forged<'_> {
    Forged::of(w).overwrite(w.nth("request-decided", 0), w.nth("grant-issued", 0))
}

pub fn review_decided_as_grant(w: &Written) -> Forged<'_> {
    Forged::of(w).edit(w.nth("request-decided", 1), |body| {
        let Body::RequestDecided(decided) = body else { panic!("no decision") };
        let decision = Arc::make_mut(&mut decided.decision);
        decision.outcome = policy::Outcome::Grant;
        decision.reviewers = None;
    })
}

pub fn approval_without_signatures(w: &Written) -> Forged<'_> {
    Forged::of(w).overwrite(review(w, SECURITY), w.nth("ticket-approved", 0))
}

pub fn approval_with_one_of_two(w: &Written) -> Forged<'_> {
    Forged::of(w).overwrite(review(w, PROCUREMENT), w.nth("ticket-approved", 0))
}

/// Signs the security review with the key of somebody without that role, truly.
pub fn review_by_anothers_key(w: &Written) -> Forged<'_> {
    resigned(w, &w.dana)
}

/// The same, and says that it is the reviewer's.
pub fn review_in_the_reviewers_name(w: &Written) -> Forged<'_> {
    let at = review(w, SECURITY);
    let key = honest_review(w, SECURITY).signature.key;
    resigned(w, &w.dana).edit(at, |body| signed(body).signature.key = key)
}

fn honest_review(w: &Written, nth: usize) -> ReviewSigned {
    signed(&mut w.entries[review(w, nth)].body.clone()).clone()
}

fn resigned<'a>(w: &'a Written, by: &Person) -> Forged<'a> {
    let at = review(w, SECURITY);
    let state = w.state_before(at);
    let signer = Signer::load(&by.key).unwrap();
    let key = signer.public().fingerprint();
    Forged::of(w).edit(at, |body| {
        let signed = signed(body);
        let Signature { not_after, seen, .. } = signed.signature;
        let person = state.keys.get(&key).unwrap().person;
        let frame = Frame { not_after, role: signed.role.as_str(), seen, signer: person };
        let statement = review::statement(&state, signed, frame);
        let sig = signer.sign(REVIEW_NAMESPACE, statement.as_bytes()).unwrap();
        signed.signature = Signature { key, not_after, seen, sig: Base64(sig) };
    })
}

fn signature_of(w: &Written, nth: usize) -> Forged<'_> {
    let from = honest_review(w, nth).signature;
    Forged::of(w).edit(review(w, SECURITY), |body| signed(body).signature = from)
}

pub fn signature_from_another_ticket(w: &Written) -> Forged<'_> {
    signature_of(w, SECURITY_OTHER_TICKET)
}

pub fn signature_from_another_round(w: &Written) -> Forged<'_> {
    signature_of(w, SECURITY_FIRST_ROUND)
}

pub fn signature_counted_twice(w: &Written) -> Forged<'_> {
    Forged::of(w).overwrite(review(w, PROCUREMENT), review(w, SECURITY))
}

pub fn rejection_turned_around(w: &Written) -> Forged<'_> {
    Forged::of(w).edit(review(w, REJECTION), |body| signed(body).verdict = Verdict::Approve)
}

fn longer<'a>(w: &'a Written, kind: &str) -> Forged<'a> {
    Forged::of(w).edit(w.nth(kind, 0), |body| {
        let fuse: &mut Fuse = match body {
            Body::TicketApproved(body) => &mut body.fuse,
            Body::GrantIssued(body) => &mut body.fuse,
            Body::TokenIssued(body) => &mut body.fuse,
            Body::TokenRotated(body) => &mut body.fuse,
            _ => panic!("no fuse"),
        };
        fuse.until = fuse.until.after(Span::DAY);
    })
}

pub fn longer_approval(w: &Written) -> Forged<'_> {
    longer(w, "ticket-approved")
}

pub fn longer_grant(w: &Written) -> Forged<'_> {
    longer(w, "grant-issued")
}

pub fn longer_token(w: &Written) -> Forged<'_> {
    longer(w, "token-issued")
}

pub fn longer_rotated_token(w: &Written) -> Forged<'_> {
    longer(w, "token-rotated")
}

pub fn longer_request(w: &Written) -> Forged<'_> {
    Forged::of(w).edit(w.nth("request-made", 0), |body| {
        let Body::RequestMade(made) = body else { panic!("no request") };
        let asked = Arc::make_mut(&mut made.asked);
        asked.until = asked.until.after(Span::DAY);
    })
}

/// A policy that grants everything to everybody.
const WIDE: &[u8] = br#"@id("all") permit(principal, action == Action::"grant", resource);"#;

fn act(body: &mut Body) -> &mut Authority {
    let Body::Authority(authority) = body else { panic!("no act") };
    authority
}

pub fn wider_policy(w: &Written) -> Forged<'_> {
    let mut forged = Forged::of(w).edit(w.nth("policy-published", 0), |body| {
        let Act::PolicyPublished(act) = &mut act(body).act else { panic!("no policy") };
        act.policy = Digest::of(WIDE);
    });
    forged.materials.push((Digest::of(WIDE), Kind::Policy, WIDE.to_vec()));
    forged
}

pub fn wider_policy_unsigned(w: &Written) -> Forged<'_> {
    let published = PolicyPublished { policy: Digest::of(WIDE), version: 9 };
    let authority = Authority { act: Act::PolicyPublished(published), signatures: Vec::new() };
    let mut forged = append(w, operator(w), Proof::Login, Body::Authority(authority.into()));
    forged.materials.push((Digest::of(WIDE), Kind::Policy, WIDE.to_vec()));
    forged
}

/// Another text under the digest of the policy in force.
pub fn policy_under_anothers_digest(w: &Written) -> Forged<'_> {
    let at = w.nth("policy-published", 0);
    let (kind, digest) = w.entries[at].materials()[0];
    let mut forged = Forged::of(w).edit(at, |_| {});
    forged.materials.push((digest, kind, WIDE.to_vec()));
    forged
}

pub fn reviewer_role_added(w: &Written) -> Forged<'_> {
    Forged::of(w).edit(w.nth("person-added", 0), |body| {
        let Act::PersonAdded(act) = &mut act(body).act else { panic!("no person") };
        act.roles.insert(Role::new("security"));
    })
}

fn more_roles(w: &Written) -> Act {
    Act::RolesSet(RolesSet { person: requester(w), roles: BTreeSet::from([Role::new("security")]) })
}

pub fn reviewer_unsigned(w: &Written) -> Forged<'_> {
    let authority = Authority { act: more_roles(w), signatures: Vec::new() };
    append(w, operator(w), Proof::Login, Body::Authority(authority.into()))
}

/// With an operator's signature that was given for another act.
pub fn reviewer_by_another_acts_signature(w: &Written) -> Forged<'_> {
    let signatures = act(&mut w.entries[w.nth("person-added", 0)].body.clone()).signatures.clone();
    let authority = Authority { act: more_roles(w), signatures };
    append(w, operator(w), Proof::Signature, Body::Authority(authority.into()))
}

pub fn other_genesis(w: &Written) -> Forged<'_> {
    Forged::of(w).edit(0, |body| {
        let Body::Genesis(genesis) = body else { panic!("no genesis") };
        genesis.settings.staleness = Span::HOUR;
    })
}

pub fn redirected_upstream(w: &Written) -> Forged<'_> {
    let at = w.nth("ticket-amended", 0);
    let redirected = Forged::of(w).edit(at, |body| {
        let Body::TicketAmended(amended) = body else { panic!("no amendment") };
        let environment = amended.terms.environments.get_mut("production").unwrap();
        environment.upstream = "https://elsewhere.example.com".to_owned();
    });
    redirected.found_at(w.next_signed(at))
}

/// Two entries that do not need each other, each at the other's time.
pub fn reordered(w: &Written) -> Forged<'_> {
    let (one, two) = (w.nth("vendor-added", 1), w.nth("vendor-added", 2));
    Forged::of(w).overwrite(two, one).overwrite(one, two).found_at(w.next_signed(one))
}

pub fn reviewed_before_submitted(w: &Written) -> Forged<'_> {
    let (submitted, reviewed) = (w.nth("ticket-submitted", 2), review(w, SECURITY));
    Forged::of(w).overwrite(reviewed, submitted).overwrite(submitted, reviewed)
}

/// An entry that nothing else needs.
pub fn deleted(w: &Written) -> Forged<'_> {
    let at = w.nth("vendor-added", 1);
    Forged::of(w).delete(at).found_at(w.next_signed(at))
}

pub fn deleted_rejection(w: &Written) -> Forged<'_> {
    let at = review(w, REJECTION);
    Forged::of(w).delete(at).found_at(w.next_signed(at))
}

/// The secret's hash is somebody else's: they would hold the token.
pub fn stolen_token(w: &Written) -> Forged<'_> {
    let at = w.nth("token-issued", 0);
    let stolen = Forged::of(w).edit(at, |body| {
        let Body::TokenIssued(issued) = body else { panic!("no token") };
        issued.hash = Digest::of(b"the thief's");
    });
    stolen.found_at(w.next_signed(at))
}

/// Something that somebody left in the snapshot's place.
pub fn written_snapshot(w: &Written) -> Forged<'_> {
    let mut forged = Forged::of(w);
    forged.named = w.entries.len() - 1;
    forged.snapshot =
        Some(|_, _| b"portcullis-snapshot-v1\n a state with one more reviewer".to_vec());
    forged
}

/// A snapshot in which a token's secret is the thief's, sealed as well as the forger can.
pub fn edited_snapshot(w: &Written) -> Forged<'_> {
    let mut forged = Forged::of(w);
    forged.named = w.entries.len() - 1;
    forged.snapshot = Some(|w, power| {
        let Body::TokenIssued(issued) = &w.entries[w.nth("token-issued", 0)].body else { panic!() };
        let honest = &w.tables.snapshot.as_ref().unwrap().bytes;
        let (seal, body) = honest.split_at(SEAL);
        let at = body.windows(32).position(|bytes| bytes == issued.hash.0).expect("the hash");
        let mut body = body.to_vec();
        body[at..at + 32].copy_from_slice(&Digest::of(b"the thief's").0);
        let seal = match power {
            Power::Rows | Power::TreeAsAttested => seal.to_vec(),
            Power::TreeSignedByAnother => sealed(&[66; 32], &body),
            Power::NodeKey => sealed(w.node_key().bytes.as_slice(), &body),
        };
        [seal, body].concat()
    });
    forged
}

/// A snapshot's seal is in front of it.
const SEAL: usize = 32;

/// How a node with this seed seals.
fn sealed(seed: &[u8], body: &[u8]) -> Vec<u8> {
    let sign = |key: &[u8], text: &[u8]| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
    };
    sign(&sign(seed, b"portcullis-snapshot-key-v1\n"), body)
}

/// The newest entries are taken back: the older database file itself, or its like.
pub fn yesterday(w: &Written) -> Forged<'_> {
    let mut forged = Forged::of(w).cut(w.nth("revoked", 0));
    forged.file = Some(w.yesterday.clone());
    forged
}

/// What was revoked is something else now; no signature of a person follows.
pub fn another_revocation(w: &Written) -> Forged<'_> {
    Forged::of(w).edit(w.nth("revoked", 0), |body| {
        let Body::Revoked(revoked) = body else { panic!("no revocation") };
        revoked.target = Target::Grant(first_grant(w));
    })
}

// What a node may say, and so whoever holds its key.

pub fn asks_in_the_requesters_name(w: &Written) -> Forged<'_> {
    let mut hand = Hand::new(w);
    let Body::RequestMade(honest) = &w.entries[w.nth("request-made", 0)].body else { panic!() };
    let until = hand.last.at.after(Span::DAY);
    let asked = Asked { request: RequestId(77), until, ..(*honest.asked).clone() };
    let (asked, who) = (Arc::new(asked), requester(w));
    let made = RequestMade { asked: asked.clone(), signature: None };
    hand.write(Some(who), Body::RequestMade(made));
    let decision = policy::decide(hand.draft.state(), who, &asked, hand.last.at).unwrap();
    let decided = RequestDecided { decision: decision.into(), request: asked.request };
    hand.write(None, Body::RequestDecided(decided));
    let state = hand.draft.state();
    let request = state.request(asked.request).unwrap();
    let service = state.service(asked.service).unwrap();
    let decision = request.decision.as_ref().unwrap();
    let rate = grant::rate(&asked, decision, service);
    let fuse = grant::fuse(request, service);
    let (grant, request) = (GrantId(77), asked.request);
    hand.write(None, Body::GrantIssued(GrantIssued { fuse: fuse.clone(), grant, rate, request }));
    let hash = Digest::of(b"the thief's");
    let issued = TokenIssued { fuse, grant, hash, token: TokenId(77) };
    hand.write(Some(who), Body::TokenIssued(issued));
    hand.done()
}

pub fn rotates_under_a_grant(w: &Written) -> Forged<'_> {
    let mut hand = Hand::new(w);
    let state = hand.draft.state().clone();
    let at = hand.last.at;
    let grant = state.grant(first_grant(w)).unwrap();
    let request = state.request(grant.request).unwrap();
    let service = state.service(request.asked.service).unwrap();
    let decision = policy::decide(&state, request.requester, &request.asked, at).unwrap();
    let rotated = TokenRotated {
        fuse: token::fuse(grant::fuse(request, service), &decision, at),
        decision: decision.into(),
        hash: Digest::of(b"the thief's"),
        overlap: at,
        replaces: grant.token.unwrap(),
        token: TokenId(77),
    };
    hand.write(Some(request.asked.owner), Body::TokenRotated(rotated));
    hand.done()
}

pub fn denies_service(w: &Written) -> Forged<'_> {
    let mut hand = Hand::new(w);
    let service = *hand.draft.state().services.keys().next().unwrap();
    let target = Target::Service(service);
    let revoked = Revoked { note: None, reason: Reason::Compromised, target };
    hand.write(Some(operator(w)), Body::Revoked(revoked));
    hand.write(Some(operator(w)), Body::ServiceSuspended(ServiceSuspended { service }));
    hand.done()
}

pub fn stores_another_credential(w: &Written) -> Forged<'_> {
    let mut hand = Hand::new(w);
    let service = *hand.draft.state().services.keys().next().unwrap();
    let (credential, owner) = (CredentialId(77), operator(w));
    let environment = "production".to_owned();
    let stored = CredentialStored { credential, environment, owner, service };
    hand.write(Some(owner), Body::CredentialStored(stored));
    hand.done()
}

fn requester(w: &Written) -> PersonId {
    w.entries[w.nth("token-issued", 0)].actor.who.unwrap()
}

fn operator(w: &Written) -> PersonId {
    let Body::Genesis(genesis) = &w.entries[0].body else { panic!("no genesis") };
    genesis.operators[0].person
}

fn first_grant(w: &Written) -> GrantId {
    let Body::GrantIssued(issued) = &w.entries[w.nth("grant-issued", 0)].body else { panic!() };
    issued.grant
}

/// One more entry, that the rules would not let in.
fn append(w: &Written, who: PersonId, proof: Proof, body: Body) -> Forged<'_> {
    let last = w.entries.last().unwrap();
    let actor = Actor { node: last.actor.node, proof, who: Some(who) };
    Forged::of(w).append(vec![Entry { actor, at: last.at, body }])
}

/// Writes entries that the rules let in, behind the last one.
struct Hand<'a> {
    written: &'a Written,
    last: Entry,
    draft: Draft,
    entries: Vec<Entry>,
}

impl<'a> Hand<'a> {
    fn new(written: &'a Written) -> Hand<'a> {
        let draft = Draft::on(&written.state_before(written.entries.len()));
        let last = written.entries.last().unwrap().clone();
        Hand { written, last, draft, entries: Vec::new() }
    }

    fn write(&mut self, who: Option<PersonId>, body: Body) {
        let proof = if who.is_some() { Proof::Login } else { Proof::Node };
        let actor = Actor { node: self.last.actor.node, proof, who };
        let entry = Entry { actor, at: self.last.at, body };
        let step = check(&self.draft, &entry, &Materials::default()).unwrap();
        self.draft.absorb(step).unwrap();
        self.entries.push(entry);
    }

    fn done(self) -> Forged<'a> {
        Forged::of(self.written).append(self.entries)
    }
}
