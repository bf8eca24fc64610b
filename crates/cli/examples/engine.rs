//! The proxy engine alone, for `bench/gateway/run.py`: it puts the credential in and asks nothing. What it
//! costs is the least that a gateway on this engine can cost.
//!
//! Reads `BENCH_UPSTREAM` (base URL on loopback) and `BENCH_CREDENTIAL` (the whole Authorization value),
//! prints one JSON line with its `url` when it is ready, and runs until it is ended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use pingora::apps::{HttpServerApp, ReusedHttpStream, ServerApp as _};
use pingora::http::RequestHeader;
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;
use pingora::protocols::l4::listener::Listener;
use pingora::proxy::{HttpProxy, ProxyHttp, Session};
use pingora::server::ShutdownWatch;
use pingora::server::configuration::ServerConf;
use pingora::upstreams::peer::HttpPeer;

/// As in the gateway: the engine pays for timers, a vendor may hang.
const IDLE: Option<Duration> = Some(Duration::from_secs(60));

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Bare {
    upstream: SocketAddr,
    credential: String,
}

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn request_filter(&self, session: &mut Session, (): &mut ()) -> pingora::Result<bool> {
        session.set_read_timeout(IDLE);
        session.set_write_timeout(IDLE);
        Ok(false)
    }

    async fn upstream_peer(&self, _: &mut Session, (): &mut ()) -> pingora::Result<Box<HttpPeer>> {
        let mut peer = HttpPeer::new(self.upstream, false, String::new());
        peer.options.read_timeout = IDLE;
        peer.options.write_timeout = IDLE;
        Ok(Box::new(peer))
    }

    async fn upstream_request_filter(
        &self,
        _: &mut Session,
        header: &mut RequestHeader,
        (): &mut (),
    ) -> pingora::Result<()> {
        header.insert_header("authorization", self.credential.as_str())
    }
}

struct App(Arc<HttpProxy<Bare>>);

#[async_trait]
impl HttpServerApp for App {
    async fn process_new_http(
        self: &Arc<Self>,
        session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        self.0.process_new_http(session, shutdown).await
    }
}

fn main() -> Result<()> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let variable = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let upstream = variable("BENCH_UPSTREAM")?;
    let upstream = upstream.strip_prefix("http://").context("the upstream is not http://…")?;
    let bare = Bare { upstream: upstream.parse()?, credential: variable("BENCH_CREDENTIAL")? };
    let conf = ServerConf { upstream_keepalive_pool_size: 512, ..ServerConf::default() };
    let app = Arc::new(App(Arc::new(HttpProxy::new(bare, Arc::new(conf)))));
    // One thread, as the gateway has for each core.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(app))
}

async fn serve(app: Arc<App>) -> Result<()> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/v1/items/42", listener.local_addr()?);
    println!("{}", serde_json::json!({ "url": url }));
    let listener = Listener::from(listener);
    let (_running, stop) = tokio::sync::watch::channel(false);
    loop {
        let mut connection = listener.accept().await?;
        connection.set_nodelay()?;
        let (app, stop) = (app.clone(), stop.clone());
        tokio::spawn(async move {
            let stream: Stream = Box::new(connection);
            let mut next = app.process_new(stream, &stop).await;
            while let Some(stream) = next {
                next = app.process_new(stream, &stop).await;
            }
        });
    }
}
