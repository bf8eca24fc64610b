//! The mix of entries that the figures are measured with: a year of an organisation that asks for tokens.

use domain::actor::Proof;
use domain::digest::Digest;
use domain::entry::Body;
use domain::follow::Batch;
use domain::id::{PersonId, RequestId, ServiceId, TokenId};
use domain::review::{Subject, Verdict};
use domain::revocation::{Reason, Revoked, Target};
use domain::testing::{Member, POLICY, World, operations, standard};
use domain::time::Span;

/// What makes up a thousand entries. Of 210 requests 10 are sensitive: signed by their requester,
/// reviewed and signed by one person. Of 210 grants 10 are revoked, so that 200 live.
pub const MIX: [(&str, usize); 9] = [
    ("request-made", 210),
    ("request-decided", 210),
    ("review-signed", 10),
    ("grant-issued", 210),
    ("token-issued", 210),
    ("token-rotated", 60),
    ("revoked", 10),
    ("revocation-received", 10),
    ("segment-committed", 70),
];

/// How many entries a group commit holds.
pub const BATCH: usize = 64;
const PEOPLE: u8 = 60;
const SERVICES: usize = 20;
/// How long people ask for.
const DAYS: [u64; 4] = [7, 30, 45, 60];

/// The materials of the ledger, by their digests.
pub fn material(digest: &Digest) -> Option<Vec<u8>> {
    let all = [
        domain::entry::canonical(&standard()),
        domain::entry::canonical(&operations()),
        POLICY.as_bytes().to_vec(),
    ];
    all.into_iter().find(|bytes| Digest::of(bytes) == *digest)
}

/// Makes the ledger, batch by batch.
pub fn make(entries: usize, mut take: impl FnMut(&Batch)) {
    let mut maker = Maker::new();
    let mut taken = 0;
    for _ in 0..entries.div_ceil(1_000) {
        maker.thousand();
        maker.world.batches()[taken..].iter().for_each(&mut take);
        taken = maker.world.batches().len();
    }
    maker.world.publish();
    maker.world.batches()[taken..].iter().for_each(&mut take);
}

struct Maker {
    world: World,
    people: Vec<Member>,
    services: Vec<ServiceId>,
    tokens: Vec<(TokenId, usize)>,
    turn: usize,
}

impl Maker {
    fn new() -> Maker {
        let mut world = World::new();
        world.replayed = false;
        let member = |number| Member::new(PersonId(1_000 + u128::from(number)), 140 + number);
        let people: Vec<Member> = (0..PEOPLE).map(member).collect();
        for person in &people {
            let act = world.joining(person, &[]);
            world.act(act).unwrap();
        }
        let services =
            (0..SERVICES).map(|number| world.wide(&format!("service-{number}"))).collect();
        world.publish();
        world.every = BATCH;
        Maker { world, people, services, tokens: Vec::new(), turn: 0 }
    }

    fn thousand(&mut self) {
        for number in 0..210 {
            self.token(number % 21 == 0);
            if number % 7 < 2 {
                self.rotate();
            }
            if number % 3 == 0 {
                self.segment();
            }
            if number % 21 == 0 {
                self.revoke();
            }
        }
    }

    fn append(&mut self, who: Option<PersonId>, body: Body) -> u64 {
        self.world.wait(Span(50));
        let proof = match (&body, who) {
            (Body::ReviewSigned(_), _) => Proof::Signature,
            (_, Some(_)) => Proof::Login,
            (_, None) => Proof::Node,
        };
        let entry = self.world.entry(who, proof, body);
        self.world.append(entry).unwrap()
    }

    fn token(&mut self, sensitive: bool) {
        self.turn += 1;
        let place = self.turn % self.people.len();
        let who = self.people[place].clone();
        let service = self.services[self.turn.wrapping_mul(7_919) / 64 % SERVICES];
        let days = DAYS[self.turn / self.people.len() % DAYS.len()];
        let scopes: &[&str] = match (sensitive, self.turn % 3) {
            (true, _) => &["parcels:write"],
            (false, 0) => &["labels:read", "parcels:read"],
            (false, _) => &["parcels:read"],
        };
        let asked = self.world.asked(&who, service, scopes, days);
        let request = asked.request;
        let made = self.world.made(&who, asked);
        self.append(Some(who.id), Body::RequestMade(made));
        self.world.wait(Span(50));
        let decision = self.world.decision(request).into();
        let decided = domain::request::RequestDecided { decision, request };
        self.world.now.0 -= 50;
        self.append(None, Body::RequestDecided(decided));
        if sensitive {
            self.review(request);
        }
        let issued = self.world.issued(request);
        let grant = issued.grant;
        self.append(None, Body::GrantIssued(issued));
        self.world.wait(Span(50));
        let claimed = self.world.claim_of(grant);
        self.world.now.0 -= 50;
        self.tokens.push((claimed.token, place));
        self.append(Some(who.id), Body::TokenIssued(claimed));
    }

    fn review(&mut self, request: RequestId) {
        let sue = self.world.cast().sue;
        let subject = Subject::Request(request);
        let signed = self.world.reviewed(&sue, "security", subject, Verdict::Approve);
        self.append(Some(sue.id), Body::ReviewSigned(signed));
    }

    /// One of the tokens of the last days gets a successor.
    fn rotate(&mut self) {
        let place = self.turn.wrapping_mul(7_919) % self.tokens.len();
        let (token, person) = self.tokens[place];
        self.world.wait(Span(50));
        let rotated = self.world.rotated(token, Span::HOUR);
        self.world.now.0 -= 50;
        self.tokens[place].0 = rotated.token;
        let who = self.people[person].id;
        self.append(Some(who), Body::TokenRotated(rotated));
    }

    fn revoke(&mut self) {
        let place = self.turn.wrapping_mul(104_729) % self.tokens.len();
        let (token, _) = self.tokens.swap_remove(place);
        let revoked =
            Revoked { note: None, reason: Reason::Superseded, target: Target::Token(token) };
        let number = self.append(None, Body::Revoked(revoked));
        let received = self.world.received(number);
        self.append(None, Body::RevocationReceived(received));
    }

    fn segment(&mut self) {
        let committed = self.world.committed(self.world.segment(1_000));
        self.append(None, Body::SegmentCommitted(committed));
    }
}
