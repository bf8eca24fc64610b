//! A ledger as somebody would like it to be, and how far each of the three powers gets it into the tables.

use std::path::PathBuf;

use domain::digest::Digest;
use domain::entry::{Body, Entry};
use domain::material::Kind;
use domain::signature::Seen;
use ledger::{Checkpoint, Frontier, Signer, leaf_hash, tile};
use zeroize::Zeroizing;

use super::tables::{Frame, Snapshot, Tables};
use super::written::Written;

/// What the forger holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// Rows of the database are edited, and nothing else.
    Rows,
    /// The whole tree is computed again over the edited entries; the attestations stay as they were.
    TreeAsAttested,
    /// The same, signed again with a key that the ledger does not know, in the node's name.
    TreeSignedByAnother,
    /// The same, signed with the node's own key. The node's watermark is rewritten too: it lies beside
    /// that key.
    NodeKey,
}

/// Entries to come in the place of the honest ones.
pub struct Forged<'a> {
    pub written: &'a Written,
    /// The entries by their honest positions; a deleted one is none.
    pub slots: Vec<Option<Entry>>,
    /// Where the batches end, in slots.
    ends: Vec<u64>,
    /// Added, or in the place of what has the digest.
    pub materials: Vec<(Digest, Kind, Vec<u8>)>,
    /// In the place of the snapshot that the honest node left; without one, all of them are deleted.
    pub snapshot: Option<fn(&Written, Power) -> Vec<u8>>,
    /// A database file that is copied back, in place of editing rows.
    pub file: Option<PathBuf>,
    /// The slot that must be named.
    pub named: usize,
    /// The slot that must be named where the attestations hold.
    named_by_rules: Option<usize>,
}

impl<'a> Forged<'a> {
    pub fn of(written: &'a Written) -> Forged<'a> {
        Forged {
            written,
            slots: written.entries.iter().cloned().map(Some).collect(),
            ends: written.tables.frames.iter().map(|frame| frame.size).collect(),
            materials: Vec::new(),
            snapshot: None,
            file: None,
            named: 0,
            named_by_rules: None,
        }
    }

    /// Edits the body of an entry, which is then the one to be named.
    pub fn edit(mut self, at: usize, edit: impl FnOnce(&mut Body)) -> Forged<'a> {
        self.named = at;
        edit(&mut self.slots[at].as_mut().unwrap().body);
        self
    }

