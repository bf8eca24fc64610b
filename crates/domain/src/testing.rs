//! A small world to test in (feature `testing`): people with keys, machines, a clock that stands still.
//!
//! [`World`] is a ledger with one control node, written through the same door as everybody's. Its verbs
//! make an entry each; whatever is not said is something sensible. When a world is dropped at the end of
//! a test, a [`Follower`] replays all of it from bytes, and must come to the same state.

mod book;
mod member;
mod person;
mod service;
mod token;

use std::collections::BTreeMap;

use ledger::{Checkpoint, Frontier, leaf_hash};

pub use book::{POLICY, genesis, operations, standard};
pub use member::{HardwareKey, Machine, Member};

use crate::actor::{Actor, Proof};
use crate::digest::Digest;
use crate::entry::{Body, Entry};
use crate::follow::{Batch, Follower};
use crate::id::{GatewayId, NodeId, PersonId, RunnerId};
use crate::material::{Kind, Materials};
use crate::refusal::Refusal;
use crate::signature::{Seen, Signature};
use crate::state::State;
use crate::statement::Statement;
use crate::step::{Draft, check};
use crate::time::{Millis, Span};

/// When every world begins.
pub const START: Millis = Millis(1_790_000_000_000);
/// How long signatures wait here.
pub const WAIT: Span = Span::DAY;

/// The people of every world.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The only operator.
    pub ann: Member,
    /// Asks for things; holds no role.
    pub bob: Member,
    /// `security`.
    pub sue: Member,
    /// `privacy`.
    pub pia: Member,
    /// Holds no role and has asked for nothing.
    pub max: Member,
    /// A service account that Max answers for.
    pub bot: Member,
}

/// A ledger and everybody who writes it.
#[derive(Debug)]
pub struct World {
    pub now: Millis,
    pub node: (NodeId, Machine),
    pub gateway: (GatewayId, Machine),
    pub runner: (RunnerId, Machine),
    /// How many entries make a batch.
    pub every: usize,
    /// Off for benchmarks: a dropped world is not replayed.
    pub replayed: bool,
    cast: Cast,
    operators: Vec<Member>,
    next: u128,
    draft: Draft,
    frontier: Frontier,
    pending: Vec<Entry>,
    shelf: BTreeMap<Digest, (Kind, Vec<u8>)>,
    materials: Materials,
    batches: Vec<Batch>,
}

impl World {
    /// With genesis, the cast, the standard, the policy and nothing else.
    pub fn new() -> World {
        let mut world = World::empty();
        world.append(world.genesis_entry()).expect("genesis");
        world.enter();
        world
    }

    /// Before genesis.
    pub fn empty() -> World {
        let member = |seed: u8| Member::new(PersonId(u128::from(seed)), seed);
        let cast = Cast {
            ann: member(1),
            bob: member(2),
            sue: member(3),
            pia: member(4),
            max: member(5),
            bot: member(6),
        };
        let mut world = World {
            now: START,
            node: (NodeId(1), Machine::new(101)),
            gateway: (GatewayId(1), Machine::new(102)),
            runner: (RunnerId(1), Machine::new(103)),
            every: 1,
            replayed: true,
            operators: vec![cast.ann.clone()],
            cast,
            next: u128::from(START.0) << 80,
            draft: Draft::on(&State::default()),
            frontier: Frontier::new(),
            pending: Vec::new(),
            shelf: BTreeMap::new(),
            materials: Materials::default(),
            batches: Vec::new(),
        };
        world.put(Kind::Standard, &crate::entry::canonical(&standard()));
        world.put(Kind::Policy, POLICY.as_bytes());
        world.put(Kind::Operations, &crate::entry::canonical(&operations()));
        world
    }

    pub fn cast(&self) -> Cast {
        self.cast.clone()
    }

    /// The newest state.
    pub fn state(&self) -> &State {
        self.draft.state()
    }

