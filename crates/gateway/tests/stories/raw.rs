//! A caller that writes bytes and reads bytes.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const LONG: Duration = Duration::from_secs(20);

pub struct Raw(TcpStream);

impl Raw {
    pub async fn to(address: SocketAddr) -> Raw {
        Raw(TcpStream::connect(address).await.unwrap())
    }

    /// The connection itself, not blocking.
    pub fn quiet(self) -> std::net::TcpStream {
        self.0.into_std().unwrap()
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Sends, unless the gateway has closed the connection.
    pub async fn try_send(&mut self, bytes: &[u8]) -> bool {
        let closed = std::future::poll_fn(|context| {
            let mut byte = [0];
            let mut read = tokio::io::ReadBuf::new(&mut byte);
            std::task::Poll::Ready(self.0.poll_peek(context, &mut read).is_ready())
        });
        !closed.await && self.0.write_all(bytes).await.is_ok()
    }

    /// Reads until the text so far satisfies `what`, or the end.
    pub async fn until(&mut self, what: impl Fn(&str) -> bool) -> String {
        let mut bytes = Vec::new();
        let read = async {
            loop {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                if what(&text) {
                    return text;
                }
                match self.0.read_buf(&mut bytes).await {
                    Ok(0) | Err(_) => return text,
                    Ok(_) => {}
                }
            }
        };
        tokio::time::timeout(LONG, read).await.expect("an answer in time")
    }

    /// Everything until the gateway closes the connection.
    pub async fn rest(&mut self) -> String {
        self.until(|_| false).await
    }

    /// One answer with a `Content-Length`.
    pub async fn answer(&mut self) -> String {
        self.until(|text| {
            let Some(head) = text.find("\r\n\r\n") else { return false };
            let fields = text[..head].to_ascii_lowercase();
            let length = fields.split("content-length: ").nth(1).unwrap_or("0");
            let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
            text.len() >= head + 4 + length
        })
        .await
    }
}