    /// Puts what stands at `from` in the place of `at`, under the time that stood there.
    pub fn overwrite(self, at: usize, from: usize) -> Forged<'a> {
        let Entry { actor, body, .. } = self.written.entries[from].clone();
        let mut forged = self.edit(at, |old| *old = body);
        forged.slots[at].as_mut().unwrap().actor = actor;
        forged
    }

    pub fn delete(mut self, at: usize) -> Forged<'a> {
        self.named = at;
        self.slots[at] = None;
        self
    }

    /// Forgets everything from `at` on.
    pub fn cut(mut self, at: usize) -> Forged<'a> {
        self.named = self.slots.len() - 1;
        self.slots.truncate(at);
        self.ends.retain(|end| *end <= at as u64);
        self
    }

    /// Adds a batch of these entries behind the last one; the first is the one to be named.
    pub fn append(mut self, entries: Vec<Entry>) -> Forged<'a> {
        self.named = self.slots.len();
        self.slots.extend(entries.into_iter().map(Some));
        self.ends.push(self.slots.len() as u64);
        self
    }

    /// With good attestations the rules find it there.
    pub fn found_at(mut self, slot: usize) -> Forged<'a> {
        self.named_by_rules = Some(slot);
        self
    }

    /// The entry that must be named, by its position in the forged ledger.
    pub fn named(&self, power: Power) -> u64 {
        let slot = match (power, self.named_by_rules) {
            (Power::NodeKey, Some(slot)) => slot,
            _ => self.named,
        };
        match power {
            Power::Rows => slot as u64,
            _ => self.squeezed(slot as u64),
        }
    }

    /// The position of a slot once the holes are closed.
    fn squeezed(&self, slot: u64) -> u64 {
        let before = self.slots.iter().take(slot as usize).filter(|slot| slot.is_some());
        let missing = slot.saturating_sub(self.slots.len() as u64);
        before.count() as u64 + missing
    }

    /// The tables as this power can make them.
    pub fn tables(&self, power: Power) -> Tables {
        let honest = self.written.tables.snapshot.as_ref();
        let snapshot = self.snapshot.zip(honest).map(|(forge, honest)| Snapshot {
            bytes: forge(self.written, power),
            ..honest.clone()
        });
        let mut tables = Tables { snapshot, ..Tables::default() };
        tables.materials.clone_from(&self.written.tables.materials);
        for (digest, kind, bytes) in &self.materials {
            tables.materials.retain(|(known, ..)| known != digest);
            tables.materials.push((*digest, *kind, bytes.clone()));
        }
        for (slot, entry) in (0..).zip(&self.slots) {
            let Some(entry) = entry else { continue };
            let position = if power == Power::Rows { slot } else { self.squeezed(slot) };
            tables.entries.push((position, entry.encode()));
            let needs = entry.materials().into_iter().map(|(_, digest)| (position, digest));
            tables.needs.extend(needs);
        }
        match power {
            Power::Rows => self.keep_tree(&mut tables),
            _ => self.compute_tree(&mut tables, power),
        }
        tables
    }

    /// Batches and tiles stay; one more batch row borrows everything from the last.
    fn keep_tree(&self, tables: &mut Tables) {
        let honest = &self.written.tables;
        tables.tiles.clone_from(&honest.tiles);
        let kept = honest.frames.iter().filter(|frame| self.ends.contains(&frame.size));
        tables.frames.extend(kept.cloned());
        let (last, end) = (tables.frames.last().unwrap().clone(), *self.ends.last().unwrap());
        if end > last.size {
            tables.frames.push(Frame { first: last.size, size: end, ..last });
        }
    }

    fn compute_tree(&self, tables: &mut Tables, power: Power) {
        let leaves: Vec<_> = tables.entries.iter().map(|(_, bytes)| leaf_hash(bytes)).collect();
        let (mut frontier, mut first) = (Frontier::new(), 0);
        for (number, end) in self.ends.iter().enumerate() {
            let size = self.squeezed(*end);
            if size == first {
                continue; // nothing is left of it
            }
            frontier.extend(leaves[first as usize..size as usize].iter().copied());
            let root = Digest(frontier.root().0);
            let honest = &self.written.tables.frames;
            let honest = honest.get(number).unwrap_or(honest.last().unwrap());
            let unchanged = (honest.first, honest.size, honest.root) == (first, size, root);
            let attestation = match unchanged {
                true => honest.attestation.clone(),
                false => self.attest(power, &frontier, &honest.attestation),
            };
            tables.frames.push(Frame { first, size, root, attestation });
            first = size;
        }
        let nothing = std::collections::BTreeMap::<(u8, u64), Vec<u8>>::new();
        let tiles = tile::grow(0, &leaves, &nothing).unwrap().into_iter();
        tables.tiles = tiles.map(|(tile, bytes)| (tile.level(), tile.index(), bytes)).collect();
    }

    fn attest(&self, power: Power, frontier: &Frontier, honest: &str) -> String {
        let node = self.written.node_key();
        let key = match power {
            Power::NodeKey => node.bytes,
            Power::TreeSignedByAnother => Zeroizing::new([66; 32]),
            Power::Rows | Power::TreeAsAttested => return honest.to_owned(),
        };
        let origin = honest.lines().next().unwrap();
        let signer = Signer::from_seed(&node.name, &key).unwrap();
        let checkpoint = Checkpoint::of(origin, frontier).unwrap();
        checkpoint.sign(&[&signer]).unwrap().to_string()
    }
}

/// The end of the newest batch.
pub fn tip(tables: &Tables) -> Seen {
    let last = tables.frames.last().unwrap();
    Seen { root: last.root, size: last.size }
}
