//! Other forms of the wire: TLS and HTTP/2 in front, WebSocket through, bodies that wait for a word.

use base64::Engine as _;
use bytes::Bytes;
use domain::revocation::Target;
use gateway::Tls;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::ledger::{Ask, Setup};
use crate::raw::Raw;
use crate::vendor::{Say, Vendor, answer};
use crate::world::{CREDENTIAL, World};

#[tokio::test]
async fn callers_are_served_over_tls() {
    let vendor = Vendor::plain().await;
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let world = World::with(&Setup::at(&vendor.url()), |config| {
        let key = made.signing_key.serialize_pem().into();
        config.tls = Some(Tls { certificates: made.cert.pem(), key });
        config.threads = 2;
    })
    .await;
    let token = world.token(&Ask::default()).await;
    let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap();
    let url = format!("https://localhost:{}/parcels/sandbox/open/x", world.address.port());
    let response = client.get(url).bearer_auth(&token).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(vendor.request().contains(CREDENTIAL));
}

async fn http2(world: &World) -> h2::client::SendRequest<Bytes> {
    let stream = TcpStream::connect(world.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    client.ready().await.unwrap()
}

fn request(world: &World, path: &str, token: &str) -> http::Request<()> {
    let request =
        http::Request::get(world.url(path)).header("authorization", format!("Bearer {token}"));
    request.body(()).unwrap()
}

#[tokio::test]
async fn many_calls_share_one_http2_connection() {
    let vendor = Vendor::plain().await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    let mut client = http2(&world).await;
    for _ in 0..3 {
        let (response, _) = client.send_request(request(&world, "/open/x", &token), true).unwrap();
        let mut response = response.await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.body_mut().data().await.unwrap().unwrap(), "hello");
    }
    let (response, _) = client.send_request(request(&world, "/closed", &token), true).unwrap();
    assert_eq!(response.await.unwrap().status(), 403);
    assert_eq!(vendor.requests().len(), 3);
}

