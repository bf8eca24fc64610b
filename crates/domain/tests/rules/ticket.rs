//! Story: the life of a ticket, its statuses, its fuse, and the words of its refusals.

use domain::contract::Contract;
use domain::digest::Digest;
use domain::entry::Body;
use domain::evidence::Value;
use domain::fuse::Cause;
use domain::refusal::Code;
use domain::review::{Subject, Verdict};
use domain::service::{Release, ServiceSuspended};
use domain::standard::Stage;
use domain::testing::{Cast, World};
use domain::ticket::{TicketAmended, TicketWithdrawn};
use domain::time::Span;

use crate::{codes, refused};

#[test]
fn a_ticket_comes_from_the_first_line_to_the_wide_release() {
    let mut world = World::new();
    let Cast { bob, sue, pia, .. } = world.cast();
    let ticket = world.open("parcels");
    let status = |world: &World| world.state().ticket(ticket).unwrap().status.name();
    assert_eq!(status(&world), "evaluating");

    let refusal = world.submit(ticket).unwrap_err();
    let words: Vec<_> = refusal.reasons.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "criterion-open: `tls`: the tls of the vendor: not measured yet by the probe `transport`; mend tls",
            "criterion-open: `auth`: the auth of the vendor: not measured yet by the probe `authentication`; mend auth",
            "criterion-open: `report`: the report of the vendor: no document of the kind `audit` was handed in; mend report",
            "criterion-open: `deletion`: the deletion of the vendor: not attested yet by the role `privacy`; mend deletion",
        ]
    );

    world.evidence(ticket);
    world.submit(ticket).unwrap();
    assert_eq!(status(&world), "in review");

    world.review(&sue, "security", Subject::Ticket(ticket), Verdict::Approve).unwrap();
    let refusal = world.approve(ticket).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "reviews-missing: the ticket needs the signatures of (privacy and security); \
         reviews-missing: 2 different people must sign, 1 did"
    );
    world.review(&pia, "privacy", Subject::Ticket(ticket), Verdict::Approve).unwrap();
    world.approve(ticket).unwrap();
    assert_eq!(status(&world), "approved");

    let service = world.state().ticket(ticket).unwrap().service;
    let found = world.state().service(service).unwrap();
    assert_eq!(found.release, Release::Approved);
    assert_eq!(found.fuse.until, world.now.after(Span::days(60)), "auth is measured for 60 days");
    assert_eq!(found.fuse.because, Cause::Evidence("auth".to_owned().into()));

    refused(world.release(service, Release::Wide), Code::WrongStatus);
    world.release(service, Release::Canary).unwrap();
    let refusal = world.release(service, Release::Wide).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "criterion-open: `alerts`: the alerts of the vendor: not attested yet by the role \
         `security`; mend alerts"
    );
    let alerts = world.attached(ticket, "alerts", Value::Flag(true));
    let alerts = world.attested(&sue, "security", alerts);
    world.by(&bob, Body::EvidenceAttached(alerts)).unwrap();
    world.release(service, Release::Wide).unwrap();
    assert_eq!(world.state().service(service).unwrap().release, Release::Wide);
}

#[test]
fn what_fails_is_said_with_what_was_measured_and_what_was_needed() {
    let mut world = World::new();
    let ticket = world.open("parcels");
    world.evidence(ticket);
    world.measure(ticket, 11);
    let refusal = world.submit(ticket).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "criterion-open: `tls`: the tls of the vendor: measured 11, needed at least 12; mend tls"
    );
    let found = world.state().ticket(ticket).unwrap();
    let standings = world.state().standings(found, Stage::Approval, world.now).unwrap();
    let open: Vec<_> = standings.iter().filter(|standing| !standing.is_clear()).collect();
    assert_eq!(open.len(), 1);
}

#[test]
fn a_rejection_ends_the_round_and_new_terms_begin_the_next_from_nothing() {
    let mut world = World::new();
    let Cast { bob, sue, .. } = world.cast();
    let ticket = world.in_review("parcels");
    world.review(&sue, "security", Subject::Ticket(ticket), Verdict::Reject).unwrap();
    assert!(codes(world.approve(ticket)).contains(&Code::WrongStatus));

    let mut terms = world.terms();
    let ends = world.now.after(Span::days(20));
    terms.contract = Some(Contract { ends, paper: Digest::of(b"the contract") });
    world.by(&bob, Body::TicketAmended(TicketAmended { terms, ticket })).unwrap();
    let found = world.state().ticket(ticket).unwrap();
    assert_eq!((found.round, found.status.name()), (2, "evaluating"));
    assert!(found.evidence.is_empty() && found.reviews.is_empty());
    assert!(codes(world.submit(ticket)).contains(&Code::CriterionOpen));

    world.evidence(ticket);
    world.submit(ticket).unwrap();
    world.reviews(ticket);
    world.approve(ticket).unwrap();
    let service = world.state().ticket(ticket).unwrap().service;
    let fuse = &world.state().service(service).unwrap().fuse;
    assert_eq!((&fuse.because, fuse.until), (&Cause::Contract, ends));
}

