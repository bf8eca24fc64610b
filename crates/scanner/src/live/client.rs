//! Sends single requests to the one target, within the bounds, and trusts nothing that comes back.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin as Pinned, pin};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::address::{Reach, Refused, allowed};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use crate::live::budget::{Budget, Spent};
use crate::live::certificate::{Pin, provider};
use crate::live::mark::Marks;
use crate::live::mask::Mask;
use crate::live::reply::{Cut, Reply};
use crate::live::request::{Origin, Request};
use crate::live::sight::{Sight, Sights};
use crate::live::target::{Target, is_loopback};
use crate::order::{Order, OrderError, Placement};
use crate::report::Exchange;

/// How long one connection may take until the head of the answer is there.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// How long a body may take after its head.
const BODY_PATIENCE: Duration = Duration::from_secs(3);
/// How long an event stream is listened to: it has no end, and its first events are enough.
const STREAM_PATIENCE: Duration = Duration::from_millis(500);
/// How long a raw probe waits for the server's first message.
const RAW_PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer's head, and of a raw probe's answer.
const MAX_HEAD: usize = 64 * 1024;
const MAX_HEADERS: usize = 200;
/// The header that every request of a scan carries.
const STAMP: &str = "X-Portcullis-Scan";

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WireError {
    #[error("the scan's {} used up", match .0 { Spent::Requests => "requests are", Spent::Time => "time is" })]
    Spent(Spent),
    #[error("no connection: {0}")]
    Unreachable(String),
    #[error("the order does not let the scan go there: {0}")]
    OutOfReach(Refused),
    #[error("no TLS: {0}")]
    Tls(String),
    #[error("no answer in time")]
    Timeout,
    #[error("the answer is no HTTP/1.1: {0}")]
    Malformed(String),
    #[error("the credential was not sent: {0}")]
    Withheld(String),
}

impl From<Spent> for WireError {
    fn from(spent: Spent) -> Self {
        Self::Spent(spent)
    }
}

/// What the answers to the valid credential showed of it.
#[derive(Debug, Clone, Default)]
pub struct Echoes {
    /// Answers to requests that carried the valid credential, and the successes among them.
    pub answers: usize,
    pub successes: usize,
    /// Of those, the ones that were not read to their end or were compressed.
    pub unread: Vec<String>,
    /// Of those, the ones that held the credential.
    pub echoing: Vec<Echo>,
}

/// One answer that held the valid credential.
#[derive(Debug, Clone)]
pub struct Echo {
    pub operation: Option<String>,
    pub in_headers: bool,
    pub exchange: Exchange,
}

/// The scan's only way to the network.
pub struct Client {
    pub target: Target,
    pub budget: Budget,
    pub mask: Mask,
    pub pin: Arc<Pin>,
    pub marks: Marks,
    /// What every request of this scan says of itself, so that the vendor's logs can tell it.
    stamp: HeaderValue,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    reach: Reach,
    address: OnceLock<SocketAddr>,
    withheld: OnceLock<String>,
    max_answer_bytes: u64,
    echoes: Mutex<Echoes>,
    placement: Mutex<Placement>,
    sights: Mutex<Sights>,
}

impl Client {
    /// Prepares everything and sends nothing. The scan's time runs from here.
    ///
    /// # Errors
    /// TLS cannot be set up, or the host is no name that TLS could ask for.
    pub fn new(order: &Order, target: Target) -> Result<Self, OrderError> {
        let pin = Arc::new(Pin::new());
        let tls = match target.tls {
            true => Some((connector(&pin)?, server_name(&order.target, &target)?)),
            false => None,
        };
        let marks = Marks::new();
        let stamp = Some(order.nonce.clone()).filter(|nonce| !nonce.is_empty());
        let stamp = HeaderValue::try_from(stamp.unwrap_or_else(|| marks.next()));
        Ok(Self {
            target,
            marks,
            stamp: stamp.unwrap_or_else(|_| HeaderValue::from_static("unnamed")),
            budget: Budget::new(order.bounds),
            mask: Mask::new(&order.credentials),
            pin,
            tls,
            reach: order.reach.clone(),
            address: OnceLock::new(),
            withheld: OnceLock::new(),
            max_answer_bytes: order.bounds.max_answer_bytes,
            echoes: Mutex::new(Echoes::default()),
            placement: Mutex::new(order.credentials.placement.clone()),
            sights: Mutex::new(Sights::default()),
        })
    }

