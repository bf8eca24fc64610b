//! Leases of the vendors' credentials: fetched on demand, in memory only, gone at their end.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::catalog::Placement;
use domain::digest::Digest;
use domain::id::{CredentialId, GatewayId, ServiceId};
use http::HeaderValue;
use tokio::sync::{Notify, mpsc};
use zeroize::Zeroizing;

use crate::clock::now;
use crate::control::{Control, SealedLease};
use crate::mask::Spellings;
use crate::route::Route;

/// The longest that a lease lasts, whatever control says.
const LONGEST: Duration = Duration::from_secs(3600);
/// How long control may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The least time between two questions for the same lease.
const PAUSE: Duration = Duration::from_millis(500);

/// What a lease is sealed for, so that no other environment's fits in its place: the context, the
/// genesis hash, the gateway, the service, the credential and the environment's name.
pub fn lease_context(
    genesis: &Digest,
    gateway: GatewayId,
    service: ServiceId,
    credential: CredentialId,
    environment: &str,
) -> Vec<u8> {
    [
        b"portcullis-lease-v1\n".as_slice(),
        &genesis.0,
        &gateway.0.to_be_bytes(),
        &service.0.to_be_bytes(),
        &credential.0.to_be_bytes(),
        environment.as_bytes(),
    ]
    .concat()
}

/// A vendor's credential at hand.
pub struct Lease {
    pub credential: CredentialId,
    pub secret: Zeroizing<Vec<u8>>,
    /// The credential as a header value; none when it belongs into the query, or cannot stand in a
    /// header. Its bytes are overwritten with the last call that sends them.
    pub header: Option<HeaderValue>,
    pub spellings: Spellings,
    until: Instant,
}

/// Where the lease of one environment is kept.
#[derive(Default)]
pub struct Slot {
    lease: ArcSwapOption<Lease>,
    /// Whether somebody already asks for it.
    asked: AtomicBool,
    /// Whether a call used it since it was fetched.
    used: AtomicBool,
    changed: Notify,
}

/// The way from calls to the task that asks control.
#[derive(Clone)]
pub struct Leases {
    wanted: mpsc::UnboundedSender<Arc<Route>>,
    wait: Duration,
}

impl Leases {
    pub fn new(wait: Duration) -> (Leases, mpsc::UnboundedReceiver<Arc<Route>>) {
        let (wanted, asked) = mpsc::unbounded_channel();
        (Leases { wanted, wait }, asked)
    }

    /// The lease of exactly this credential: at once when it is at hand, else as soon as control
    /// gives it, but no later than the configured wait.
    pub async fn of(&self, route: &Arc<Route>, credential: CredentialId) -> Option<Arc<Lease>> {
        if let Some(lease) = route.lease.current(credential) {
            return Some(lease);
        }
        let fetched = async {
            loop {
                let changed = route.lease.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(lease) = route.lease.current(credential) {
                    return lease;
                }
                self.ask(route);
                changed.await;
                // Control may lag behind the ledger, or be ahead of what was followed.
                if route.lease.current(credential).is_none() {
                    tokio::time::sleep(PAUSE / 5).await;
                }
            }
        };
        tokio::time::timeout(self.wait, fetched).await.ok()
    }

    fn ask(&self, route: &Arc<Route>) {
        if !route.lease.asked.swap(true, Ordering::AcqRel) {
            let _ = self.wanted.send(route.clone());
        }
    }
}

impl Slot {
    fn current(&self, credential: CredentialId) -> Option<Arc<Lease>> {
        let lease = self.lease.load_full()?;
        let fits = lease.credential == credential && Instant::now() < lease.until;
        if fits && !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        fits.then_some(lease)
    }
}

fn header(secret: &[u8], placement: &Placement) -> Option<HeaderValue> {
    let mut text = Zeroizing::new(String::with_capacity(2 * secret.len() + 16));
    match placement {
        Placement::Bearer => {
            text.push_str("Bearer ");
            text.push_str(std::str::from_utf8(secret).ok()?);
        }
        Placement::Basic => {
            text.push_str("Basic ");
            STANDARD.encode_string(secret, &mut text);
        }
        Placement::Header { .. } => text.push_str(std::str::from_utf8(secret).ok()?),
        Placement::Query { .. } => return None,
    }
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({})", self.credential)
    }
}

/// What it takes to open leases.
pub struct Opener {
    pub gateway: GatewayId,
    pub genesis: Digest,
    pub key: Zeroizing<[u8; 32]>,
}

/// Serves the questions of calls, until the gateway stops.
pub async fn serve(
    control: Arc<dyn Control>,
    opener: Arc<Opener>,
    mut wanted: mpsc::UnboundedReceiver<Arc<Route>>,
) {
    while let Some(route) = wanted.recv().await {
        tokio::spawn(keep(control.clone(), opener.clone(), route));
    }
}

/// Fetches a lease and renews it at two thirds of its life for as long as calls use it.
async fn keep(control: Arc<dyn Control>, opener: Arc<Opener>, route: Arc<Route>) {
    let slot = &route.lease;
    loop {
        let sent = Instant::now();
        match fetch(control.as_ref(), &opener, &route, sent).await {
            Ok(lease) => {
                let until = lease.until;
                slot.used.store(false, Ordering::Relaxed);
                slot.lease.store(Some(lease.into()));
                slot.asked.store(false, Ordering::Release);
                slot.changed.notify_waiters();
                let life = until.saturating_duration_since(sent);
                tokio::time::sleep_until((sent + life * 2 / 3).into()).await;
                let renew = slot.used.load(Ordering::Relaxed);
                if !renew || slot.asked.swap(true, Ordering::AcqRel) {
                    tokio::time::sleep_until(until.into()).await;
                    forget(slot);
                    return;
                }
            }
            Err(why) => {
                tracing::warn!(
                    service = %route.service, environment = route.environment,
                    "no lease: {why}"
                );
                tokio::time::sleep(PAUSE).await;
                forget(slot);
                if slot.lease.load().is_none() {
                    slot.asked.store(false, Ordering::Release);
                    slot.changed.notify_waiters();
                    return;
                }
            }
        }
    }
}

/// Drops a lease that has ended; its secret is overwritten with the last call that uses it.
fn forget(slot: &Slot) {
    let ended = slot.lease.load().as_ref().is_some_and(|lease| lease.until <= Instant::now());
    if ended {
        slot.lease.store(None);
    }
}

async fn fetch(
    control: &dyn Control,
    opener: &Opener,
    route: &Route,
    sent: Instant,
) -> Result<Lease, String> {
    let lease = control.lease(opener.gateway, route.service, &route.environment);
    let lease =
        tokio::time::timeout(PATIENCE, lease).await.map_err(|_| "control takes too long")?;
    let SealedLease { credential, sealed, until } = lease.map_err(|error| error.to_string())?;
    let Opener { gateway, genesis, key } = opener;
    let context = lease_context(genesis, *gateway, route.service, credential, &route.environment);
    let secret = domain::sealed::open_sealed(key, &context, &sealed)
        .map_err(|_| "the sealed credential cannot be opened with this gateway's key".to_owned())?;
    let life = Duration::from_millis(now().until(until).0).min(LONGEST);
    if life.is_zero() {
        return Err("the lease had ended when it came".to_owned());
    }
    let header = header(&secret, &route.placement);
    if header.is_none() && !matches!(route.placement, Placement::Query { .. }) {
        return Err("the credential cannot stand in a header".to_owned());
    }
    let spellings = Spellings::of(&secret);
    Ok(Lease { credential, secret, header, spellings, until: sent + life })
}
