//! What a gateway is started with: where it listens, its keys, the genesis it believes in, its bounds.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use domain::digest::Digest;
use domain::id::GatewayId;
use zeroize::Zeroizing;

/// Everything that a gateway needs besides its [`crate::Control`].
#[derive(Debug)]
pub struct Config {
    /// Where callers come in; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder of the spool and of the segments.
    pub data: PathBuf,
    /// The file that keeps the newest (size, root) followed. It lies beside the keys and outside
    /// of any database, so that a restored database cannot take the gateway backwards.
    pub watermark: PathBuf,
    pub keys: Keys,
    /// SHA-256 of the ledger's entry 0: the only genesis that is believed.
    pub genesis: Digest,
    /// Serve callers over TLS, HTTP/2 included.
    pub tls: Option<Tls>,
    /// How many threads serve calls; each has its own listener and its own pool of connections.
    pub threads: usize,
    pub timeouts: Timeouts,
    pub bounds: Bounds,
    pub recording: Recording,
    /// Names answered from here before any resolver is asked. The addresses are checked like all.
    pub names: BTreeMap<String, Vec<IpAddr>>,
}

/// The gateway's enrolled keys. Never printed.
pub struct Keys {
    pub gateway: GatewayId,
    /// Ed25519 seed (RFC 8032 §5.1.5): signs receipts and segments.
    pub signing: Zeroizing<[u8; 32]>,
    /// X25519 private key (RFC 7748): leases are sealed to its public half.
    pub sealing: Zeroizing<[u8; 32]>,
}

/// A certificate chain and its private key, in PEM.
pub struct Tls {
    pub certificates: String,
    pub key: Zeroizing<String>,
}

/// How many callers are served at a time, and how slow they may be.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Open connections of all callers. Each may need two file descriptors.
    pub connections: usize,
    /// Open connections of one IPv4 address, or of one IPv6 /64.
    pub connections_of_address: usize,
    /// Bytes a second that a request's body of a known length arrives with, on average, after
    /// `body_grace`; 0 for no bound. A body without a length is a stream and has none.
    pub body_rate: u64,
    pub body_grace: Duration,
}

/// How long is waited for what.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// From the start of a connection, or of the next request on it, to the end of the request's
    /// head, the TLS handshake included.
    pub head: Duration,
    /// Resolving, connecting and the TLS handshake, together.
    pub connect: Duration,
    /// The longest silence of an upstream or a caller in the middle of a call.
    pub idle: Duration,
    /// An unused connection of a caller, or to an upstream, is closed after this.
    pub keep_alive: Duration,
    /// How long a call waits for a credential that is not leased yet.
    pub lease: Duration,
    /// How long calls in flight may take to end when the gateway stops.
    pub stop: Duration,
}

/// How calls are recorded.
#[derive(Debug, Clone)]
pub struct Recording {
    /// How many numbers are made durable at once; as many may be missing after a loss of power.
    pub block: u64,
    /// A segment is closed at the latest this long after its first call.
    pub every: Duration,
    /// Bytes of spool and of segments that control has not acknowledged; above, nothing is forwarded.
    pub limit: u64,
    /// The most calls of one segment.
    pub lines: usize,
    /// How many acknowledged segments are kept on disk.
    pub keep: u64,
}

impl Config {
    /// A configuration with the usual bounds.
    pub fn new(
        listen: SocketAddr,
        data: PathBuf,
        watermark: PathBuf,
        keys: Keys,
        genesis: Digest,
    ) -> Config {
        Config {
            listen,
            data,
            watermark,
            keys,
            genesis,
            tls: None,
            threads: std::thread::available_parallelism().map_or(2, usize::from),
            timeouts: Timeouts::default(),
            bounds: Bounds::default(),
            recording: Recording::default(),
            names: BTreeMap::new(),
        }
    }
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            connections: 8192,
            connections_of_address: 1024,
            body_rate: 1024,
            body_grace: Duration::from_secs(30),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            head: Duration::from_secs(10),
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(60),
            keep_alive: Duration::from_secs(60),
            lease: Duration::from_secs(2),
            stop: Duration::from_secs(5),
        }
    }
}

impl Default for Recording {
    fn default() -> Recording {
        Recording {
            block: 4096,
            every: Duration::from_secs(60),
            limit: 1 << 30,
            lines: 50_000,
            keep: 16,
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.gateway)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(…)")
    }
}
