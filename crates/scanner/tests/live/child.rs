//! The scan in a process of its own.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use proving::{Switches, Weakness};
use scanner::CheckId;
use scanner::child::{ChildError, run};

use crate::order::{order_for, vendor};

/// The example that cargo builds beside the tests.
fn child() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().and_then(std::path::Path::parent).unwrap();
    folder.join("examples").join("scan_child")
}

const NOTHING: [&str; 0] = [];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_answers_like_the_scan_itself() {
    let vendor = vendor(Switches::hardened().with(Weakness::TokenSignatureIgnored)).await;
    let order = order_for(&vendor, &[CheckId::Transport, CheckId::TokenValidation]);
    let here = crate::order::scan(&order).await;
    let there = run(&child(), NOTHING, &order, |_| ()).await.unwrap();
    let measured = |answer: &scanner::Report| {
        let mut values = answer.values.clone();
        // A second later it may be a day less.
        values.remove("transport.certificate_days_left");
        values
    };
    assert_eq!(measured(&there), measured(&here));
    assert_eq!(there.findings.len(), here.findings.len());
    assert_eq!((there.nonce, there.target), (order.nonce, order.target));
    assert_eq!(there.certificate_sha256, here.certificate_sha256);
    vendor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_order_comes_back_with_its_code() {
    let vendor = vendor(Switches::hardened()).await;
    let mut order = order_for(&vendor, &[CheckId::Transport]);
    order.target = "ftp://nowhere".to_owned();
    let refused = run(&child(), NOTHING, &order, |_| ()).await.unwrap_err();
    assert!(matches!(&refused, ChildError::Refused { code, .. } if code == "target-unreadable"));
    vendor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_is_empty() {
    let vendor = vendor(Switches::hardened()).await;
    let order = order_for(&vendor, &[CheckId::Transport]);
    // `env` prints its environment and nothing else; an empty one is no reply at all.
    let died = run("/usr/bin/env".as_ref(), NOTHING, &order, |_| ()).await.unwrap_err();
    assert!(matches!(died, ChildError::Died(_)), "{died}");
    vendor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_talks_without_end_is_ended() {
    let vendor = vendor(Switches::hardened()).await;
    let order = order_for(&vendor, &[CheckId::Transport]);
    let start = Instant::now();
    let ended = run("/usr/bin/yes".as_ref(), NOTHING, &order, |_| ()).await.unwrap_err();
    // Its first line is no reply.
    assert!(matches!(ended, ChildError::Reply(_)), "{ended}");
    assert!(start.elapsed() < Duration::from_secs(10));
    vendor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_says_nothing_is_ended_when_it_is_late() {
    let vendor = vendor(Switches::hardened()).await;
    let mut order = order_for(&vendor, &[CheckId::Transport]);
    order.bounds.seconds = 1;
    let start = Instant::now();
    let ended = run("/usr/bin/sleep".as_ref(), ["600"], &order, |_| ()).await.unwrap_err();
    assert!(matches!(ended, ChildError::Late(11)), "{ended}");
    assert!(start.elapsed() < Duration::from_secs(20));
    vendor.stop().await;
}

#[tokio::test]
async fn what_cannot_start_says_so() {
    let order = crate::order::order_at("http://127.0.0.1:1", &CheckId::ALL, crate::order::BOUNDS);
    let failed = run("/nonexistent/scanner".as_ref(), NOTHING, &order, |_| ()).await.unwrap_err();
    assert!(matches!(failed, ChildError::Start(_)));
}
