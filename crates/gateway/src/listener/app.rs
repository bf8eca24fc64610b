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
use crate::listener::Caller;

/// Attempts at the addresses of one host, retries of safe methods included.
const ATTEMPTS: usize = 3;
/// Kept connections to vendors, of each thread.
const POOL: usize = 512;

tokio::task_local! {
    /// The flight of the call that this task serves.
    static FLIGHT: Arc<Entered>;
}

/// A flight, its place among those in flight once it is admitted, and the connection that it came by.
pub struct Entered {
    pub flight: Arc<Flight>,
    pub key: OnceLock<u64>,
    caller: Option<Arc<Caller>>,
}

impl Entered {
    fn new(caller: Option<Arc<Caller>>) -> Arc<Entered> {
        Arc::new(Entered { flight: Arc::default(), key: OnceLock::new(), caller })
    }

    /// The flight of the running call.
    pub fn current() -> Arc<Entered> {
        FLIGHT.try_with(Clone::clone).unwrap_or_else(|_| Entered::new(None))
    }

    /// The head of the call is there.
    pub fn begin(&self) {
        self.flight.begin();
        if let Some(caller) = &self.caller {
            caller.asked();
        }
    }
}

/// What serves the callers of one thread.
pub struct Server {
    proxy: Arc<HttpProxy<Life>>,
    gateway: Arc<Gateway>,
    options: Arc<HttpServerOptions>,
}

impl Server {
    pub fn new(gateway: Arc<Gateway>) -> Server {
        let conf = ServerConf {
            max_retries: ATTEMPTS,
            upstream_keepalive_pool_size: POOL,
            ..ServerConf::default()
        };
        let mut options = HttpServerOptions::default();
        options.h2c = true;
        options.h2_idle_timeout = Some(gateway.timeouts.keep_alive);
        let proxy = HttpProxy::new(Life::new(gateway.clone()), Arc::new(conf));
        Server { proxy: Arc::new(proxy), gateway, options: Arc::new(options) }
    }

    /// What serves one connection.
    pub fn app(&self, caller: Arc<Caller>) -> Arc<App> {
        let Server { proxy, gateway, options } = self;
        let (proxy, gateway, options) = (proxy.clone(), gateway.clone(), options.clone());
        Arc::new(App { proxy, gateway, options, caller })
    }

    /// Ends the connections that wait for a request.
    pub async fn end(&self) {
        self.proxy.http_cleanup().await;
    }
}

/// What serves one connection.
pub struct App {
    proxy: Arc<HttpProxy<Life>>,
    gateway: Arc<Gateway>,
    options: Arc<HttpServerOptions>,
    caller: Arc<Caller>,
}

/// Lands the flight when the call has ended, however it did.
struct Landing<'a> {
    entered: Arc<Entered>,
    gateway: &'a Gateway,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        let Entered { flight, key, caller } = &*self.entered;
        self.gateway.flights.leave(key.get().copied(), flight, &self.gateway.recorder);
        if let Some(caller) = caller {
            caller.answered();
        }
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
        // In HTTP/2 the head is there already, and the engine ends connections without any stream.
        let caller = match session.is_http2() {
            true => {
                self.caller.asked();
                None
            }
            false => Some(self.caller.clone()),
        };
        let landing = Landing { entered: Entered::new(caller), gateway: &self.gateway };
        run(landing, self.proxy.process_new_http(session, shutdown)).await
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        Some(&self.options)
    }
}
