//! One call as a task that can be dropped: cutting it closes its connections on both sides.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream};
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use pingora::server::configuration::ServerConf;

use crate::flight::Flight;
use crate::forward::Life;
use crate::gateway::Gateway;

/// Attempts at the addresses of one host, retries of safe methods included.
const ATTEMPTS: usize = 3;
/// Kept connections to vendors, of each thread.
const POOL: usize = 512;

tokio::task_local! {
    /// The flight of the call that this task serves.
    static FLIGHT: Arc<Entered>;
}

/// A flight, and its place among those in flight once it is admitted.
pub struct Entered {
    pub flight: Arc<Flight>,
    pub key: OnceLock<u64>,
}

impl Entered {
    fn new() -> Arc<Entered> {
        Arc::new(Entered { flight: Arc::default(), key: OnceLock::new() })
    }

    /// The flight of the running call.
    pub fn current() -> Arc<Entered> {
        FLIGHT.try_with(Clone::clone).unwrap_or_else(|_| Entered::new())
    }
}

/// What serves the callers of one thread.
pub struct App {
    proxy: Arc<HttpProxy<Life>>,
    gateway: Arc<Gateway>,
    options: HttpServerOptions,
}

impl App {
    pub fn new(gateway: Arc<Gateway>) -> App {
        let conf = ServerConf {
            max_retries: ATTEMPTS,
            upstream_keepalive_pool_size: POOL,
            ..ServerConf::default()
        };
        let mut options = HttpServerOptions::default();
        options.h2c = true;
        options.h2_idle_timeout = Some(gateway.timeouts.keep_alive);
        let proxy = HttpProxy::new(Life::new(gateway.clone()), Arc::new(conf));
        App { proxy: Arc::new(proxy), gateway, options }
    }
}

/// Lands the flight when the call has ended, however it did.
struct Landing<'a> {
    entered: Arc<Entered>,
    gateway: &'a Gateway,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        let Entered { flight, key } = &*self.entered;
        self.gateway.flights.leave(key.get().copied(), flight, &self.gateway.recorder);
    }
}

/// Runs the call until it ends or is cut.
///
/// INVARIANT: the call's future is dropped, and with it both its connections are closed, before its
/// landing says that it is gone. Locals are dropped in the reverse order of their declaration.
async fn run<T>(landing: Landing<'_>, call: impl Future<Output = Option<T>>) -> Option<T> {
    let landing = landing;
    let flight = landing.entered.flight.clone();
    let call = pin!(FLIGHT.scope(landing.entered.clone(), call));
    tokio::select! {
        biased;
        () = flight.until_cut() => None,
        next = call => next,
    }
}

#[async_trait]
impl HttpServerApp for App {
    async fn process_new_http(
        self: &Arc<Self>,
        session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        let landing = Landing { entered: Entered::new(), gateway: &self.gateway };
        run(landing, self.proxy.process_new_http(session, shutdown)).await
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        Some(&self.options)
    }

    async fn http_cleanup(&self) {
        self.proxy.http_cleanup().await;
    }
}
