//! The listener: threads that accept callers, each with its own pool of connections to vendors.

mod app;
mod buffered;
mod callers;
mod screen;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pingora::apps::ServerApp as _;
use pingora::listeners::tls::Acceptor;
use pingora::protocols::l4::listener::Listener;
use pingora::protocols::l4::stream::Stream as Connection;
use pingora::protocols::{GetSocketDigest as _, Stream};
use pingora::server::ShutdownWatch;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::config::Tls;
use crate::gateway::Gateway;
use crate::problem::Refused;

pub use app::Entered;
use app::{App, Server};
use buffered::Buffered;
use callers::Place;
pub use callers::{Caller, Callers};
pub use screen::{Target, screen};

/// Waiting connections of one listener.
const BACKLOG: u32 = 4096;
/// How many of those who are turned away are told why at a time, and for how long at most.
const PARTINGS: usize = 64;
const PARTING: Duration = Duration::from_secs(1);
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
    let server = Server::new(gateway.clone());
    let mut callers = JoinSet::new();
    let partings = Arc::new(Semaphore::new(PARTINGS));
    while !*stop.borrow() {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = callers.join_next() => continue,
            _ = stop.changed() => break,
        };
        let connection = match accepted {
            Ok(connection) => connection,
            Err(error) => {
                tracing::warn!("a caller could not be accepted: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if let Some(place) = gateway.callers.enter(address(&connection)) {
            let caller = Arc::new(Caller::new(&gateway.timeouts));
            let app = server.app(caller.clone());
            let served = handle(connection, tls.clone(), app, stop.clone());
            callers.spawn(until_late(caller, place, served));
        } else if let (None, Ok(parting)) = (&tls, partings.clone().try_acquire_owned()) {
            callers.spawn(turn_away(connection, parting));
        }
    }
    drop(listener);
    server.end().await;
    let deadline = Instant::now() + gateway.timeouts.stop;
    let all = async { while callers.join_next().await.is_some() {} };
    let _ = tokio::time::timeout_at(deadline.into(), all).await;
    Ok(())
}

/// Where a connection comes from; connections that do not say are counted as one's.
fn address(connection: &Connection) -> IpAddr {
    let digest = connection.get_socket_digest();
    let address = digest.as_ref().and_then(|digest| digest.peer_addr()?.as_inet());
    address.map_or(IpAddr::from([0, 0, 0, 0]), SocketAddr::ip)
}

/// Serves a connection as long as its caller asks in time. One that does not is closed without a word.
async fn until_late(caller: Arc<Caller>, place: Place, served: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        () = served => {}
        () = caller.until_late() => {}
    }
    drop(place);
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
    let connection = Buffered::new(connection);
    let stream: Stream = match tls {
        None => Box::new(connection),
        Some(tls) => match tls.tls_handshake(connection).await {
            Ok(stream) => Box::new(stream),
            Err(_) => return,
        },
    };
    let mut next = app.process_new(stream, &stop).await;
    while let Some(stream) = next {
        next = app.process_new(stream, &stop).await;
    }
}

/// Says why, and lets the caller read it: what it has sent meanwhile is read and dropped, because the
/// answer would be lost with a connection that is closed over unread bytes.
async fn turn_away(mut connection: Connection, _parting: OwnedSemaphorePermit) {
    let parting = async {
        connection.write_all(&Refused::TooMany.raw()).await?;
        connection.shutdown().await?;
        let mut rest = [0; 1024];
        while connection.read(&mut rest).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = tokio::time::timeout(PARTING, parting).await;
}
