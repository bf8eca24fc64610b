//! A gateway under test: a ledger, an in-process control that serves it, and a caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::digest::Digest;
use domain::entry::Body;
use domain::follow::{Batch, Freshness};
use domain::id::*;
use domain::refusal::{Code, Refusal};
use domain::revocation::{Reason, RevocationReceived, Revoked, Target};
use domain::time::Span;
use domain::usage::{Call, SegmentCommitted};
use gateway::{Config, Control, ControlError, Keys, Running, SealedLease, lease_context};
use reqwest::{Client, RequestBuilder, Response};
use std::sync::Mutex;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::ledger::{Ask, GATEWAY, Ledger, OPERATOR, Setup, now};

pub const CREDENTIAL: &str = "sk_live/9f8e7d6c5b4a+vendor=secret";
const LONG: Duration = Duration::from_secs(20);

/// Control, as far as a gateway can see it.
pub struct Desk {
    pub ledger: Mutex<Ledger>,
    size: watch::Sender<u64>,
    pub credential: Mutex<String>,
    /// Answers nothing about freshness.
    pub silent: AtomicBool,
    /// Gives no lease.
    pub closed: AtomicBool,
    /// Takes no segment.
    pub refusing: AtomicBool,
    /// Served in place of the ledger's own batches from there on.
    pub forged: Mutex<Option<Batch>>,
    pub receipts: watch::Sender<Vec<u64>>,
    pub segments: watch::Sender<Vec<(SegmentCommitted, Vec<Call>)>>,
    pub leases: AtomicU64,
    /// Looks around at the moment a receipt arrives.
    pub look: Mutex<Option<Look>>,
}

type Look = Box<dyn FnMut() + Send>;

fn unreachable(why: &str) -> ControlError {
    ControlError::Unreachable(why.to_owned())
}

fn refused(refusal: Refusal) -> ControlError {
    let code = refusal.reasons.first().map_or("", |reason| reason.code.as_str()).to_owned();
    ControlError::Refused { code, message: refusal.to_string() }
}

impl Desk {
    pub fn new(setup: &Setup) -> Arc<Desk> {
        let ledger = Ledger::new(setup);
        let size = watch::channel(ledger.state().size()).0;
        Arc::new(Desk {
            ledger: Mutex::new(ledger),
            size,
            credential: Mutex::new(CREDENTIAL.to_owned()),
            silent: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            refusing: AtomicBool::new(false),
            forged: Mutex::new(None),
            receipts: watch::channel(Vec::new()).0,
            segments: watch::channel(Vec::new()).0,
            leases: AtomicU64::new(0),
            look: Mutex::new(None),
        })
    }

    /// Changes the ledger and tells whoever waits for batches.
    pub fn change<T>(&self, change: impl FnOnce(&mut Ledger) -> T) -> T {
        let mut ledger = self.ledger.lock().unwrap();
        let changed = change(&mut ledger);
        self.size.send_replace(ledger.state().size());
        changed
    }

    pub fn forge(&self, batch: Batch) {
        *self.forged.lock().unwrap() = Some(batch);
        self.size.send_modify(|size| *size += 1);
    }

    pub fn token(&self, ask: &Ask) -> (GrantId, TokenId, String) {
        let (grant, token, secret) = self.change(|ledger| ledger.token("sandbox", ask));
        (grant, token, secret.expose().to_owned())
    }

    pub fn revoke(&self, target: Target) -> u64 {
        let revoked = Revoked { note: None, reason: Reason::Compromised, target };
        self.change(|ledger| ledger.append(Some(OPERATOR), Body::Revoked(revoked)).unwrap())
    }

    /// Waits until the ledger holds a receipt of the revocation.
    pub async fn received(&self, revocation: u64) {
        let mut receipts = self.receipts.subscribe();
        let there = receipts.wait_for(|receipts| receipts.contains(&revocation));
        tokio::time::timeout(LONG, there).await.expect("a receipt in time").unwrap();
    }

