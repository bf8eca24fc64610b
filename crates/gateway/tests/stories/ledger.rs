//! A small real ledger in memory: every entry is checked by the domain and signed by real keys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use domain::actor::{Actor, Proof};
use domain::authority::{Act, Authority};
use domain::catalog::{Method, Operation, Operations, Placement, Scope};
use domain::credential::CredentialStored;
use domain::digest::Digest;
use domain::entry::{Body, Entry, canonical};
use domain::evidence::Value;
use domain::follow::{Batch, Follower, Freshness};
use domain::genesis::{EDITION, Genesis, SettingsSet};
use domain::grant::GrantIssued;
use domain::id::*;
use domain::limit::Rate;
use domain::machine::{GatewayEnrolled, NodeEnrolled, RunnerEnrolled};
use domain::material::Kind;
use domain::people::{self, PersonAdded, Role};
use domain::policy::{self, PolicyPublished};
use domain::probe::{Answer, ProbeAnswered, ProbeOrdered, answer_message};
use domain::refusal::Refusal;
use domain::request::{Asked, RequestDecided, RequestMade};
use domain::review::{Quorum, ReviewSigned, Subject, Verdict};
use domain::service::{Release, ServiceReleased, VendorAdded};
use domain::signature::{Base64, MachineKey, PublicKey, REVIEW_NAMESPACE, Signature};
use domain::standard::{
    Checkpoint, Criterion, Stage, Standard, StandardPublished, Threshold, Verify,
};
use domain::state::State;
use domain::statement::{Frame, Statement};
use domain::ticket::{self, Environment, Terms, TicketApproved, TicketOpened, TicketSubmitted};
use domain::time::{Millis, Span};
use domain::token::{Secret, TokenIssued};
use ledger::{Checkpoint as Attested, Signer};
use ssh_encoding::Encode as _;
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{HashAlg, PrivateKey};
use zeroize::Zeroizing;

pub const ORIGIN: &str = "example.org/gateway-tests";
pub const GATEWAY: GatewayId = GatewayId(1);
pub const SERVICE: ServiceId = ServiceId(1);
pub const OPERATOR: PersonId = PersonId(1);
pub const REVIEWER: PersonId = PersonId(2);
pub const REQUESTER: PersonId = PersonId(3);
const NODE: NodeId = NodeId(1);
const RUNNER: RunnerId = RunnerId(1);
const TICKET: TicketId = TicketId(1);
const POLICY: &str = r#"@id("everything") permit(principal, action == Action::"grant", resource);"#;

pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Millis(u64::try_from(since.as_millis()).unwrap())
}

/// What the ledger's one service is like.
#[derive(Clone)]
pub struct Setup {
    pub placement: Placement,
    pub environments: BTreeMap<String, Environment>,
    pub staleness: Span,
}

impl Setup {
    /// One environment `sandbox` at this upstream.
    pub fn at(upstream: &str) -> Setup {
        let environment = Environment {
            authorities: None,
            private: Vec::new(),
            sandbox: true,
            upstream: upstream.to_owned(),
        };
        Setup {
            placement: Placement::Bearer,
            environments: BTreeMap::from([("sandbox".to_owned(), environment)]),
            staleness: Span::MINUTE,
        }
    }
}

/// What a token is asked for.
#[derive(Clone)]
pub struct Ask {
    pub scopes: Vec<&'static str>,
    pub addresses: Vec<&'static str>,
    pub life: Span,
    pub rate: Option<Rate>,
}

impl Default for Ask {
    fn default() -> Ask {
        Ask {
            scopes: vec!["any:read", "any:write"],
            addresses: Vec::new(),
            life: Span::HOUR,
            rate: None,
        }
    }
}

pub struct Ledger {
    follower: Follower,
    pub batches: Vec<Batch>,
    next: u128,
}

fn person_key(person: PersonId) -> PrivateKey {
    let keypair = Ed25519Keypair::from_seed(&[u8::try_from(person.0).unwrap(); 32]);
    PrivateKey::new(KeypairData::Ed25519(keypair), "").unwrap()
}

fn public(key: &PrivateKey) -> PublicKey {
    PublicKey::from_openssh(&key.public_key().to_openssh().unwrap()).unwrap()
}

