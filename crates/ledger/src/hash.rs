//! SHA-256 as RFC 6962 §2.1 uses it in a Merkle tree, and the hash type the whole crate is written in.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, Digest, SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};

const LEAF: u8 = 0x00;
const NODE: u8 = 0x01;

/// Entries up to this many bytes are hashed in one call on a stack buffer, without a heap allocation.
const SHORT_ENTRY: usize = 1023;

/// A SHA-256 value: a leaf, an inner node or a root. Printed in lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The root of the empty tree: SHA-256 of no bytes (RFC 6962 §2.1).
    pub const EMPTY: Hash = Hash([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 44 characters of padded standard base64 (RFC 4648 §4), as in a checkpoint.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads exactly what [`Hash::to_base64`] writes.
    pub fn from_base64(text: &str) -> Result<Hash, BadHash> {
        let bytes = STANDARD.decode(text).map_err(|_| BadHash)?;
        bytes.try_into().map(Hash).map_err(|_| BadHash)
    }
}

/// The text is not the hex or base64 spelling of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 32 bytes: 64 hex digits, or 44 characters of padded base64")]
pub struct BadHash;

impl FromStr for Hash {
    type Err = BadHash;

    /// Reads 64 hex digits, upper or lower case.
    fn from_str(text: &str) -> Result<Hash, BadHash> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| BadHash)?;
        Ok(Hash(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        hex::encode_to_slice(self.0, &mut digits).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The hash of an entry: SHA-256(0x00 ‖ entry), RFC 6962 §2.1.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut buffer = [LEAF; 1 + SHORT_ENTRY];
    if let Some(message) = buffer.get_mut(..=entry.len())
        && let Some((_leaf, body)) = message.split_first_mut()
    {
        body.copy_from_slice(entry);
        return hash_of(&digest(&SHA256, message));
    }
    let mut context = Context::new(&SHA256);
    context.update(&[LEAF]);
    context.update(entry);
    hash_of(&context.finish())
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right), RFC 6962 §2.1.
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut message = [NODE; 65];
    let (_node, children) = message.split_at_mut(1);
    let (first, second) = children.split_at_mut(32);
    first.copy_from_slice(&left.0);
    second.copy_from_slice(&right.0);
    hash_of(&digest(&SHA256, &message))
}

/// Plain SHA-256 of `message`, without the prefixes that separate leaves from nodes.
pub(crate) fn sha256(message: &[u8]) -> Hash {
    hash_of(&digest(&SHA256, message))
}

fn hash_of(digest: &Digest) -> Hash {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    Hash(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_root_is_the_hash_of_nothing() {
        assert_eq!(sha256(b""), Hash::EMPTY);
    }

    #[test]
    fn leaves_hash_alike_on_the_stack_and_in_parts() {
        for length in [0, 1, SHORT_ENTRY - 1, SHORT_ENTRY, SHORT_ENTRY + 1, 16 * 1024] {
            let entry: Vec<u8> = (0..length).map(|i| i as u8).collect();
            assert_eq!(leaf_hash(&entry), sha256(&[&[0u8], entry.as_slice()].concat()), "{length}");
        }
    }

    #[test]
    fn nodes_and_leaves_never_share_a_hash() {
        let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
        let children = [left.0, right.0].concat();
        assert_eq!(node_hash(left, right), sha256(&[&[1u8], children.as_slice()].concat()));
        assert_ne!(node_hash(left, right), leaf_hash(&children));
        assert_ne!(node_hash(left, right), node_hash(right, left));
    }

    #[test]
    fn hex_and_base64_round_trip_and_are_strict() {
        let hash = leaf_hash(b"entry");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(Hash::from_base64(&hash.to_base64()), Ok(hash));
        assert_eq!(Hash::EMPTY.to_base64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        for refused in [
            "",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", // no padding
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=", // a stray bit
            "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=", // the URL alphabet
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hS", // 30 bytes
        ] {
            assert_eq!(Hash::from_base64(refused), Err(BadHash), "{refused:?}");
        }
        assert_eq!("e3b0".parse::<Hash>(), Err(BadHash));
    }
}
