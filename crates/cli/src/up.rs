//! `portcullis up`: control, gateway, runner and jobs in one process.

mod alone;
pub mod genesis;
pub mod limits;
pub mod runner;
pub mod wire;

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;
use control::control::Control;
use control::journal::{Attester, Journal, JournalError, Store};
use control::keys::{KeyDirectory, Use};
use domain::digest::Digest;
use domain::follow::Broken;
use domain::id::{GatewayId, RunnerId};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::home::{Home, private_dir, write_private};
use crate::scan::clock;
use crate::show::Show;
use crate::up::alone::Alone;
use crate::up::limits::Limits;

#[derive(Debug, Clone, Args)]
pub struct UpOptions {
    /// The data directory; by default ~/.local/share/portcullis
    #[arg(long, env = "PORTCULLIS_DATA")]
    pub data: Option<PathBuf>,
    /// A PostgreSQL database in place of SQLite: postgres://user@host/name
    #[arg(long, env = "PORTCULLIS_DATABASE")]
    pub database: Option<String>,
    /// Where control listens
    #[arg(long, default_value = "127.0.0.1:7400")]
    pub listen: SocketAddr,
    /// Where the gateway listens
    #[arg(long, default_value = "127.0.0.1:7401")]
    pub gateway: SocketAddr,
    /// The address by which people and clients reach control, if another than it listens on
    #[arg(long)]
    pub url: Option<String>,
    /// The address by which callers reach the gateway, if another than it listens on
    #[arg(long)]
    pub gateway_url: Option<String>,
    /// The ledger's name for ever, at genesis: your domain, for instance [default: portcullis.local]
    #[arg(long)]
    pub origin: Option<String>,
    /// The first operator's SSH public key, at genesis
    #[arg(long)]
    pub operator_key: Option<PathBuf>,
    /// The first operator's name, at genesis
    #[arg(long)]
    pub operator: Option<String>,
    /// The first operator is a demo person: only loopback upstreams
    #[arg(long, hide = true)]
    pub demo: bool,
    #[command(flatten)]
    pub limits: Limits,
}

impl UpOptions {
    /// The name that a new ledger gets.
    pub fn origin(&self) -> &str {
        self.origin.as_deref().unwrap_or("portcullis.local")
    }
}

/// A server that runs, until it is stopped.
pub struct Running {
    pub control: Arc<Control>,
    pub gateway: gateway::Running,
    pub genesis: Digest,
    pub gateway_url: String,
    pub url: String,
    /// Whether this start made the genesis.
    pub fresh: Option<genesis::Fresh>,
    stop: tokio::sync::watch::Sender<bool>,
    server: JoinHandle<()>,
    runner: JoinHandle<()>,
    jobs: JoinHandle<()>,
    alone: Alone,
}

/// Starts everything and waits for an interrupt.
pub async fn up(home: &Home, options: UpOptions, show: Show) -> Result<()> {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty());
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && !plain)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("PORTCULLIS_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .init();
    let data = match &options.data {
        Some(data) => data.clone(),
        None => Home::data()?,
    };
    show.note("starting: reading and verifying the ledger …");
    let running = start(home, &options).await?;
    let facts = json!({
        "ready": true,
        "url": running.url,
        "gateway": running.gateway_url,
        "data": data,
        "keys": home.keys(),
        "genesis": running.genesis.to_string(),
        "entries": running.control.state().size(),
        "snapshot": running.control.journal.rests_on(),
        "operator_key": running.fresh.as_ref().and_then(|fresh| fresh.private_key.clone()),
    });
    // Before anybody is told that it is ready: from then on it may be told to stop.
    let signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    show.print(&facts, || welcome(home, &data, &running));
    watch(&running, signals, show).await?;
    show.note("stopping …");
    running.stop().await
}

