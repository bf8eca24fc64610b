//! Reading a stored tree: its frontier, and the proofs that [`crate::proof`] checks.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::convert::Infallible;
use std::error::Error;
use std::ops::Range;

use crate::hash::Hash;
use crate::proof::{Proof, range};
use crate::tile::{self, Tile};
use crate::{Frontier, MAX_SIZE};

/// Where tiles are read from. A map of tiles is one, for a store that has to fetch them beforehand:
/// [`tile::edge`], [`inclusion_tiles`] and [`consistency_tiles`] say which.
pub trait Tiles {
    type Error: Error + 'static;

    /// The bytes of the widest tile stored at (`level`, `index`): 32 for each hash, 256 hashes at most.
    /// No bytes when there is none.
    fn tile(&self, level: u8, index: u64) -> Result<Vec<u8>, Self::Error>;
}

impl Tiles for BTreeMap<(u8, u64), Vec<u8>> {
    type Error = Infallible;

    fn tile(&self, level: u8, index: u64) -> Result<Vec<u8>, Infallible> {
        Ok(self.get(&(level, index)).cloned().unwrap_or_default())
    }
}

/// Why a frontier, a proof or new tiles cannot be made from a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TilesError<E: Error + 'static> {
    #[error("the tile store failed")]
    Store(#[source] E),
    #[error("`{tile}` is needed, but the store holds only {found} of its hashes")]
    Short { tile: Tile, found: usize },
    #[error("`{tile}` is needed, but the store's {bytes} bytes are not 1 to 256 whole hashes")]
    Misshapen { tile: Tile, bytes: usize },
    #[error("entry `{index}` lies outside a tree of size `{size}`")]
    OutsideTree { index: u64, size: u64 },
    #[error("a tree of size `{new}` cannot extend one of size `{old}`")]
    Backwards { old: u64, new: u64 },
    #[error("tree size `{0}` is above 2^63 - 1")]
    TooLarge(u64),
}

/// The frontier of the first `size` leaves in `source`. Believes the store: compare its root with a
/// signed one.
pub fn frontier<S: Tiles>(source: &S, size: u64) -> Result<Frontier, TilesError<S::Error>> {
    let mut reader = Reader::new(source);
    let nodes = range::nodes(0..within_bounds(size)?);
    let peaks = nodes.into_iter().map(|node| reader.node(node)).collect::<Result<_, _>>()?;
    Frontier::from_parts(size, peaks).map_err(|_| TilesError::TooLarge(size))
}

/// The proof that entry `index` is in the tree of the first `size` leaves (RFC 6962 §2.1.1).
pub fn inclusion<S: Tiles>(
    source: &S,
    index: u64,
    size: u64,
) -> Result<Proof, TilesError<S::Error>> {
    if index >= within_bounds(size)? {
        return Err(TilesError::OutsideTree { index, size });
    }
    Reader::new(source).proof(range::inclusion(index, size))
}

/// The proof that the tree of `new` leaves begins with that of `old` (RFC 6962 §2.1.2); empty when `old`
/// is zero or equals `new`.
pub fn consistency<S: Tiles>(
    source: &S,
    old: u64,
    new: u64,
) -> Result<Proof, TilesError<S::Error>> {
    if old > within_bounds(new)? {
        return Err(TilesError::Backwards { old, new });
    }
    Reader::new(source).proof(range::consistency(old, new))
}

/// The tiles that [`inclusion`] reads, each once, as wide as the proof needs.
pub fn inclusion_tiles(index: u64, size: u64) -> Vec<Tile> {
    let possible = index < size && size <= MAX_SIZE;
    if possible { tiles_of(range::inclusion(index, size)) } else { Vec::new() }
}

/// The tiles that [`consistency`] reads, each once, as wide as the proof needs.
pub fn consistency_tiles(old: u64, new: u64) -> Vec<Tile> {
    let possible = old <= new && new <= MAX_SIZE;
    if possible { tiles_of(range::consistency(old, new)) } else { Vec::new() }
}

fn tiles_of(ranges: Vec<Range<u64>>) -> Vec<Tile> {
    let mut widest = BTreeMap::new();
    for (tile, _) in ranges.into_iter().flat_map(range::nodes).filter_map(place) {
        let place = widest.entry((tile.level(), tile.index())).or_insert(tile);
        *place = tile.max(*place);
    }
    widest.into_values().collect()
}

fn within_bounds<E: Error>(size: u64) -> Result<u64, TilesError<E>> {
    if size > MAX_SIZE { Err(TilesError::TooLarge(size)) } else { Ok(size) }
}

/// Where a complete subtree is stored: the narrowest tile that covers it, and its bytes in that tile.
fn place(node: range::Node) -> Option<(Tile, Range<usize>)> {
    let bits = tile::WIDTH.ilog2();
    let (level, height) = (node.height / bits, node.height % bits);
    let index = node.position >> (bits - height);
    let first = (node.position << height) % u64::from(tile::WIDTH);
    let end = u16::try_from(first + (1 << height)).ok()?;
    let tile = Tile::new(u8::try_from(level).ok()?, index, end)?;
    Some((tile, usize::try_from(first).ok()? * 32..tile.byte_len()))
}

/// Do these stored bytes hold at least the hashes of `tile`?
pub(crate) fn check_tile<E: Error>(tile: Tile, bytes: &[u8]) -> Result<(), TilesError<E>> {
    if !bytes.len().is_multiple_of(32) || bytes.len() > usize::from(tile::WIDTH) * 32 {
        return Err(TilesError::Misshapen { tile, bytes: bytes.len() });
    }
    if bytes.len() < tile.byte_len() {
        return Err(TilesError::Short { tile, found: bytes.len() / 32 });
    }
    Ok(())
}

/// Reads subtrees of one source and asks it for each tile once.
struct Reader<'s, S> {
    source: &'s S,
    tiles: BTreeMap<(u8, u64), Vec<u8>>,
}

impl<'s, S: Tiles> Reader<'s, S> {
    fn new(source: &'s S) -> Reader<'s, S> {
        Reader { source, tiles: BTreeMap::new() }
    }

    fn proof(&mut self, ranges: Vec<Range<u64>>) -> Result<Proof, TilesError<S::Error>> {
        let mut hashes = Vec::with_capacity(ranges.len());
        for leaves in ranges {
            let nodes = range::nodes(leaves).into_iter();
            let subtrees = nodes.map(|node| self.node(node)).collect::<Result<Vec<_>, _>>()?;
            hashes.push(range::fold(&subtrees).unwrap_or(Hash::EMPTY));
        }
        Ok(Proof(hashes))
    }

    /// The hash of a complete subtree.
    fn node(&mut self, node: range::Node) -> Result<Hash, TilesError<S::Error>> {
        let Some((tile, place)) = place(node) else {
            return Err(TilesError::TooLarge(u64::MAX));
        };
        let bytes = match self.tiles.entry((tile.level(), tile.index())) {
            Entry::Occupied(read) => read.into_mut(),
            Entry::Vacant(unread) => {
                let bytes = self.source.tile(tile.level(), tile.index());
                unread.insert(bytes.map_err(TilesError::Store)?)
            }
        };
        check_tile(tile, bytes)?;
        Ok(tile::subtree(bytes.get(place).unwrap_or_default()))
    }
}
