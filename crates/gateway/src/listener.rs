//! The listener: threads that accept callers, each with its own pool of connections to vendors.

mod app;
mod screen;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pingora::apps::{HttpServerApp as _, ServerApp as _};
use pingora::listeners::tls::Acceptor;
use pingora::protocols::Stream;
use pingora::protocols::l4::listener::Listener;
use pingora::protocols::l4::stream::Stream as Connection;
use pingora::server::ShutdownWatch;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::Tls;
use crate::gateway::Gateway;

pub use app::{App, Entered};
pub use screen::{Target, screen};

/// Waiting connections of one listener.
const BACKLOG: u32 = 4096;
/// The longest that a TLS handshake takes.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// After a failed accept (no more file descriptors, mostly).
const PAUSE: Duration = Duration::from_millis(100);

/// Opens one socket for each thread, all on the same port: the kernel spreads callers over them.
pub fn bind(address: SocketAddr, threads: usize) -> std::io::Result<Vec<std::net::TcpListener>> {
    let mut address = address;
    let mut listeners = Vec::with_capacity(threads);
    for _ in 0..threads.max(1) {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.set_reuseport(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?.into_std()?;
        address = listener.local_addr()?;
        listeners.push(listener);
    }
    Ok(listeners)
}

/// The acceptor of TLS 1.2 and 1.3 with HTTP/2.
///
/// # Errors
/// A certificate or key that cannot be read, or that do not belong together.
pub fn acceptor(tls: &Tls) -> Result<Arc<Acceptor>, String> {
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(tls.certificates.as_bytes()).collect();
    let chain = chain.map_err(|error| format!("the certificates: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(tls.key.as_bytes())
        .map_err(|error| format!("the key: {error}"))?;
    let builder = ServerConfig::builder().with_no_client_auth();
    let mut config = builder.with_single_cert(chain, key).map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(Acceptor::from_server_config(Arc::new(config))))
}

/// Serves one listener until the gateway stops, and lets calls in flight end for a while then.
pub async fn serve(
    listener: std::net::TcpListener,
    tls: Option<Arc<Acceptor>>,
    gateway: Arc<Gateway>,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let listener = Listener::from(TcpListener::from_std(listener)?);
    let app = Arc::new(App::new(gateway.clone()));
    let mut callers = JoinSet::new();
    while !*stop.borrow() {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = callers.join_next() => continue,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok(connection) => {
                callers.spawn(handle(connection, tls.clone(), app.clone(), stop.clone()));
            }
            Err(error) => {
                tracing::warn!("a caller could not be accepted: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    app.http_cleanup().await;
    let deadline = Instant::now() + gateway.timeouts.stop;
    let all = async { while callers.join_next().await.is_some() {} };
    let _ = tokio::time::timeout_at(deadline.into(), all).await;
    Ok(())
}

async fn handle(
    mut connection: Connection,
    tls: Option<Arc<Acceptor>>,
    app: Arc<App>,
    stop: ShutdownWatch,
) {
    if connection.set_nodelay().is_err() {
        return;
    }
    let stream: Stream = match tls {
        None => Box::new(connection),
        Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.tls_handshake(connection)).await {
            Ok(Ok(stream)) => Box::new(stream),
            Ok(Err(_)) | Err(_) => return,
        },
    };
    let mut next = app.process_new(stream, &stop).await;
    while let Some(stream) = next {
        next = app.process_new(stream, &stop).await;
    }
}
