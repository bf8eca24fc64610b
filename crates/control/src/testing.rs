//! What tests of this crate and of the binary share: a clock, people with keys, a ledger, PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "only tests are built with this"
)]

mod postgres;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use domain::actor::Proof;
use domain::authority::{Act, Authority};
use domain::digest::{Digest, paper};
use domain::entry::Body;
use domain::genesis::{Genesis, SettingsSet};
use domain::id::{GatewayId, NodeId, PersonId, RunnerId, VendorId};
use domain::machine::{GatewayEnrolled, NodeEnrolled, RunnerEnrolled};
use domain::people::{Kind, PersonAdded, Role};
use domain::refusal::Refusal;
use domain::sealed;
use domain::service::VendorAdded;
use domain::signature::{Base64, MachineKey, PublicKey, REVIEW_NAMESPACE, Seen, Signature};
use domain::state::State;
use domain::statement::Statement;
use domain::time::{Millis, Span};
use ssh_encoding::Encode as _;
use ssh_key::private::{Ed25519Keypair, PrivateKey};
use ssh_key::{HashAlg, LineEnding};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::journal::{
    Attester, Clock, CommitError, Committed, Desk, Journal, JournalError, Outage, Store,
};

pub use postgres::Cluster;

/// 2026-11-01T00:00:00Z, when every test's clock starts.
pub const START: Millis = Millis(1_793_491_200_000);

/// A clock that only tests move.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicU64>);

impl Default for TestClock {
    fn default() -> TestClock {
        TestClock(Arc::new(AtomicU64::new(START.0)))
    }
}

impl TestClock {
    pub fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::SeqCst))
    }

    pub fn advance(&self, span: Span) {
        self.0.fetch_add(span.0, Ordering::SeqCst);
    }

    pub fn set(&self, now: Millis) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}

/// A person with an Ed25519 SSH key. The same number gives the same person.
#[derive(Debug, Clone)]
pub struct Someone {
    pub id: PersonId,
    key: PrivateKey,
}

impl Someone {
    pub fn new(number: u8) -> Someone {
        let seed = Digest::over(&[b"person", &[number]]).0;
        let key = Ed25519Keypair::from_seed(&seed).into();
        Someone { id: PersonId(0x0100 + u128::from(number)), key }
    }

    pub fn public(&self) -> PublicKey {
        PublicKey::from_openssh(&self.key.public_key().to_openssh().unwrap()).unwrap()
    }

    /// The private key as an OpenSSH file, for a client under test.
    pub fn openssh(&self) -> String {
        self.key.to_openssh(LineEnding::LF).unwrap().to_string()
    }

    /// How they come in.
    pub fn added(&self, kind: Kind, roles: &[&str]) -> PersonAdded {
        PersonAdded {
            demo: false,
            key: self.public(),
            kind,
            person: self.id,
            profile: paper(&[7; 32], self.id.to_string().as_bytes()),
            responsible: None,
            roles: roles.iter().map(|role| Role::new(*role)).collect(),
        }
    }

    /// An SSHSIG blob over `message`.
    pub fn sign(&self, namespace: &str, message: &[u8]) -> Base64 {
        let signature = self.key.sign(namespace, HashAlg::Sha512, message).unwrap();
        let mut blob = Vec::new();
        signature.encode(&mut blob).unwrap();
        Base64(blob)
    }

    /// A signature over a statement that was made for this signer, `seen` and `not_after`.
    pub fn signature(&self, statement: &Statement, seen: Seen, not_after: Millis) -> Signature {
        let sig = self.sign(REVIEW_NAMESPACE, statement.as_bytes());
        Signature { key: self.public().fingerprint(), not_after, seen, sig }
    }

    /// A signature over an act of authority, as an operator who looks at `state` makes it; it counts
    /// for an hour.
    pub fn sign_act(&self, state: &State, act: &Act) -> Signature {
        let (seen, not_after) = (state.seen().unwrap(), state.at().after(Span::HOUR));
        let statement = Statement::for_act(state, act, self.id, seen, not_after);
        self.signature(&statement, seen, not_after)
    }
}

/// An organisation before its first entry: machines, operators and their keys.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub nodes: Vec<NodeId>,
    pub gateway: GatewayId,
    pub runner: RunnerId,
    pub operators: Vec<Someone>,
    pub origin: String,
}

impl Ledger {
    /// Two nodes, a gateway, a runner, and so many operators.
    pub fn new(operators: u8) -> Ledger {
        Ledger {
            nodes: vec![NodeId(1), NodeId(2)],
            gateway: GatewayId(3),
            runner: RunnerId(4),
            operators: (1..=operators).map(Someone::new).collect(),
            origin: "example.com/portcullis".to_owned(),
        }
    }

