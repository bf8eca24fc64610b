//! Who is asked to believe a ledger: a start, the offline verifier, a gateway.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::signature::Ed25519KeyPair;
use control::keys::Use;
use domain::digest::Digest;
use domain::follow::{Batch, Freshness};
use domain::id::{GatewayId, NodeId, ServiceId};
use domain::revocation::RevocationReceived;
use domain::signature::{Base64, Seen};
use domain::usage::SegmentCommitted;
use gateway::{Config, Control, ControlError, Keys, SealedLease};

use super::forged::tip;
use super::tables::Tables;
use super::written::{Written, keys};
use crate::server::{Site, verify_seen};

const LONG: Duration = Duration::from_secs(30);

/// What a party made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    Believed,
    Refused,
    /// It neither believes nor refuses: a gateway that forwards nothing.
    Waits,
    /// It ended in another way than by refusing.
    Failed,
}

/// What a party made of it, and its words.
pub type Said = (Heard, String);

/// `portcullis up` on the copy.
pub fn start(site: &Site) -> Said {
    match site.try_start() {
        Ok(_server) => (Heard::Believed, String::new()),
        Err((code, said)) => heard(code, said),
    }
}

/// `portcullis ledger verify` on the copy, by somebody who may have seen the ledger before.
pub fn verifier(site: &Site, written: &Written, seen: Option<Seen>) -> Said {
    let seen = seen.map(|seen| format!("{}:{}", seen.size, seen.root));
    let genesis = written.genesis.to_string();
    let (code, said) = verify_seen(&site.data(), &genesis, seen.as_deref());
    heard(Some(code), said)
}

/// `portcullis up` on the copy, until it has read every entry or is ended by what it read: what it
/// believed before that does not count.
pub fn start_and_read(site: &Site) -> Said {
    let (out, ours) = std::io::pipe().unwrap();
    let mut command = site.up();
    command.env("PORTCULLIS_LOG", "portcullis=info");
    let mut child = command.stdout(ours.try_clone().unwrap()).stderr(ours).spawn().unwrap();
    drop(command); // its ends of the pipe
    let (mut said, mut out) = (String::new(), BufReader::new(out));
    let mut line = String::new();
    while out.read_line(&mut line).unwrap() > 0 {
        if line.contains("every entry was read") {
            child.kill().unwrap();
            child.wait().unwrap();
            return (Heard::Believed, said);
        }
        said.push_str(&line);
        line.clear();
    }
    heard(child.wait().unwrap().code(), said)
}

fn heard(code: Option<i32>, said: String) -> Said {
    let heard = match code {
        Some(0) => Heard::Believed,
        Some(1) => Heard::Refused,
        _ => Heard::Failed,
    };
    (heard, said)
}

/// A gateway with the copy's keys and watermark, to which a control hands these batches; the node
/// vouches for them with its own key, so that nothing but the ledger can keep it from being ready.
pub async fn gateway(site: &Site, written: &Written, tables: &Tables) -> Said {
    let keys = keys(site);
    let (signing, sealing) = (keys.load(Use::Gateway).unwrap(), keys.load(Use::Sealing).unwrap());
    let node = keys.load(Use::Node).unwrap();
    let key = Ed25519KeyPair::from_seed_unchecked(node.bytes.as_slice()).unwrap();
    let desk = Arc::new(Desk {
        batches: tables.batches(),
        genesis: written.genesis,
        key,
        node: node.name.parse().unwrap(),
        seen: tip(tables),
        emptied: AtomicBool::new(false),
    });
    let gateway = signing.name.parse().unwrap();
    let keys_of = Keys { gateway, signing: signing.bytes, sealing: sealing.bytes };
    let (listen, watermark) = (([127, 0, 0, 1], 0).into(), keys.path().join("gateway-watermark"));
    let spool = site.folder.path().join("gateway");
    let mut config = Config::new(listen, spool, watermark, keys_of, written.genesis);
    config.threads = 1;
    config.timeouts.stop = Duration::from_millis(10);
    let running = gateway::start(config, desk.clone()).unwrap();
    let asked = async {
        let mut again = tokio::time::interval(Duration::from_millis(5));
        loop {
            again.tick().await;
            // Read before the report: whatever it has folded by then, the report knows.
            let emptied = desk.emptied.load(Ordering::SeqCst);
            let report = running.health();
            let broken = report.why.iter().find(|why| why.starts_with("ledger-broken"));
            let said = format!("{report:?}");
            match broken {
                Some(why) => return (Heard::Refused, why.clone()),
                None if report.ready && report.size == desk.seen.size => {
                    return (Heard::Believed, said);
                }
                None if emptied && report.size == 0 => return (Heard::Waits, said),
                None => {}
            }
        }
    };
    let said = tokio::time::timeout(LONG, asked).await;
    said.unwrap_or_else(|_| (Heard::Failed, format!("{:?}", running.health())))
}

/// Where the copy's node keeps its watermark.
pub fn set_watermark(site: &Site, seen: Seen) {
    let bytes = domain::entry::canonical(&seen);
    std::fs::write(Path::new(&keys(site).watermark()), bytes).unwrap();
}

/// A control that hands out what it was given.
struct Desk {
    batches: Vec<Batch>,
    genesis: Digest,
    key: Ed25519KeyPair,
    node: NodeId,
    seen: Seen,
    /// Somebody came back after the last batch.
    emptied: AtomicBool,
}

fn nothing<T>() -> Result<T, ControlError> {
    Err(ControlError::Unreachable("there is nothing".to_owned()))
}

#[async_trait]
impl Control for Desk {
    async fn batches(&self, from: u64) -> Result<Vec<Batch>, ControlError> {
        let newer: Vec<_> = self.batches.iter().filter(|b| b.first >= from).cloned().collect();
        if newer.is_empty() {
            self.emptied.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        Ok(newer)
    }

    async fn fresh(&self, nonce: Digest) -> Result<Freshness, ControlError> {
        let (node, seen) = (self.node, self.seen);
        let at = portcullis::scan::clock();
        let mut fresh = Freshness { at, node, nonce, seen, signature: Base64(Vec::new()) };
        let signature = self.key.sign(&fresh.message(&self.genesis));
        fresh.signature = Base64(signature.as_ref().to_vec());
        Ok(fresh)
    }

    async fn lease(
        &self,
        _: GatewayId,
        _: ServiceId,
        _: &str,
    ) -> Result<SealedLease, ControlError> {
        nothing()
    }

    async fn received(&self, _: RevocationReceived) -> Result<(), ControlError> {
        nothing()
    }

    async fn committed(&self, _: SegmentCommitted, _: Vec<Vec<u8>>) -> Result<(), ControlError> {
        nothing()
    }
}
