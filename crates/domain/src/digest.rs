//! SHA-256 digests, and the names that follow from content: materials and papers.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// SHA-256 (FIPS 180-4) of something; lower-case hexadecimal on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Digest {
        Digest::over(&[bytes])
    }

    /// The digest of the parts put one behind the other.
    pub fn over(parts: &[&[u8]]) -> Digest {
        let mut context = Context::new(&SHA256);
        parts.iter().for_each(|part| context.update(part));
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Digest(bytes)
    }

    /// Prints without allocating.
    fn print<'a>(&self, to: &'a mut [u8; 64]) -> &'a str {
        // INVARIANT: 64 digits are what 32 bytes take, so this cannot fail.
        hex::encode_to_slice(self.0, to).unwrap_or_default();
        std::str::from_utf8(to).unwrap_or_default()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.print(&mut [0_u8; 64]))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 digest; expected 64 lower-case hexadecimal characters")]
pub struct DigestError;

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Digest, DigestError> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(DigestError);
        }
        let mut bytes = [0; 32];
        let mut seen = 0;
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (nibble(*high), nibble(*low));
            *byte = high << 4 | low & 15;
            seen |= high | low;
        }
        if seen > 15 { Err(DigestError) } else { Ok(Digest(bytes)) }
    }
}

/// The value of a lower-case hexadecimal digit, 255 for anything else. By a table: which digits come
/// cannot be foreseen, so branches would be guessed wrong half of the time.
fn nibble(character: u8) -> u8 {
    const VALUES: [u8; 256] = {
        let mut table = [255; 256];
        let mut value = 0;
        while value < 16 {
            #[expect(clippy::indexing_slicing, reason = "evaluated at compile time, in bounds")]
            {
                table[b"0123456789abcdef"[value] as usize] = value as u8;
            }
            value += 1;
        }
        table
    };
    VALUES.get(usize::from(character)).copied().unwrap_or(255)
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if !to.is_human_readable() {
            return self.0.serialize(to);
        }
        let mut text = [0_u8; 64];
        to.serialize_str(self.print(&mut text))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Digest, D::Error> {
        if from.is_human_readable() {
            from.deserialize_str(Reader)
        } else {
            <[u8; 32]>::deserialize(from).map(Digest)
        }
    }
}

/// Reads a digest from a text without allocating.
struct Reader;

impl serde::de::Visitor<'_> for Reader {
    type Value = Digest;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("64 lower-case hexadecimal characters")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Digest, E> {
        text.parse::<Digest>()
            .map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

/// The name of a paper: the digest of 32 random bytes and the content behind them, so that the name
/// says nothing about what it names once the bytes and the content are erased.
pub fn paper(salt: &[u8; 32], content: &[u8]) -> Digest {
    Digest::over(&[salt, content])
}
