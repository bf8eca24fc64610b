//! Machines: enrolled and retired by operators; their signatures count for what they are made for.

use domain::authority::Act;
use domain::digest::Digest;
use domain::entry::Body;
use domain::follow::Freshness;
use domain::id::{GatewayId, NodeId};
use domain::machine::{GatewayEnrolled, MachineRetired, NodeEnrolled};
use domain::refusal::Code;
use domain::revocation::Target;
use domain::testing::{Machine, World};
use domain::usage::Gap;

use crate::refused;

#[test]
fn segments_chain_without_holes_and_state_their_gaps() {
    let mut world = World::new();
    let first = world.committed(world.segment(10));
    world.job(Body::SegmentCommitted(first.clone())).unwrap();
    refused(world.job(Body::SegmentCommitted(first)), Code::ChainBroken);

    let mut second = world.segment(10);
    (second.count, second.gaps) =
        (7, vec![Gap { first: 12, last: 13 }, Gap { first: 20, last: 20 }]);
    let silent = domain::usage::Segment { gaps: Vec::new(), ..second.clone() };
    refused(world.job(Body::SegmentCommitted(world.committed(silent))), Code::ChainBroken);
    let twice = vec![Gap { first: 12, last: 13 }, Gap { first: 13, last: 13 }];
    let twice = domain::usage::Segment { gaps: twice, ..second.clone() };
    refused(world.job(Body::SegmentCommitted(world.committed(twice))), Code::ChainBroken);
    world.job(Body::SegmentCommitted(world.committed(second))).unwrap();
    let chain = world.state().chains.get(&world.gateway.0).unwrap().clone();
    assert_eq!((chain.calls, chain.last, chain.number), (17, 20, 2));

    let mut forged = world.committed(world.segment(1));
    forged.segment.root = Digest::of(b"other calls");
    refused(world.job(Body::SegmentCommitted(forged)), Code::SignatureInvalid);
}

#[test]
fn a_retired_gateway_receipts_and_commits_nothing() {
    let mut world = World::new();
    let bob = world.cast().bob;
    let service = world.canary("parcels");
    world.token(&bob, service, &["parcels:read"]);
    let number = world.revoke(&bob, Target::Owner(bob.id)).unwrap();
    let gateway = world.gateway.0;
    let mut other = world.received(number);
    other.revocation = number - 1;
    refused(world.job(Body::RevocationReceived(other)), Code::NotFound);
    let mut forged = world.received(number);
    forged.signature = World::no_signature();
    refused(world.job(Body::RevocationReceived(forged)), Code::SignatureInvalid);

    world.act(Act::MachineRetired(MachineRetired::Gateway(gateway))).unwrap();
    let received = world.received(number);
    refused(world.job(Body::RevocationReceived(received)), Code::NotActive);
    let committed = world.committed(world.segment(1));
    refused(world.job(Body::SegmentCommitted(committed)), Code::NotActive);
    refused(world.act(Act::MachineRetired(MachineRetired::Gateway(gateway))), Code::WrongStatus);
}

#[test]
fn machines_are_enrolled_once_and_the_last_node_stays() {
    let mut world = World::new();
    let key = Machine::new(120).key();
    let (node, gateway) = (world.node.0, world.gateway.0);
    refused(world.act(Act::NodeEnrolled(NodeEnrolled { key, node })), Code::Exists);
    let enrolled = GatewayEnrolled { gateway, key, sealing: key };
    refused(world.act(Act::GatewayEnrolled(enrolled)), Code::Exists);
    refused(world.act(Act::MachineRetired(MachineRetired::Node(node))), Code::Invalid);
    let unknown = MachineRetired::Gateway(GatewayId(9));
    refused(world.act(Act::MachineRetired(unknown)), Code::NotFound);
    world.act(Act::NodeEnrolled(NodeEnrolled { key, node: NodeId(2) })).unwrap();
    world.act(Act::MachineRetired(MachineRetired::Node(NodeId(2)))).unwrap();
}

#[test]
fn freshness_answers_this_nonce_of_this_ledger() {
    let world = World::new();
    let (node, machine) = world.node;
    let genesis = world.state().genesis_hash().unwrap();
    let nonce = Digest::of(b"nonce");
    let mut fresh = Freshness {
        at: world.now,
        node,
        nonce,
        seen: world.state().seen().unwrap(),
        signature: World::no_signature(),
    };
    refused(fresh.verify(world.state(), nonce), Code::SignatureInvalid);
    fresh.signature = machine.sign(&fresh.message(&genesis));
    fresh.verify(world.state(), nonce).unwrap();
    refused(fresh.verify(world.state(), Digest::of(b"other")), Code::AnswerMismatch);
    fresh.at.0 += 1;
    refused(fresh.verify(world.state(), nonce), Code::SignatureInvalid);
}