pub fn machine(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn machine_key(seed: u8) -> MachineKey {
    MachineKey(machine(seed).public_key().as_ref().try_into().unwrap())
}

fn operation(id: &str, method: Method, path: &str, scope: &str) -> Operation {
    Operation { id: id.into(), method, path: path.into(), scope: scope.into() }
}

fn table(placement: &Placement) -> Operations {
    let scope = |name: &str| Scope {
        administration: false,
        name: name.into(),
        sensitive: false,
        title: name.into(),
    };
    let operations = vec![
        operation("read", Method::Get, "/open/{rest*}", "any:read"),
        operation("look", Method::Get, "/v1/{rest*}", "any:read"),
        operation("write", Method::Post, "/open/{rest*}", "any:write"),
        operation("purge", Method::Delete, "/open/{rest*}", "any:admin"),
    ];
    let scopes = vec![scope("any:admin"), scope("any:read"), scope("any:write")];
    Operations::new(vec![placement.clone()], operations, scopes).unwrap()
}

fn standard() -> Standard {
    let criterion = Criterion {
        fix: String::new(),
        id: "tls".into(),
        measure: "tls-version".into(),
        stage: Stage::Approval,
        threshold: Some(Threshold::AtLeast(12)),
        title: "TLS version".into(),
        valid_for: Span::days(30),
        verify: Verify::Probe("transport".into()),
        when: BTreeSet::new(),
    };
    Standard {
        checkpoints: vec![Checkpoint {
            criteria: vec![criterion],
            id: "transport".into(),
            title: "Transport".into(),
        }],
        name: "baseline".into(),
        reassess_after: Span::days(90),
        reviews: Quorum::one("security"),
        signers: 1,
        title: "Baseline".into(),
        version: 1,
    }
}

impl Ledger {
    /// From genesis to a released service with a credential.
    pub fn new(setup: &Setup) -> Ledger {
        let mut ledger = Ledger { follower: Follower::new(None), batches: Vec::new(), next: 100 };
        ledger.genesis(setup.staleness);
        ledger.add_person(REVIEWER, &["security"]);
        ledger.add_person(REQUESTER, &[]);
        ledger.publish_rules();
        ledger.open_ticket(setup);
        ledger.measure(setup);
        ledger.approve();
        ledger.release(setup);
        ledger
    }

    pub fn state(&self) -> &State {
        self.follower.state()
    }

    pub fn genesis_hash(&self) -> Digest {
        self.state().genesis_hash().unwrap()
    }

    fn id(&mut self) -> u128 {
        self.next += 1;
        // As UUIDv7 does: the last bits differ.
        self.next
    }

    /// Appends one entry as a batch of its own, attested by the node.
    pub fn append(&mut self, who: Option<PersonId>, body: Body) -> Result<u64, Refusal> {
        self.append_with(who, body, Vec::new())
    }

    fn append_with(
        &mut self,
        who: Option<PersonId>,
        body: Body,
        materials: Vec<(Kind, Vec<u8>)>,
    ) -> Result<u64, Refusal> {
        let proof = if who.is_some() { Proof::Login } else { Proof::Node };
        let at = now().max(self.state().at());
        let entry = Entry { actor: Actor { node: NODE, proof, who }, at, body };
        let batch = self.attest(entry.encode(), materials);
        match self.follower.accept(&batch) {
            Ok(()) => {
                let number = batch.first;
                self.batches.push(batch);
                Ok(number)
            }
            Err(domain::follow::Broken::Entry { refusal, .. }) => Err(refusal),
            Err(broken) => panic!("{broken}"),
        }
    }

    /// A batch of these bytes with a good attestation, whatever they are.
    pub fn attest(&self, entry: Vec<u8>, materials: Vec<(Kind, Vec<u8>)>) -> Batch {
        let mut frontier = self.follower.frontier().clone();
        frontier.push(ledger::leaf_hash(&entry));
        let signer = Signer::from_seed(&NODE.to_string(), &Zeroizing::new([11; 32])).unwrap();
        let attestation = Attested::of(ORIGIN, &frontier).unwrap().sign(&[&signer]).unwrap();
        Batch {
            attestation: attestation.to_string(),
            entries: vec![entry],
            first: self.state().size(),
            materials,
        }
    }

    fn sign(
        &self,
        person: PersonId,
        statement: impl FnOnce(Frame<'_>) -> Statement,
        role: &str,
    ) -> Signature {
        let key = person_key(person);
        let seen = self.state().seen().unwrap();
        let not_after = now().after(Span::HOUR);
        let statement = statement(Frame { not_after, role, seen, signer: person });
        let sig = key.sign(REVIEW_NAMESPACE, HashAlg::Sha512, statement.as_bytes()).unwrap();
        let mut blob = Vec::new();
        sig.encode(&mut blob).unwrap();
        Signature { key: public(&key).fingerprint(), not_after, seen, sig: Base64(blob) }
    }

    pub fn authority(&mut self, act: Act, materials: Vec<(Kind, Vec<u8>)>) -> u64 {
        let state = self.state();
        let signature = self.sign(
            OPERATOR,
            |frame| Statement::for_act(state, &act, frame.signer, frame.seen, frame.not_after),
            Role::OPERATOR,
        );
        let body = Body::Authority(Authority { act, signatures: vec![signature] }.into());
        self.append_with(Some(OPERATOR), body, materials).unwrap()
    }

    fn genesis(&mut self, staleness: Span) {
        let genesis = Genesis {
            edition: EDITION,
            gateways: vec![GatewayEnrolled {
                gateway: GATEWAY,
                key: machine_key(12),
                sealing: domain::sealed::public_key(&Zeroizing::new([13; 32])).unwrap(),
            }],
            log: Signer::from_seed("log", &Zeroizing::new([15; 32]))
                .unwrap()
                .verifier()
                .to_string(),
            nodes: vec![NodeEnrolled { key: machine_key(11), node: NODE }],
            operators: vec![added(OPERATOR, &[Role::OPERATOR])],
            origin: ORIGIN.into(),
            policy: None,
            runners: vec![RunnerEnrolled { key: machine_key(14), runner: RUNNER }],
            settings: SettingsSet { quorum: 1, staleness },
            standards: Vec::new(),
        };
        self.append(None, Body::Genesis(genesis.into())).unwrap();
    }

    fn add_person(&mut self, person: PersonId, roles: &[&str]) {
        self.authority(Act::PersonAdded(added(person, roles)), Vec::new());
    }

    fn publish_rules(&mut self) {
        let bytes = canonical(&standard());
        let act =
            StandardPublished { name: "baseline".into(), standard: Digest::of(&bytes), version: 1 };
        self.authority(Act::StandardPublished(act), vec![(Kind::Standard, bytes)]);
        let bytes = POLICY.as_bytes().to_vec();
        let act = PolicyPublished { policy: Digest::of(&bytes), version: 1 };
        self.authority(Act::PolicyPublished(act), vec![(Kind::Policy, bytes)]);
    }

    fn open_ticket(&mut self, setup: &Setup) {
        let vendor = VendorAdded { profile: Digest([1; 32]), vendor: VendorId(1) };
        self.append(Some(REQUESTER), Body::VendorAdded(vendor)).unwrap();
        let operations = canonical(&table(&setup.placement));
        let opened = TicketOpened {
            name: "parcels".into(),
            service: SERVICE,
            standard: Digest::of(&canonical(&standard())),
            terms: Terms {
                adjust: Default::default(),
                contract: None,
                credential: setup.placement.clone(),
                data: BTreeSet::new(),
                document: Digest([2; 32]),
                environments: setup.environments.clone(),
                intake: Digest([3; 32]),
                operations: Digest::of(&operations),
            },
            ticket: TICKET,
            vendor: VendorId(1),
        };
        let materials = vec![(Kind::Operations, operations)];
        self.append_with(Some(REQUESTER), Body::TicketOpened(opened.into()), materials).unwrap();
    }

    fn measure(&mut self, setup: &Setup) {
        let (name, environment) = setup.environments.iter().find(|(_, e)| e.sandbox).unwrap();
        let ordered = ProbeOrdered {
            checks: BTreeSet::from(["transport".to_owned()]),
            document: Digest([2; 32]),
            environment: name.clone(),
            nonce: Digest([4; 32]),
            order: OrderId(1),
            reach: environment.reach().unwrap(),
            runner: RUNNER,
            target: environment.upstream.clone(),
            ticket: TICKET,
        };
        self.append(Some(OPERATOR), Body::ProbeOrdered(ordered.clone())).unwrap();
        let at = now();
        let answer = Answer {
            certificate: None,
            document: ordered.document,
            ended: at,
            nonce: ordered.nonce,
            order: ordered.order,
            report: Digest([5; 32]),
            started: at,
            target: ordered.target,
            values: BTreeMap::from([("tls-version".to_owned(), Value::Number(13))]),
        };
        let bytes = canonical(&answer);
        let message = answer_message(&self.genesis_hash(), answer.order, &Digest::of(&bytes));
        let answered = ProbeAnswered {
            answer: Digest::of(&bytes),
            order: answer.order,
            signature: Base64(machine(14).sign(&message).as_ref().to_vec()),
        };
        let materials = vec![(Kind::Answer, bytes)];
        self.append_with(None, Body::ProbeAnswered(answered), materials).unwrap();
    }

    fn approve(&mut self) {
        let state = self.state();
        let submit = |frame: Frame<'_>| ticket::statement(state, TICKET, "submit", frame);
        let signature = self.sign(REQUESTER, submit, Role::REQUESTER);
        let submitted = TicketSubmitted { round: 1, signature, ticket: TICKET };
        self.append(Some(REQUESTER), Body::TicketSubmitted(submitted)).unwrap();
        let state = self.state();
        let review = |frame: Frame<'_>| ticket::statement(state, TICKET, "approve", frame);
        let signature = self.sign(REVIEWER, review, "security");
        let signed = ReviewSigned {
            role: Role::new("security"),
            round: 1,
            signature,
            subject: Subject::Ticket(TICKET),
            verdict: Verdict::Approve,
        };
        self.append(Some(REVIEWER), Body::ReviewSigned(signed)).unwrap();
        let at = now().max(self.state().at());
        let ticket = self.state().ticket(TICKET).unwrap();
        let standard = self.state().standard_of(ticket).unwrap();
        // The fuse is that of the evidence, so the exact moment of the approval does not matter.
        let fuse = domain::gate::fuse(standard, ticket, at, at).unwrap();
        let approved = TicketApproved { fuse, round: 1, ticket: TICKET };
        self.append(None, Body::TicketApproved(approved)).unwrap();
    }

    fn release(&mut self, setup: &Setup) {
        for stage in [Release::Canary, Release::Wide] {
            let released = ServiceReleased { service: SERVICE, stage };
            self.append(Some(OPERATOR), Body::ServiceReleased(released)).unwrap();
        }
        for environment in setup.environments.keys() {
            self.store_credential(environment);
        }
    }

    /// A new credential is in force; its id is what the vault would find it by.
    pub fn store_credential(&mut self, environment: &str) -> CredentialId {
        let credential = CredentialId(self.id());
        let stored = CredentialStored {
            credential,
            environment: environment.into(),
            owner: REQUESTER,
            service: SERVICE,
        };
        self.append(Some(OPERATOR), Body::CredentialStored(stored)).unwrap();
        credential
    }

    /// Asks, decides, grants and issues.
    pub fn token(&mut self, environment: &str, ask: &Ask) -> (GrantId, TokenId, Secret) {
        let asked = Arc::new(Asked {
            addresses: ask.addresses.iter().map(|range| range.parse().unwrap()).collect(),
            environment: environment.into(),
            owner: REQUESTER,
            rate: ask.rate,
            reason: Digest([6; 32]),
            request: RequestId(self.id()),
            scopes: ask.scopes.iter().map(ToString::to_string).collect(),
            service: SERVICE,
            until: now().after(ask.life),
        });
        let made = RequestMade { asked: asked.clone(), signature: None };
        self.append(Some(REQUESTER), Body::RequestMade(made)).unwrap();
        let at = now().max(self.state().at());
        let decision = policy::decide(self.state(), REQUESTER, &asked, at).unwrap();
        let decided = RequestDecided { decision: decision.into(), request: asked.request };
        self.append(None, Body::RequestDecided(decided)).unwrap();
        let request = self.state().request(asked.request).unwrap();
        let service = self.state().service(SERVICE).unwrap();
        let fuse = domain::grant::fuse(request, service);
        let decision = request.decision.as_ref().unwrap();
        let rate = domain::grant::rate(&request.asked, decision, service);
        let grant = GrantId(self.id());
        let issued = GrantIssued { fuse: fuse.clone(), grant, rate, request: asked.request };
        self.append(None, Body::GrantIssued(issued)).unwrap();
        let token = TokenId(self.id());
        let mut random = [7; 32];
        random[..16].copy_from_slice(&token.0.to_be_bytes());
        let secret = Secret::new(token, &random);
        let hash = secret.presented().unwrap().hash;
        let issued = TokenIssued { fuse, grant, hash, token };
        self.append(Some(REQUESTER), Body::TokenIssued(issued)).unwrap();
        (grant, token, secret)
    }

    pub fn freshness(&self, nonce: Digest) -> Freshness {
        let mut freshness = Freshness {
            at: now(),
            node: NODE,
            nonce,
            seen: self.follower.seen(),
            signature: Base64(Vec::new()),
        };
        let message = freshness.message(&self.genesis_hash());
        freshness.signature = Base64(machine(11).sign(&message).as_ref().to_vec());
        freshness
    }
}

fn added(person: PersonId, roles: &[&str]) -> PersonAdded {
    PersonAdded {
        responsible: None,
        demo: false,
        key: public(&person_key(person)),
        kind: people::Kind::Human,
        person,
        profile: Digest([9; 32]),
        roles: roles.iter().map(|role| Role::new(*role)).collect(),
    }
}