/// Until somebody stops the server, or the entries turn out not to hold what it started from.
async fn watch(
    running: &Running,
    (mut terminate, mut interrupt): (Signal, Signal),
    show: Show,
) -> Result<()> {
    let proven = async {
        let journal = &running.control.journal;
        journal.proven().await?;
        tracing::info!("every entry was read and verified");
        if journal.rests_on().is_some() {
            show.note("every entry was read again, and holds");
        }
        std::future::pending::<Result<()>>().await
    };
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        broken = proven => broken.context("the server ends at once"),
    }
}

fn welcome(home: &Home, data: &std::path::Path, running: &Running) {
    let state = running.control.state();
    println!("Portcullis is ready.\n");
    println!("  control   {}", running.url);
    println!("  gateway   {}", running.gateway_url);
    println!("  data      {}", data.display());
    println!("  keys      {}  (back them up apart from the data)", home.keys().display());
    println!("  genesis   {}  (gateways and verifiers pin it)", running.genesis);
    match running.control.journal.rests_on() {
        Some(size) => println!(
            "  entries   {}, from a snapshot at {size}; all are read again now",
            state.size()
        ),
        None => println!("  entries   {}", state.size()),
    }
    if state.is_single_operator() {
        println!("  trust     single-operator: add a second one before it matters");
    }
    if let Some(fresh) = &running.fresh {
        match &fresh.private_key {
            Some(path) => {
                println!("\nYou are the first operator, with a new key: {}", path.display())
            }
            None => println!("\nYou are the first operator, with {}", fresh.public_key.display()),
        }
    }
    println!("\nNext, in another terminal:");
    println!("  portcullis login {}", running.url);
    println!("  portcullis tour            # or see the whole story first");
    println!("\nStop with Ctrl-C.");
}

/// Starts a server in this process.
pub async fn start(home: &Home, options: &UpOptions) -> Result<Running> {
    let data = match &options.data {
        Some(data) => data.clone(),
        None => Home::data()?,
    };
    private_dir(&data)?;
    private_dir(&home.config)?;
    let alone = Alone::in_all(&[&data, &home.config])?;
    // Before there is a ledger, which is for ever: a port that is taken shall leave none behind.
    let listener = std::net::TcpListener::bind(options.listen)
        .with_context(|| format!("listening on {} (`--listen` names another)", options.listen))?;
    let free = free_port(options.gateway)?;
    let keys = KeyDirectory::open(&home.keys(), Some(&data))?;
    genesis::make_keys(&keys, options.origin())?;
    let node = keys.load(Use::Node)?;
    let attester = Attester::new(node.name.parse()?, &node.bytes)?;
    let store = match &options.database {
        Some(database) => Store::parse(database)?,
        None => Store::in_directory(&data),
    };
    let pin = home.config.join("genesis");
    let pinned = match std::fs::read_to_string(&pin) {
        Ok(text) => {
            Some(text.trim().parse::<Digest>().context("the pinned genesis is unreadable")?)
        }
        Err(_) => None,
    };
    let now = Arc::new(clock);
    let journal = Journal::open(store, attester, keys.watermark(), pinned, now.clone()).await;
    let journal = journal.map_err(|error| advise(error, &keys))?;
    let fresh = match journal.state().origin() {
        Some(_) => {
            genesis::must_agree(&journal, options).await?;
            None
        }
        None => Some(genesis::make(&journal, &keys, home, options).await?),
    };
    let genesis = journal.state().genesis_hash().context("the ledger has no genesis")?;
    must_be_ours(&journal, &keys)?;
    if pinned.is_none() {
        write_private(&pin, format!("{genesis}\n").as_bytes())?;
    }

    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let url = options.url.clone().unwrap_or(format!("http://{}", listener.local_addr()?));
    let gateway_url = options.gateway_url.clone().unwrap_or(format!("http://{free}"));
    let vault = keys.vault()?;
    let control = Control::new(journal, vault, now, url.clone(), gateway_url.clone());
    let control = Arc::new(control);
    let gateway = start_gateway(&control, &keys, (free, &options.limits), &data, genesis).await?;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let runner = runner::start(control.clone(), &keys, stopped.clone())?;
    let jobs = tokio::spawn(control::jobs::run(control.clone(), stopped.clone()));
    let router = control::api::router(control.clone());
    let server = tokio::spawn(control::listen::serve(listener, router, stopped));
    Ok(Running {
        control,
        gateway,
        genesis,
        gateway_url,
        url,
        fresh,
        stop,
        server,
        runner,
        jobs,
        alone,
    })
}

