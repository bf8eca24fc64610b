//! The parts of following a batch that are signatures and policy, each made once more by itself.

use domain::entry::{Body, Entry};
use domain::follow::{Batch, verifier};
use domain::policy::{self, Memo};
use domain::revocation::receipt_message;
use domain::signature::{REVIEW_NAMESPACE, Signature};
use domain::state::State;
use domain::testing::{Member, World};
use domain::usage::segment_message;
use ledger::{Checkpoint, VerifierKey};

use crate::measure::{Cost, Stopwatch, row, whole};

pub struct Parts {
    people: Cost,
    machines: Cost,
    attestations: Cost,
    /// As the follower makes them: what was decided before is known.
    decisions: Cost,
    /// The same ones, each put to Cedar.
    by_cedar: Cost,
    memo: Memo,
    /// One signature stands for all of people's: the message's length hardly matters.
    signed: (Member, Vec<u8>, Signature),
    key: Option<VerifierKey>,
}

impl Parts {
    pub fn new() -> Parts {
        let mut world = World::new();
        world.replayed = false;
        let (sue, message) = (world.cast().sue, vec![b'x'; 900]);
        let signature = sue.sign(&message, world.state().seen().unwrap(), world.now);
        let none = Cost::default();
        Parts {
            people: none,
            machines: none,
            attestations: none,
            decisions: none,
            by_cedar: none,
            memo: Memo::default(),
            signed: (sue, message, signature),
            key: None,
        }
    }

    /// `state` is the one behind the batch: policy's facts are the same as in the middle of it.
    pub fn repeat(&mut self, batch: &Batch, state: &State) {
        self.attestation(batch, state);
        for bytes in &batch.entries {
            let entry = Entry::decode(bytes).unwrap();
            match &entry.body {
                Body::RequestDecided(decided) => {
                    let request = state.request(decided.request).unwrap();
                    self.decision(state, request, &entry);
                }
                Body::TokenRotated(rotated) => {
                    let grant = state.token(rotated.token).unwrap().grant;
                    let request = state.grant(grant).unwrap().request;
                    self.decision(state, state.request(request).unwrap(), &entry);
                }
                Body::RequestMade(made) if made.signature.is_some() => self.person(),
                Body::ReviewSigned(_) => self.person(),
                Body::Authority(authority) => {
                    authority.signatures.iter().for_each(|_| self.person());
                }
                _ => self.machine(state, &entry),
            }
        }
    }

    fn attestation(&mut self, batch: &Batch, state: &State) {
        let (node, machine) = state.nodes.iter().next().unwrap();
        let key = self.key.get_or_insert_with(|| verifier(*node, &machine.key).unwrap());
        let keys = std::slice::from_ref(key);
        let watch = Stopwatch::start();
        let note = batch.attestation.as_bytes();
        Checkpoint::open(note, &state.origin().unwrap().name, keys).unwrap();
        self.attestations.add(&watch);
    }

    fn decision(&mut self, state: &State, request: &domain::request::Request, entry: &Entry) {
        let watch = Stopwatch::start();
        policy::recompute(state, entry, &mut self.memo).unwrap();
        self.decisions.add(&watch);
        let watch = Stopwatch::start();
        policy::decide(state, request.requester, &request.asked, entry.at).unwrap();
        self.by_cedar.add(&watch);
    }

    fn person(&mut self) {
        let (member, message, signature) = &self.signed;
        let key = member.public();
        let watch = Stopwatch::start();
        key.verify(REVIEW_NAMESPACE, message, &signature.sig.0).unwrap();
        self.people.add(&watch);
    }

    fn machine(&mut self, state: &State, entry: &Entry) {
        let genesis = state.genesis_hash().unwrap();
        let (message, gateway, signature) = match &entry.body {
            Body::RevocationReceived(received) => {
                let message = receipt_message(&genesis, received.gateway, received.revocation);
                (message, received.gateway, &received.signature)
            }
            Body::SegmentCommitted(committed) => {
                let segment = &committed.segment;
                (segment_message(&genesis, segment), segment.gateway, &committed.signature)
            }
            _ => return,
        };
        let key = state.active_gateway(gateway).unwrap().machine.key;
        let watch = Stopwatch::start();
        key.verify(&message, &signature.0).unwrap();
        self.machines.add(&watch);
    }

    pub fn signatures(&self) -> f64 {
        self.people.seconds + self.machines.seconds + self.attestations.seconds
    }

    pub fn policy(&self) -> f64 {
        self.decisions.seconds
    }

    pub fn policy_by_cedar(&self) -> f64 {
        self.by_cedar.seconds
    }

    pub fn print(&self) {
        println!("beside hash and rules; the times say how fast this machine is now");
        for (what, cost) in [
            ("people's signatures", self.people),
            ("machines' signatures", self.machines),
            ("attestations of batches", self.attestations),
            ("decisions, each put to Cedar", self.by_cedar),
            ("decisions, equal ones put to it once", self.decisions),
        ] {
            let each = 1e6 * cost.seconds / cost.count.max(1) as f64;
            row(what, &whole(cost.count as f64), &format!("{each:.1} µs each"));
        }
        row("  of them different", &whole(self.memo.known() as f64), "");
    }
}