/// One stream of the connection is cut, the others go on.
#[tokio::test]
async fn a_revocation_cuts_one_http2_stream() {
    let (pieces, script) = mpsc::channel(1);
    let mut script = Some(script);
    let vendor = Vendor::new(move |request| match request.contains("/events") {
        true => Say::Pieces(script.take().unwrap()),
        false => Say::All(answer("hello")),
    })
    .await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let (grant, _, token) = world.desk.token(&Ask::default());
    let other = world.token(&Ask::default()).await;
    let mut client = http2(&world).await;
    let events = request(&world, "/open/events", &token);
    let (response, _) = client.send_request(events, true).unwrap();
    pieces.send(b"HTTP/1.1 200 OK\r\n\r\none".to_vec()).await.unwrap();
    let mut response = response.await.unwrap();
    assert_eq!(response.body_mut().data().await.unwrap().unwrap(), "one");
    let revocation = world.desk.revoke(Target::Grant(grant));
    world.desk.received(revocation).await;
    let ended = response.body_mut().data().await.expect("no clean end");
    assert!(ended.unwrap_err().is_reset());
    let (response, _) = client.send_request(request(&world, "/open/x", &other), true).unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_websocket_passes_and_is_cut_like_any_stream() {
    let (pieces, script) = mpsc::channel(1);
    let mut script = Some(script);
    let vendor = Vendor::new(move |_| Say::Pieces(script.take().unwrap())).await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let (grant, _, token) = world.desk.token(&Ask::default());
    world.settled().await;
    let key = base64::engine::general_purpose::STANDARD.encode([7; 16]);
    let upgrade = format!(
        "GET /parcels/sandbox/open/socket HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {key}\r\n\r\n"
    );
    let mut caller = Raw::to(world.address).await;
    caller.send(upgrade.as_bytes()).await;
    let head =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    pieces.send(head.into()).await.unwrap();
    let switched = caller.until(|text| text.contains("\r\n\r\n")).await;
    assert!(switched.starts_with("HTTP/1.1 101 "), "{switched}");
    let lower = switched.to_ascii_lowercase();
    assert!(
        lower.contains("upgrade: websocket") && lower.contains("connection: upgrade"),
        "{lower}"
    );
    pieces.send(format!("frame {CREDENTIAL} end").into_bytes()).await.unwrap();
    let frame = caller.until(|text| text.contains("end")).await;
    assert_eq!(frame, format!("frame {} end", "*".repeat(CREDENTIAL.len())));
    let request = vendor.request().to_ascii_lowercase();
    assert!(request.contains("upgrade: websocket") && !request.contains("pcl_"), "{request}");
    let revocation = world.desk.revoke(Target::Grant(grant));
    world.desk.received(revocation).await;
    assert_eq!(caller.rest().await, "");
}

/// In a tunnel of HTTP/2 no call would be judged: the vendor is not asked for one, and one that it
/// opens unasked is not passed on.
#[tokio::test]
async fn nothing_but_websocket_is_ever_switched_to() {
    for vendor_switches in [false, true] {
        let vendor = Vendor::new(move |_| match vendor_switches {
            false => Say::All(answer("hello")),
            true => Say::Hold(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\ntunnel"
                    .to_vec(),
            ),
        })
        .await;
        let world = World::new(&Setup::at(&vendor.url())).await;
        let token = world.token(&Ask::default()).await;
        let mut caller = Raw::to(world.address).await;
        let request = format!(
            "GET /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
             Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
        );
        caller.send(request.as_bytes()).await;
        let said = caller.answer().await;
        let status = if vendor_switches { "HTTP/1.1 502 " } else { "HTTP/1.1 200 " };
        assert!(said.starts_with(status) && !said.contains("tunnel"), "{said}");
        let got = vendor.request().to_ascii_lowercase();
        assert!(!got.contains("upgrade") && !got.contains("http2-settings"), "{got}");
    }
}

/// Trailers end at the gateway in HTTP/1.1, on both sides: nobody declared them, and a field could be
/// smuggled behind the body that was refused in front of it.
#[tokio::test]
async fn trailers_of_http1_are_dropped() {
    let vendor = Vendor::new(|_| {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n";
        Say::All(format!("{head}5\r\nhello\r\n0\r\nX-Sum: {CREDENTIAL}\r\n\r\n").into_bytes())
    })
    .await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    let mut caller = Raw::to(world.address).await;
    let request = format!(
        "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Original-URL: /closed\r\n\r\n"
    );
    caller.send(request.as_bytes()).await;
    let said = caller.until(|text| text.contains("0\r\n\r\n")).await.to_ascii_lowercase();
    assert!(said.contains("hello") && !said.contains("x-sum"), "{said}");
    let got = vendor.request().to_ascii_lowercase();
    assert!(got.contains("body") && !got.contains("x-original-url"), "{got}");
}

/// WebSocket over HTTP/2 (RFC 8441) and other tunnels are not offered and not opened.
#[tokio::test]
async fn no_tunnel_is_opened_over_http2() {
    let vendor = Vendor::plain().await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    let mut client = http2(&world).await;
    let mut tunnel = http::Request::new(());
    *tunnel.method_mut() = http::Method::CONNECT;
    *tunnel.uri_mut() = http::Uri::from_static("api.example.com:443");
    let refused = match client.send_request(tunnel, true) {
        Ok((response, _)) => {
            response.await.map_or(true, |response| !response.status().is_success())
        }
        Err(_) => true,
    };
    assert!(refused && vendor.requests().is_empty());
    let mut client = http2(&world).await;
    let (response, _) = client.send_request(request(&world, "/open/x", &token), true).unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
}

/// The caller sends its body only when it is told to; a denied one never is.
#[tokio::test]
async fn a_body_that_waits_is_asked_for_only_when_the_call_may_pass() {
    let vendor = Vendor::plain().await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    let head = |token: &str| {
        format!(
            "POST /parcels/sandbox/open/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
             Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"
        )
    };
    let mut caller = Raw::to(world.address).await;
    caller.send(head("nobody").as_bytes()).await;
    assert!(caller.rest().await.starts_with("HTTP/1.1 401 "));
    let mut caller = Raw::to(world.address).await;
    caller.send(head(&token).as_bytes()).await;
    let told = caller.until(|text| text.contains("\r\n\r\n")).await;
    assert!(told.starts_with("HTTP/1.1 100 "), "{told}");
    caller.send(b"body").await;
    assert!(caller.answer().await.starts_with("HTTP/1.1 200 "));
    assert!(vendor.request().ends_with("body"));
}
