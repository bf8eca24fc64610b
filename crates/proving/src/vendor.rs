//! Starting a vendor, and the handle on one that runs.

mod listener;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::api::traps::address_book::AddressBook;
use crate::api::traps::preferences::Preferences;
use crate::certificate::Tls;
use crate::credential::{Client, Credentials};
use crate::document;
use crate::files::Files;
use crate::grants::Grants;
use crate::idempotency::Memory;
use crate::limiter::{Limiter, RateLimit};
use crate::operation::router;
use crate::site::{Site, now};
use crate::store::Store;
use crate::token::{AUDIENCE, TokenKeys};
use crate::weakness::{Switches, Weakness};

/// How many wrong passwords a name takes in a minute.
pub(crate) const WRONG_PASSWORDS: RateLimit =
    RateLimit { requests: 10, anonymous_requests: 10, window: Duration::from_secs(60) };

/// How a vendor is to be. The default is the hardened twin.
#[derive(Debug, Clone)]
pub struct VendorConfig {
    /// The weaknesses it has.
    pub switches: Switches,
    /// Who issues its certificate.
    pub tls: Tls,
    /// How many requests it takes.
    pub rate: RateLimit,
    /// How long a token of `POST /oauth/token` lives.
    pub token_lifetime: Duration,
    /// The time between two heartbeats of an event stream; not zero.
    pub heartbeat: Duration,
}

impl Default for VendorConfig {
    fn default() -> Self {
        Self {
            switches: Switches::hardened(),
            tls: Tls::default(),
            rate: RateLimit::default(),
            token_lifetime: Duration::from_secs(300),
            heartbeat: Duration::from_millis(200),
        }
    }
}

impl VendorConfig {
    /// The default with these switches.
    #[must_use]
    pub fn with_switches(switches: Switches) -> Self {
        Self { switches, ..Self::default() }
    }
}

/// Why a vendor could not start or issue a token.
#[derive(Debug, thiserror::Error)]
pub enum VendorError {
    /// No port on the loopback address could be opened.
    #[error("cannot listen on the loopback address: {0}")]
    Listen(#[from] std::io::Error),
    /// No certificate could be issued.
    #[error("cannot issue a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The certificate could not be served.
    #[error("cannot serve TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// No token could be signed.
    #[error("cannot sign a token: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
    /// The generator of random numbers or keys failed.
    #[error("cannot make random numbers or keys")]
    Randomness,
}

/// The vendor "Parcel", not started yet.
#[derive(Debug, Clone, Copy)]
pub struct Vendor;

impl Vendor {
    /// Starts an instance on a free port of 127.0.0.1, with its own store, keys and credentials.
    /// Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`VendorError`] when a port, a key or a certificate cannot be had.
    pub async fn start(config: VendorConfig) -> Result<Running, VendorError> {
        let secure = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = secure.local_addr()?;
        let base_url = format!("https://{address}");
        let authority = config.tls.clone().authority()?;
        let acceptor = TlsAcceptor::from(Arc::new(authority.server(&config.switches)?));
        let (stop, stopping) = watch::channel(false);
        let site = Arc::new(site(&config, &base_url, stopping.clone())?);
        let router = router(&site);
        let mut tasks = JoinSet::new();
        let mut plain_url = None;
        if config.switches.has(Weakness::PlaintextServed) {
            let plain = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            plain_url = Some(format!("http://{}", plain.local_addr()?));
            tasks.spawn(listener::accept(plain, None, router.clone(), stopping.clone()));
        }
        tasks.spawn(listener::accept(secure, Some(acceptor), router, stopping));
        Ok(Running { base_url, plain_url, ca_pem: authority.pem(), address, site, stop, tasks })
    }
}

fn site(
    config: &VendorConfig,
    base_url: &str,
    stopping: watch::Receiver<bool>,
) -> Result<Site, VendorError> {
    Ok(Site {
        switches: config.switches.clone(),
        credentials: Credentials::generate()?,
        tokens: TokenKeys::generate(base_url.to_owned(), &config.switches)?,
        limiter: Limiter::new(config.rate),
        logins: Limiter::new(WRONG_PASSWORDS),
        grants: Mutex::new(Grants::new(config.switches.clone())),
        idempotency: Memory::default(),
        files: Files::new()?,
        address_book: AddressBook::default(),
        preferences: Preferences::default(),
        document: document::describe(base_url, &config.rate),
        token_lifetime: config.token_lifetime,
        heartbeat: config.heartbeat,
        store: Mutex::new(Store::seeded(config.switches.clone(), now())?),
        streams: watch::Sender::new(0),
        stopping,
    })
}

/// A vendor that runs until it is stopped or dropped.
pub struct Running {
    /// Where the API is served over TLS: `https://127.0.0.1:PORT`. The certificate of a vendor
    /// without weaknesses is valid for `localhost` as well.
    pub base_url: String,
    /// Where it is served without TLS, by a vendor that does so.
    pub plain_url: Option<String>,
    /// The certificate of the authority to trust, in PEM.
    pub ca_pem: String,
    /// The address of `base_url`.
    pub address: SocketAddr,
    site: Arc<Site>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Running {
    /// The OpenAPI 3.1 document, as `/openapi.json` serves it.
    #[must_use]
    pub fn document(&self) -> Value {
        self.site.document.clone()
    }

    /// The weaknesses that this instance has.
    #[must_use]
    pub fn switches(&self) -> &Switches {
        &self.site.switches
    }

    /// The key of a service that acts for the customer `alice`, with every scope of a customer;
    /// sent as `Authorization: Bearer KEY`.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.site.credentials.api_key
    }

