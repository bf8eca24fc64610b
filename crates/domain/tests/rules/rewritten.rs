//! A ledger rewritten by somebody who holds the database and the node's key: what must still be refused.

use domain::digest::Digest;
use domain::entry::{Body, Entry};
use domain::follow::{Batch, Broken, Follower};
use domain::testing::{Cast, World};
use ledger::{Frontier, leaf_hash};

/// A world whose ledger is worth rewriting, and what stands where.
fn written() -> World {
    let mut world = World::new();
    let Cast { bob, .. } = world.cast();
    let service = world.canary("parcels");
    let token = world.token(&bob, service, &["parcels:read"]);
    world.rotate(&bob, token).unwrap();
    world.publish();
    world
}

fn entries(world: &World) -> Vec<Entry> {
    let bytes = world.batches().iter().flat_map(|batch| &batch.entries);
    bytes.map(|bytes| Entry::decode(bytes).unwrap()).collect()
}

fn position(entries: &[Entry], kind: &str) -> usize {
    entries.iter().position(|entry| entry.body.kind() == kind).unwrap()
}

/// Follows the entries as batches of one, each attested by the node's own key.
fn follow(world: &World, entries: &[Entry]) -> Result<Follower, Broken> {
    let mut follower = Follower::new(world.state().genesis_hash());
    let mut frontier = Frontier::new();
    for (first, entry) in (0..).zip(entries) {
        let bytes = entry.encode();
        frontier.push(leaf_hash(&bytes));
        let material = |(kind, digest)| Some((kind, world.load(&digest)?));
        follower.accept(&Batch {
            attestation: world.attest(&frontier),
            first,
            materials: entry.materials().into_iter().filter_map(material).collect(),
            entries: vec![bytes],
        })?;
    }
    Ok(follower)
}

#[track_caller]
fn broken(world: &World, entries: &[Entry], at: usize, rule: &str) {
    let broken = follow(world, entries).map(|_| ()).unwrap_err();
    assert_eq!(broken.rule(), rule, "{broken}");
    match &broken {
        Broken::Entry { entry, .. } => assert_eq!(*entry, at as u64, "{broken}"),
        _ => panic!("{broken}"),
    }
    assert!(broken.to_string().starts_with(&format!("entry {at}: {rule}: ")), "{broken}");
}

#[test]
fn untouched_it_is_believed() {
    let world = written();
    let follower = follow(&world, &entries(&world)).unwrap();
    assert_eq!(follower.state().projection(), world.state().projection());
}

#[test]
fn a_deleted_entry_breaks_at_the_first_that_needs_it() {
    let world = written();
    let all = entries(&world);
    for (kind, rule) in [
        ("person-added", "signature-invalid"),
        ("ticket-opened", "not-found"),
        ("review-signed", "signature-invalid"),
        ("request-decided", "wrong-status"),
        ("grant-issued", "not-found"),
    ] {
        let mut cut = all.clone();
        let at = position(&all, kind);
        cut.remove(at);
        broken(&world, &cut, at, rule);
    }
}

#[test]
fn reordered_entries_break() {
    let world = written();
    let all = entries(&world);
    for (kind, rule) in [
        ("ticket-approved", "wrong-status"),
        ("request-decided", "not-found"),
        ("token-issued", "not-found"),
    ] {
        let at = position(&all, kind);
        let mut swapped = all.clone();
        let before = match kind {
            "ticket-approved" => position(&all, "ticket-submitted"),
            "request-decided" => position(&all, "request-made"),
            _ => position(&all, "grant-issued"),
        };
        let moved = swapped.remove(at);
        swapped.insert(before, moved);
        broken(&world, &swapped, before, rule);
    }
}

#[test]
fn a_decision_that_the_engine_does_not_make_breaks_whatever_engine_it_names() {
    let world = written();
    let all = entries(&world);
    let at = position(&all, "request-decided");
    type Edit = fn(&mut domain::policy::Decision);
    let edits: [Edit; 4] = [
        |decision| decision.bounds.life = domain::request::LONGEST,
        |decision| decision.bounds.rate = None,
        |decision| decision.policies = vec!["reads".to_owned(), "sensitive".to_owned()],
        |decision| {
            decision.engine = "cedar-policy 9.9.9".to_owned();
            decision.bounds.rate = None;
        },
    ];
    for edit in edits {
        let mut forged = all.clone();
        let Body::RequestDecided(decided) = &mut forged[at].body else { panic!("no decision") };
        edit(std::sync::Arc::make_mut(&mut decided.decision));
        broken(&world, &forged, at, "decision-differs");
    }
}

#[test]
fn extended_ends_break() {
    let world = written();
    let all = entries(&world);
    for kind in ["ticket-approved", "grant-issued", "token-issued", "token-rotated"] {
        let mut forged = all.clone();
        let at = position(&all, kind);
        let fuse = match &mut forged[at].body {
            Body::TicketApproved(body) => &mut body.fuse,
            Body::GrantIssued(body) => &mut body.fuse,
            Body::TokenIssued(body) => &mut body.fuse,
            Body::TokenRotated(body) => &mut body.fuse,
            _ => panic!("no fuse"),
        };
        fuse.until.0 += 1;
        broken(&world, &forged, at, "fuse-broken");
    }
}

