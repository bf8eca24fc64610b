//! Tiles of the tree and bundles of entries: their coordinates and paths (C2SP tlog-tiles).

pub mod bundle;
mod grow;
mod path;

use std::fmt;
use std::str::FromStr;

pub use bundle::Bundle;
pub(crate) use grow::subtree;
pub use grow::{Grown, grow};
pub use path::BadPath;

/// How many hashes a complete tile holds, and how many entries a complete bundle.
pub const WIDTH: u16 = 256;

/// The highest level that a path may name (C2SP tlog-tiles).
pub const MAX_LEVEL: u8 = 63;

/// Each level's hashes cover 2^8 hashes of the level below.
const LEVEL_BITS: u32 = WIDTH.ilog2();

/// One tile: `width` consecutive hashes of the tree, the first being that of the complete subtree over
/// the leaves `[index · 256^(level+1), … + 256^level)`. Complete when `width` is 256, otherwise partial.
/// Its bytes are the hashes, 32 each, one after the other.
///
/// Prints and parses as a path, `tile/0/x001/234` or `tile/0/x001/234.p/5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// A tile by its coordinates: level 0 to 63, any index, width 1 to 256. `None` outside those.
    pub fn new(level: u8, index: u64, width: u16) -> Option<Tile> {
        let valid = level <= MAX_LEVEL && (1..=WIDTH).contains(&width);
        valid.then_some(Tile { level, index, width })
    }

    /// The tile at (`level`, `index`) as a tree of `size` has it; `None` where that tree has none.
    pub fn at(level: u8, index: u64, size: u64) -> Option<Tile> {
        let hashes = size.checked_shr(u32::from(level) * LEVEL_BITS)?;
        let before = index.checked_mul(u64::from(WIDTH))?;
        let width = hashes.saturating_sub(before).min(u64::from(WIDTH));
        Tile::new(level, index, u16::try_from(width).ok()?)
    }

    /// The level: 0 holds leaf hashes, each one above the hashes of complete tiles of the one below.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// The place of the tile in its level, counted from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes the tile holds, 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Does the tile hold all 256 hashes, so that it will never change again?
    pub fn is_complete(&self) -> bool {
        self.width == WIDTH
    }

    /// How many bytes the tile's hashes take.
    pub fn byte_len(&self) -> usize {
        usize::from(self.width) * 32
    }
}

/// The partial tiles of a tree of `size`, one at most for each level: all that [`grow`] and
/// [`frontier`](crate::frontier()) read, for a store that must fetch them beforehand.
pub fn edge(size: u64) -> Vec<Tile> {
    levels(size)
        .filter_map(|(level, hashes)| {
            let width = u16::try_from(hashes % u64::from(WIDTH)).ok()?;
            Tile::new(level, hashes / u64::from(WIDTH), width)
        })
        .collect()
}

/// Every tile of a tree of `size`, complete and partial, level by level from the leaves.
pub fn all(size: u64) -> impl Iterator<Item = Tile> {
    levels(size).flat_map(move |(level, hashes)| {
        (0..hashes.div_ceil(u64::from(WIDTH))).filter_map(move |index| Tile::at(level, index, size))
    })
}

/// The levels that a tree of `size` reaches, each with the number of hashes it has there.
fn levels(size: u64) -> impl Iterator<Item = (u8, u64)> {
    (0..=MAX_LEVEL)
        .map_while(move |level| {
            size.checked_shr(u32::from(level) * LEVEL_BITS).map(|hashes| (level, hashes))
        })
        .take_while(|(_, hashes)| *hashes > 0)
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        path::write(f, self.index, self.width)
    }
}

impl FromStr for Tile {
    type Err = BadPath;

    /// Reads a path without a leading slash, in its one spelling.
    fn from_str(text: &str) -> Result<Tile, BadPath> {
        let tile = || {
            let (level, rest) = text.strip_prefix("tile/")?.split_once('/')?;
            let level = crate::decimal::parse(level)?;
            let (index, width) = path::parse(rest)?;
            Tile::new(u8::try_from(level).ok()?, index, width)
        };
        tile().ok_or_else(|| BadPath::of(text))
    }
}

#[cfg(test)]
mod tests;
