//! Every call is in a segment, every lost number in a gap, and what cannot be recorded is not forwarded.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::ledger::{Ask, GATEWAY, SERVICE, Setup};
use crate::raw::Raw;
use crate::vendor::{Say, Vendor};
use crate::world::{World, problem};

#[tokio::test]
async fn every_call_is_committed_the_denied_ones_too() {
    let vendor = Vendor::plain().await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let (grant, id, token) = world.desk.token(&Ask { scopes: vec!["any:read"], ..Ask::default() });
    world.settled().await;
    assert_eq!(world.get("/open/x", &token).send().await.unwrap().status(), 200);
    let call = world.client.post(world.url("/open/x")).bearer_auth(&token).body("abc");
    assert_eq!(call.send().await.unwrap().status(), 403);
    assert_eq!(world.client.get(world.url("/open/x")).send().await.unwrap().status(), 401);
    let calls = world.desk.recorded(|calls| calls.len() >= 3).await;
    let numbers: Vec<u64> = calls.iter().map(|call| call.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let known = (Some(grant), Some(id), Some(SERVICE), "sandbox");
    for call in &calls[..2] {
        assert_eq!((call.grant, call.token, call.service, call.environment.as_str()), known);
    }
    assert_eq!(calls[0].operation.as_deref(), Some("read"));
    assert_eq!((calls[0].status, calls[0].bytes_out, calls[0].denied.as_deref()), (200, 5, None));
    assert_eq!((calls[1].status, calls[1].denied.as_deref()), (403, Some("out-of-scope")));
    assert_eq!((calls[2].status, calls[2].denied.as_deref()), (401, Some("unknown")));
    assert_eq!((calls[2].token, calls[2].service), (None, Some(SERVICE)));
    let ledger = world.desk.ledger.lock().unwrap();
    assert_eq!(ledger.state().chains.get(&GATEWAY).unwrap().calls, 3);
}

#[tokio::test]
async fn a_full_spool_forwards_nothing_until_control_takes_the_segments() {
    let vendor = Vendor::plain().await;
    let world = World::with(&Setup::at(&vendor.url()), |config| {
        config.recording.limit = 600;
    })
    .await;
    let token = world.token(&Ask::default()).await;
    world.desk.refusing.store(true, Ordering::Relaxed);
    let mut passed = 0;
    let refused = loop {
        let response = world.get("/open/x", &token).send().await.unwrap();
        match response.status().as_u16() {
            200 => passed += 1,
            _ => break problem(response).await,
        }
    };
    assert_eq!(refused, (503, "no-spool".into()));
    assert_eq!(world.gateway().health().why, ["no-spool"]);
    assert_eq!(vendor.requests().len(), passed);
    world.desk.refusing.store(false, Ordering::Relaxed);
    world.until(|report| report.ready).await;
    assert_eq!(world.get("/open/x", &token).send().await.unwrap().status(), 200);
    world.desk.recorded(|calls| calls.len() == passed + 1).await;
}

/// The next reservation cannot be made durable: the numbers run out, and with them the calls.
#[tokio::test]
async fn an_unwritable_spool_forwards_nothing_and_nothing_is_lost() {
    let vendor = Vendor::plain().await;
    let world = World::with(&Setup::at(&vendor.url()), |config| {
        config.recording.block = 4;
        config.recording.every = Duration::from_secs(3600);
    })
    .await;
    let token = world.token(&Ask::default()).await;
    let obstacle = world.folder.path().join("data/spool/reserved.new");
    std::fs::create_dir(&obstacle).unwrap();
    let mut passed = 0;
    let refused = loop {
        let response = world.get("/open/x", &token).send().await.unwrap();
        match response.status().as_u16() {
            200 => passed += 1,
            _ => break problem(response).await,
        }
        assert!(passed <= 4, "more calls than reserved numbers");
    };
    assert_eq!(refused, (503, "no-spool".into()));
    assert_eq!(vendor.requests().len(), passed);
    std::fs::remove_dir(&obstacle).unwrap();
    world.until(|report| report.ready).await;
    assert_eq!(world.get("/open/x", &token).send().await.unwrap().status(), 200);
}

/// A kill in the middle: what was synced is committed by the next run, what was not is a stated gap.
#[tokio::test]
async fn after_a_kill_the_missing_numbers_are_stated() {
    let vendor = Vendor::plain().await;
    let mut world = World::with(&Setup::at(&vendor.url()), |config| {
        config.recording.every = Duration::from_secs(3600);
        config.recording.block = 8;
    })
    .await;
    let token = world.token(&Ask::default()).await;
    for _ in 0..3 {
        assert_eq!(world.get("/open/x", &token).send().await.unwrap().status(), 200);
    }
    let data = world.folder.path().join("data");
    let lines = |text: &str| text.lines().count();
    let copy = world.folder.path().join("copy");
    // What the disk has at some moment is what a kill at that moment leaves: it is copied and the
    // next run starts from the copy.
    loop {
        let _ = std::fs::remove_dir_all(&copy);
        snapshot(&data, &copy);
        let spool = std::fs::read_dir(copy.join("spool")).unwrap();
        let calls = spool.filter_map(|entry| {
            let path = entry.unwrap().path();
            path.file_name()?.to_str()?.starts_with("calls-").then(|| std::fs::read_to_string(path))
        });
        if calls.map(|text| lines(&text.unwrap())).sum::<usize>() == 3 {
            break;
        }
        tokio::task::yield_now().await;
    }
    // The first run ends unheard.
    world.desk.refusing.store(true, Ordering::Relaxed);
    world.stop().await;
    world.desk.refusing.store(false, Ordering::Relaxed);
    let spool = std::fs::read_dir(copy.join("spool")).unwrap();
    for entry in spool {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("calls-") {
            // The last line is torn, as by a loss of power.
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, &text[..text.len() - 20]).unwrap();
        }
    }
    world.start(|config| config.data = copy).await;
    assert_eq!(world.get("/open/x", &token).send().await.unwrap().status(), 200);
    let calls = world.desk.recorded(|calls| calls.len() == 3).await;
    let numbers: Vec<u64> = calls.iter().map(|call| call.number).collect();
    assert_eq!(numbers, [1, 2, 9]);
    let segments = world.desk.segments.borrow().clone();
    let gaps: Vec<_> = segments.iter().flat_map(|(head, _)| head.segment.gaps.clone()).collect();
    assert_eq!((gaps[0].first, gaps[0].last, gaps.len()), (3, 8, 1));
}

