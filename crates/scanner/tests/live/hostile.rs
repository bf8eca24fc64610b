//! Servers that mean harm: whatever they send, a scan ends within its bounds and guesses nothing.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use domain::address::Reach;
use scanner::report::GapCode;
use scanner::{Bounds, CheckId, Report};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::order::{order_at, scan};

const TIGHT: Bounds =
    Bounds { max_requests: 60, per_second: 200, seconds: 6, max_answer_bytes: 65_536 };

/// Handles every connection with `behave` until dropped.
async fn server<F, R>(behave: F) -> (SocketAddr, JoinSet<()>)
where
    F: Fn(TcpStream) -> R + Send + Sync + Copy + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else { return };
            connections.spawn(behave(stream));
        }
    });
    (address, tasks)
}

/// Scans in full and holds the scan to its bounds.
async fn bounded(target: &str) -> Report {
    let order = order_at(target, &CheckId::ALL, TIGHT);
    let start = Instant::now();
    let answer = timeout(Duration::from_secs(30), scan(&order)).await.expect("the scan ends");
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
    assert!(answer.requests_sent <= TIGHT.max_requests);
    assert!(!answer.incomplete.is_empty());
    for name in ["limits.rate_limit_seen", "token.signature_checked", "credential.echoed"] {
        assert!(!answer.values.contains_key(name), "{name} was guessed");
    }
    answer
}

async fn request(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    let _ = stream.read(&mut buffer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_answer() {
    let (address, _tasks) = server(|mut stream| async move {
        request(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
        if stream.write_all(head.as_bytes()).await.is_ok() {
            while stream.write_all(&[b'x'; 8192]).await.is_ok() {}
        }
    })
    .await;
    bounded(&format!("http://{address}")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_drip_of_a_head() {
    let (address, _tasks) = server(|mut stream| async move {
        for byte in b"HTTP/1.1 200 OK\r\n".iter().chain(std::iter::repeat(&b'a')) {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    bounded(&format!("http://{address}")).await;
    let answer = bounded(&format!("https://{address}")).await;
    assert!(!answer.values.contains_key("transport.tls_min_version"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_drip_of_a_body() {
    let (address, _tasks) = server(|mut stream| async move {
        request(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
        let _ = stream.write_all(head.as_bytes()).await;
        while stream.write_all(b" ").await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    bounded(&format!("http://{address}")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence() {
    let (address, _tasks) = server(|mut stream| async move {
        request(&mut stream).await;
        sleep(Duration::from_secs(60)).await;
    })
    .await;
    let answer = bounded(&format!("https://{address}")).await;
    assert!(answer.incomplete.iter().any(|one| one.code == GapCode::OutOfTime));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_instead_of_tls() {
    let (address, _tasks) = server(|mut stream| async move {
        request(&mut stream).await;
        let _ = stream.write_all(&[0x16, 3, 3, 0xff, 0xff, 2, 0xff, 0xff, 0xff, 0, 1, 2]).await;
    })
    .await;
    let answer = bounded(&format!("https://{address}")).await;
    assert!(answer.certificate_sha256.is_none());
    assert!(!answer.values.contains_key("transport.tls_min_version"));
    assert!(!answer.values.contains_key("transport.certificate_valid"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn huge_and_endless_headers() {
    let (address, _tasks) = server(|mut stream| async move {
        request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        let line = format!("X-Filler: {}\r\n", "y".repeat(4_000));
        while stream.write_all(line.as_bytes()).await.is_ok() {}
    })
    .await;
    let answer = bounded(&format!("http://{address}")).await;
    assert!(serde_json::to_string(&answer).unwrap().len() < 200_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_never_followed() {
    let elsewhere = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let other = elsewhere.local_addr().unwrap().port();
    // Every connection learns the other port from the path it never asked for: the redirect.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            request(&mut stream).await;
            let text = format!(
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{other}/\r\nContent-Length: 0\r\n\r\n"
            );
            let _ = stream.write_all(text.as_bytes()).await;
        }
    });
    bounded(&format!("http://{address}")).await;
    let visited = timeout(Duration::from_millis(50), elsewhere.accept()).await;
    assert!(visited.is_err(), "the scan went elsewhere");
}

#[tokio::test]
async fn nobody_there() {
    let address = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        listener.local_addr().unwrap()
    };
    let answer = bounded(&format!("https://{address}")).await;
    assert_eq!(answer.incomplete.len(), CheckId::ALL.len());
    assert!(answer.incomplete.iter().all(|one| one.code == GapCode::Unreachable));
    assert!(answer.values.is_empty() && answer.findings.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_outside_the_orders_reach_is_never_connected_to() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let everywhere = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
    for reach in [Reach::Public, Reach::Private(everywhere)] {
        for host in ["127.0.0.1", "localhost"] {
            let order = order_at(&format!("http://{host}:{port}"), &CheckId::ALL, TIGHT);
            let order = scanner::Order { reach: reach.clone(), ..order };
            let answer = scan(&order).await;
            assert!(answer.values.is_empty() && answer.requests_sent == 0, "{host} {reach:?}");
            assert_eq!(answer.incomplete.len(), CheckId::ALL.len());
            for gap in &answer.incomplete {
                assert_eq!(gap.code, GapCode::OutOfReach, "{}", gap.detail);
                assert!(!gap.detail.contains("127.0.0.1"), "{}", gap.detail);
            }
        }
    }
    let waiting = timeout(Duration::ZERO, listener.accept()).await;
    assert!(waiting.is_err(), "nobody has connected");
}