    /// The private half of a machine's key: `node 1`, `gateway`, `runner`, `log`, `sealing`.
    pub fn seed(machine: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(Digest::over(&[b"machine", machine.as_bytes()]).0)
    }

    fn key(machine: &str) -> MachineKey {
        let pair = Ed25519KeyPair::from_seed_unchecked(Ledger::seed(machine).as_slice()).unwrap();
        MachineKey(pair.public_key().as_ref().try_into().unwrap())
    }

    pub fn genesis(&self) -> Genesis {
        let operators = self.operators.iter();
        let node =
            |node: &NodeId| NodeEnrolled { key: Ledger::key(&node_name(*node)), node: *node };
        let log = ledger::Signer::from_seed(&self.origin, &Ledger::seed("log")).unwrap();
        Genesis {
            edition: domain::genesis::EDITION,
            gateways: vec![GatewayEnrolled {
                gateway: self.gateway,
                key: Ledger::key("gateway"),
                sealing: sealed::public_key(&Ledger::seed("sealing")).unwrap(),
            }],
            log: log.verifier().to_string(),
            nodes: self.nodes.iter().map(node).collect(),
            operators: operators
                .map(|someone| someone.added(Kind::Human, &[Role::OPERATOR]))
                .collect(),
            origin: self.origin.clone(),
            policy: None,
            runners: vec![RunnerEnrolled { key: Ledger::key("runner"), runner: self.runner }],
            settings: SettingsSet {
                quorum: self.operators.len().min(2) as u8,
                staleness: Span::MINUTE,
            },
            standards: Vec::new(),
        }
    }

    pub fn attester(&self, node: NodeId) -> Attester {
        Attester::new(node, &Ledger::seed(&node_name(node))).unwrap()
    }

    /// Writes genesis.
    pub async fn found(&self, journal: &Journal) -> Result<Committed<u64>, CommitError> {
        let genesis = self.genesis();
        let found = move |desk: &mut Desk| {
            desk.append(None, Proof::Node, Body::Genesis(Box::new(genesis.clone())))
        };
        journal.commit(found).await
    }

    /// Appends an act of authority that every operator signed, looking at the newest state; `prepare`
    /// lays down what it needs.
    pub async fn authorise(
        &self,
        journal: &Journal,
        act: Act,
        prepare: impl Fn(&mut Desk) -> Result<(), Refusal> + Send + 'static,
    ) -> Result<Committed<u64>, CommitError> {
        let state = journal.state();
        let signatures = self.operators.iter().map(|operator| operator.sign_act(&state, &act));
        let authority = Box::new(Authority { signatures: signatures.collect(), act });
        let append = move |desk: &mut Desk| {
            prepare(desk)?;
            desk.append(None, Proof::Signature, Body::Authority(authority.clone()))
        };
        journal.commit(append).await
    }

    /// Appends the smallest entry there is: a new vendor, by the first operator.
    pub async fn add_vendor(
        &self,
        journal: &Journal,
        number: u128,
    ) -> Result<Committed<u64>, CommitError> {
        let Some(operator) = self.operators.first().map(|operator| operator.id) else {
            return Err(Outage::Panicked.into());
        };
        journal.commit(move |desk| desk.append(Some(operator), Proof::Login, vendor(number))).await
    }
}

/// The body of an entry that adds a vendor.
pub fn vendor(number: u128) -> Body {
    let profile = paper(&[9; 32], &number.to_be_bytes());
    Body::VendorAdded(VendorAdded { profile, vendor: VendorId(number) })
}

fn node_name(node: NodeId) -> String {
    format!("node {}", { node.0 })
}

/// A place for one node's data and keys, gone when it is dropped.
#[derive(Debug)]
pub struct Place {
    directory: TempDir,
    pub clock: TestClock,
}

impl Default for Place {
    fn default() -> Place {
        Place { directory: tempfile::tempdir().unwrap(), clock: TestClock::default() }
    }
}

impl Place {
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub fn watermark(&self) -> PathBuf {
        self.directory.path().join("watermark")
    }

    /// The ledger's first node on SQLite in this place.
    pub async fn open(&self, ledger: &Ledger) -> Result<Journal, JournalError> {
        self.open_node(ledger, ledger.nodes[0], Store::in_directory(&self.data())).await
    }

    /// A node of the ledger on any store, with its watermark in this place.
    pub async fn open_node(
        &self,
        ledger: &Ledger,
        node: NodeId,
        store: Store,
    ) -> Result<Journal, JournalError> {
        let attester = ledger.attester(node);
        Journal::open(store, attester, self.watermark(), None, self.clock.clock()).await
    }

    /// The ledger's first node on SQLite, founded.
    pub async fn founded(&self, ledger: &Ledger) -> Journal {
        let journal = self.open(ledger).await.unwrap();
        ledger.found(&journal).await.unwrap();
        journal
    }
}
