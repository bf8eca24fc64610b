//! A Merkle log over opaque bytes: tree, tiles, proofs, signed checkpoints. Knows nothing of what it holds.
//!
//! Start with [`struct@Hash`] (RFC 6962 §2.1) and [`Frontier`] (the compact right edge that appends need).
//! [`tile`] stores the tree as C2SP tlog-tiles, [`tiles`] reads frontiers and proofs from such a store,
//! and [`proof`] checks proofs with nothing but roots. [`note`] and [`checkpoint`] put a signature under
//! (origin, size, root). Nothing here does I/O: a store implements [`Tiles`] and writes what
//! [`tile::grow`] returns.
//!
//! The life of an append: hash the entries with [`leaf_hash`], push the hashes onto a clone of the
//! [`Frontier`], let [`tile::grow`] say which tiles change, sign a [`Checkpoint`] of the new size and
//! root, store tiles and checkpoint in one transaction, keep the new frontier.

pub mod checkpoint;
mod decimal;
mod frontier;
mod hash;
pub mod note;
pub mod proof;
pub mod tile;
pub mod tiles;

pub use checkpoint::Checkpoint;
pub use frontier::{BadFrontier, Frontier};
pub use hash::{BadHash, Hash, leaf_hash, node_hash};
pub use note::{Note, Signer, VerifierKey};
pub use proof::{Proof, verify_consistency, verify_inclusion};
pub use tile::{Bundle, Tile};
pub use tiles::{Tiles, TilesError, consistency, frontier, inclusion};

/// The largest tree this crate works with: 2^63 - 1 entries, the bound of Go's logs and SQL's BIGINT.
pub const MAX_SIZE: u64 = i64::MAX as u64;