    /// Where the credential of A goes, and everything that is made of it.
    pub fn placement(&self) -> Placement {
        self.placement.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the answers to a login showed of the place.
    pub fn place(&self, placement: Placement) {
        *self.placement.lock().unwrap_or_else(PoisonError::into_inner) = placement;
    }

    /// Finds an address of the target that accepts connections and stays with it.
    ///
    /// INVARIANT: this is the only place that learns an address, each is checked before it is connected
    /// to, and no name is resolved again: nothing that the target says leads the scan elsewhere.
    ///
    /// # Errors
    /// None does, or none is within the order's reach.
    pub async fn open(&self) -> Result<SocketAddr, WireError> {
        let addresses = self.target.resolve();
        let addresses = timeout_at(self.budget.deadline(HEAD_PATIENCE), addresses).await;
        let addresses = addresses.map_err(|_| self.late())?.map_err(|error| unreachable(&error))?;
        let mut last = WireError::Timeout;
        for address in addresses {
            if let Err(refused) = allowed(address.ip(), &self.reach) {
                last = WireError::OutOfReach(refused);
                continue;
            }
            self.budget.turn().await?;
            let stream = TcpStream::connect(address);
            match timeout_at(self.budget.deadline(RAW_PATIENCE), stream).await {
                Ok(Ok(_)) => return Ok(*self.address.get_or_init(|| address)),
                Ok(Err(error)) => last = unreachable(&error),
                Err(_) => last = self.late(),
            }
        }
        Err(last)
    }

    /// Performs one TLS handshake and says what was negotiated, for instance
    /// `TLSv1.3 TLS13_AES_256_GCM_SHA384`. The certificate is then in the [`Pin`].
    ///
    /// # Errors
    /// No connection, or no TLS 1.2 or 1.3. A plain target gives `Ok(None)`.
    pub async fn handshake(&self) -> Result<Option<String>, WireError> {
        let Some((connector, name)) = &self.tls else { return Ok(None) };
        self.budget.turn().await?;
        let deadline = self.budget.deadline(HEAD_PATIENCE);
        let shaken = timeout_at(deadline, async {
            let stream = self.connect(self.target.port).await?;
            connector.connect(name.clone(), stream).await.map_err(|error| tls(&error))
        });
        let stream = shaken.await.map_err(|_| self.late())??;
        let (_, session) = stream.get_ref();
        let version = session.protocol_version().and_then(|version| version.as_str());
        let suite = session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
        Ok(Some(format!("{} {}", version.unwrap_or("TLS"), suite.unwrap_or("?"))))
    }

    /// True if the target is on this machine, so that it can reach a listener of ours.
    pub fn is_near(&self) -> bool {
        self.address.get().is_some_and(|address| is_loopback(address.ip()))
    }

    /// From now on no credential of the order, nor anything made of one, leaves this process.
    pub fn withhold(&self, reason: String) {
        self.withheld.get_or_init(|| reason);
    }

    /// Sends one request on a connection of its own. Redirects are answers like any other.
    ///
    /// # Errors
    /// See [`WireError`].
    pub async fn send(&self, request: &Request) -> Result<Reply, WireError> {
        let real = request.credential.as_ref().is_some_and(|one| one.origin != Origin::Invented);
        if let (true, Some(reason)) = (real, self.withheld.get()) {
            return Err(WireError::Withheld(reason.clone()));
        }
        self.budget.turn().await?;
        let deadline = self.budget.deadline(HEAD_PATIENCE);
        let stream = timeout_at(deadline, self.connect(self.target.port));
        let stream = stream.await.map_err(|_| self.late())??;
        let reply = match &self.tls {
            None => self.exchange(request, stream, deadline).await?,
            Some((connector, name)) => {
                let shaken = timeout_at(deadline, connector.connect(name.clone(), stream));
                let stream = shaken.await.map_err(|_| self.late())?.map_err(|error| tls(&error))?;
                self.exchange(request, stream, deadline).await?
            }
        };
        self.note_echo(request, &reply);
        let mut sights = self.sights.lock().unwrap_or_else(PoisonError::into_inner);
        sights.note(Sight::of(request, &reply));
        drop(sights);
        Ok(reply)
    }

    /// Sends one request without TLS and without its credential to a port of the target's host.
    ///
    /// # Errors
    /// See [`WireError`].
    pub async fn send_plain(&self, port: u16, request: &Request) -> Result<Reply, WireError> {
        self.budget.turn().await?;
        let deadline = self.budget.deadline(RAW_PATIENCE);
        let stream = timeout_at(deadline, self.connect(port)).await.map_err(|_| self.late())??;
        self.exchange(&request.with(None), stream, deadline).await
    }

    /// Sends bytes to the target's port and returns what comes back until `done` says that it is
    /// enough, the server closes, or the answer's bound is reached.
    ///
    /// # Errors
    /// No connection, or silence.
    pub async fn raw(&self, send: &[u8], done: fn(&[u8]) -> bool) -> Result<Vec<u8>, WireError> {
        self.budget.turn().await?;
        let deadline = self.budget.deadline(RAW_PATIENCE);
        let probe = async {
            let mut stream = self.connect(self.target.port).await?;
            let mut received = Vec::new();
            if stream.write_all(send).await.is_err() {
                return Ok(received);
            }
            let mut buffer = [0; 4096];
            while !done(&received) && received.len() < MAX_HEAD {
                // A reset is how some servers refuse: what came before it counts.
                let Ok(count) = stream.read(&mut buffer).await else { break };
                if count == 0 {
                    break;
                }
                received.extend_from_slice(buffer.get(..count).unwrap_or_default());
            }
            Ok(received)
        };
        timeout_at(deadline, probe).await.map_err(|_| self.late())?
    }

    /// What has been seen of the valid credential so far.
    pub fn echoes(&self) -> Echoes {
        self.echoes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The address of the target that the scan stays with, once it was found.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address.get().copied()
    }

    /// What has been seen of every answer so far.
    pub fn sights(&self) -> Vec<Sight> {
        self.sights.lock().unwrap_or_else(PoisonError::into_inner).all()
    }

    async fn connect(&self, port: u16) -> Result<TcpStream, WireError> {
        let Some(address) = self.address.get() else {
            return Err(WireError::Unreachable("the target was not found".to_owned()));
        };
        let address = SocketAddr::new(address.ip(), port);
        let stream = TcpStream::connect(address).await.map_err(|error| unreachable(&error))?;
        stream.set_nodelay(true).map_err(|error| unreachable(&error))?;
        Ok(stream)
    }

    async fn exchange<S>(
        &self,
        request: &Request,
        stream: S,
        deadline: Instant,
    ) -> Result<Reply, WireError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let message = self.message(request)?;
        let begun = Instant::now();
        let talk = async {
            let mut builder = http1::Builder::new();
            builder.max_buf_size(MAX_HEAD).max_headers(MAX_HEADERS);
            let (mut sender, connection) =
                builder.handshake(TokioIo::new(stream)).await.map_err(|error| malformed(&error))?;
            let task = Task(tokio::spawn(async {
                // Its end reaches us as the end of the answer.
                let _ = connection.await;
            }));
            let answer = sender.send_request(message).await.map_err(|error| malformed(&error))?;
            Ok::<_, WireError>((answer, task))
        };
        let (answer, _task) = timeout_at(deadline, talk).await.map_err(|_| self.late())??;
        let (head, body) = answer.into_parts();
        let stream = head.headers.get(CONTENT_TYPE).is_some_and(is_stream);
        let patience = if stream { STREAM_PATIENCE } else { BODY_PATIENCE };
        let (body, cut) = self.read_body(body, patience).await;
        let headers = head.headers.iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let mut reply = Reply {
            status: head.status.as_u16(),
            headers: headers.collect(),
            body,
            cut,
            took: begun.elapsed(),
            exchange: self.unanswered(request),
        };
        let forged = request.credential.as_ref().map(|one| (&one.value, one.shown.as_str()));
        reply.exchange.response = Some(reply.shown(&self.mask, forged));
        Ok(reply)
    }

