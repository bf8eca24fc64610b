//! Story: policy granted it once; a decision that is held back grants nothing once policy says otherwise.

use domain::actor::Proof;
use domain::authority::Act;
use domain::entry::Body;
use domain::follow::Follower;
use domain::id::RequestId;
use domain::people::{Role, RolesSet};
use domain::policy::{Decision, Memo, recompute};
use domain::refusal::{Code, Refusal};
use domain::testing::World;

use crate::refused;

const STAFF: &str = r#"@id("staff") permit(principal, action == Action::"grant", resource)
                       when { principal.roles.contains("staff") };"#;
const EVERYBODY: &str = r#"@id("all") permit(principal, action == Action::"grant", resource);"#;
const PEOPLE: &str =
    r#"@id("ask people") permit(principal, action == Action::"review", resource);"#;

fn set_roles(world: &mut World, roles: &[&str]) {
    let roles = roles.iter().map(|role| Role::new(*role)).collect();
    world.act(Act::RolesSet(RolesSet { person: world.cast().bob.id, roles })).unwrap();
}

/// A request of Bob's to read.
fn asked(world: &mut World) -> RequestId {
    let bob = world.cast().bob;
    let service = world.canary("parcels");
    let asked = world.asked(&bob, service, &["parcels:read"], 30);
    world.ask(&bob, asked).unwrap()
}

/// What the journal, before it appends a grant, and whoever follows it ask of policy.
fn again(world: &mut World, request: RequestId) -> Result<Option<Decision>, Refusal> {
    let issued = world.issued(request);
    let entry = world.entry(None, Proof::Node, Body::GrantIssued(issued));
    recompute(world.state(), &entry, &mut Memo::default())
}

#[test]
fn what_policy_granted_alone_is_decided_again_when_the_grant_is_issued() {
    let mut world = World::new();
    world.publish_policy(STAFF).unwrap();
    set_roles(&mut world, &["staff"]);
    let request = asked(&mut world);
    world.decide(request).unwrap();
    assert_eq!(again(&mut world, request), Ok(None));
    set_roles(&mut world, &[]);
    refused(again(&mut world, request), Code::DecisionDiffers);

    // A node that grants it all the same is believed by nobody.
    world.grant(request).unwrap();
    let (last, before) = world.batches().split_last().unwrap();
    let mut follower = Follower::new(None);
    before.iter().for_each(|batch| follower.accept(batch).unwrap());
    assert_eq!(follower.accept(last).unwrap_err().rule(), "decision-differs");
    world.replayed = false;
}

#[test]
fn a_policy_that_was_wide_for_a_while_leaves_no_grant_behind() {
    let mut world = World::new();
    world.publish_policy(PEOPLE).unwrap();
    let request = asked(&mut world);
    world.publish_policy(EVERYBODY).unwrap();
    world.decide(request).unwrap();
    assert_eq!(again(&mut world, request), Ok(None));
    world.publish_policy(PEOPLE).unwrap();
    refused(world.grant(request), Code::PolicyNotInForce);
    world.decide(request).unwrap();
    refused(world.grant(request), Code::ReviewsMissing);
}
