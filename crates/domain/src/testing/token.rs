//! Verbs of a token's life, from the request to the revocation, and calls with it.

use std::net::{IpAddr, Ipv4Addr};

use super::{Member, World};
use crate::admission::{self, Call, Clock, Denied, Left, Limits, Permit};
use crate::catalog::Method;
use crate::digest::Digest;
use crate::entry::Body;
use crate::grant::{self, GrantIssued};
use crate::id::{GrantId, RequestId, ServiceId, TokenId};
use crate::limit::Rate;
use crate::people::Role;
use crate::policy::{self, Decision};
use crate::refusal::Refusal;
use crate::request::{self, Asked, RequestDecided, RequestMade};
use crate::revocation::{Reason, RevocationReceived, Revoked, Target, receipt_message};
use crate::statement::Frame;
use crate::time::Span;
use crate::token::{self, Secret, TokenIssued, TokenRotated};
use crate::usage::{Segment, SegmentCommitted, segment_message};

/// Counts nothing: every call is within its rate.
#[derive(Debug, Clone, Copy)]
pub struct Unlimited;

impl Limits for Unlimited {
    fn take(&self, _grant: GrantId, _rate: Rate) -> Result<Left, Span> {
        Ok(Left { calls: 1, reset: Span::SECOND })
    }
}

impl World {
    /// Scopes for oneself in production for some days.
    pub fn asked(&mut self, who: &Member, service: ServiceId, scopes: &[&str], days: u64) -> Asked {
        Asked {
            addresses: Vec::new(),
            environment: "production".to_owned(),
            owner: who.id,
            rate: None,
            reason: Digest::of(b"a reason"),
            request: RequestId(self.id()),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            service,
            until: self.now.after(Span::days(days)),
        }
    }

    /// The request with its requester's signature when a scope is sensitive.
    pub fn made(&self, who: &Member, asked: Asked) -> RequestMade {
        let sensitive = !self.state().sensitive_among(&asked).is_empty();
        let signature = sensitive.then(|| {
            self.sign(who, |state, seen, not_after| {
                let frame = Frame { not_after, role: Role::REQUESTER, seen, signer: who.id };
                request::statement_of(state, &asked, who.id, "request", frame)
            })
        });
        RequestMade { asked: asked.into(), signature }
    }

    pub fn ask(&mut self, who: &Member, asked: Asked) -> Result<RequestId, Refusal> {
        let id = asked.request;
        let made = self.made(who, asked);
        self.by(who, Body::RequestMade(made)).map(|_| id)
    }

    /// What policy says of the request now.
    pub fn decision(&self, request: RequestId) -> Decision {
        let found = self.state().request(request).expect("the request");
        policy::decide(self.state(), found.requester, &found.asked, self.now).expect("a decision")
    }

    pub fn decide(&mut self, request: RequestId) -> Result<u64, Refusal> {
        let decision = self.decision(request).into();
        self.job(Body::RequestDecided(RequestDecided { decision, request }))
    }

    pub fn issued(&mut self, request: RequestId) -> GrantIssued {
        let grant = GrantId(self.id());
        let found = self.state().request(request).expect("the request");
        let service = self.state().service(found.asked.service).expect("the service");
        let decision = found.decision.as_ref();
        let rate = decision.and_then(|decision| grant::rate(&found.asked, decision, service));
        let fuse = grant::fuse(found, service);
        GrantIssued { fuse, grant, rate, request }
    }

    pub fn grant(&mut self, request: RequestId) -> Result<GrantId, Refusal> {
        let issued = self.issued(request);
        let grant = issued.grant;
        self.job(Body::GrantIssued(issued)).map(|_| grant)
    }

    /// A secret that follows from the token's id.
    pub fn secret(token: TokenId) -> Secret {
        Secret::new(token, &Digest::of(&token.0.to_be_bytes()).0)
    }

    fn hash(token: TokenId) -> Digest {
        World::secret(token).presented().expect("a token of ours").hash
    }

