//! A GET over plain http for the weaknesses that fetch what a caller names: the loopback only.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// For the whole exchange.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most that is read of an answer, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// What came back.
pub(crate) struct Fetched {
    pub status: u16,
    pub body: Bytes,
}

/// Why nothing came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the address is not plain http on the loopback")]
    Elsewhere,
    #[error("no answer")]
    NoAnswer,
}

/// Fetches `url`. A vendor for tests must not reach out, however weak it is.
///
/// # Errors
/// [`FetchError`] for any other host or scheme, and without an answer in [`PATIENCE`].
pub(crate) async fn get(url: &str) -> Result<Fetched, FetchError> {
    let uri: Uri = url.parse().map_err(|_| FetchError::Elsewhere)?;
    let address = loopback(&uri).ok_or(FetchError::Elsewhere)?;
    let fetched = timeout(PATIENCE, exchange(address, &uri)).await;
    fetched.ok().flatten().ok_or(FetchError::NoAnswer)
}

fn loopback(uri: &Uri) -> Option<SocketAddr> {
    if uri.scheme_str() != Some("http") {
        return None;
    }
    let host = uri.host()?;
    let address: IpAddr = if host.eq_ignore_ascii_case("localhost") {
        Ipv4Addr::LOCALHOST.into()
    } else if host == "[::1]" {
        Ipv6Addr::LOCALHOST.into()
    } else {
        host.parse().ok()?
    };
    address.is_loopback().then(|| SocketAddr::new(address, uri.port_u16().unwrap_or(80)))
}

async fn exchange(address: SocketAddr, uri: &Uri) -> Option<Fetched> {
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(header::HOST, uri.authority()?.as_str())
        .body(Body::empty())
        .ok()?;
    let receive = async {
        let answer = sender.send_request(request).await.ok()?;
        let status = answer.status().as_u16();
        let body = to_bytes(Body::new(answer.into_body()), MOST_BYTES).await.ok()?;
        Some(Fetched { status, body })
    };
    tokio::pin!(receive);
    tokio::select! {
        fetched = &mut receive => fetched,
        // The connection may close before the last of the answer has been read.
        _ = connection => receive.await,
    }
}
