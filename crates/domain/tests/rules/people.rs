//! People who may not sign, or not any more, and what they signed.

use domain::authority::Act;
use domain::entry::Body;
use domain::id::PersonId;
use domain::people::{KeyRetired, Role, RolesSet};
use domain::refusal::Code;
use domain::review::{Subject, Verdict};
use domain::testing::{Cast, Member, World};
use domain::ticket::TicketAmended;

use crate::{codes, refused};

#[test]
fn a_retired_key_signs_nothing_and_what_it_signed_is_live_no_more() {
    let mut world = World::new();
    let sue = world.cast().sue;
    let ticket = world.in_review("parcels");
    world.reviews(ticket);
    let spare = sue.with_key(71);
    let added = domain::people::KeyAdded { key: spare.public(), person: sue.id };
    world.act(Act::KeyAdded(added)).unwrap();
    let key = sue.public().fingerprint();
    world.act(Act::KeyRetired(KeyRetired { key })).unwrap();
    refused(world.approve(ticket), Code::ReviewsMissing);
    let subject = Subject::Ticket(world.in_review("labels"));
    refused(world.review(&sue, "security", subject, Verdict::Approve), Code::KeyNotActive);
    world.review(&spare, "security", subject, Verdict::Approve).unwrap();
    let again = domain::people::KeyAdded { key: sue.public(), person: world.cast().max.id };
    refused(world.act(Act::KeyAdded(again)), Code::Exists);
}

#[test]
fn an_approval_does_not_count_when_its_reviewer_has_left_or_lost_the_role() {
    for leaves in [true, false] {
        let mut world = World::new();
        let sue = world.cast().sue;
        let ticket = world.in_review("parcels");
        world.reviews(ticket);
        match leaves {
            true => world.offboard(&sue).unwrap(),
            false => {
                let roles = [Role::new("auditor")].into();
                world.act(Act::RolesSet(RolesSet { person: sue.id, roles })).unwrap()
            }
        };
        assert_eq!(codes(world.approve(ticket)), [Code::ReviewsMissing].into());
    }
}

#[test]
fn nobody_reviews_what_they_asked_for_and_no_service_account_reviews_at_all() {
    let mut world = World::new();
    let Cast { bob, bot, sue, .. } = world.cast();
    let roles = || [Role::new("security"), Role::new("privacy")].into();
    world.act(Act::RolesSet(RolesSet { person: bob.id, roles: roles() })).unwrap();
    let ticket = world.in_review("parcels");
    let own = world.review(&bob, "security", Subject::Ticket(ticket), Verdict::Approve);
    refused(own, Code::OwnRequest);
    refused(
        world.act(Act::RolesSet(RolesSet { person: bot.id, roles: roles() })),
        Code::WorkloadReview,
    );
    let by_bot = world.review(&bot, "security", Subject::Ticket(ticket), Verdict::Approve);
    refused(by_bot, Code::RoleNeeded);

    world.reviews(ticket);
    world.approve(ticket).unwrap();
    let service = world.state().ticket(ticket).unwrap().service;
    world.release(service, domain::service::Release::Canary).unwrap();
    let asked = world.asked(&sue, service, &["parcels:write"], 5);
    let request = world.ask(&sue, asked).unwrap();
    world.decide(request).unwrap();
    let own = world.review(&sue, "security", Subject::Request(request), Verdict::Approve);
    refused(own, Code::OwnRequest);
    world.review(&bob, "security", Subject::Request(request), Verdict::Approve).unwrap();
}

#[test]
fn demo_people_touch_loopback_only() {
    let mut world = World::new();
    let Cast { ann, bob, sue, .. } = world.cast();
    let (dan, dea) = (Member::new(PersonId(44), 44), Member::new(PersonId(45), 45));
    world.add_demo(&dan, &[]);
    world.add_demo(&dea, &["security", "privacy"]);
    let opened = world.opened("parcels", world.terms());
    refused(world.by(&dan, Body::TicketOpened(opened.into())), Code::DemoPerson);

    let local = world.opened("local", world.loopback_terms());
    let ticket = local.ticket;
    world.by(&dan, Body::TicketOpened(local.into())).unwrap();
    let amended = TicketAmended { terms: world.terms(), ticket };
    refused(world.by(&ann, Body::TicketAmended(amended)), Code::DemoPerson);

    let real = world.in_review("real");
    let by_demo = world.review(&dea, "security", Subject::Ticket(real), Verdict::Approve);
    refused(by_demo, Code::DemoPerson);
    world.reviews(real);
    world.approve(real).unwrap();
    let service = world.state().ticket(real).unwrap().service;
    world.release(service, domain::service::Release::Canary).unwrap();
    let asked = world.asked(&dan, service, &["parcels:read"], 5);
    refused(world.ask(&dan, asked), Code::DemoPerson);
    let asked = world.asked(&bob, service, &["parcels:write"], 5);
    let request = world.ask(&bob, asked).unwrap();
    world.decide(request).unwrap();
    let by_demo = world.review(&dea, "security", Subject::Request(request), Verdict::Approve);
    refused(by_demo, Code::DemoPerson);
    world.review(&sue, "security", Subject::Request(request), Verdict::Approve).unwrap();
}
