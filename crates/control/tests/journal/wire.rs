//! A wire to PostgreSQL that can be cut: a socket in front of the server's.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

const SOCKET: &str = ".s.PGSQL.5432";

pub struct Wire {
    /// The database's address behind the wire.
    pub address: String,
    cuts: Cuts,
    listener: JoinHandle<()>,
    _directory: TempDir,
}

#[derive(Clone, Default)]
struct Cuts {
    armed: Arc<AtomicBool>,
    broken: Arc<AtomicBool>,
}

impl Wire {
    pub fn to(address: &str) -> Wire {
        let directory = tempfile::tempdir().unwrap();
        let (database, server) = address.split_once("?host=").unwrap();
        let server = PathBuf::from(server).join(SOCKET);
        let listener = UnixListener::bind(directory.path().join(SOCKET)).unwrap();
        let cuts = Cuts::default();
        let behind = cuts.clone();
        let listener = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), behind.clone()));
            }
        });
        let address = format!("{database}?host={}", directory.path().display());
        Wire { address, cuts, listener, _directory: directory }
    }

    /// The next commit reaches the server and is done there; the answer never arrives.
    pub fn cut_behind_the_next_commit(&self) {
        self.cuts.armed.store(true, Ordering::SeqCst);
    }

    /// While it is broken, nothing that is sent arrives and every connection ends.
    pub fn set_broken(&self, broken: bool) {
        self.cuts.broken.store(broken, Ordering::SeqCst);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn carry(client: UnixStream, server: PathBuf, cuts: Cuts) {
    let Ok(server) = UnixStream::connect(server).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let committing = Arc::new(AtomicBool::new(false));
    tokio::select! {
        () = ask(from_client, to_server, &cuts, &committing) => {}
        () = answer(from_server, to_client, &committing) => {}
    }
}

async fn ask(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    cuts: &Cuts,
    committing: &AtomicBool,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(length @ 1..) = client.read(&mut buffer).await else { return };
        if cuts.broken.load(Ordering::SeqCst) {
            return;
        }
        let commits = buffer[..length].windows(7).any(|window| window == b"COMMIT\0");
        if commits && cuts.armed.swap(false, Ordering::SeqCst) {
            committing.store(true, Ordering::SeqCst);
        }
        if server.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

async fn answer(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, committing: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(length @ 1..) = server.read(&mut buffer).await else { return };
        // The server has answered the commit: it is done, and nobody hears of it.
        if committing.load(Ordering::SeqCst) || client.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