    pub fn claim_of(&mut self, grant: GrantId) -> TokenIssued {
        let token = TokenId(self.id());
        let found = self.state().grant(grant).expect("the grant");
        let request = self.state().request(found.request).expect("the request");
        let decision = request.decision.clone().expect("a decision");
        let fuse = token::fuse(found.fuse.clone(), &decision, self.now);
        TokenIssued { fuse, grant, hash: World::hash(token), token }
    }

    pub fn claim(&mut self, who: &Member, grant: GrantId) -> Result<TokenId, Refusal> {
        let issued = self.claim_of(grant);
        let token = issued.token;
        self.by(who, Body::TokenIssued(issued)).map(|_| token)
    }

    /// The whole way from the question to the token, by policy alone.
    pub fn token(&mut self, who: &Member, service: ServiceId, scopes: &[&str]) -> TokenId {
        let asked = self.asked(who, service, scopes, 30);
        let request = self.ask(who, asked).expect("a request");
        self.decide(request).expect("a decision");
        let grant = self.grant(request).expect("a grant");
        self.claim(who, grant).expect("a token")
    }

    pub fn rotated(&mut self, replaces: TokenId, overlap: Span) -> TokenRotated {
        let token = TokenId(self.id());
        let state = self.state();
        let old = state.token(replaces).expect("the token");
        let request = state.grant(old.grant).expect("the grant").request;
        let decision = self.decision(request);
        let request = state.request(request).expect("the request");
        let service = state.service(request.asked.service).expect("the service");
        let fuse = token::fuse(grant::fuse(request, service), &decision, self.now);
        TokenRotated {
            decision: decision.into(),
            fuse,
            hash: World::hash(token),
            overlap: self.now.after(overlap),
            replaces,
            token,
        }
    }

    pub fn rotate(&mut self, who: &Member, replaces: TokenId) -> Result<TokenId, Refusal> {
        let rotated = self.rotated(replaces, Span::HOUR);
        let token = rotated.token;
        self.by(who, Body::TokenRotated(rotated)).map(|_| token)
    }

    pub fn revoke(&mut self, who: &Member, target: Target) -> Result<u64, Refusal> {
        let revoked = Revoked { note: None, reason: Reason::Compromised, target };
        self.by(who, Body::Revoked(revoked))
    }

    /// The gateway's receipt of a revocation.
    pub fn received(&self, revocation: u64) -> RevocationReceived {
        let (gateway, machine) = &self.gateway;
        let genesis = self.state().genesis_hash().expect("genesis");
        let signature = machine.sign(&receipt_message(&genesis, *gateway, revocation));
        RevocationReceived { gateway: *gateway, revocation, signature }
    }

    /// The gateway's next segment, of so many calls.
    pub fn segment(&self, count: u64) -> Segment {
        let gateway = self.gateway.0;
        let chain = self.state().chains.get(&gateway);
        let (number, last) = chain.map_or((0, 0), |chain| (chain.number, chain.last));
        Segment {
            count,
            first: last + 1,
            from: self.now,
            gaps: Vec::new(),
            gateway,
            last: last + count,
            number: number + 1,
            previous: chain.map_or(Digest([0; 32]), |chain| chain.root),
            root: Digest::of(&number.to_be_bytes()),
            to: self.now,
        }
    }

    pub fn committed(&self, segment: Segment) -> SegmentCommitted {
        let genesis = self.state().genesis_hash().expect("genesis");
        let signature = self.gateway.1.sign(&segment_message(&genesis, &segment));
        SegmentCommitted { segment, signature }
    }

    /// A call with the token, to the production of the service of this name.
    pub fn call(token: TokenId, service: &str, method: Method, path: &str) -> Call {
        Call {
            environment: "production".to_owned(),
            method,
            path: path.to_owned(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            presented: World::secret(token).presented(),
            service: service.to_owned(),
        }
    }

    /// What a gateway that follows closely says of the call now.
    pub fn admit(&self, call: Call) -> Result<Permit, Denied> {
        let clock = Clock { now: self.now, proven: Span::SECOND };
        admission::admit(self.state(), call, clock, &Unlimited)
    }
}
