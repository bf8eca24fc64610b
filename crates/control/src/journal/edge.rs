//! The tree's right edge: the partial tiles that the next append grows, made from the entries.

use std::collections::BTreeMap;

use ledger::tile::{self, Tile};
use ledger::{Frontier, Hash};

use super::JournalError;

/// The partial tiles of a tree. Made by replaying, or proven by a believed frontier.
#[derive(Debug, Clone, Default)]
pub(super) struct Edge(BTreeMap<(u8, u64), Vec<u8>>);

impl Edge {
    /// The tiles of the tree that `frontier` is the edge of, from wherever they were kept.
    pub(super) fn read(
        tiles: Vec<(Tile, Vec<u8>)>,
        frontier: &Frontier,
    ) -> Result<Edge, JournalError> {
        let tiles = tiles.into_iter();
        let tiles = tiles.map(|(tile, bytes)| ((tile.level(), tile.index()), bytes)).collect();
        match ledger::frontier(&tiles, frontier.size()) {
            Ok(found) if found == *frontier => Ok(Edge(tiles)),
            Ok(_) => Err(JournalError::Tiles("a tile at the edge was changed".to_owned())),
            Err(error) => Err(JournalError::Tiles(error.to_string())),
        }
    }

    /// The tiles that change when `leaves` follow the first `size`, with their whole bytes.
    pub(super) fn grow(
        &self,
        size: u64,
        leaves: &[Hash],
    ) -> Result<Vec<(Tile, Vec<u8>)>, JournalError> {
        tile::grow(size, leaves, &self.0).map_err(|error| JournalError::Tiles(error.to_string()))
    }

    /// Takes over what [`Edge::grow`] gave, now that the tree has `size` leaves.
    pub(super) fn keep(&mut self, grown: Vec<(Tile, Vec<u8>)>, size: u64) {
        let place = |tile: &Tile| (tile.level(), tile.index());
        self.0.extend(grown.into_iter().map(|(tile, bytes)| (place(&tile), bytes)));
        let edge: Vec<_> = tile::edge(size).iter().map(place).collect();
        self.0.retain(|place, _| edge.contains(place));
    }

    pub(super) fn tiles(&self) -> impl Iterator<Item = (&(u8, u64), &Vec<u8>)> {
        self.0.iter()
    }
}
