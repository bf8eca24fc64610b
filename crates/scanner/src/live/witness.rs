//! A listener of our own on the loopback address: it serves what it was given and remembers who asked.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// How long one visitor is listened to, and how much of him.
const PATIENCE: Duration = Duration::from_secs(3);
const MOST_REQUEST: usize = 8 * 1024;

/// Listens until it is dropped.
pub struct Witness {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Witness {
    /// Listens on a free port of this address and serves these pages by path.
    ///
    /// # Errors
    /// The system refuses.
    pub async fn open(at: IpAddr, pages: Vec<(String, String)>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((at, 0)).await?;
        let address = listener.local_addr()?;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let pages: Arc<HashMap<_, _>> = Arc::new(pages.into_iter().collect());
        let noted = asked.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (pages, noted) = (pages.clone(), noted.clone());
                // It ends by itself, within the time that a visitor has.
                tokio::spawn(async move {
                    let _ = timeout(PATIENCE, serve(stream, &pages, &noted)).await;
                });
            }
        });
        Ok(Self { address, asked, task })
    }

    /// The address of a page.
    pub fn address_of(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// True if somebody asked for this path.
    pub fn was_asked(&self, path: &str) -> bool {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().any(|one| one == path)
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
    noted: &Mutex<Vec<String>>,
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
    let path = text.split_ascii_whitespace().nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default().to_owned();
    let page = pages.get(&path);
    noted.lock().unwrap_or_else(PoisonError::into_inner).push(path);
    let (status, body) = page.map_or(("404 Not Found", ""), |body| ("200 OK", body.as_str()));
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: \
         close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