#[test]
fn a_batch_is_believed_wholly_or_not_at_all() {
    let world = written();
    let all = entries(&world);
    let mut follower = Follower::new(None);
    let mut frontier = Frontier::new();
    let mut bytes: Vec<Vec<u8>> = all.iter().map(Entry::encode).collect();
    bytes.last_mut().unwrap().pop();
    frontier.extend(bytes.iter().map(|bytes| leaf_hash(bytes)));
    let materials = all.iter().flat_map(Entry::materials);
    let batch = Batch {
        attestation: world.attest(&frontier),
        first: 0,
        materials: materials.filter_map(|(k, d)| Some((k, world.load(&d)?))).collect(),
        entries: bytes,
    };
    assert!(follower.accept(&batch).is_err());
    assert_eq!((follower.state().size(), follower.frontier().size()), (0, 0));
}

#[test]
fn attestations_are_by_the_node_that_wrote_over_exactly_these_entries() {
    let world = written();
    let first = &world.batches()[0];
    let accept = |batch: &Batch| {
        let mut follower = Follower::new(None);
        follower.accept(first)?;
        follower.accept(batch)
    };
    let second = &world.batches()[1];
    assert!(accept(second).is_ok());

    let other = Batch { attestation: world.batches()[2].attestation.clone(), ..second.clone() };
    assert_eq!(accept(&other).unwrap_err().rule(), "attestation");
    let none = Batch { attestation: String::new(), ..second.clone() };
    assert_eq!(accept(&none).unwrap_err().rule(), "attestation");
    assert_eq!(accept(&world.batches()[2]).unwrap_err().rule(), "gap");
    let empty = Batch { entries: Vec::new(), ..second.clone() };
    assert_eq!(accept(&empty).unwrap_err().rule(), "gap");

    let pinned = Follower::new(Some(Digest::of(b"another genesis"))).accept(first);
    assert_eq!(pinned.unwrap_err().rule(), "genesis");
}

#[test]
fn another_enrolled_node_cannot_attest_what_this_one_wrote() {
    let mut world = World::new();
    let other = (domain::id::NodeId(2), domain::testing::Machine::new(110));
    let enrolled = domain::machine::NodeEnrolled { key: other.1.key(), node: other.0 };
    world.act(domain::authority::Act::NodeEnrolled(enrolled)).unwrap();
    world.vendor();
    let (batches, own) = (world.batches().to_vec(), world.node);
    world.node = other;
    let mut frontier = Frontier::new();
    frontier.extend(batches.iter().flat_map(|b| &b.entries).map(|bytes| leaf_hash(bytes)));
    let forged = world.attest(&frontier);
    world.node = own;

    let mut follower = Follower::new(None);
    let (last, before) = batches.split_last().unwrap();
    before.iter().for_each(|batch| follower.accept(batch).unwrap());
    let believed = |follower: &Follower| (follower.seen(), follower.state().projection());
    let (forged, kept) = (Batch { attestation: forged, ..last.clone() }, believed(&follower));
    let refused = follower.accept(&forged).unwrap_err();
    assert_eq!(refused.rule(), "attestation");
    assert!(refused.to_string().contains("who did not sign it"), "{refused}");
    assert_eq!(believed(&follower), kept, "a batch is believed wholly or not at all");
    assert_eq!(follower.clone().extended(&forged).unwrap_err(), refused);
    let extended = follower.clone().extended(last).unwrap();
    follower.accept(last).unwrap();
    assert_eq!(believed(&extended), believed(&follower));
}

#[test]
fn a_node_attests_nothing_after_its_retirement_and_no_batch_enrols_its_own_witness() {
    let mut world = World::new();
    let old = world.node;
    let new = (domain::id::NodeId(2), domain::testing::Machine::new(110));
    let enrolled = domain::machine::NodeEnrolled { key: new.1.key(), node: new.0 };
    world.every = 2;
    world.act(domain::authority::Act::NodeEnrolled(enrolled)).unwrap();
    world.node = new;
    world.vendor();
    let last = world.batches().last().unwrap().clone();
    let mut follower = Follower::new(None);
    let before = &world.batches()[..world.batches().len() - 1];
    before.iter().for_each(|batch| follower.accept(batch).unwrap());
    assert_eq!(follower.accept(&last).unwrap_err().rule(), "attestation");
    (world.node, world.replayed) = (old, false);
}

#[test]
fn what_was_seen_before_must_still_be_there() {
    let world = written();
    let follower = world.replay();
    let seen = follower.seen();
    follower.must_extend(seen).unwrap();
    let older = world.state().seen().unwrap();
    follower.must_extend(older).unwrap();
    let yesterday = {
        let mut follower = Follower::new(None);
        world.batches()[..5].iter().for_each(|batch| follower.accept(batch).unwrap());
        follower
    };
    let backwards = yesterday.must_extend(seen).unwrap_err();
    assert!(backwards.to_string().contains("went backwards"), "{backwards}");
    let fork = domain::signature::Seen { root: Digest::of(b"other"), size: seen.size };
    assert_eq!(follower.must_extend(fork).unwrap_err().rule(), "fork");
}