    /// Waits until the committed segments satisfy `what`; all their calls.
    pub async fn recorded(&self, what: impl Fn(&[Call]) -> bool) -> Vec<Call> {
        let calls = |segments: &Vec<(SegmentCommitted, Vec<Call>)>| {
            segments.iter().flat_map(|(_, calls)| calls.clone()).collect::<Vec<_>>()
        };
        let mut segments = self.segments.subscribe();
        let there = segments.wait_for(|segments| what(&calls(segments)));
        let there = tokio::time::timeout(LONG, there).await.expect("segments in time").unwrap();
        calls(&there)
    }
}

#[async_trait]
impl Control for Desk {
    async fn batches(&self, from: u64) -> Result<Vec<Batch>, ControlError> {
        let mut size = self.size.subscribe();
        let newer = size.wait_for(|size| *size > from);
        let _ = tokio::time::timeout(Duration::from_secs(1), newer).await;
        if let Some(batch) = self.forged.lock().unwrap().as_ref().filter(|b| b.first == from) {
            return Ok(vec![batch.clone()]);
        }
        let ledger = self.ledger.lock().unwrap();
        let newer = ledger.batches.iter().filter(|batch| batch.first >= from);
        Ok(newer.take(7).cloned().collect())
    }

    async fn fresh(&self, nonce: Digest) -> Result<Freshness, ControlError> {
        match self.silent.load(Ordering::Relaxed) {
            true => Err(unreachable("silent")),
            false => Ok(self.ledger.lock().unwrap().freshness(nonce)),
        }
    }

    async fn lease(
        &self,
        gateway: GatewayId,
        service: ServiceId,
        environment: &str,
    ) -> Result<SealedLease, ControlError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(unreachable("closed"));
        }
        let ledger = self.ledger.lock().unwrap();
        let state = ledger.state();
        let credential = state.service(service).map_err(refused)?.credentials.get(environment);
        let Some(credential) = credential.copied() else { return Err(unreachable("none")) };
        let genesis = ledger.genesis_hash();
        let context = lease_context(&genesis, gateway, service, credential, environment);
        let to = state.active_gateway(gateway).map_err(refused)?.sealing;
        let turn = self.leases.fetch_add(1, Ordering::Relaxed);
        let mut ephemeral = Zeroizing::new([1; 32]);
        ephemeral[..8].copy_from_slice(&turn.to_be_bytes());
        let secret = self.credential.lock().unwrap().clone();
        let sealed = domain::sealed::seal_to(&to, &ephemeral, &context, secret.as_bytes()).unwrap();
        Ok(SealedLease { credential, sealed, until: now().after(Span::HOUR) })
    }

    async fn received(&self, received: RevocationReceived) -> Result<(), ControlError> {
        let number = received.revocation;
        if let Some(look) = self.look.lock().unwrap().as_mut() {
            look();
        }
        let appended =
            self.change(|ledger| ledger.append(None, Body::RevocationReceived(received)));
        match appended {
            Err(refusal) if !refusal.has(Code::Exists) => Err(refused(refusal)),
            _ => {
                self.receipts.send_modify(|receipts| receipts.push(number));
                Ok(())
            }
        }
    }

    async fn committed(
        &self,
        committed: SegmentCommitted,
        lines: Vec<Vec<u8>>,
    ) -> Result<(), ControlError> {
        if self.refusing.load(Ordering::Relaxed) {
            return Err(unreachable("refusing"));
        }
        let mut frontier = ledger::Frontier::new();
        frontier.extend(lines.iter().map(|line| ledger::leaf_hash(line)));
        assert_eq!(frontier.root().0, committed.segment.root.0, "the root is over the lines");
        let calls: Vec<Call> =
            lines.iter().map(|line| serde_json::from_slice(line).unwrap()).collect();
        assert_eq!(calls.len() as u64, committed.segment.count);
        let body = Body::SegmentCommitted(committed.clone());
        self.change(|ledger| ledger.append(None, body)).map_err(refused)?;
        self.segments.send_modify(|segments| segments.push((committed, calls)));
        Ok(())
    }
}