    /// The client of `POST /oauth/token` that acts for `subject`: `alice`, `bob` or `admin`.
    #[must_use]
    pub fn client(&self, subject: &str) -> Option<&Client> {
        self.site.credentials.clients.iter().find(|client| client.subject == subject)
    }

    /// Every scope that a token for `subject` may have; empty for a subject without a client.
    #[must_use]
    pub fn scopes(&self, subject: &str) -> Vec<&'static str> {
        let scopes = self.client(subject).map(|client| client.scopes.as_slice());
        scopes.unwrap_or_default().iter().map(|scope| scope.code()).collect()
    }

    /// Issues an access token as the sandbox would, for any subject, audience (the right one is
    /// [`AUDIENCE`]) and scopes. `lifetime` is in seconds from now; a negative one
    /// makes a token that has ended.
    ///
    /// # Errors
    /// [`VendorError::Token`] or [`VendorError::Randomness`] when it cannot be signed.
    pub fn mint(
        &self,
        subject: &str,
        audience: &str,
        lifetime: i64,
        scopes: &[&str],
    ) -> Result<String, VendorError> {
        let tokens = &self.site.tokens;
        tokens.sign(&tokens.claims(subject, audience, lifetime, &scopes.join(" "), now())?)
    }

    /// Issues the usual access token for `subject`, of five minutes and with every scope of its
    /// client, but with `changes` written over its claims, for instance `{"nbf": 4102444800}`.
    ///
    /// # Errors
    /// [`VendorError::Token`] or [`VendorError::Randomness`] when it cannot be signed.
    pub fn mint_changed(
        &self,
        subject: &str,
        changes: &Map<String, Value>,
    ) -> Result<String, VendorError> {
        let tokens = &self.site.tokens;
        let scopes = self.scopes(subject).join(" ");
        let claims = tokens.claims(subject, AUDIENCE, 300, &scopes, now())?;
        let mut claims = serde_json::to_value(claims).unwrap_or_default();
        if let Some(claims) = claims.as_object_mut() {
            claims.extend(changes.clone());
        }
        tokens.sign(&claims)
    }

    /// How many event streams are open, now and whenever that changes.
    #[must_use]
    pub fn open_streams(&self) -> watch::Receiver<usize> {
        self.site.streams.subscribe()
    }

    /// Stops listening, ends the event streams, lets running calls finish within
    /// a few seconds, and returns when all is closed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// A dropped vendor closes at once: its tasks are aborted, and with them every connection.
impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.tasks.abort_all();
    }
}
