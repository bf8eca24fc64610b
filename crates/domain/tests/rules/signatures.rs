//! Which marks the ledger remembers, and for how long.

use domain::authority::{Act, Authority};
use domain::entry::Body;
use domain::genesis::SettingsSet;
use domain::refusal::Code;
use domain::statement::LONGEST_WAIT;
use domain::testing::{WAIT, World};
use domain::time::Span;

use crate::codes;

#[test]
fn a_used_signature_is_remembered_until_its_very_end() {
    let mut world = World::new();
    let ann = world.cast().ann;
    let act = |seconds: u64| {
        Act::SettingsSet(SettingsSet { quorum: 1, staleness: Span(seconds * 1_000) })
    };
    let signature = world.sign_act(&ann, &act(2));
    let body =
        || Body::Authority(Authority { act: act(2), signatures: vec![signature.clone()] }.into());
    world.by(&ann, body()).unwrap();
    world.wait(WAIT);
    world.act(act(3)).unwrap();
    assert!(codes(world.by(&ann, body())).contains(&Code::SignatureUsed));
    world.wait(Span(1));
    world.act(act(4)).unwrap();
    assert!(codes(world.by(&ann, body())).contains(&Code::SignatureExpired));
}

#[test]
fn nothing_is_remembered_for_longer_than_signatures_wait() {
    let mut world = World::new();
    let used = |world: &World| {
        let projection: serde_json::Value =
            serde_json::from_slice(&world.state().projection()).unwrap();
        projection["used"].as_array().unwrap().len()
    };
    assert!(used(&world) > 3);
    world.wait(LONGEST_WAIT);
    world.wait(Span(1));
    world.vendor();
    assert_eq!(used(&world), 0);
}
