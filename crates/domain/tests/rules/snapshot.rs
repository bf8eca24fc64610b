//! Snapshots: whole, sealed, or nothing.

use domain::follow::Follower;
use domain::snapshot::{self, SnapshotError};
use domain::testing::World;
use ledger::Frontier;

use crate::everything;

const KEY: [u8; 32] = [9; 32];

fn open(world: &World, bytes: &[u8]) -> Result<Follower, SnapshotError> {
    let (state, frontier) = snapshot::open(bytes, &KEY, |_, digest| world.load(digest))?;
    Ok(Follower::resume(state, frontier))
}

#[test]
fn everything_comes_back_and_goes_on() {
    let mut world = everything::world();
    let bytes = snapshot::seal(world.state(), world.frontier(), &KEY).unwrap();
    let mut follower = open(&world, &bytes).unwrap();
    let whole = String::from_utf8(world.state().projection());
    assert_eq!(String::from_utf8(follower.state().projection()), whole);
    assert_eq!(follower.frontier(), world.frontier());

    let before = world.batches().len();
    let bob = world.cast().bob;
    let service = world.canary("further");
    world.token(&bob, service, &["parcels:read"]);
    world.batches()[before..].iter().for_each(|batch| follower.accept(batch).unwrap());
    assert_eq!(follower.state().projection(), world.state().projection());
}

#[test]
fn every_flipped_bit_another_key_and_every_cut_is_refused_before_reading() {
    let world = World::new();
    let bytes = snapshot::seal(world.state(), world.frontier(), &KEY).unwrap();
    for place in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[place] ^= 1 << (place % 8);
        assert!(matches!(open(&world, &flipped), Err(SnapshotError::Seal)), "{place}");
    }
    for length in (0..bytes.len()).step_by(7) {
        assert!(matches!(open(&world, &bytes[..length]), Err(SnapshotError::Seal)), "{length}");
    }
    let other = snapshot::open(&bytes, &[8; 32], |_, digest| world.load(digest));
    assert!(matches!(other, Err(SnapshotError::Seal)));
}

#[test]
fn materials_are_loaded_and_hashed_again() {
    let world = everything::world();
    let bytes = snapshot::seal(world.state(), world.frontier(), &KEY).unwrap();
    let missing = snapshot::open(&bytes, &KEY, |_, _| None);
    assert!(matches!(missing, Err(SnapshotError::MaterialMissing { .. })));
    let other = snapshot::open(&bytes, &KEY, |_, _| Some(b"{}".to_vec()));
    assert!(matches!(other, Err(SnapshotError::MaterialDiffers { .. })));
}

#[test]
fn a_state_is_sealed_with_its_own_tree_only() {
    let world = World::new();
    let sealed = snapshot::seal(world.state(), &Frontier::new(), &KEY);
    assert!(matches!(sealed, Err(SnapshotError::Inconsistent)));
    let empty = domain::state::State::default();
    let bytes = snapshot::seal(&empty, &Frontier::new(), &KEY).unwrap();
    assert_eq!(open(&world, &bytes).unwrap().state().size(), 0);
}

#[test]
fn without_the_key_it_is_told_from_every_other_state_but_not_from_another_seal() {
    let mut world = everything::world();
    let bytes = snapshot::seal(world.state(), world.frontier(), &KEY).unwrap();
    let (state, frontier) = (world.state().clone(), world.frontier().clone());
    let holds = |bytes: &[u8]| snapshot::holds(bytes, &state, &frontier);
    assert!(holds(&bytes).unwrap());
    let resealed = snapshot::seal(&state, &frontier, &[1; 32]).unwrap();
    assert!(holds(&resealed).unwrap(), "whose seal it is, only the key tells");
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(!holds(&changed).unwrap());

    let at = 32 + "portcullis-snapshot-v".len();
    changed[at] = b'0';
    assert!(matches!(holds(&changed), Err(SnapshotError::Format)), "another version's");
    changed[40] = b'!';
    assert!(matches!(holds(&changed), Err(SnapshotError::Unreadable(_))));
    assert!(matches!(holds(b"short"), Err(SnapshotError::Unreadable(_))));

    let bob = world.cast().bob;
    let service = world.canary("further");
    world.token(&bob, service, &["parcels:read"]);
    assert!(!snapshot::holds(&bytes, world.state(), world.frontier()).unwrap());
}
