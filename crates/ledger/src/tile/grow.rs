//! Which tiles change when leaves are appended, and what they then hold.

use super::{LEVEL_BITS, Tile, WIDTH};
use crate::hash::Hash;
use crate::tiles::{Tiles, TilesError, check_tile};
use crate::{Frontier, MAX_SIZE};

/// Tiles, each with its whole bytes.
pub type Grown = Vec<(Tile, Vec<u8>)>;

/// Every tile, of all levels, that changes when `leaves` (leaf hashes) follow the `old_size` leaves in
/// `source`: complete and partial ones, lowest level first, each with its whole bytes, so that a store
/// replaces what it holds at (level, index). Reads only the tiles of [`edge`](super::edge)`(old_size)`.
///
/// The source is believed: compare the root of its [`frontier`](crate::frontier()) with a signed one once
/// before growing it.
pub fn grow<S: Tiles>(
    old_size: u64,
    leaves: &[Hash],
    source: &S,
) -> Result<Grown, TilesError<S::Error>> {
    let new_size = old_size.saturating_add(leaves.len() as u64);
    if new_size > MAX_SIZE {
        return Err(TilesError::TooLarge(new_size));
    }
    let mut grown = Vec::new();
    let mut level = 0;
    let mut added = leaves.to_vec();
    while !added.is_empty() {
        let before = old_size.checked_shr(u32::from(level) * LEVEL_BITS).unwrap_or(0);
        added = grow_level(level, before, &added, source, &mut grown)?;
        level += 1;
    }
    Ok(grown)
}

/// Puts `added` hashes behind the `before` hashes of a level and returns the hashes of the tiles that
/// became complete, which are the next level's additions.
fn grow_level<S: Tiles>(
    level: u8,
    before: u64,
    added: &[Hash],
    source: &S,
    grown: &mut Grown,
) -> Result<Vec<Hash>, TilesError<S::Error>> {
    let width = u64::from(WIDTH);
    let mut index = before / width;
    let mut bytes = match Tile::at(level, index, before << (u32::from(level) * LEVEL_BITS)) {
        Some(edge) => read(&edge, source)?,
        None => Vec::new(),
    };
    let mut completed = Vec::new();
    let mut rest = added;
    while !rest.is_empty() {
        let room = usize::from(WIDTH) - bytes.len() / 32;
        let (taken, after) = rest.split_at(room.min(rest.len()));
        bytes.reserve_exact(taken.len() * 32);
        taken.iter().for_each(|hash| bytes.extend_from_slice(hash.as_bytes()));
        let Some(tile) = Tile::new(level, index, (bytes.len() / 32) as u16) else { break };
        if tile.is_complete() {
            completed.push(subtree(&bytes));
        }
        grown.push((tile, std::mem::take(&mut bytes)));
        index += 1;
        rest = after;
    }
    Ok(completed)
}

/// The bytes of a partial tile, cut to the width that the old tree has.
fn read<S: Tiles>(tile: &Tile, source: &S) -> Result<Vec<u8>, TilesError<S::Error>> {
    let mut bytes = source.tile(tile.level(), tile.index()).map_err(TilesError::Store)?;
    check_tile(*tile, &bytes)?;
    bytes.truncate(tile.byte_len());
    Ok(bytes)
}

/// The root over the hashes in `bytes`, a power of two of them.
pub(crate) fn subtree(bytes: &[u8]) -> Hash {
    let mut frontier = Frontier::new();
    frontier.extend(bytes.as_chunks::<32>().0.iter().copied().map(Hash));
    frontier.root()
}
