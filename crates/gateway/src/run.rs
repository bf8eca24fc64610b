//! Starting a gateway: its threads, and the handle on one that runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use aws_lc_rs::signature::Ed25519KeyPair;
use domain::signature::Seen;
use pingora::tls::{RootCertStore, load_platform_certs_incl_env_into_store};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::clock::Proof;
use crate::config::Config;
use crate::control::Control;
use crate::flight::Flights;
use crate::follow::fresh::{self, Proofs};
use crate::follow::receipts::Receipts;
use crate::follow::{Follow, watermark};
use crate::gateway::Gateway;
use crate::health::{Health, Report};
use crate::lease::{self, Leases, Opener};
use crate::limiter::Limiter;
use crate::listener::Callers;
use crate::record::{Order, Recorder};
use crate::spool::{self, Writer};
use crate::{commit, listener};

/// Calls in flight are judged again at least this often, for ends that no entry announces.
const JUDGE: std::time::Duration = std::time::Duration::from_millis(250);

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: std::io::Error },
    #[error("the watermark `{path}` cannot be read: {error}")]
    Watermark { path: String, error: std::io::Error },
    #[error("the spool in `{path}` cannot be opened: {error}")]
    Spool { path: String, error: std::io::Error },
    #[error("the seed of the signing key is not an Ed25519 seed")]
    Key,
    #[error("the listener's certificate: {0}")]
    Tls(String),
    #[error("the public certificate authorities of this machine cannot be loaded: {0}")]
    Authorities(String),
    #[error("a thread cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// A gateway that runs until it is stopped or dropped.
pub struct Running {
    address: SocketAddr,
    gateway: Arc<Gateway>,
    stop: watch::Sender<bool>,
    callers: Vec<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
    /// Says when the last segment is acknowledged, once the writer has ended.
    owed: Option<std::sync::mpsc::Receiver<()>>,
    patience: Duration,
    tasks: Option<Runtime>,
}

/// Starts following and serving. Nothing is admitted before the ledger is proven fresh.
///
/// # Errors
/// What keeps it from listening, recording, or knowing its past.
pub fn start(config: Config, control: Arc<dyn Control>) -> Result<Running, GatewayError> {
    // INVARIANT: installed before any other part of the process could choose another one; a second
    // installation is refused and harmless.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut roots = RootCertStore::empty();
    load_platform_certs_incl_env_into_store(&mut roots)
        .map_err(|error| GatewayError::Authorities(error.to_string()))?;
    let tls = config.tls.as_ref().map(listener::acceptor).transpose().map_err(GatewayError::Tls)?;
    let owed = watermark::read(&config.watermark).map_err(|error| GatewayError::Watermark {
        path: config.watermark.display().to_string(),
        error,
    })?;
    let key = Ed25519KeyPair::from_seed_unchecked(config.keys.signing.as_slice());
    let key = Arc::new(key.map_err(|_| GatewayError::Key)?);
    let recorder = Recorder::new(config.recording.block);
    let queue = recorder.queue();
    let (leases, wanted) = Leases::new(config.timeouts.lease);
    let gateway = Arc::new(gateway(&config, leases, recorder.clone()));
    let (writer, closed) = Writer::open(
        &config.data,
        config.recording.clone(),
        (gateway.id, key.clone()),
        recorder,
        gateway.flights.clone(),
    )
    .map_err(|error| GatewayError::Spool { path: config.data.display().to_string(), error })?;
    let tasks = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("gateway-control")
        .enable_all()
        .build()?;
    let listeners = bind(&config, &tasks)?;
    let address = listeners.first().map(std::net::TcpListener::local_addr).transpose()?;
    let address = address.unwrap_or(config.listen);
    let (stop, _) = watch::channel(false);
    let mut running = Running {
        address,
        gateway,
        stop,
        callers: Vec::new(),
        writer: None,
        owed: None,
        patience: config.timeouts.stop,
        tasks: None,
    };
    let thread = std::thread::Builder::new().name("gateway-spool".to_owned());
    running.writer = Some(thread.spawn(move || spool::run(writer, &queue))?);
    attend(&tasks, &running.gateway, &control, &config, (key, owed));
    running.owed = Some(commit(&tasks, &running.gateway, &control, &config, closed));
    let opener =
        Opener { gateway: config.keys.gateway, genesis: config.genesis, key: config.keys.sealing };
    tasks.spawn(lease::serve(control, Arc::new(opener), wanted));
    running.tasks = Some(tasks);
    for listener in listeners {
        let caller = serve(listener, tls.clone(), &running)?;
        running.callers.push(caller);
    }
    Ok(running)
}