/// A running gateway and its desk.
pub struct World {
    pub desk: Arc<Desk>,
    pub folder: tempfile::TempDir,
    gateway: Option<Running>,
    pub client: Client,
    pub address: std::net::SocketAddr,
}

impl World {
    pub async fn new(setup: &Setup) -> World {
        World::with(setup, |_| {}).await
    }

    /// A gateway whose configuration is changed first; returns once it is ready.
    pub async fn with(setup: &Setup, change: impl FnOnce(&mut Config)) -> World {
        let desk = Desk::new(setup);
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::around(desk, folder);
        world.start(change).await;
        world
    }

    /// No gateway yet.
    pub fn around(desk: Arc<Desk>, folder: tempfile::TempDir) -> World {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(LONG)
            .build()
            .unwrap();
        World { desk, folder, gateway: None, client, address: ([0, 0, 0, 0], 0).into() }
    }

    pub fn config(&self) -> Config {
        let keys = Keys {
            gateway: GATEWAY,
            signing: Zeroizing::new([12; 32]),
            sealing: Zeroizing::new([13; 32]),
        };
        let path = |name: &str| self.folder.path().join(name);
        let genesis = self.desk.ledger.lock().unwrap().genesis_hash();
        let listen = ([127, 0, 0, 1], 0).into();
        let mut config = Config::new(listen, path("data"), path("watermark"), keys, genesis);
        config.threads = 1;
        config.recording.every = Duration::from_millis(100);
        config.timeouts.stop = Duration::from_millis(200);
        config
    }

    pub async fn start(&mut self, change: impl FnOnce(&mut Config)) {
        self.launch(change);
        self.until(|report| report.ready).await;
    }

    /// Starts without waiting for anything.
    pub fn launch(&mut self, change: impl FnOnce(&mut Config)) {
        let mut config = self.config();
        change(&mut config);
        let running = gateway::start(config, self.desk.clone()).unwrap();
        self.address = running.addr();
        self.gateway = Some(running);
    }

    pub fn gateway(&self) -> &Running {
        self.gateway.as_ref().expect("a running gateway")
    }

    /// Waits for what the gateway says of itself.
    pub async fn until(&self, what: impl Fn(&gateway::Report) -> bool) -> gateway::Report {
        let reached = async {
            loop {
                let report = self.gateway().health();
                if what(&report) {
                    return report;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let reached = tokio::time::timeout(LONG, reached).await;
        reached.unwrap_or_else(|_| panic!("not reached: {:?}", self.gateway().health()))
    }

    /// Waits until the gateway follows everything that the desk has.
    pub async fn settled(&self) {
        let size = self.desk.ledger.lock().unwrap().state().size();
        self.until(|report| report.size >= size && report.ready).await;
    }

    pub async fn stop(&mut self) {
        let gateway = self.gateway.take();
        tokio::task::spawn_blocking(move || gateway.map(Running::stop)).await.unwrap();
    }

    /// A token that the gateway knows already.
    pub async fn token(&self, ask: &Ask) -> String {
        let (_, _, token) = self.desk.token(ask);
        self.settled().await;
        token
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/parcels/sandbox{path}", self.address)
    }

    pub fn get(&self, path: &str, token: &str) -> RequestBuilder {
        self.client.get(self.url(path)).bearer_auth(token)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            // Not within the runtime's thread: it joins.
            std::thread::spawn(move || drop(gateway)).join().unwrap();
        }
    }
}

/// The code of a problem document, whose shape is checked.
pub async fn problem(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let document: serde_json::Value = response.json().await.unwrap();
    assert_eq!(document["status"], status);
    assert!(document["type"].is_string() && document["title"].is_string());
    assert!(document["detail"].is_string());
    (status, document["code"].as_str().unwrap().to_owned())
}
