//! Story: a human answers for each service account, and counts as having asked for what it asks.

use domain::authority::Act;
use domain::catalog::Method;
use domain::entry::Body;
use domain::evidence::Value;
use domain::id::{PersonId, TicketId};
use domain::people::{Kind, PersonAdded, ResponsibleSet, Role, RolesSet};
use domain::refusal::Code;
use domain::request::Asked;
use domain::review::{Subject, Verdict};
use domain::testing::{Cast, Member, World};

use crate::refused;

fn answers(account: &Member, responsible: &Member) -> Act {
    Act::ResponsibleSet(ResponsibleSet { person: account.id, responsible: responsible.id })
}

#[test]
fn a_service_account_names_a_human_who_is_here_and_a_human_nobody() {
    let mut world = World::new();
    let Cast { bob, max, bot, .. } = world.cast();
    let new = Member::new(PersonId(60), 60);
    let nobody = PersonAdded { kind: Kind::Workload, ..world.added(&new, &[]) };
    refused(world.act(Act::PersonAdded(nobody)), Code::Invalid);
    let human = PersonAdded { responsible: Some(bob.id), ..world.added(&new, &[]) };
    refused(world.act(Act::PersonAdded(human)), Code::Invalid);
    let (account, stranger) = (world.account(&new, &bot), Member::new(PersonId(61), 61));
    refused(world.act(account), Code::Invalid);
    let account = world.account(&new, &stranger);
    refused(world.act(account), Code::NotFound);
    refused(world.act(answers(&bob, &max)), Code::Invalid);
    refused(world.act(answers(&bot, &stranger)), Code::NotFound);
    world.offboard(&max).unwrap();
    refused(world.act(answers(&bot, &max)), Code::NotActive);
    let account = world.account(&new, &bob);
    world.act(account).unwrap();
}

/// The account's ticket, every criterion passing, in review.
fn of_account(world: &mut World) -> TicketId {
    let Cast { bot, pia, .. } = world.cast();
    let opened = world.opened("parcels", world.terms());
    let ticket = opened.ticket;
    world.by(&bot, Body::TicketOpened(opened.into())).unwrap();
    world.measure_as(&bot, ticket);
    let report = world.attached(ticket, "report", Value::Word("soc-2".to_owned()));
    world.by(&bot, Body::EvidenceAttached(report)).unwrap();
    let deletion = world.attached(ticket, "deletion", Value::Number(14));
    let deletion = world.attested(&pia, "privacy", deletion);
    world.by(&bot, Body::EvidenceAttached(deletion)).unwrap();
    let submitted = world.submitted(&bot, ticket);
    world.by(&bot, Body::TicketSubmitted(submitted)).unwrap();
    ticket
}

#[test]
fn whoever_answers_for_an_account_neither_reviews_nor_attests_what_it_asked_for() {
    let mut world = World::new();
    let Cast { sue, pia, bob, bot, .. } = world.cast();
    world.act(answers(&bot, &sue)).unwrap();
    let ticket = of_account(&mut world);
    let review = |world: &mut World, by: &Member, role| {
        world.review(by, role, Subject::Ticket(ticket), Verdict::Approve)
    };
    refused(review(&mut world, &sue, "security"), Code::OwnRequest);
    // Handing the account over does not make its former keeper a stranger to it.
    world.act(answers(&bot, &bob)).unwrap();
    refused(review(&mut world, &sue, "security"), Code::OwnRequest);
    review(&mut world, &pia, "privacy").unwrap();

    let other = world.opened("labels", world.terms());
    let ticket = other.ticket;
    world.by(&bot, Body::TicketOpened(other.into())).unwrap();
    world.act(answers(&bot, &pia)).unwrap();
    let deletion = world.attached(ticket, "deletion", Value::Number(14));
    let deletion = world.attested(&pia, "privacy", deletion);
    refused(world.by(&bot, Body::EvidenceAttached(deletion)), Code::OwnRequest);
}

#[test]
fn whoever_answers_for_the_owner_does_not_review_the_request_for_its_token() {
    let mut world = World::new();
    let Cast { sue, bob, bot, .. } = world.cast();
    world.act(answers(&bot, &sue)).unwrap();
    let service = world.canary("parcels");
    let asked = world.asked(&bob, service, &["parcels:write"], 5);
    let request = world.ask(&bob, Asked { owner: bot.id, ..asked }).unwrap();
    world.decide(request).unwrap();
    let own = world.review(&sue, "security", Subject::Request(request), Verdict::Approve);
    refused(own, Code::OwnRequest);
}

#[test]
fn an_approval_counts_no_more_once_its_signer_answers_for_the_account_that_asked() {
    let mut world = World::new();
    let Cast { sue, bob, bot, .. } = world.cast();
    let ticket = of_account(&mut world);
    world.reviews(ticket);
    world.act(answers(&bot, &sue)).unwrap();
    refused(world.approve(ticket), Code::ReviewsMissing);
    let roles = [Role::new("security")].into();
    world.act(Act::RolesSet(RolesSet { person: bob.id, roles })).unwrap();
    world.review(&bob, "security", Subject::Ticket(ticket), Verdict::Approve).unwrap();
    world.approve(ticket).unwrap();
}

#[test]
fn an_approval_counts_no_more_once_its_signer_answers_for_the_owner_of_the_token() {
    let mut world = World::new();
    let Cast { sue, bob, bot, .. } = world.cast();
    let service = world.canary("parcels");
    let asked = world.asked(&bob, service, &["parcels:write"], 5);
    let request = world.ask(&bob, Asked { owner: bot.id, ..asked }).unwrap();
    world.decide(request).unwrap();
    world.review(&sue, "security", Subject::Request(request), Verdict::Approve).unwrap();
    world.act(answers(&bot, &sue)).unwrap();
    refused(world.grant(request), Code::ReviewsMissing);
}

#[test]
fn an_account_whose_keeper_has_left_does_nothing_until_another_is_named() {
    let mut world = World::new();
    let Cast { bob, max, bot, .. } = world.cast();
    let service = world.canary("parcels");
    let token = world.token(&bot, service, &["parcels:read"]);
    let call = || World::call(token, "parcels", Method::Get, "/parcels");
    assert!(world.admit(call()).is_ok());
    world.offboard(&max).unwrap();
    assert_eq!(world.admit(call()).unwrap_err().code(), "no-responsible");
    let asked = world.asked(&bot, service, &["parcels:read"], 5);
    refused(world.ask(&bot, asked.clone()), Code::NotActive);
    let refusal = world.state().active_person(bot.id).unwrap_err();
    assert!(refusal.to_string().contains("portcullis person responsible"), "{refusal}");

    world.act(answers(&bot, &bob)).unwrap();
    assert!(world.admit(call()).is_ok());
    world.ask(&bot, asked).unwrap();
}

#[test]
fn an_account_that_nobody_answers_for_can_still_be_sent_away() {
    let mut world = World::new();
    let Cast { bob, max, bot, .. } = world.cast();
    world.offboard(&max).unwrap();
    world.offboard(&bot).unwrap();
    refused(world.offboard(&bot), Code::NotActive);
    refused(world.act(answers(&bot, &bob)), Code::NotActive);
}
