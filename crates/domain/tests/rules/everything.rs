//! A world in which everything has happened once: every kind of entry, every act of authority.

use std::collections::BTreeSet;

use domain::address::Cidr;
use domain::authority::Act;
use domain::contract::Contract;
use domain::digest::Digest;
use domain::entry::{Body, Entry};
use domain::evidence::Value;
use domain::genesis::SettingsSet;
use domain::id::{GatewayId, NodeId, PersonId, RunnerId};
use domain::limit::Rate;
use domain::machine::{GatewayEnrolled, MachineRetired, NodeEnrolled, RunnerEnrolled};
use domain::people::{KeyAdded, KeyRetired, ResponsibleSet, Role, RolesSet};
use domain::request::Asked;
use domain::review::{Subject, Verdict};
use domain::revocation::Target;
use domain::testing::{Cast, HardwareKey, Machine, Member, World, standard};
use domain::ticket::{TicketAmended, TicketWithdrawn};
use domain::time::Span;
use domain::usage::Gap;

/// Every kind of edition 1, the acts of authority by their own names.
pub const KINDS: [&str; 35] = [
    "credential-stored",
    "evidence-attached",
    "gateway-enrolled",
    "genesis",
    "grant-issued",
    "key-added",
    "key-retired",
    "machine-retired",
    "node-enrolled",
    "person-added",
    "person-offboarded",
    "policy-published",
    "probe-answered",
    "probe-ordered",
    "request-decided",
    "request-made",
    "responsible-set",
    "review-signed",
    "revocation-received",
    "revoked",
    "roles-set",
    "runner-enrolled",
    "segment-committed",
    "service-released",
    "service-suspended",
    "settings-set",
    "standard-published",
    "ticket-amended",
    "ticket-approved",
    "ticket-opened",
    "ticket-submitted",
    "ticket-withdrawn",
    "token-issued",
    "token-rotated",
    "vendor-added",
];

pub fn world() -> World {
    let mut world = World::new();
    authority(&mut world);
    tickets(&mut world);
    tokens(&mut world);
    world.publish();
    world
}

/// The entries so far, with their bytes.
pub fn entries(world: &World) -> Vec<(Entry, Vec<u8>)> {
    let bytes = world.batches().iter().flat_map(|batch| &batch.entries);
    bytes.map(|bytes| (Entry::decode(bytes).unwrap(), bytes.clone())).collect()
}

#[test]
fn everything_has_happened() {
    let world = world();
    let entries = entries(&world);
    let happened: BTreeSet<_> = entries.iter().map(|(entry, _)| entry.body.kind()).collect();
    assert_eq!(happened, BTreeSet::from(KINDS));
    assert!(entries.iter().all(|(entry, _)| is_listed(&entry.body)));
}

/// A new kind makes this match incomplete; then [`KINDS`] and [`world`] need it too.
fn is_listed(body: &Body) -> bool {
    match body {
        Body::Authority(authority) => match &authority.act {
            Act::GatewayEnrolled(_)
            | Act::KeyAdded(_)
            | Act::KeyRetired(_)
            | Act::MachineRetired(_)
            | Act::NodeEnrolled(_)
            | Act::PersonAdded(_)
            | Act::PersonOffboarded(_)
            | Act::PolicyPublished(_)
            | Act::ResponsibleSet(_)
            | Act::RolesSet(_)
            | Act::RunnerEnrolled(_)
            | Act::SettingsSet(_)
            | Act::StandardPublished(_) => true,
        },
        Body::CredentialStored(_)
        | Body::EvidenceAttached(_)
        | Body::Genesis(_)
        | Body::GrantIssued(_)
        | Body::ProbeAnswered(_)
        | Body::ProbeOrdered(_)
        | Body::RequestDecided(_)
        | Body::RequestMade(_)
        | Body::ReviewSigned(_)
        | Body::RevocationReceived(_)
        | Body::Revoked(_)
        | Body::SegmentCommitted(_)
        | Body::ServiceReleased(_)
        | Body::ServiceSuspended(_)
        | Body::TicketAmended(_)
        | Body::TicketApproved(_)
        | Body::TicketOpened(_)
        | Body::TicketSubmitted(_)
        | Body::TicketWithdrawn(_)
        | Body::TokenIssued(_)
        | Body::TokenRotated(_)
        | Body::VendorAdded(_) => true,
    }
}