/// A ledger that ends earlier than before: what is gone, and the two ways on.
fn advise(error: JournalError, keys: &KeyDirectory) -> anyhow::Error {
    let JournalError::Broken(Broken::Backwards { ends, seen }) = error else { return error.into() };
    let (broken, keys) = (error.to_string(), keys.path().display());
    anyhow::Error::from(error).context(format!(
        "{broken}; entries {ends} to {} are missing: put the newest copy of the data back; only if they \
         are lost for good, move `{keys}/watermark` and `{keys}/gateway-watermark` away, start, and \
         revoke again what was revoked in them",
        seen.saturating_sub(1)
    ))
}

/// Keys that the ledger does not know make a server that can do nothing: better none.
fn must_be_ours(journal: &Journal, keys: &KeyDirectory) -> Result<()> {
    let state = journal.state();
    let node = state.active_node(keys.load(Use::Node)?.name.parse()?).is_ok();
    let gateway = state.active_gateway(keys.load(Use::Gateway)?.name.parse()?).is_ok();
    let runner: RunnerId = keys.load(Use::Runner)?.name.parse()?;
    let runner = state.runners.get(&runner).is_some_and(|runner| runner.is_active());
    match node && gateway && runner {
        true => Ok(()),
        false => anyhow::bail!(
            "the keys in {} are not those of this ledger: put back the ones that it was made with, \
             or name their directory with `--config`",
            keys.path().display()
        ),
    }
}

/// The address itself, or one with a free port when it asks for any.
fn free_port(wanted: SocketAddr) -> Result<SocketAddr> {
    let probe = std::net::TcpListener::bind(wanted)
        .with_context(|| format!("listening on {wanted} (`--gateway` names another)"))?;
    Ok(probe.local_addr()?)
}

async fn start_gateway(
    control: &Arc<Control>,
    keys: &KeyDirectory,
    (listen, limits): (SocketAddr, &Limits),
    data: &std::path::Path,
    genesis: Digest,
) -> Result<gateway::Running> {
    let (signing, sealing) = (keys.load(Use::Gateway)?, keys.load(Use::Sealing)?);
    let gateway: GatewayId = signing.name.parse()?;
    let keys_of = gateway::Keys { gateway, signing: signing.bytes, sealing: sealing.bytes };
    let watermark = keys.path().join("gateway-watermark");
    let folder = data.join("gateway");
    let mut config = gateway::Config::new(listen, folder, watermark, keys_of, genesis);
    (config.bounds, config.timeouts) = (limits.bounds(), limits.timeouts());
    let wire = wire::Wire::new(control.clone(), data.join("usage"), genesis);
    let started = tokio::task::spawn_blocking(move || gateway::start(config, Arc::new(wire)));
    Ok(started.await??)
}

impl Running {
    pub fn runner(&self) -> Option<RunnerId> {
        self.control.runner().ok()
    }

    /// Ends the calls, then the server, then the ledger's writer.
    pub async fn stop(self) -> Result<()> {
        let Running { control, gateway, stop, server, runner, jobs, alone, .. } = self;
        tokio::task::spawn_blocking(move || gateway.stop()).await?;
        let _ = stop.send(true);
        runner.await?;
        jobs.await?;
        server.await?;
        control.journal.close().await;
        drop(alone);
        Ok(())
    }
}
