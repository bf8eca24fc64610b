//! How the gateway meets control in one process: by calls on control's own runtime.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use control::control::{Control, LeaseError};
use control::flow::Failure;
use domain::digest::Digest;
use domain::follow::{Batch, Freshness};
use domain::id::{GatewayId, ServiceId};
use domain::refusal::Code;
use domain::revocation::RevocationReceived;
use domain::usage::SegmentCommitted;
use gateway::{ControlError, SealedLease, lease_context};
use tokio::runtime::Handle;

/// The most entries that one answer holds.
const ENTRIES: usize = 2_000;
const PATIENCE: Duration = Duration::from_secs(10);

/// Control, as its gateway sees it.
pub struct Wire {
    control: Arc<Control>,
    genesis: Digest,
    handle: Handle,
    usage: PathBuf,
}

impl Wire {
    /// `usage` is the folder in which committed segments are kept.
    pub fn new(control: Arc<Control>, usage: PathBuf, genesis: Digest) -> Wire {
        Wire { control, genesis, handle: Handle::current(), usage }
    }

    /// The gateway has a runtime of its own; what touches the database runs on control's.
    async fn call<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, ControlError>> + Send + 'static,
    ) -> Result<T, ControlError> {
        match self.handle.spawn(work).await {
            Ok(result) => result,
            Err(error) => Err(ControlError::Unreachable(error.to_string())),
        }
    }
}

fn unreachable(error: impl std::fmt::Display) -> ControlError {
    ControlError::Unreachable(error.to_string())
}

fn failed(failure: Failure) -> ControlError {
    match failure {
        Failure::Refused(refusal) => ControlError::Refused {
            code: refusal.reasons.first().map_or("refused", |r| r.code.as_str()).to_owned(),
            message: refusal.to_string(),
        },
        Failure::Unavailable(why) => ControlError::Unreachable(why),
    }
}

/// What the ledger has already needs no second entry.
fn once(result: Result<u64, Failure>) -> Result<(), ControlError> {
    match result {
        Err(Failure::Refused(refusal)) if refusal.has(Code::Exists) => Ok(()),
        Err(failure) => Err(failed(failure)),
        Ok(_) => Ok(()),
    }
}

#[async_trait]
impl gateway::Control for Wire {
    async fn batches(&self, from: u64) -> Result<Vec<Batch>, ControlError> {
        let control = self.control.clone();
        let work = async move {
            let mut size = control.journal.watch();
            let _ = tokio::time::timeout(PATIENCE, size.wait_for(|size| *size > from)).await;
            control.journal.batches(from, ENTRIES).await.map_err(unreachable)
        };
        self.call(work).await
    }

    async fn fresh(&self, nonce: Digest) -> Result<Freshness, ControlError> {
        let control = self.control.clone();
        self.call(async move { control.journal.fresh(nonce).await.map_err(unreachable) }).await
    }

    async fn lease(
        &self,
        gateway: GatewayId,
        service: ServiceId,
        environment: &str,
    ) -> Result<SealedLease, ControlError> {
        let (control, genesis) = (self.control.clone(), self.genesis);
        let environment = environment.to_owned();
        let work = async move {
            let context =
                |credential| lease_context(&genesis, gateway, service, credential, &environment);
            let lease = control.lease(gateway, service, &environment, context).await;
            let lease = lease.map_err(|error| match error {
                LeaseError::Refused(refusal) => failed(refusal.into()),
                LeaseError::NoCredential => ControlError::Refused {
                    code: "no-credential".to_owned(),
                    message: error.to_string(),
                },
                error => unreachable(error),
            })?;
            let (credential, sealed, until) = (lease.credential, lease.sealed, lease.until);
            Ok(SealedLease { credential, sealed, until })
        };
        self.call(work).await
    }

    async fn received(&self, received: RevocationReceived) -> Result<(), ControlError> {
        let control = self.control.clone();
        self.call(async move { once(control.received(received).await) }).await
    }

    async fn committed(
        &self,
        committed: SegmentCommitted,
        lines: Vec<Vec<u8>>,
    ) -> Result<(), ControlError> {
        let (control, folder) = (self.control.clone(), self.usage.clone());
        let work = async move {
            let segment = &committed.segment;
            let folder = folder.join(segment.gateway.to_string());
            let file = folder.join(format!("{:06}.jsonl", segment.number));
            keep(folder, file, lines).await.map_err(unreachable)?;
            let chain = control.state().chains.get(&segment.gateway).map(|chain| chain.number);
            if chain.is_some_and(|number| number >= segment.number) {
                return Ok(());
            }
            once(control.committed(committed).await)
        };
        self.call(work).await
    }
}

/// The lines are on the disk before the ledger says so.
async fn keep(folder: PathBuf, file: PathBuf, lines: Vec<Vec<u8>>) -> std::io::Result<()> {
    let write = move || {
        use std::io::Write as _;
        std::fs::create_dir_all(&folder)?;
        let fresh = file.with_extension("new");
        let mut out = std::fs::File::create(&fresh)?;
        for line in lines {
            out.write_all(&line)?;
            out.write_all(b"\n")?;
        }
        out.sync_all()?;
        std::fs::rename(&fresh, &file)?;
        std::fs::File::open(&folder)?.sync_all()
    };
    tokio::task::spawn_blocking(write).await?
}
