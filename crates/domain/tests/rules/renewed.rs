//! Story: a renewal brings another table of operations. Who has a token keeps what was decided about.

use domain::catalog::{Method, Operation, Operations};
use domain::entry::Body;
use domain::id::{RequestId, ServiceId};
use domain::policy::Outcome;
use domain::refusal::Code;
use domain::request::Status;
use domain::review::{Subject, Verdict};
use domain::standard::DataClass;
use domain::testing::{Cast, World, operations};

use crate::refused;

fn changed(change: impl Fn(&mut Vec<Operation>)) -> Operations {
    let old = operations();
    let mut all = old.operations().to_vec();
    change(&mut all);
    Operations::new(old.credential().to_vec(), all, old.scopes().to_vec()).unwrap()
}

fn added(id: &str, scope: &str) -> Operations {
    let (id, scope) = (id.to_owned(), scope.to_owned());
    changed(|all| {
        let path = "/parcels/{id}/everything".to_owned();
        let (id, scope) = (id.clone(), scope.clone());
        all.push(Operation { id, method: Method::Get, path, scope });
    })
}

/// The table with one more operation under `parcels:read`.
pub fn grown() -> Operations {
    added("everything", "parcels:read")
}

/// The table with one more operation under `parcels:write`.
fn grown_to_write() -> Operations {
    added("everything", "parcels:write")
}

const NEW: &str = "/parcels/7/everything";

/// A request of bob's for one scope, with policy's word on it.
fn decided(world: &mut World, service: ServiceId, scope: &str) -> RequestId {
    let bob = world.cast().bob;
    let asked = world.asked(&bob, service, &[scope], 30);
    let request = world.ask(&bob, asked).unwrap();
    world.decide(request).unwrap();
    request
}

#[test]
fn a_live_token_keeps_its_table_and_a_new_request_gets_the_new_one() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let service = world.wide("parcels");
    let old = world.token(&bob, service, &["parcels:read"]);
    world.renew(service, &grown());
    let call = |token, path| World::call(token, "parcels", Method::Get, path);
    assert!(world.admit(call(old, "/parcels/7")).is_ok());
    let denied = world.admit(call(old, NEW)).unwrap_err();
    assert_eq!(denied.code(), "out-of-scope", "nobody decided about that for this token");

    let new = world.token(&bob, service, &["parcels:read"]);
    assert_eq!(world.admit(call(new, NEW)).unwrap().operation().unwrap().id, "everything");
    assert_eq!(world.admit(call(old, NEW)).unwrap_err().code(), "out-of-scope");
}

#[test]
fn an_operation_that_the_renewal_left_out_stays_with_those_who_have_it() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let service = world.wide("parcels");
    let old = world.token(&bob, service, &["parcels:read"]);
    world.renew(service, &changed(|all| all.retain(|one| one.id != "get")));
    let call = |token| World::call(token, "parcels", Method::Get, "/parcels/7");
    assert!(world.admit(call(old)).is_ok());
    let new = world.rotate(&bob, old).unwrap();
    assert_eq!(world.admit(call(new)).unwrap_err().code(), "out-of-scope");
    assert_eq!(world.admit(call(old)).unwrap_err().code(), "out-of-scope", "they share the grant");
}

#[test]
fn a_rotation_decides_under_the_new_table() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let service = world.wide("parcels");
    let old = world.token(&bob, service, &["parcels:read"]);
    world.renew(service, &grown());
    let new = world.rotate(&bob, old).unwrap();
    assert!(world.admit(World::call(new, "parcels", Method::Get, NEW)).is_ok());
}

#[test]
fn what_people_signed_is_rotated_until_it_grows() {
    let mut world = World::new();
    let Cast { bob, sue, .. } = world.cast();
    let service = world.wide("parcels");
    let request = decided(&mut world, service, "parcels:write");
    world.review(&sue, "security", Subject::Request(request), Verdict::Approve).unwrap();
    let grant = world.grant(request).unwrap();
    let token = world.claim(&bob, grant).unwrap();

    world.renew(service, &grown());
    let token = world.rotate(&bob, token).unwrap();
    world.renew(service, &grown_to_write());
    refused(world.rotate(&bob, token).map(|_| ()), Code::ReviewNeeded);
    world.renew(service, &operations());
    world.rotate(&bob, token).unwrap();
}

#[test]
fn a_request_in_review_is_decided_again_and_reviews_of_the_old_table_do_not_count() {
    let mut world = World::new();
    let Cast { sue, .. } = world.cast();
    let service = world.wide("parcels");
    let request = decided(&mut world, service, "parcels:write");
    refused(world.decide(request), Code::WrongStatus);
    world.review(&sue, "security", Subject::Request(request), Verdict::Approve).unwrap();
    world.renew(service, &grown_to_write());
    assert!(world.state().request(request).unwrap().is_overtaken(world.state()));
    refused(world.grant(request), Code::OperationsChanged);

    world.decide(request).unwrap();
    let found = world.state().request(request).unwrap();
    assert_eq!(found.decision.as_ref().unwrap().outcome, Outcome::Review);
    assert!(found.reviews.is_empty() && !found.is_overtaken(world.state()));
    refused(world.grant(request), Code::ReviewsMissing);
    world.review(&sue, "security", Subject::Request(request), Verdict::Approve).unwrap();
    let grant = world.grant(request).unwrap();
    let status = &world.state().request(request).unwrap().status;
    assert_eq!(*status, Status::Granted { at: world.now, grant });
}

#[test]
fn what_policy_granted_under_the_old_ticket_is_decided_again_though_the_table_is_the_same() {
    let mut world = World::new();
    let service = world.wide("parcels");
    let request = decided(&mut world, service, "parcels:read");
    world.renew(service, &operations());
    refused(world.grant(request), Code::OperationsChanged);
    world.decide(request).unwrap();
    world.grant(request).unwrap();
}

#[test]
fn a_review_that_was_signed_under_the_old_ticket_and_held_back_is_none_of_the_new_one() {
    let mut world = World::new();
    let Cast { sue, .. } = world.cast();
    let service = world.wide("parcels");
    let request = decided(&mut world, service, "parcels:write");
    let held_back = world.reviewed(&sue, "security", Subject::Request(request), Verdict::Approve);
    let mut terms = world.terms();
    terms.data.insert(DataClass::Health);
    world.renew_under(service, terms);
    world.decide(request).unwrap();
    refused(world.by(&sue, Body::ReviewSigned(held_back)), Code::SignatureInvalid);
    refused(world.grant(request), Code::ReviewsMissing);
}