#[test]
fn evidence_runs_out_while_the_reviewers_wait() {
    let mut world = World::new();
    let ticket = world.in_review("parcels");
    world.reviews(ticket);
    world.wait(Span::days(60));
    let refusal = world.approve(ticket).unwrap_err();
    assert!(refusal.has(Code::EvidenceExpired), "{refusal}");
    assert!(
        refusal.to_string().contains("`auth`: the auth of the vendor: the evidence ran out on")
    );
}

#[test]
fn a_withdrawn_ticket_is_over_and_keeps_its_name() {
    let mut world = World::new();
    let Cast { bob, max, .. } = world.cast();
    let ticket = world.open("parcels");
    let withdrawn = || Body::TicketWithdrawn(TicketWithdrawn { ticket });
    refused(world.by(&max, withdrawn()), Code::RoleNeeded);
    world.by(&bob, withdrawn()).unwrap();
    refused(world.by(&bob, withdrawn()), Code::WrongStatus);
    let again = world.opened("parcels", world.terms());
    refused(world.by(&bob, Body::TicketOpened(again.into())), Code::Exists);
}

#[test]
fn a_suspended_service_stops_until_another_ticket_for_it_is_approved() {
    let mut world = World::new();
    let Cast { bob, sue, max, .. } = world.cast();
    let service = world.canary("parcels");
    let suspended = || Body::ServiceSuspended(ServiceSuspended { service });
    refused(world.by(&max, suspended()), Code::RoleNeeded);
    world.by(&sue, suspended()).unwrap();
    refused(world.by(&sue, suspended()), Code::WrongStatus);
    refused(world.release(service, Release::Canary), Code::WrongStatus);

    let vendor = world.state().service(service).unwrap().vendor;
    let mut opened = world.opened("parcels", world.terms());
    (opened.service, opened.vendor) = (service, vendor);
    let ticket = opened.ticket;
    world.by(&bob, Body::TicketOpened(opened.into())).unwrap();
    world.evidence(ticket);
    world.submit(ticket).unwrap();
    world.reviews(ticket);
    world.approve(ticket).unwrap();
    let found = world.state().service(service).unwrap();
    assert_eq!((found.release, found.ticket), (Release::Approved, ticket));
    assert_eq!(found.credentials.len(), 2, "the credentials stay");
}

#[test]
fn a_service_renewed_by_a_ticket_falls_back_to_canary_when_the_wide_criteria_are_open() {
    let mut world = World::new();
    let Cast { bob, .. } = world.cast();
    let service = world.wide("parcels");
    let vendor = world.state().service(service).unwrap().vendor;
    let mut opened = world.opened("parcels", world.terms());
    (opened.service, opened.vendor) = (service, vendor);
    let ticket = opened.ticket;
    world.by(&bob, Body::TicketOpened(opened.into())).unwrap();
    world.evidence(ticket);
    world.submit(ticket).unwrap();
    world.reviews(ticket);
    world.approve(ticket).unwrap();
    assert_eq!(world.state().service(service).unwrap().release, Release::Canary);
}

/// Whoever asks for a service by its id means that service.
#[test]
fn a_service_that_is_called_as_an_id_reads() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let first = world.open("parcels");
    let service = world.state().ticket(first).unwrap().service;
    for name in [service.to_string(), "Parcels".to_owned(), String::new()] {
        let opened = world.opened(&name, world.terms());
        refused(world.by(&bob, Body::TicketOpened(opened.into())), Code::Invalid);
    }
}

#[test]
fn a_service_under_two_names_or_of_two_vendors_and_scopes_that_administer_unnoticed() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let ticket = world.open("parcels");
    let first = world.state().ticket(ticket).unwrap().clone();
    let mut other = world.opened("labels", world.terms());
    other.service = first.service;
    other.vendor = first.vendor;
    refused(world.by(&bob, Body::TicketOpened(other.into())), Code::Exists);
    let mut other = world.opened("parcels", world.terms());
    other.service = first.service;
    refused(world.by(&bob, Body::TicketOpened(other.into())), Code::Exists);

    let table = domain::testing::operations();
    let mut scopes = table.scopes().to_vec();
    scopes[0].sensitive = false;
    let (placements, operations) = (table.credential().to_vec(), table.operations().to_vec());
    let lax = domain::catalog::Operations::new(placements, operations, scopes).unwrap();
    let bytes = domain::entry::canonical(&lax);
    let mut terms = world.terms();
    terms.operations = world.put(domain::material::Kind::Operations, &bytes);
    let opened = world.opened("keys", terms);
    refused(world.by(&bob, Body::TicketOpened(opened.into())), Code::Invalid);
}
