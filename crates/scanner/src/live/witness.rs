//! A listener of our own on loopback: whoever calls it was told to by the service that is scanned.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes of a call that are read, how long one may take, and how many are remembered.
const MOST_BYTES: usize = 4_096;
const PATIENCE: Duration = Duration::from_secs(2);
const MOST_CALLS: usize = 1_000;

#[derive(Default)]
struct Calls {
    heads: Mutex<Vec<String>>,
    news: Notify,
}

impl Calls {
    fn note(&self, line: String) {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        if heads.len() < MOST_CALLS {
            heads.push(line);
        }
    }
}

/// Listens until it is dropped.
pub struct Witness {
    address: SocketAddr,
    calls: Arc<Calls>,
    task: tokio::task::JoinHandle<()>,
}

impl Witness {
    /// A free port on loopback.
    ///
    /// # Errors
    /// The system's.
    pub async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let calls = Arc::new(Calls::default());
        let heard = calls.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // One at a time: who calls is the service, and it calls once.
                let _ = timeout(PATIENCE, hear(stream, &heard)).await;
            }
        });
        Ok(Self { address, calls, task })
    }

    /// An address whose call can be told from all others.
    pub fn url(&self, word: &str) -> String {
        format!("http://{}/{word}", self.address)
    }

    /// The first line of a call for this word, waited for as long as `patience`.
    pub async fn call(&self, word: &str, patience: Duration) -> Option<String> {
        let until = Instant::now() + patience;
        loop {
            let news = self.calls.news.notified();
            let known = {
                let heads = self.calls.heads.lock().unwrap_or_else(PoisonError::into_inner);
                heads.iter().find(|head| head.contains(word)).cloned()
            };
            if known.is_some() {
                return known;
            }
            timeout_at(until, news).await.ok()?;
        }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn hear(mut stream: TcpStream, calls: &Calls) {
    let mut head = Vec::new();
    let mut buffer = [0; 1_024];
    while head.len() < MOST_BYTES && !head.windows(2).any(|pair| pair == b"\r\n") {
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => head.extend(buffer.iter().take(count)),
            _ => break,
        }
    }
    let text = String::from_utf8_lossy(&head);
    let line = text.lines().next().unwrap_or_default().to_owned();
    calls.note(line);
    calls.news.notify_waiters();
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    let _ = stream.write_all(answer.as_bytes()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_is_remembered_by_its_word() {
        let witness = Witness::open().await.expect("a port");
        let mut stream = TcpStream::connect(witness.address).await.expect("a connection");
        stream.write_all(b"GET /pclone HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("sent");
        let line = witness.call("pclone", Duration::from_secs(5)).await;
        assert_eq!(line.as_deref(), Some("GET /pclone HTTP/1.1"));
        assert_eq!(witness.call("pcltwo", Duration::from_millis(1)).await, None);
    }
}