    /// The draft that the next entry is checked on.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    pub fn materials(&self) -> &Materials {
        &self.materials
    }

    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Everything appended so far, in attested batches.
    pub fn batches(&self) -> &[Batch] {
        &self.batches
    }

    /// The bytes of a material, as a store would have them.
    pub fn load(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.shelf.get(digest).map(|(_, bytes)| bytes.clone())
    }

    /// A fresh number for an id.
    pub fn id(&mut self) -> u128 {
        self.next += 1;
        self.next
    }

    pub fn wait(&mut self, span: Span) {
        self.now = self.now.after(span);
    }

    /// Puts a material on the shelf.
    pub fn put(&mut self, kind: Kind, bytes: &[u8]) -> Digest {
        let digest = self.materials.put(kind, bytes).expect("a material");
        self.shelf.insert(digest, (kind, bytes.to_vec()));
        digest
    }

    /// `who` does this, now.
    pub fn by(&mut self, who: &Member, body: Body) -> Result<u64, Refusal> {
        let signed =
            matches!(body, Body::Authority(_) | Body::ReviewSigned(_) | Body::TicketSubmitted(_));
        let proof = if signed { Proof::Signature } else { Proof::Login };
        self.append(self.entry(Some(who.id), proof, body))
    }

    /// A job of the node does this, now.
    pub fn job(&mut self, body: Body) -> Result<u64, Refusal> {
        self.append(self.entry(None, Proof::Node, body))
    }

    pub fn entry(&self, who: Option<PersonId>, proof: Proof, body: Body) -> Entry {
        Entry { actor: Actor { node: self.node.0, proof, who }, at: self.now, body }
    }

    /// Appends the entry through the one door.
    pub fn append(&mut self, entry: Entry) -> Result<u64, Refusal> {
        let step = check(&self.draft, &entry, &self.materials)?;
        let position = step.size();
        self.draft.absorb(step)?;
        self.pending.push(entry);
        if self.pending.len() >= self.every {
            self.publish();
        }
        Ok(position)
    }

    /// Ends the batch: attests it and publishes its state.
    pub fn publish(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let first = self.frontier.size();
        let named = self.pending.iter().flat_map(Entry::materials);
        let named: BTreeMap<Digest, Kind> = named.map(|(kind, digest)| (digest, kind)).collect();
        let entries: Vec<Vec<u8>> = self.pending.drain(..).map(|entry| entry.encode()).collect();
        self.frontier.extend(entries.iter().map(|bytes| leaf_hash(bytes)));
        let material = |(digest, kind)| Some((kind, self.load(&digest)?));
        let batch = Batch {
            attestation: self.attest(&self.frontier),
            first,
            materials: named.into_iter().filter_map(material).collect(),
            entries,
        };
        self.batches.push(batch);
        let draft = std::mem::replace(&mut self.draft, Draft::on(&State::default()));
        self.draft = Draft::on(&draft.publish(Digest(self.frontier.root().0)));
    }

    /// The node's attestation of a tree.
    pub fn attest(&self, frontier: &Frontier) -> String {
        let name = self.node.0.to_string();
        let signer = self.node.1.signer(&name);
        let checkpoint = Checkpoint::of(book::ORIGIN, frontier).expect("a checkpoint");
        checkpoint.sign(&[&signer]).expect("a signature").to_string()
    }

    /// `by` signs a statement of the ledger as it stands.
    pub fn sign(
        &self,
        by: &Member,
        statement: impl FnOnce(&State, Seen, Millis) -> Statement,
    ) -> Signature {
        let seen = self.state().seen().expect("something was published");
        let not_after = self.now.after(WAIT);
        by.sign(statement(self.state(), seen, not_after).as_bytes(), seen, not_after)
    }

    /// Follows everything published from bytes, as a gateway or an auditor does.
    pub fn replay(&self) -> Follower {
        let mut follower = Follower::new(self.state().genesis_hash());
        for batch in &self.batches {
            follower.accept(batch).expect("the world's own batch");
        }
        follower
    }
}

impl Default for World {
    fn default() -> World {
        World::new()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() || !self.replayed {
            return;
        }
        self.publish();
        let follower = self.replay();
        assert_eq!(follower.differences(), []);
        assert_eq!(follower.frontier().root(), self.frontier.root());
        let (replayed, here) = (follower.state().projection(), self.state().projection());
        assert_eq!(String::from_utf8(replayed), String::from_utf8(here));
    }
}
