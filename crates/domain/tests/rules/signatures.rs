//! Which marks the ledger remembers, and for how long; and which signatures come too late.

use domain::authority::{Act, Authority};
use domain::digest::Digest;
use domain::entry::Body;
use domain::genesis::SettingsSet;
use domain::id::PersonId;
use domain::people::{KeyAdded, ResponsibleSet, Role, RolesSet};
use domain::policy::PolicyPublished;
use domain::refusal::Code;
use domain::statement::LONGEST_WAIT;
use domain::testing::{Cast, Member, POLICY, WAIT, World};
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

fn staleness(seconds: u64) -> Act {
    Act::SettingsSet(SettingsSet { quorum: 1, staleness: Span(seconds * 1_000) })
}

fn roles(person: PersonId, roles: &[&str]) -> Act {
    let roles = roles.iter().map(|role| Role::new(*role)).collect();
    Act::RolesSet(RolesSet { person, roles })
}

/// That a signature over `kept`, made before `other` happened, counts behind it no more, and a fresh
/// one does.
fn overtaken(world: &mut World, kept: &Act, other: Act) {
    let ann = world.cast().ann;
    let signature = world.sign_act(&ann, kept);
    world.act(other).unwrap();
    let body = |signature| {
        Body::Authority(Authority { act: kept.clone(), signatures: vec![signature] }.into())
    };
    let late = codes(world.by(&ann, body(signature)));
    assert!(late.contains(&Code::SignatureOvertaken), "{}: {late:?}", kept.kind());
    let fresh = world.sign_act(&ann, kept);
    world.by(&ann, body(fresh)).unwrap();
}

#[test]
fn a_signature_that_was_kept_back_does_not_undo_what_came_since() {
    let mut world = World::new();
    let Cast { sue, max, bot, bob, .. } = world.cast();
    overtaken(&mut world, &staleness(20), staleness(30));
    overtaken(&mut world, &roles(sue.id, &["security", "privacy"]), roles(sue.id, &["security"]));
    // A key is part of its person.
    let spare = Member::new(PersonId(60), 60).public();
    let key = Act::KeyAdded(KeyAdded { key: spare, person: sue.id });
    overtaken(&mut world, &roles(sue.id, &[]), key);
    let answers = |person: &Member| ResponsibleSet { person: bot.id, responsible: person.id };
    let (kept, other) = (Act::ResponsibleSet(answers(&max)), answers(&bob));
    overtaken(&mut world, &kept, Act::ResponsibleSet(other));
    // Whoever signed version 3 knew of version 2 alone.
    let policy = |version| {
        let policy = Digest::of(POLICY.as_bytes());
        Act::PolicyPublished(PolicyPublished { policy, version })
    };
    overtaken(&mut world, &policy(4), policy(3));
}

#[test]
fn what_happens_to_others_overtakes_nothing() {
    let mut world = World::new();
    let Cast { ann, sue, pia, .. } = world.cast();
    let kept = roles(sue.id, &["privacy"]);
    let signature = world.sign_act(&ann, &kept);
    world.act(roles(pia.id, &["security"])).unwrap();
    world.act(staleness(20)).unwrap();
    let signatures = vec![signature];
    world.by(&ann, Body::Authority(Authority { act: kept, signatures }.into())).unwrap();
}

#[test]
fn a_second_operator_overtakes_what_was_signed_over_the_settings() {
    let mut world = World::new();
    let ann = world.cast().ann;
    let kept = Act::SettingsSet(SettingsSet { quorum: 2, staleness: Span::MINUTE });
    let early = world.sign_act(&ann, &kept);
    let olaf = Member::new(PersonId(60), 60);
    world.add_operator(&olaf);
    let signatures = vec![early, world.sign_act(&olaf, &kept)];
    let authority = Authority { act: kept, signatures };
    let late = codes(world.by(&ann, Body::Authority(authority.into())));
    assert!(late.contains(&Code::SignatureOvertaken));
}
