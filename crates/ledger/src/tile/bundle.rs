//! Entry bundles: up to 256 entries, each behind its length as a big-endian uint16 (C2SP tlog-tiles).

use std::fmt;
use std::str::FromStr;

use super::{BadPath, Tile, WIDTH, path};

/// The longest entry that the two length bytes can carry.
pub const MAX_ENTRY: usize = u16::MAX as usize;

/// One bundle: the entries whose hashes are the level 0 tile of the same index and width.
///
/// Prints and parses as a path, `tile/entries/x001/234` or `tile/entries/x001/234.p/5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle {
    index: u64,
    width: u16,
}

impl Bundle {
    /// A bundle by its coordinates: any index, width 1 to 256. `None` outside those.
    pub fn new(index: u64, width: u16) -> Option<Bundle> {
        (1..=WIDTH).contains(&width).then_some(Bundle { index, width })
    }

    /// The bundle at `index` as a log of `size` has it; `None` where that log has none.
    pub fn at(index: u64, size: u64) -> Option<Bundle> {
        Tile::at(0, index, size).map(|tile| Bundle { index, width: tile.width() })
    }

    /// The place of the bundle, counted from 0; its first entry is `index · 256`.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many entries the bundle holds, 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tile/entries/")?;
        path::write(f, self.index, self.width)
    }
}

impl FromStr for Bundle {
    type Err = BadPath;

    /// Reads a path without a leading slash, in its one spelling.
    fn from_str(text: &str) -> Result<Bundle, BadPath> {
        let parsed = text.strip_prefix("tile/entries/").and_then(path::parse);
        let bundle = parsed.and_then(|(index, width)| Bundle::new(index, width));
        bundle.ok_or_else(|| BadPath::of(text))
    }
}

/// Why bytes are not a bundle, or entries do not fit in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBundle {
    #[error("a bundle holds 1 to 256 entries, not none")]
    Empty,
    #[error("a bundle holds at most 256 entries")]
    TooMany,
    #[error("entry {position} of the bundle has {bytes} bytes, at most 65535 fit")]
    EntryTooLong { position: usize, bytes: usize },
    #[error("the bundle ends inside entry {position}")]
    Truncated { position: usize },
}

/// The bytes of a bundle of these entries, 1 to 256 of them, in order.
pub fn encode<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, BadBundle> {
    if entries.is_empty() {
        return Err(BadBundle::Empty);
    }
    if entries.len() > usize::from(WIDTH) {
        return Err(BadBundle::TooMany);
    }
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| 2 + entry.as_ref().len()).sum());
    for (position, entry) in entries.iter().enumerate() {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len())
            .map_err(|_| BadBundle::EntryTooLong { position, bytes: entry.len() })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle's bytes, in order. The caller compares their number with what it expects and
/// their hashes with the level 0 tile.
pub fn decode(bytes: &[u8]) -> Result<Vec<&[u8]>, BadBundle> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let position = entries.len();
        if position == usize::from(WIDTH) {
            return Err(BadBundle::TooMany);
        }
        let truncated = BadBundle::Truncated { position };
        let (length, body) = rest.split_first_chunk::<2>().ok_or(truncated)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = body.split_at_checked(length).ok_or(truncated)?;
        entries.push(entry);
        rest = after;
    }
    if entries.is_empty() { Err(BadBundle::Empty) } else { Ok(entries) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_layout_is_a_length_and_the_bytes() {
        let bytes = encode(&[b"ab".as_slice(), b"", &[7; 258]]).unwrap();
        assert_eq!(&bytes[..8], [0, 2, b'a', b'b', 0, 0, 1, 2]);
        assert_eq!(decode(&bytes), Ok(vec![b"ab".as_slice(), b"", &[7; 258]]));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(encode::<Vec<u8>>(&[]), Err(BadBundle::Empty));
        assert_eq!(encode(&vec![b"e"; 257]), Err(BadBundle::TooMany));
        assert!(encode(&vec![b"e"; 256]).is_ok());
        assert!(encode(&[vec![0; MAX_ENTRY]]).is_ok());
        let long = BadBundle::EntryTooLong { position: 1, bytes: MAX_ENTRY + 1 };
        assert_eq!(encode(&[vec![], vec![0; MAX_ENTRY + 1]]), Err(long));
        assert_eq!(decode(&[]), Err(BadBundle::Empty));
        assert_eq!(decode(&[0; 2 * 257]), Err(BadBundle::TooMany));
        assert_eq!(decode(&[0, 0, 0]), Err(BadBundle::Truncated { position: 1 }));
        assert_eq!(decode(&[0, 2, 1]), Err(BadBundle::Truncated { position: 0 }));
    }

    proptest! {
        #[test]
        fn entries_round_trip(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..257)) {
            let bytes = encode(&entries).unwrap();
            prop_assert_eq!(decode(&bytes).unwrap(), entries);
        }

        #[test]
        fn any_bytes_decode_to_what_encodes_alike(bytes in prop::collection::vec(0u8..4, 0..200)) {
            if let Ok(entries) = decode(&bytes) {
                prop_assert_eq!(encode(&entries).unwrap(), bytes);
            }
        }
    }
}
