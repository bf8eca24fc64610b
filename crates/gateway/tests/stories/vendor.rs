//! A vendor over plain TCP that says exactly what a test wants and keeps exactly what it got.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// What is answered to one request.
pub enum Say {
    /// These bytes; the connection is kept.
    All(Vec<u8>),
    /// Whatever comes through the channel, piece by piece, until it ends; then the connection closes.
    Pieces(mpsc::Receiver<Vec<u8>>),
    /// Nothing: the connection is closed.
    Close,
    /// These bytes and no more, and the connection stays open.
    Hold(Vec<u8>),
}

type Script = Box<dyn FnMut(&str) -> Say + Send>;

pub struct Vendor {
    pub address: SocketAddr,
    /// The requests, head and body, as they came.
    pub requests: Arc<Mutex<Vec<String>>>,
    /// How many connections are open.
    pub open: watch::Receiver<usize>,
    _tasks: JoinSet<()>,
}

/// An answer with this body.
pub fn answer(body: &str) -> Vec<u8> {
    answer_with("200 OK", "", body)
}

pub fn answer_with(status: &str, fields: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{fields}\r\n{body}").into_bytes()
}

impl Vendor {
    /// Answers every request with `hello`.
    pub async fn plain() -> Vendor {
        Vendor::new(|_| Say::All(answer("hello"))).await
    }

    pub async fn new(script: impl FnMut(&str) -> Say + Send + 'static) -> Vendor {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(script)));
        let (count, open) = watch::channel(0);
        let mut tasks = JoinSet::new();
        let kept = requests.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, script, count) = (kept.clone(), script.clone(), count.clone());
                count.send_modify(|open| *open += 1);
                connections.spawn(async move {
                    let _ = serve(stream, &kept, &script).await;
                    count.send_modify(|open| *open -= 1);
                });
            }
        });
        Vendor { address, requests, open, _tasks: tasks }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The one request that came.
    pub fn request(&self) -> String {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    kept: &Mutex<Vec<String>>,
    script: &Mutex<Script>,
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        let Some(length) = request(&mut stream, &mut bytes).await? else { return Ok(()) };
        let text = String::from_utf8(bytes.drain(..length).collect()).unwrap();
        kept.lock().unwrap().push(text.clone());
        let say = script.lock().unwrap()(&text);
        match say {
            Say::All(answer) => stream.write_all(&answer).await?,
            Say::Pieces(mut pieces) => loop {
                let mut byte = [0];
                tokio::select! {
                    piece = pieces.recv() => match piece {
                        Some(piece) => stream.write_all(&piece).await?,
                        None => return Ok(()),
                    },
                    read = stream.read(&mut byte) => if read? == 0 { return Ok(()) },
                }
            },
            Say::Close => return Ok(()),
            Say::Hold(begin) => {
                stream.write_all(&begin).await?;
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest).await?;
                return Ok(());
            }
        }
    }
}

/// Reads until one request is complete; its length, or nothing at the end.
async fn request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> std::io::Result<Option<usize>> {
    loop {
        if let Some(end) = complete(bytes) {
            return Ok(Some(end));
        }
        if stream.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    }
}

fn complete(bytes: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(bytes);
    let head = text.find("\r\n\r\n")? + 4;
    let fields = text[..head].to_ascii_lowercase();
    if fields.contains("transfer-encoding: chunked") {
        return text[head..].find("0\r\n\r\n").map(|end| head + end + 5);
    }
    let length = fields.split("content-length: ").nth(1);
    let length: usize =
        length.map_or(0, |text| text.split("\r\n").next().unwrap().parse().unwrap());
    (bytes.len() >= head + length).then_some(head + length)
}
