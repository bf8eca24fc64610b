//! Open streams: cut when the token ends, and the receipt only after that.

use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use domain::revocation::Target;
use domain::time::Span;
use tokio::sync::mpsc;

use crate::ledger::{Ask, Setup};
use crate::raw::Raw;
use crate::vendor::{Say, Vendor};
use crate::world::World;

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

/// A vendor that streams, and a caller that reads.
async fn stream(world: &World, token: &str, pieces: &mpsc::Sender<Vec<u8>>) -> Raw {
    let mut caller = Raw::to(world.address).await;
    let request = format!(
        "GET /parcels/sandbox/open/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    caller.send(request.as_bytes()).await;
    pieces.send(HEAD.into()).await.unwrap();
    pieces.send(b"data: one\n\n".to_vec()).await.unwrap();
    let begun = caller.until(|text| text.contains("data: one\n\n")).await;
    assert!(begun.starts_with("HTTP/1.1 200"), "{begun}");
    caller
}

async fn streaming() -> (Vendor, mpsc::Sender<Vec<u8>>) {
    let (pieces, script) = mpsc::channel(1);
    let mut script = Some(script);
    let vendor = Vendor::new(move |_| Say::Pieces(script.take().unwrap())).await;
    (vendor, pieces)
}

#[tokio::test]
async fn a_revocation_cuts_the_open_stream_and_then_is_receipted() {
    let (vendor, pieces) = streaming().await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let (grant, _, token) = world.desk.token(&Ask::default());
    let other = world.token(&Ask::default()).await;
    let mut caller = stream(&world, &token, &pieces).await;
    assert_eq!(*vendor.open.borrow(), 1);
    let revocation = world.desk.revoke(Target::Grant(grant));
    world.desk.received(revocation).await;
    // The receipt is there: whatever the vendor says now, the caller gets nothing of it.
    let _ = pieces.send(b"data: two\n\n".to_vec()).await;
    let rest = caller.rest().await;
    assert!(!rest.contains("two") && !rest.contains("0\r\n\r\n"), "{rest:?}");
    vendor.open.clone().wait_for(|open| *open == 0).await.unwrap();
    let calls = world.desk.recorded(|calls| !calls.is_empty()).await;
    assert_eq!(calls[0].denied.as_deref(), Some("revoked"));
    assert_eq!((calls[0].status, calls[0].bytes_out), (200, 11));
    let _ = other;
}

/// Many streams on one thread: the first receipt finds every one of them closed.
#[tokio::test]
async fn no_receipt_is_signed_while_a_stream_is_open() {
    let begin = format!("{HEAD}data: one\n\n");
    let vendor = Vendor::new(move |_| Say::Hold(begin.clone().into())).await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let (grant, _, token) = world.desk.token(&Ask::default());
    world.settled().await;
    let mut callers = Vec::new();
    for _ in 0..100 {
        let mut caller = Raw::to(world.address).await;
        let request = format!(
            "GET /parcels/sandbox/open/e HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        caller.send(request.as_bytes()).await;
        caller.until(|text| text.contains("data: one\n\n")).await;
        callers.push(caller.quiet());
    }
    let open = Arc::new(Mutex::new(None));
    let found = open.clone();
    *world.desk.look.lock().unwrap() = Some(Box::new(move || {
        let count = callers.iter().filter(|caller| is_open(caller)).count();
        found.lock().unwrap().get_or_insert(count);
    }));
    let revocation = world.desk.revoke(Target::Grant(grant));
    world.desk.received(revocation).await;
    assert_eq!(*open.lock().unwrap(), Some(0));
}

/// Whether nothing has come in and the other side has not closed.
fn is_open(mut caller: &TcpStream) -> bool {
    let mut bytes = [0; 4096];
    loop {
        match caller.read(&mut bytes) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// Nobody says anything on either side: the end of the token alone cuts the stream.
#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let (vendor, pieces) = streaming().await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask { life: Span(3000), ..Ask::default() }).await;
    let mut caller = stream(&world, &token, &pieces).await;
    let rest = caller.rest().await;
    assert!(!rest.contains("0\r\n\r\n"), "{rest:?}");
    let calls = world.desk.recorded(|calls| !calls.is_empty()).await;
    assert_eq!(calls[0].denied.as_deref(), Some("expired"));
}

/// The streams of others go on.
#[tokio::test]
async fn only_what_is_revoked_is_cut() {
    let (vendor, pieces) = streaming().await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let (grant, _, _) = world.desk.token(&Ask::default());
    let kept = world.token(&Ask::default()).await;
    let mut caller = stream(&world, &kept, &pieces).await;
    let revocation = world.desk.revoke(Target::Grant(grant));
    world.desk.received(revocation).await;
    pieces.send(b"data: two\n\n".to_vec()).await.unwrap();
    let more = caller.until(|text| text.contains("data: two\n\n")).await;
    assert!(more.contains("data: two"), "{more:?}");
}
