//! A listener of our own: whoever calls it was told to by the service that is scanned.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

/// How long one visitor is listened to, how much of him, and how many are remembered.
const PATIENCE: Duration = Duration::from_secs(3);
const MOST_REQUEST: usize = 8 * 1024;
const MOST_CALLS: usize = 1_000;

#[derive(Default)]
struct Calls {
    /// The first line of each request.
    lines: Mutex<Vec<String>>,
    news: Notify,
}

impl Calls {
    fn note(&self, line: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < MOST_CALLS {
            lines.push(line);
        }
        drop(lines);
        self.news.notify_waiters();
    }

    fn find(&self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().find(|line| wanted(line)).cloned()
    }
}

/// Listens until it is dropped.
pub struct Witness {
    address: SocketAddr,
    calls: Arc<Calls>,
    task: tokio::task::JoinHandle<()>,
}

impl Witness {
    /// Listens on a free port of this address and serves these pages by path. Without pages
    /// whatever is asked for is there.
    ///
    /// # Errors
    /// The system refuses.
    pub async fn open(at: IpAddr, pages: Vec<(String, String)>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((at, 0)).await?;
        let address = listener.local_addr()?;
        let calls = Arc::new(Calls::default());
        let pages: Arc<HashMap<_, _>> = Arc::new(pages.into_iter().collect());
        let heard = calls.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (pages, heard) = (pages.clone(), heard.clone());
                // It ends by itself, within the time that a visitor has.
                tokio::spawn(async move {
                    let _ = timeout(PATIENCE, serve(stream, &pages, &heard)).await;
                });
            }
        });
        Ok(Self { address, calls, task })
    }

    /// The address of a path; a path of its own makes a call told from all others.
    pub fn address_of(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// True if somebody asked for this path.
    pub fn was_asked(&self, path: &str) -> bool {
        let asked = |line: &str| {
            let target = line.split_ascii_whitespace().nth(1).unwrap_or_default();
            target.split('?').next() == Some(path)
        };
        self.calls.find(asked).is_some()
    }

    /// The first line of a call for this word, waited for as long as `patience`.
    pub async fn call(&self, word: &str, patience: Duration) -> Option<String> {
        let until = Instant::now() + patience;
        loop {
            let news = self.calls.news.notified();
            let known = self.calls.find(|line| line.contains(word));
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

async fn serve(
    mut stream: TcpStream,
    pages: &HashMap<String, String>,
    calls: &Calls,
) -> std::io::Result<()> {
    let mut received = Vec::new();
    let mut buffer = [0; 1024];
    while !received.windows(4).any(|end| end == b"\r\n\r\n") && received.len() < MOST_REQUEST {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            break;
        }
        received.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    let text = String::from_utf8_lossy(&received);
    let line = text.lines().next().unwrap_or_default().to_owned();
    let path = line.split_ascii_whitespace().nth(1).unwrap_or_default();
    let page = pages.get(path.split('?').next().unwrap_or_default());
    let (status, body) = match page {
        Some(body) => ("200 OK", body.as_str()),
        None if pages.is_empty() => ("200 OK", "ok"),
        None => ("404 Not Found", ""),
    };
    calls.note(line);
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: \
         close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_is_remembered_by_its_word() {
        let witness = Witness::open([127, 0, 0, 1].into(), Vec::new()).await.expect("a port");
        let mut stream = TcpStream::connect(witness.address).await.expect("a connection");
        stream.write_all(b"GET /pclone?a=1 HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("sent");
        let line = witness.call("pclone", Duration::from_secs(5)).await;
        assert_eq!(line.as_deref(), Some("GET /pclone?a=1 HTTP/1.1"));
        assert!(witness.was_asked("/pclone") && !witness.was_asked("/pcl"));
        assert_eq!(witness.call("pcltwo", Duration::from_millis(1)).await, None);
    }
}