fn authority(world: &mut World) {
    let Cast { max, bob, bot, .. } = world.cast();
    let key = Machine::new(130).key();
    let (node, gateway, runner) = (NodeId(2), GatewayId(2), RunnerId(2));
    let spare = HardwareKey::new(131).public();
    let retired = spare.fingerprint();
    for act in [
        Act::NodeEnrolled(NodeEnrolled { key, node }),
        Act::GatewayEnrolled(GatewayEnrolled { gateway, key, sealing: key }),
        Act::RunnerEnrolled(RunnerEnrolled { key, runner }),
        Act::MachineRetired(MachineRetired::Node(node)),
        Act::MachineRetired(MachineRetired::Gateway(gateway)),
        Act::MachineRetired(MachineRetired::Runner(runner)),
        Act::KeyAdded(KeyAdded { key: spare, person: bob.id }),
        Act::KeyRetired(KeyRetired { key: retired }),
        Act::RolesSet(RolesSet { person: max.id, roles: [Role::new("auditor")].into() }),
        Act::SettingsSet(SettingsSet { quorum: 1, staleness: Span(30_000) }),
        Act::ResponsibleSet(ResponsibleSet { person: bot.id, responsible: bob.id }),
    ] {
        world.act(act).unwrap();
    }
    let mut second = standard();
    second.version = 2;
    world.publish_standard(&second).unwrap();
    world.add_operator(&Member::new(PersonId(60), 60));
    world.offboard(&max).unwrap();
}

fn tickets(world: &mut World) {
    let Cast { bob, sue, .. } = world.cast();
    let withdrawn = world.open("withdrawn");
    world.by(&bob, Body::TicketWithdrawn(TicketWithdrawn { ticket: withdrawn })).unwrap();
    let suspended = domain::service::ServiceSuspended { service: world.canary("suspended") };
    world.by(&sue, Body::ServiceSuspended(suspended)).unwrap();

    let ticket = world.in_review("amended");
    world.review(&sue, "security", Subject::Ticket(ticket), Verdict::Reject).unwrap();
    let mut terms = world.loopback_terms();
    let contract = Contract { ends: world.now.after(Span::days(300)), paper: Digest::of(b"c") };
    terms.contract = Some(contract);
    let environment = terms.environments.get_mut("sandbox").unwrap();
    environment.private = vec!["10.0.0.0/8".parse().unwrap()];
    environment.authorities = Some("-----BEGIN CERTIFICATE-----\n".to_owned());
    terms.credential = domain::catalog::Placement::Header { name: "x-key".to_owned() };
    world.by(&bob, Body::TicketAmended(TicketAmended { terms, ticket })).unwrap();
    world.measure(ticket, 12);
    let mut report = world.attached(ticket, "report", Value::Word("soc-2".to_owned()));
    report.expires = Some(world.now.after(Span::days(200)));
    world.by(&bob, Body::EvidenceAttached(report)).unwrap();
}

fn tokens(world: &mut World) {
    let Cast { bob, sue, .. } = world.cast();
    let service = world.wide("parcels");
    let ticket = world.state().service(service).unwrap().ticket;
    world.measure(ticket, 13);
    let token = world.token(&bob, service, &["labels:read", "parcels:read"]);
    let token = world.rotate(&bob, token).unwrap();

    let narrow: [Cidr; 2] = ["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    let asked = world.asked(&bob, service, &["parcels:write"], 5);
    let rate = Some(Rate { count: 3, per: Span::MINUTE });
    let asked = Asked { addresses: narrow.to_vec(), rate, ..asked };
    let request = world.ask(&bob, asked).unwrap();
    world.decide(request).unwrap();
    world.review(&sue, "security", Subject::Request(request), Verdict::Approve).unwrap();
    let grant = world.grant(request).unwrap();
    world.claim(&bob, grant).unwrap();
    let denied = world.asked(&bob, service, &["keys:admin", "parcels:read"], 200);
    let denied = world.ask(&bob, denied).unwrap();
    world.decide(denied).unwrap();

    let number = world.revoke(&bob, Target::Token(token)).unwrap();
    let received = world.received(number);
    world.job(Body::RevocationReceived(received)).unwrap();
    let mut segment = world.segment(5);
    (segment.count, segment.gaps) = (4, vec![Gap { first: 2, last: 2 }]);
    let committed = world.committed(segment);
    world.job(Body::SegmentCommitted(committed)).unwrap();
}
