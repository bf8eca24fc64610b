//! Following: fresh or closed, never backwards, and never behind a batch that breaks a rule.

use std::sync::atomic::Ordering;

use domain::actor::{Actor, Proof};
use domain::entry::{Body, Entry};
use domain::fuse::{Cause, Fuse};
use domain::id::{GrantId, NodeId, TokenId};
use domain::signature::Seen;
use domain::time::Span;
use domain::token::TokenIssued;

use crate::ledger::{Ask, REQUESTER, Setup, now};
use crate::vendor::Vendor;
use crate::world::{Desk, World, problem};

fn brief(vendor: &Vendor) -> Setup {
    Setup { staleness: Span::SECOND, ..Setup::at(&vendor.url()) }
}

#[tokio::test]
async fn a_gateway_that_cannot_prove_freshness_closes_and_opens_again() {
    let vendor = Vendor::plain().await;
    let world = World::new(&brief(&vendor)).await;
    let token = world.token(&Ask::default()).await;
    assert_eq!(world.get("/open/x", &token).send().await.unwrap().status(), 200);
    world.desk.silent.store(true, Ordering::Relaxed);
    let report = world.until(|report| !report.ready).await;
    assert_eq!(report.why, ["stale"]);
    let response = world.get("/open/x", &token).send().await.unwrap();
    assert_eq!(problem(response).await, (503, "stale".into()));
    let health = format!("http://{}{}", world.address, gateway::HEALTH_PATH);
    let response = world.client.get(&health).send().await.unwrap();
    assert_eq!(response.status(), 503);
    world.desk.silent.store(false, Ordering::Relaxed);
    world.until(|report| report.ready).await;
    assert_eq!(world.client.get(&health).send().await.unwrap().status(), 200);
    assert_eq!(world.get("/open/x", &token).send().await.unwrap().status(), 200);
    assert_eq!(vendor.requests().len(), 2);
}

/// A token that nobody granted, in a batch that a node did attest: the rulebook refuses it, nothing
/// is followed any more, and the gate closes.
#[tokio::test]
async fn a_forged_entry_stops_the_following_and_closes_the_gate() {
    let vendor = Vendor::plain().await;
    let world = World::new(&brief(&vendor)).await;
    let token = world.token(&Ask::default()).await;
    let batch = {
        let ledger = world.desk.ledger.lock().unwrap();
        let issued = TokenIssued {
            fuse: Fuse::new(now().after(Span::DAY), Cause::Request),
            grant: GrantId(999),
            hash: domain::digest::Digest([1; 32]),
            token: TokenId(999),
        };
        let actor = Actor { node: NodeId(1), proof: Proof::Login, who: Some(REQUESTER) };
        let entry = Entry { actor, at: now(), body: Body::TokenIssued(issued) };
        ledger.attest(entry.encode(), Vec::new())
    };
    let number = batch.first;
    world.desk.forge(batch);
    let report = world.until(|report| report.why.len() > 1).await;
    assert!(report.why[0].contains(&format!("entry {number}")), "{report:?}");
    assert!(report.why[0].starts_with("ledger-broken (not-found)"), "{report:?}");
    let response = world.get("/open/x", &token).send().await.unwrap();
    assert_eq!(problem(response).await, (503, "stale".into()));
}

/// The same entries under an attestation of a node that was never enrolled.
#[tokio::test]
async fn a_batch_without_a_nodes_attestation_is_not_believed() {
    let vendor = Vendor::plain().await;
    let world = World::new(&brief(&vendor)).await;
    let mut batch = {
        let mut ledger = world.desk.ledger.lock().unwrap();
        ledger.token("sandbox", &Ask::default());
        let size = usize::try_from(world.gateway().health().size).unwrap();
        ledger.batches.iter().find(|batch| batch.first == size as u64).unwrap().clone()
    };
    batch.attestation = batch.attestation.replace("\u{2014} nod_", "\u{2014} nox_");
    world.desk.forge(batch);
    let report = world.until(|report| !report.why.is_empty()).await;
    assert!(report.why[0].starts_with("ledger-broken (attestation)"), "{report:?}");
}

/// The watermark of an earlier run says that there was more, or something else.
#[tokio::test]
async fn a_ledger_that_went_backwards_or_forked_is_not_followed() {
    let vendor = Vendor::plain().await;
    let mut world = World::new(&brief(&vendor)).await;
    world.settled().await;
    world.stop().await;
    let path = world.folder.path().join("watermark");
    let seen: Seen = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(seen, world.desk.ledger.lock().unwrap().state().seen().unwrap());
    let fork = Seen { root: domain::digest::Digest([7; 32]), ..seen };
    std::fs::write(&path, serde_json::to_vec(&fork).unwrap()).unwrap();
    world.launch(|_| {});
    let report = world.until(|report| !report.why.is_empty() && report.why[0] != "stale").await;
    assert!(report.why[0].starts_with("ledger-broken (fork)"), "{report:?}");
    assert_eq!(report.size, 0, "nothing of it came into force");
    world.stop().await;
    let ahead = Seen { size: seen.size + 5, ..seen };
    std::fs::write(&path, serde_json::to_vec(&ahead).unwrap()).unwrap();
    world.launch(|_| {});
    // What was seen before is not reached, so nothing is proven, however fresh the node says it is.
    let token = world.desk.token(&Ask::default()).2;
    let response = world.get("/open/x", &token).send().await.unwrap();
    assert_eq!(problem(response).await.0, 503);
}

#[tokio::test]
async fn another_genesis_is_not_followed() {
    let vendor = Vendor::plain().await;
    let desk = Desk::new(&Setup::at(&vendor.url()));
    let mut world = World::around(desk, tempfile::tempdir().unwrap());
    world.launch(|config| config.genesis = domain::digest::Digest([8; 32]));
    let report = world.until(|report| report.why[0] != "stale").await;
    assert!(report.why[0].starts_with("ledger-broken (genesis)"), "{report:?}");
}
