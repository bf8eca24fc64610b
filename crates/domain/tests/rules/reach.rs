//! Story: how far a probe may go, and who says so.

use domain::address::Reach;
use domain::entry::Body;
use domain::id::{PersonId, ServiceId, TicketId};
use domain::probe::ProbeOrdered;
use domain::refusal::{Code, Refusal};
use domain::service::ServiceSuspended;
use domain::testing::{Cast, Member, World};
use domain::ticket::{Terms, TicketAmended};

use crate::refused;

/// A ticket of `by`'s with these terms, and an order for its sandbox.
fn ordered(world: &mut World, by: &Member, terms: Terms) -> ProbeOrdered {
    let opened = world.opened("parcels", terms);
    let ticket = opened.ticket;
    world.by(by, Body::TicketOpened(opened.into())).unwrap();
    world.ordered(ticket, &["transport"])
}

fn private_terms(world: &World) -> Terms {
    let mut terms = world.terms();
    for environment in terms.environments.values_mut() {
        environment.private = vec!["10.0.0.0/8".parse().unwrap()];
    }
    terms
}

#[test]
fn whoever_asks_probes_the_public_internet_and_the_entry_says_no_further() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let terms = world.terms();
    let order = ordered(&mut world, &bob, terms);
    assert_eq!(order.reach, Reach::Public);
    let private = Reach::Private(vec!["10.0.0.0/8".parse().unwrap()]);
    for reach in [Reach::Loopback, private] {
        let further = ProbeOrdered { reach, ..order.clone() };
        let answer = world.by(&bob, Body::ProbeOrdered(further));
        assert!(answer.unwrap_err().has(Code::UpstreamRefused));
    }
    world.by(&bob, Body::ProbeOrdered(order)).unwrap();
}

#[test]
fn an_operator_sends_the_runner_into_private_networks_and_to_this_machine() {
    let mut world = World::new();
    let Cast { ann, bob, .. } = world.cast();
    let (private, here) = (private_terms(&world), world.loopback_terms());
    let order = ordered(&mut world, &bob, private);
    assert_eq!(order.reach, Reach::Private(vec!["10.0.0.0/8".parse().unwrap()]));
    let other = world.opened("labels", here);
    let ticket = other.ticket;
    world.by(&bob, Body::TicketOpened(other.into())).unwrap();
    let local = world.ordered(ticket, &["transport"]);
    assert_eq!(local.reach, Reach::Loopback);
    for order in [order, local] {
        refused(world.by(&bob, Body::ProbeOrdered(order.clone())), Code::RoleNeeded);
        world.by(&ann, Body::ProbeOrdered(order)).unwrap();
    }
}

/// A ticket of Bob's for a sandbox in a private network, in review.
fn in_review(world: &mut World) -> TicketId {
    let Cast { ann, bob, .. } = world.cast();
    let terms = private_terms(world);
    let order = ordered(world, &bob, terms);
    let ticket = order.ticket;
    let first =
        ProbeOrdered { checks: ["authentication", "transport"].map(str::to_owned).into(), ..order };
    let id = first.order;
    world.by(&ann, Body::ProbeOrdered(first)).unwrap();
    let (answer, runner) = (world.answer(id, 13, true), world.runner.1);
    let answered = world.answered(&answer, &runner);
    world.job(Body::ProbeAnswered(answered)).unwrap();
    world.papers(ticket);
    world.submit(ticket).unwrap();
    ticket
}

/// The ticket is measured again by whoever asks.
fn again(world: &mut World, by: &Member, ticket: TicketId) -> Result<u64, Refusal> {
    let order = world.ordered(ticket, &["transport"]);
    world.by(by, Body::ProbeOrdered(order))
}

#[test]
fn once_reviewers_have_signed_the_private_network_its_requester_measures_there_again() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let ticket = in_review(&mut world);
    assert!(again(&mut world, &bob, ticket).is_err());
    world.reviews(ticket);
    world.approve(ticket).unwrap();
    again(&mut world, &bob, ticket).unwrap();
}

#[test]
fn an_approval_that_stands_no_more_sends_nobody_into_the_private_network() {
    let ends: [fn(&mut World, ServiceId); 3] = [
        |world, service| {
            let sue = world.cast().sue;
            world.by(&sue, Body::ServiceSuspended(ServiceSuspended { service })).unwrap();
        },
        |world, service| {
            let until = world.state().service(service).unwrap().fuse.until;
            world.wait(world.now.until(until));
        },
        |world, service| world.renew_under(service, world.terms()),
    ];
    for (case, end) in ends.into_iter().enumerate() {
        let mut world = World::new();
        let Cast { ann, bob, .. } = world.cast();
        let ticket = in_review(&mut world);
        world.reviews(ticket);
        world.approve(ticket).unwrap();
        let service = world.state().ticket(ticket).unwrap().service;
        again(&mut world, &bob, ticket).unwrap();
        end(&mut world, service);
        let refusal = again(&mut world, &bob, ticket).unwrap_err();
        assert!(refusal.has(Code::RoleNeeded), "case {case}: {refusal}");
        again(&mut world, &ann, ticket).unwrap();
    }
}

#[test]
fn demo_people_send_the_runner_to_this_machine_and_nowhere_else() {
    let mut world = World::new();
    let dan = Member::new(PersonId(21), 21);
    world.add_demo(&dan, &["operator"]);
    let terms = world.loopback_terms();
    let order = ordered(&mut world, &dan, terms);
    world.by(&dan, Body::ProbeOrdered(order)).unwrap();

    let (bob, terms) = (world.cast().bob, private_terms(&world));
    let opened = world.opened("labels", terms);
    let ticket = opened.ticket;
    world.by(&bob, Body::TicketOpened(opened.into())).unwrap();
    let private = world.ordered(ticket, &["transport"]);
    refused(world.by(&dan, Body::ProbeOrdered(private)), Code::DemoPerson);
}

#[test]
fn what_was_measured_within_another_reach_is_no_evidence() {
    let mut world = World::new();
    let Cast { bob, .. } = world.cast();
    let ticket = world.open("parcels");
    let order = world.order(ticket);
    let answer = world.answer(order, 13, true);
    let terms = private_terms(&world);
    world.by(&bob, Body::TicketAmended(TicketAmended { terms, ticket })).unwrap();
    let runner = world.runner.1;
    let answered = world.answered(&answer, &runner);
    refused(world.job(Body::ProbeAnswered(answered)), Code::UpstreamRefused);
    let found = world.state().ticket(ticket).unwrap();
    assert!(!found.still_wants(&world.state().order(order).unwrap().ordered));
}
