//! Decisions that were made before stand in for Cedar, and change no answer.

use domain::actor::Proof;
use domain::authority::Act;
use domain::digest::Digest;
use domain::entry::{Body, Entry};
use domain::id::RequestId;
use domain::material::Kind;
use domain::policy::{Decision, Memo, Outcome, PolicyPublished, recompute};
use domain::refusal::Code;
use domain::request::RequestDecided;
use domain::testing::World;
use domain::time::Span;

use crate::refused;

fn publish(world: &mut World, version: u64, text: &str) {
    let policy = world.put(Kind::Policy, text.as_bytes());
    world.act(Act::PolicyPublished(PolicyPublished { policy, version })).unwrap();
}

fn asked(world: &mut World, scope: &str, days: u64) -> RequestId {
    let bob = world.cast().bob;
    let service = world.state().names.get("parcels").copied();
    let service = service.unwrap_or_else(|| world.canary("parcels"));
    let asked = world.asked(&bob, service, &[scope], days);
    world.ask(&bob, asked).unwrap()
}

fn holding(world: &World, request: RequestId, decision: Decision) -> Entry {
    let decided = RequestDecided { decision: decision.into(), request };
    world.entry(None, Proof::Node, Body::RequestDecided(decided))
}

fn right(world: &World, request: RequestId) -> Entry {
    holding(world, request, world.decision(request))
}

#[test]
fn a_known_decision_does_not_let_another_one_pass() {
    let mut world = World::new();
    let request = asked(&mut world, "parcels:write", 5);
    let mut memo = Memo::default();
    assert_eq!(recompute(world.state(), &right(&world, request), &mut memo), Ok(None));
    let wrong = Decision { outcome: Outcome::Grant, reviewers: None, ..world.decision(request) };
    let wrong = holding(&world, request, wrong);
    refused(recompute(world.state(), &wrong, &mut memo), Code::DecisionDiffers);
}

#[test]
fn other_days_other_roles_and_other_policies_are_decided_anew() {
    let mut world = World::new();
    let request = asked(&mut world, "parcels:read", 61);
    let mut memo = Memo::default();
    let agree = |world: &World, memo: &mut Memo, outcome| {
        assert_eq!(world.decision(request).outcome, outcome);
        assert_eq!(recompute(world.state(), &right(world, request), memo), Ok(None));
    };
    agree(&world, &mut memo, Outcome::Review);
    world.wait(Span::days(2));
    agree(&world, &mut memo, Outcome::Grant);
    let staff = r#"@id("x") permit(principal, action == Action::"grant", resource)
                   when { principal.roles.contains("staff") };"#;
    publish(&mut world, 2, staff);
    agree(&world, &mut memo, Outcome::Review);
    let person = world.cast().bob.id;
    let roles = [domain::people::Role::new("staff")].into();
    world.act(Act::RolesSet(domain::people::RolesSet { person, roles })).unwrap();
    agree(&world, &mut memo, Outcome::Grant);
}

#[test]
fn a_denial_is_made_again_for_its_smaller_request_ends_elsewhere() {
    let mut world = World::new();
    let request = asked(&mut world, "parcels:read", 200);
    let mut memo = Memo::default();
    let first = world.decision(request).smaller.unwrap();
    assert_eq!(recompute(world.state(), &right(&world, request), &mut memo), Ok(None));
    world.wait(Span::HOUR);
    assert_ne!(world.decision(request).smaller.unwrap().until, first.until);
    assert_eq!(recompute(world.state(), &right(&world, request), &mut memo), Ok(None));
}

#[test]
fn requests_that_are_decided_alike_hold_one_decision() {
    let mut world = World::new();
    let requests = [7, 8].map(|days| asked(&mut world, "parcels:read", days));
    for request in requests {
        world.decide(request).unwrap();
    }
    let decision = |id| world.state().request(id).unwrap().decision.clone().unwrap();
    let [one, other] = requests.map(decision);
    assert!(std::sync::Arc::ptr_eq(&one, &other));
    let key = [3; 32];
    let sealed = domain::snapshot::seal(world.state(), world.frontier(), &key).unwrap();
    let load = |_, digest: &Digest| world.load(digest);
    let (opened, _) = domain::snapshot::open(&sealed, &key, load).unwrap();
    let decision = |id| opened.request(id).unwrap().decision.clone().unwrap();
    let [one, other] = requests.map(decision);
    assert!(std::sync::Arc::ptr_eq(&one, &other));
}
