//! Whatever is changed about a valid proof, it is refused.

use ledger::proof::Unproven;
use ledger::{Hash, Proof, leaf_hash, verify_consistency, verify_inclusion};
use proptest::prelude::*;

use crate::leaves;
use crate::naive::Naive;

/// Every way to change one thing about a valid proof of a tree of up to 70 entries is refused.
#[test]
fn a_changed_inclusion_proof_is_refused() {
    let mut naive = Naive::new(leaves(0..70));
    for size in 1..=70 {
        let root = naive.root(0, size);
        for index in 0..size {
            let leaf = naive.leaves[index];
            let proof = Proof(naive.path(index, 0, size));
            let check = |leaf, index: usize, size: usize, root, proof: &Proof| {
                verify_inclusion(leaf, index as u64, size as u64, root, proof)
            };
            assert_eq!(check(leaf, index, size, root, &proof), Ok(()));
            assert_eq!(check(flip(leaf), index, size, root, &proof), Err(Unproven::OtherRoot));
            assert_eq!(check(leaf, index, size, flip(root), &proof), Err(Unproven::OtherRoot));
            for changed in changes(&proof) {
                assert!(check(leaf, index, size, root, &changed).is_err(), "{index} of {size}");
            }
            for other in (0..size + 3).filter(|other| *other != index) {
                assert!(check(leaf, other, size, root, &proof).is_err(), "{other} of {size}");
            }
        }
    }
}

#[test]
fn a_changed_consistency_proof_is_refused() {
    let mut naive = Naive::new(leaves(0..70));
    for new in 1..=70 {
        let new_root = naive.root(0, new);
        for old in 1..new {
            let old_root = naive.root(0, old);
            let proof = Proof(naive.subproof(old, 0, new, true));
            let check = |old: usize, old_root, new: usize, new_root, proof: &Proof| {
                verify_consistency(old as u64, old_root, new as u64, new_root, proof)
            };
            assert_eq!(check(old, old_root, new, new_root, &proof), Ok(()));
            assert!(check(old, flip(old_root), new, new_root, &proof).is_err());
            assert!(check(old, old_root, new, flip(new_root), &proof).is_err());
            for changed in changes(&proof) {
                assert!(check(old, old_root, new, new_root, &changed).is_err(), "{old} to {new}");
            }
            for other in (1..new).filter(|other| *other != old) {
                assert!(check(other, old_root, new, new_root, &proof).is_err());
            }
            let backwards = check(new, new_root, old, old_root, &proof);
            assert_eq!(backwards.unwrap_err().code(), "backwards");
        }
    }
}

/// The edges of `verify_consistency` that need no hashes: equal sizes and the empty tree.
#[test]
fn consistency_without_a_proof_still_compares_roots() {
    let (none, some) = (Proof::default(), Proof(vec![Hash::EMPTY]));
    let root = leaf_hash(b"only");
    assert_eq!(verify_consistency(1, root, 1, root, &none), Ok(()));
    assert_eq!(verify_consistency(1, root, 1, flip(root), &none), Err(Unproven::OtherRoot));
    assert_eq!(verify_consistency(1, root, 1, root, &some), Err(Unproven::TooLong));
    assert_eq!(verify_consistency(0, Hash::EMPTY, 1, root, &none), Ok(()));
    assert_eq!(verify_consistency(0, Hash::EMPTY, 0, Hash::EMPTY, &none), Ok(()));
    assert_eq!(verify_consistency(0, Hash::EMPTY, 0, root, &none), Err(Unproven::OtherRoot));
    assert_eq!(verify_consistency(0, root, 1, root, &none), Err(Unproven::OtherOldRoot));
    assert_eq!(verify_consistency(0, Hash::EMPTY, 1, root, &some), Err(Unproven::TooLong));
    assert_eq!(verify_consistency(1, root, 2, root, &none), Err(Unproven::TooShort));
    assert_eq!(verify_consistency(3, root, 4, root, &none), Err(Unproven::TooShort));
}

fn flip(mut hash: Hash) -> Hash {
    hash.0[13] ^= 4;
    hash
}

/// The proof with one hash changed, dropped, doubled or exchanged with the next, and one added.
pub fn changes(proof: &Proof) -> Vec<Proof> {
    let with = |change: &dyn Fn(&mut Vec<Hash>)| {
        let mut hashes = proof.0.clone();
        change(&mut hashes);
        Proof(hashes)
    };
    let mut changed = vec![with(&|hashes| hashes.push(Hash::EMPTY))];
    for at in 0..proof.0.len() {
        changed.push(with(&|hashes| hashes[at] = flip(hashes[at])));
        changed.push(with(&|hashes| _ = hashes.remove(at)));
        changed.push(with(&|hashes| hashes.insert(at, hashes[at])));
        if at > 0 {
            changed.push(with(&|hashes| hashes.swap(at - 1, at)));
        }
    }
    changed
}

proptest! {
    /// Whatever a stranger sends, verification refuses it without a panic.
    #[test]
    fn made_up_proofs_are_refused(
        index: u64, size: u64, old: u64, shift in 0u32..64,
        hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let (index, size, old) = (index >> shift, size >> shift, old >> shift);
        let (leaf, root) = (Hash([1; 32]), Hash([2; 32]));
        let proof = Proof(hashes.into_iter().map(Hash).collect());
        prop_assert!(verify_inclusion(leaf, index, size, root, &proof).is_err());
        prop_assert!(verify_consistency(old, leaf, size, root, &proof).is_err());
    }
}