fn gateway(config: &Config, leases: Leases, recorder: Arc<Recorder>) -> Gateway {
    Gateway {
        id: config.keys.gateway,
        view: Default::default(),
        proof: Proof::new(),
        limiter: Limiter::new(),
        leases,
        recorder,
        flights: Arc::new(Flights::new()),
        health: Health::default(),
        timeouts: config.timeouts.clone(),
        bounds: config.bounds.clone(),
        callers: Callers::new(config.bounds.clone()),
        names: config.names.clone(),
        published: watch::channel(0).0,
    }
}

/// Hands segments in until the writer has ended and the last one is acknowledged, which it then says.
fn commit(
    tasks: &Runtime,
    gateway: &Arc<Gateway>,
    control: &Arc<dyn Control>,
    config: &Config,
    closed: watch::Receiver<u64>,
) -> std::sync::mpsc::Receiver<()> {
    let (acknowledged, owed) = std::sync::mpsc::channel();
    let commits = commit::run(gateway.clone(), control.clone(), config.data.clone(), closed);
    tasks.spawn(async move {
        commits.await;
        let _ = acknowledged.send(());
    });
    owed
}

fn bind(config: &Config, tasks: &Runtime) -> Result<Vec<std::net::TcpListener>, GatewayError> {
    let _inside = tasks.enter();
    listener::bind(config.listen, config.threads)
        .map_err(|error| GatewayError::Listen { address: config.listen, error })
}

/// What runs beside the calls.
fn attend(
    tasks: &Runtime,
    gateway: &Arc<Gateway>,
    control: &Arc<dyn Control>,
    config: &Config,
    (key, owed): (Arc<Ed25519KeyPair>, Option<Seen>),
) {
    let proofs = Arc::new(Proofs::default());
    let past = (config.genesis, config.watermark.clone(), owed);
    let receipts = Receipts::new(key);
    let follow = Follow::new(gateway.clone(), control.clone(), proofs.clone(), receipts, past);
    tasks.spawn(follow.run());
    tasks.spawn(fresh::ask(gateway.clone(), control.clone(), proofs));
    let gateway = gateway.clone();
    tasks.spawn(async move {
        let mut tick = tokio::time::interval(JUDGE);
        loop {
            tick.tick().await;
            drop(gateway.judge());
        }
    });
}

/// One thread with its own runtime: calls never move between cores.
fn serve(
    listener: std::net::TcpListener,
    tls: Option<Arc<pingora::listeners::tls::Acceptor>>,
    running: &Running,
) -> std::io::Result<JoinHandle<()>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (gateway, stop) = (running.gateway.clone(), running.stop.subscribe());
    std::thread::Builder::new().name("gateway-calls".to_owned()).spawn(move || {
        if let Err(error) = runtime.block_on(listener::serve(listener, tls, gateway, stop)) {
            tracing::error!("a listener ended: {error}");
        }
        // Drops the calls that did not end in time, and with them lands their flights.
        drop(runtime);
    })
}

impl Running {
    /// Where callers come in.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    pub fn health(&self) -> Report {
        self.gateway.health.report(&self.gateway)
    }

    /// Stops accepting, lets calls end for the configured time, cuts the rest, writes everything down.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.send_replace(true);
        for caller in self.callers.drain(..) {
            let _ = caller.join();
        }
        self.gateway.recorder.order(Order::Stop);
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
        // What is not acknowledged in time is handed in after the next start.
        if let Some(owed) = self.owed.take() {
            let _ = owed.recv_timeout(self.patience);
        }
        if let Some(tasks) = self.tasks.take() {
            tasks.shutdown_background();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
