//! Story: an approval is renewed by measurements alone while they are no worse, and not a day longer.

use domain::entry::{Body, canonical};
use domain::evidence::Values;
use domain::fuse::Cause;
use domain::id::{ServiceId, TicketId};
use domain::refusal::Code;
use domain::standard::{Stage, Threshold};
use domain::testing::{World, standard};
use domain::ticket::TicketAmended;
use domain::time::Span;

use crate::refused;

fn approved(world: &mut World) -> (ServiceId, TicketId) {
    let service = world.canary("parcels");
    let ticket = world.state().service(service).unwrap().ticket;
    (service, ticket)
}

#[test]
fn the_same_values_renew_until_the_reassessment() {
    let mut world = World::new();
    let (service, ticket) = approved(&mut world);
    let start = world.now;
    for _ in 0..5 {
        world.wait(Span::days(30));
        world.measure(ticket, 13);
    }
    let found = world.state().service(service).unwrap();
    assert_eq!(found.due, None);
    assert_eq!(found.fuse.because, Cause::Reassessment);
    assert_eq!(found.fuse.until, start.after(Span::days(180)));
}

#[test]
fn a_worse_value_renews_nothing_though_it_would_pass_and_the_service_is_due() {
    let mut world = World::new();
    let (service, ticket) = approved(&mut world);
    let before = world.state().ticket(ticket).unwrap().evidence["tls"].clone();
    world.wait(Span::days(30));
    world.measure(ticket, 12);
    let found = world.state().service(service).unwrap();
    assert_eq!(found.due, Some(world.now));
    let after = &world.state().ticket(ticket).unwrap().evidence;
    assert_eq!(after["tls"], before);
    assert_eq!(after["auth"].at, world.now, "what was as good is renewed");
}

#[test]
fn a_late_measurement_brings_no_lapsed_approval_back() {
    let mut world = World::new();
    let (service, ticket) = approved(&mut world);
    let fuse = world.state().service(service).unwrap().fuse.clone();
    world.wait(Span::days(61));
    world.measure(ticket, 13);
    let found = world.state().service(service).unwrap();
    assert_eq!((&found.fuse, found.due), (&fuse, Some(world.now)));
    assert!(found.must_be_released(world.now).unwrap_err().has(Code::EvidenceExpired));
}

#[test]
fn another_runner_renews_nothing() {
    let mut world = World::new();
    let (service, ticket) = approved(&mut world);
    let other = domain::testing::Machine::new(104);
    let runner = domain::id::RunnerId(2);
    let enrolled = domain::machine::RunnerEnrolled { key: other.key(), runner };
    world.act(domain::authority::Act::RunnerEnrolled(enrolled)).unwrap();
    world.wait(Span::days(30));
    world.runner = (runner, other);
    world.measure(ticket, 13);
    assert_eq!(world.state().service(service).unwrap().due, Some(world.now));
}

#[test]
fn an_older_measurement_replaces_no_newer_one() {
    let mut world = World::new();
    let ticket = world.open("parcels");
    let runner = world.runner.1;
    let (kept_back, shown) = (world.order(ticket), world.order(ticket));
    let good = world.answer(kept_back, 13, true);
    world.wait(Span::HOUR);
    let bad = world.answer(shown, 10, true);
    let bad = world.answered(&bad, &runner);
    world.job(Body::ProbeAnswered(bad)).unwrap();
    let good = world.answered(&good, &runner);
    world.job(Body::ProbeAnswered(good)).unwrap();
    assert_eq!(world.state().ticket(ticket).unwrap().evidence["tls"].value.to_string(), "10");
}

#[test]
fn what_was_measured_under_other_terms_is_no_evidence() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let ticket = world.open("parcels");
    let order = world.order(ticket);
    let answer = world.answer(order, 13, true);
    let mut terms = world.terms();
    terms.environments.get_mut("sandbox").unwrap().upstream = "https://weak.example.com".to_owned();
    world.by(&bob, Body::TicketAmended(TicketAmended { terms, ticket })).unwrap();
    let runner = world.runner.1;
    let answered = world.answered(&answer, &runner);
    refused(world.job(Body::ProbeAnswered(answered)), Code::UpstreamRefused);

    let mut terms = world.terms();
    terms.document = domain::digest::Digest::of(b"another document");
    world.by(&bob, Body::TicketAmended(TicketAmended { terms, ticket })).unwrap();
    let answered = world.answered(&answer, &runner);
    refused(world.job(Body::ProbeAnswered(answered)), Code::AnswerMismatch);
}

#[test]
fn a_check_that_could_not_be_judged_and_one_that_was_not_ordered_leave_no_evidence() {
    let mut world = World::new();
    let ticket = world.open("parcels");
    let runner = world.runner.1;
    let bob = world.cast().bob;
    let ordered = world.ordered(ticket, &["transport"]);
    let order = ordered.order;
    world.by(&bob, Body::ProbeOrdered(ordered)).unwrap();
    let answer = world.answer(order, 13, true);
    let answered = world.answered(&answer, &runner);
    world.job(Body::ProbeAnswered(answered)).unwrap();
    let evidence = &world.state().ticket(ticket).unwrap().evidence;
    assert_eq!(evidence.keys().collect::<Vec<_>>(), ["tls"]);

    let order = world.order(ticket);
    let silent = domain::probe::Answer { values: Values::new(), ..world.answer(order, 13, true) };
    let answered = world.answered(&silent, &runner);
    world.job(Body::ProbeAnswered(answered)).unwrap();
    assert_eq!(world.state().ticket(ticket).unwrap().evidence.len(), 1);
}

#[test]
fn a_probe_for_the_wide_release_is_measured_after_the_approval() {
    let mut world = World::new();
    let mut wider = standard();
    wider.version = 2;
    let alerts = wider.checkpoints.last_mut().unwrap().criteria.last_mut().unwrap();
    alerts.verify = domain::standard::Verify::Probe("limits".to_owned());
    (alerts.stage, alerts.threshold) = (Stage::Wide, Some(Threshold::Is(true)));
    world.publish_standard(&wider).unwrap();
    let Ok(digest) = world.state().standards.get("baseline").map(|s| s.digest).ok_or(()) else {
        panic!("no standard")
    };
    assert_eq!(digest, domain::digest::Digest::of(&canonical(&wider)));
    let bob = world.cast().bob;
    let mut opened = world.opened("parcels", world.terms());
    opened.standard = digest;
    let ticket = opened.ticket;
    world.by(&bob, Body::TicketOpened(opened.into())).unwrap();
    world.evidence(ticket);
    world.submit(ticket).unwrap();
    world.reviews(ticket);
    world.approve(ticket).unwrap();

    let ordered = world.ordered(ticket, &["limits"]);
    let order = ordered.order;
    world.by(&bob, Body::ProbeOrdered(ordered)).unwrap();
    let mut answer = world.answer(order, 13, true);
    answer.values = Values::from([("alerts".to_owned(), domain::evidence::Value::Flag(true))]);
    let runner = world.runner.1;
    let answered = world.answered(&answer, &runner);
    world.job(Body::ProbeAnswered(answered)).unwrap();
    let service = world.state().ticket(ticket).unwrap().service;
    world.release(service, domain::service::Release::Canary).unwrap();
    world.release(service, domain::service::Release::Wide).unwrap();
}
