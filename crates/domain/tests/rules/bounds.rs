//! One person holds so much open at once, and room comes back when something is settled.

use domain::entry::Body;
use domain::material::{Kind, Material};
use domain::probe::MOST_PROBING;
use domain::refusal::Code;
use domain::request::MOST_WAITING;
use domain::testing::{Cast, World};
use domain::ticket::{MOST_OPEN, TicketAmended, TicketWithdrawn};
use domain::time::Span;

use crate::refused;

#[test]
fn a_person_has_so_many_open_tickets() {
    let mut world = World::new();
    world.every = 200;
    let Cast { bob, max, .. } = world.cast();
    let first = world.open("service-0");
    (1..MOST_OPEN).for_each(|number| {
        world.open(&format!("service-{number}"));
    });
    let more = |world: &mut World| world.opened("one-more", world.terms());
    let opened = more(&mut world);
    refused(world.by(&bob, Body::TicketOpened(opened.clone().into())), Code::TooMany);
    let others = world.opened("of-max", world.terms());
    world.by(&max, Body::TicketOpened(others.into())).unwrap();
    world.by(&bob, Body::TicketWithdrawn(TicketWithdrawn { ticket: first })).unwrap();
    world.by(&bob, Body::TicketOpened(opened.into())).unwrap();
}

#[test]
fn a_person_has_so_many_waiting_requests_and_past_ones_do_not_count() {
    let mut world = World::new();
    world.every = 200;
    let Cast { bob, max, .. } = world.cast();
    let service = world.wide("parcels");
    let ask = |world: &mut World, days| {
        let asked = world.asked(&bob, service, &["parcels:read"], days);
        world.ask(&bob, asked)
    };
    let first = ask(&mut world, 1).unwrap();
    for _ in 1..MOST_WAITING {
        ask(&mut world, 1).unwrap();
    }
    refused(ask(&mut world, 1), Code::TooMany);
    let asked = world.asked(&max, service, &["parcels:read"], 1);
    world.ask(&max, asked).unwrap();

    world.decide(first).unwrap();
    refused(ask(&mut world, 1), Code::TooMany);
    world.grant(first).unwrap();
    ask(&mut world, 2).unwrap();
    refused(ask(&mut world, 2), Code::TooMany);
    world.wait(Span::DAY);
    for _ in 1..MOST_WAITING {
        ask(&mut world, 1).unwrap();
    }
    refused(ask(&mut world, 1), Code::TooMany);
    assert_eq!(world.state().waiting(bob.id).count(), MOST_WAITING, "past ones are forgotten");
}

#[test]
fn a_person_has_so_many_waiting_probes_and_ones_that_nobody_wants_any_more_do_not_count() {
    let mut world = World::new();
    let Cast { ann, bob, .. } = world.cast();
    let ticket = world.open("parcels");
    let first = world.order(ticket);
    (1..MOST_PROBING).for_each(|_| {
        world.order(ticket);
    });
    let order = |world: &mut World, by: &domain::testing::Member| {
        let ordered = world.ordered(ticket, &["transport"]);
        world.by(by, Body::ProbeOrdered(ordered))
    };
    refused(order(&mut world, &bob), Code::TooMany);
    order(&mut world, &ann).unwrap();
    let (answer, runner) = (world.answer(first, 13, true), world.runner.1);
    let answered = world.answered(&answer, &runner);
    world.job(Body::ProbeAnswered(answered)).unwrap();
    order(&mut world, &bob).unwrap();
    refused(order(&mut world, &bob), Code::TooMany);
    let mut terms = world.terms();
    terms.document = domain::digest::Digest::of(b"another document");
    world.by(&bob, Body::TicketAmended(TicketAmended { terms, ticket })).unwrap();
    for _ in 0..MOST_PROBING {
        order(&mut world, &bob).unwrap();
    }
    refused(order(&mut world, &bob), Code::TooMany);
    world.wait(Span::HOUR);
    order(&mut world, &bob).unwrap();
}

#[test]
fn a_material_beyond_its_bound_is_not_even_parsed() {
    for kind in [Kind::Answer, Kind::Policy, Kind::Standard] {
        let spaces = vec![b' '; kind.longest() + 1];
        let refusal = Material::read(kind, &spaces).unwrap_err();
        assert!(refusal.to_string().contains("at most"), "{refusal}");
    }
}
