//! The way to the vendor: its name resolved by us, every address checked, TLS verified.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::address::{Host, Scheme, allowed};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorSource, ErrorType, protocols::ALPN};

use crate::config::Timeouts;
use crate::problem::{Form, Refused, Upstream};
use crate::route::{Resolved, Route, Trust};

/// How long a checked answer of the resolver is used.
const KEPT: Duration = Duration::from_secs(5);
/// More addresses than these are not tried.
const MOST: usize = 8;

/// The addresses that a call may connect to, every one of them checked.
///
/// INVARIANT: connections go to exactly these addresses; nothing behind this resolves a name again.
pub async fn addresses(
    route: &Route,
    names: &BTreeMap<String, Vec<IpAddr>>,
    wait: Duration,
) -> Result<Vec<SocketAddr>, Upstream> {
    let known = route.resolved.load();
    if let Some(known) = known.as_ref().filter(|known| known.at.elapsed() < KEPT) {
        return Ok(known.addresses.clone());
    }
    drop(known);
    let found = resolve(route, names, wait).await?;
    if found.is_empty() {
        return Err(Upstream::Unresolved);
    }
    let passes = |address: &SocketAddr| allowed(address.ip(), &route.reach).is_ok();
    let addresses: Vec<_> = found.into_iter().filter(passes).take(MOST).collect();
    if addresses.is_empty() {
        tracing::warn!(
            service = %route.service, environment = route.environment,
            "the host resolves only to addresses where the environment may not be"
        );
        return Err(Upstream::Address);
    }
    let resolved = Resolved { addresses: addresses.clone(), at: Instant::now() };
    route.resolved.store(Some(Arc::new(resolved)));
    Ok(addresses)
}

async fn resolve(
    route: &Route,
    names: &BTreeMap<String, Vec<IpAddr>>,
    wait: Duration,
) -> Result<Vec<SocketAddr>, Upstream> {
    let port = route.upstream.port();
    let name = match route.upstream.host() {
        Host::Address(address) => return Ok(vec![SocketAddr::new(*address, port)]),
        Host::Name(name) => name.as_str(),
    };
    if let Some(known) = names.get(name) {
        return Ok(known.iter().map(|address| SocketAddr::new(*address, port)).collect());
    }
    match tokio::time::timeout(wait, tokio::net::lookup_host((name, port))).await {
        Ok(Ok(found)) => Ok(found.collect()),
        Ok(Err(_)) => Err(Upstream::Unresolved),
        Err(_) => Err(Upstream::Timeout),
    }
}

/// A connection to exactly this address, with the declared host's name in its certificate. HTTP/2 is
/// offered where the caller speaks it.
pub fn peer(
    route: &Route,
    address: SocketAddr,
    timeouts: &Timeouts,
    http2: bool,
) -> Result<HttpPeer, Upstream> {
    let tls = route.upstream.scheme() == Scheme::Https;
    let mut peer = HttpPeer::new(address, tls, route.certified.clone());
    // The pool does not look at the protocol or the trust by itself.
    peer.group_key = route.pool.wrapping_mul(2).wrapping_add(u64::from(http2));
    peer.options.connection_timeout = Some(timeouts.connect);
    peer.options.total_connection_timeout = Some(timeouts.connect);
    peer.options.read_timeout = Some(timeouts.idle);
    peer.options.write_timeout = Some(timeouts.idle);
    peer.options.idle_timeout = Some(timeouts.keep_alive);
    peer.options.alpn = if http2 && tls { ALPN::H2H1 } else { ALPN::H1 };
    match &route.trust {
        Trust::Public => {}
        Trust::Only(authorities) => peer.options.ca = Some(authorities.clone()),
        Trust::Nobody => return Err(Upstream::Certificate),
    }
    Ok(peer)
}

/// What the engine's error means to the caller; `None` when the caller is gone.
pub fn why(error: &Error) -> Option<Refused> {
    use ErrorType::{
        ConnectError, ConnectNoRoute, ConnectRefused, ConnectTimedout, ConnectionClosed,
        HandshakeError, InvalidCert, InvalidHTTPHeader, ReadError, ReadTimedout, SocketError,
        TLSHandshakeFailure, TLSHandshakeTimedout, WriteError, WriteTimedout,
    };
    if *error.esource() == ErrorSource::Downstream {
        return match error.etype() {
            ReadTimedout => Some(Refused::TooSlow),
            ReadError | WriteError | ConnectionClosed | WriteTimedout => None,
            _ => Some(Refused::Form(Form::Framing)),
        };
    }
    Some(Refused::Upstream(match error.etype() {
        ConnectTimedout | TLSHandshakeTimedout | ReadTimedout | WriteTimedout => Upstream::Timeout,
        InvalidCert | TLSHandshakeFailure | HandshakeError => Upstream::Certificate,
        ConnectRefused | ConnectNoRoute | ConnectError | SocketError | ConnectionClosed
        | ReadError | WriteError => Upstream::Unreachable,
        InvalidHTTPHeader => Upstream::Answer,
        _ => Upstream::Answer,
    }))
}