    /// The evidence of a request before its answer is known.
    pub fn unanswered(&self, request: &Request) -> Exchange {
        let placement = self.placement();
        let mut shown = request.shown(&self.target, &placement);
        let mask = |text: &str| self.mask.apply(text, None);
        shown.line = mask(&shown.line);
        shown.body = shown.body.as_deref().map(mask);
        for (_, value) in &mut shown.headers {
            *value = mask(value);
        }
        let curl = self.mask.apply_quoted(&request.curl(&self.target, &placement));
        Exchange { request: shown, response: None, curl }
    }

    fn message(&self, request: &Request) -> Result<hyper::Request<Full<Bytes>>, WireError> {
        let (path, headers) = request.on_wire(&self.placement());
        let body = Full::new(Bytes::from(request.body.clone().unwrap_or_default()));
        let mut builder = hyper::Request::builder()
            .method(request.method.name())
            .uri(path)
            .header("Host", self.target.authority())
            .header("User-Agent", concat!("portcullis-scanner/", env!("CARGO_PKG_VERSION")))
            .header("Accept", "application/json, */*;q=0.5")
            .header("Accept-Encoding", "identity")
            .header(STAMP, self.stamp.clone())
            .header("Connection", "close");
        for (name, value) in headers {
            let unfit = || WireError::Malformed(format!("header `{name}` cannot be sent"));
            let name = HeaderName::try_from(&name).map_err(|_| unfit())?;
            let mut value = HeaderValue::try_from(value).map_err(|_| unfit())?;
            value.set_sensitive(true);
            builder = builder.header(name, value);
        }
        builder.body(body).map_err(|error| WireError::Malformed(error.to_string()))
    }