fn snapshot(from: &std::path::Path, to: &std::path::Path) {
    for folder in ["spool", "segments"] {
        std::fs::create_dir_all(to.join(folder)).unwrap();
        for entry in std::fs::read_dir(from.join(folder)).unwrap() {
            let entry = entry.unwrap();
            let _ = std::fs::copy(entry.path(), to.join(folder).join(entry.file_name()));
        }
    }
}

#[tokio::test]
async fn a_clean_restart_leaves_no_gap_and_goes_on_counting() {
    let vendor = Vendor::plain().await;
    let mut world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    for run in 1..=3_usize {
        assert_eq!(world.get("/open/x", &token).send().await.unwrap().status(), 200);
        world.stop().await;
        world.start(|_| {}).await;
        world.desk.recorded(|calls| calls.len() == run).await;
    }
    let segments = world.desk.segments.borrow().clone();
    let numbers: Vec<u64> = segments.iter().flat_map(|(_, c)| c.iter().map(|c| c.number)).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(segments.iter().all(|(head, _)| head.segment.gaps.is_empty()));
}

/// A stream that outlasts its segment is written down in parts and holds nothing up.
#[tokio::test]
async fn a_long_stream_holds_no_segment_up() {
    let (pieces, script) = mpsc::channel(1);
    let mut script = Some(script);
    let vendor = Vendor::new(move |_| Say::Pieces(script.take().unwrap())).await;
    let world = World::new(&Setup::at(&vendor.url())).await;
    let token = world.token(&Ask::default()).await;
    let mut caller = Raw::to(world.address).await;
    let request = format!(
        "GET /parcels/sandbox/open/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    caller.send(request.as_bytes()).await;
    pieces.send(b"HTTP/1.1 200 OK\r\n\r\n0123456789".to_vec()).await.unwrap();
    caller.until(|text| text.contains("0123456789")).await;
    assert_eq!(world.client.get(world.url("/open/x")).send().await.unwrap().status(), 401);
    let calls = world.desk.recorded(|calls| calls.len() >= 2).await;
    assert_eq!((calls[0].number, calls[0].bytes_out, calls[0].status), (1, 10, 200));
    pieces.send(b"abc".to_vec()).await.unwrap();
    drop(pieces);
    let calls = world.desk.recorded(|calls| {
        calls.iter().map(|call| call.bytes_out).sum::<u64>() >= 13 + calls[1].bytes_out
    });
    let calls = calls.await;
    assert!(calls.len() > 2 && calls.iter().skip(2).all(|call| call.bytes_out <= 3), "{calls:?}");
}