    async fn read_body(&self, body: Incoming, patience: Duration) -> (Vec<u8>, Option<Cut>) {
        let most = usize::try_from(self.max_answer_bytes).unwrap_or(usize::MAX);
        let mut read = Vec::new();
        let mut body = pin!(body);
        let deadline = self.budget.deadline(patience);
        loop {
            let frame = poll_fn(|context| Pinned::as_mut(&mut body).poll_frame(context));
            let data = match timeout_at(deadline, frame).await {
                Err(_) => return (read, Some(Cut::Time)),
                Ok(None) => return (read, None),
                Ok(Some(Err(_))) => return (read, Some(Cut::Broken)),
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            };
            let room = most.saturating_sub(read.len());
            read.extend_from_slice(data.get(..room).unwrap_or(&data));
            if data.len() > room {
                return (read, Some(Cut::Size));
            }
        }
    }

    fn note_echo(&self, request: &Request, reply: &Reply) {
        let genuine = |one: &&crate::live::request::Presented| one.origin == Origin::Genuine;
        if request.credential.as_ref().filter(genuine).is_none() {
            return;
        }
        let name = || request.operation.clone().unwrap_or_else(|| request.path.clone());
        let in_headers = reply.headers.iter().any(|(_, value)| self.mask.betrays(value));
        let in_body = self.mask.betrays(&reply.text());
        let mut echoes = self.echoes.lock().unwrap_or_else(PoisonError::into_inner);
        echoes.answers += 1;
        echoes.successes += usize::from(reply.is_success());
        if in_headers || in_body {
            let (operation, exchange) = (request.operation.clone(), reply.exchange.clone());
            echoes.echoing.push(Echo { operation, in_headers, exchange });
        } else if !reply.is_read_whole() {
            echoes.unread.push(name());
        }
    }

    fn late(&self) -> WireError {
        if self.budget.is_over() { WireError::Spent(Spent::Time) } else { WireError::Timeout }
    }
}

/// Ends the connection's task with the request that owns it.
struct Task(tokio::task::JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn is_stream(media_type: &HeaderValue) -> bool {
    media_type.as_bytes().to_ascii_lowercase().starts_with(b"text/event-stream")
}

fn connector(pin: &Arc<Pin>) -> Result<TlsConnector, OrderError> {
    let mut config = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| OrderError::Tls(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Pin>::clone(pin))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A resumed session would not show the certificate again.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn server_name(given: &str, target: &Target) -> Result<ServerName<'static>, OrderError> {
    ServerName::try_from(target.host.clone()).map_err(|_| OrderError::Target(given.to_owned()))
}

fn unreachable(error: &std::io::Error) -> WireError {
    WireError::Unreachable(error.to_string())
}

fn tls(error: &std::io::Error) -> WireError {
    WireError::Tls(error.to_string())
}

fn malformed(error: &hyper::Error) -> WireError {
    WireError::Malformed(error.to_string())
}

#[cfg(test)]
mod tests;
