//! Masks the vendor's credential in answers, across the borders of chunks, without buffering a body.

use std::ops::Range;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use memchr::memmem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use zeroize::Zeroizing;

/// What stands in the credential's place; as long as what it replaces, so that no length changes.
const MASK: u8 = b'*';
/// Shorter spellings would blot out ordinary text.
const SHORTEST: usize = 6;
/// What RFC 3986 §2.3 leaves as it stands.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Every spelling of one credential that an answer may hold.
pub struct Spellings(Vec<Zeroizing<Vec<u8>>>);

impl Spellings {
    /// As it stands, in base64 (both alphabets, at any of the three alignments inside other text),
    /// percent-encoded (both cases), as JSON escapes it; of a `user:password` also the password.
    pub fn of(credential: &[u8]) -> Spellings {
        let mut found = Spellings(Vec::new());
        found.add(credential);
        if let Some(colon) = memchr::memchr(b':', credential) {
            found.add(credential.get(colon + 1..).unwrap_or_default());
        }
        found
    }

    fn add(&mut self, secret: &[u8]) {
        self.push(secret.to_vec());
        for offset in 0..3 {
            self.push(aligned(secret, offset, &STANDARD_NO_PAD));
            self.push(aligned(secret, offset, &URL_SAFE_NO_PAD));
        }
        let upper = percent_encode(secret, RESERVED).to_string();
        self.push(lower_escapes(&upper));
        self.push(upper.into_bytes());
        if let Ok(text) = std::str::from_utf8(secret)
            && let Ok(json) = serde_json::to_string(text)
        {
            self.push(json.trim_matches('"').replace('/', "\\/").into_bytes());
            self.push(json.trim_matches('"').to_owned().into_bytes());
        }
    }

    fn push(&mut self, spelling: Vec<u8>) {
        let spelling = Zeroizing::new(spelling);
        if spelling.len() >= SHORTEST && !self.0.contains(&spelling) {
            self.0.push(spelling);
        }
    }

    fn places(&self, text: &[u8]) -> Vec<Range<usize>> {
        let find = |spelling: &Zeroizing<Vec<u8>>| {
            let length = spelling.len();
            memmem::find_iter(text, spelling.as_slice())
                .map(move |at| at..at + length)
                .collect::<Vec<_>>()
        };
        self.0.iter().flat_map(find).collect()
    }

    /// The text with every spelling masked; `None` when it holds none.
    pub fn masked(&self, text: &[u8]) -> Option<Vec<u8>> {
        let places = self.places(text);
        if places.is_empty() {
            return None;
        }
        let mut masked = text.to_vec();
        for place in places {
            masked.get_mut(place).unwrap_or_default().fill(MASK);
        }
        Some(masked)
    }

    /// How many bytes at the end of the text may be the beginning of a spelling.
    fn open_end(&self, text: &[u8]) -> usize {
        let open = |spelling: &Zeroizing<Vec<u8>>| {
            let longest = (spelling.len() - 1).min(text.len());
            (1..=longest)
                .rev()
                .find(|length| text.ends_with(spelling.get(..*length).unwrap_or_default()))
                .unwrap_or(0)
        };
        self.0.iter().map(open).max().unwrap_or(0)
    }
}

/// The characters of the base64 of `secret` that do not depend on its neighbours, when it begins
/// `offset` bytes into a group of three.
fn aligned(secret: &[u8], offset: usize, alphabet: &impl base64::Engine) -> Vec<u8> {
    let mut bytes = Zeroizing::new(vec![0; offset]);
    bytes.extend_from_slice(secret);
    let text = Zeroizing::new(alphabet.encode(bytes.as_slice()).into_bytes());
    let from = (offset * 8).div_ceil(6);
    let to = bytes.len() * 8 / 6;
    text.get(from..to).unwrap_or_default().to_vec()
}

fn lower_escapes(text: &str) -> Vec<u8> {
    let mut left = 0;
    let lower = text.bytes().map(|byte| {
        let escape = left > 0;
        left = if byte == b'%' { 2 } else { left - usize::from(escape) };
        if escape { byte.to_ascii_lowercase() } else { byte }
    });
    lower.collect()
}

/// The masking of one answer's body: what passed, and the few bytes that are held back because a
/// spelling may have begun in them.
#[derive(Default)]
pub struct Masker {
    held: Zeroizing<Vec<u8>>,
}

impl Masker {
    /// The next chunk, masked. Holds back at most one byte less than the longest spelling, and
    /// nothing once the body ends. A chunk without any trace of the credential is not copied.
    pub fn pass(&mut self, spellings: &Spellings, chunk: Bytes, end: bool) -> Bytes {
        let chunk = match self.held.is_empty() {
            true => chunk,
            false => {
                let joined = [self.held.as_slice(), &chunk].concat();
                self.held = Zeroizing::default();
                Bytes::from(joined)
            }
        };
        let mut chunk = spellings.masked(&chunk).map_or(chunk, Bytes::from);
        if !end {
            let open = spellings.open_end(&chunk);
            let held = chunk.split_off(chunk.len() - open);
            self.held = Zeroizing::new(held.to_vec());
        }
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use base64::Engine as _;

    const SECRET: &[u8] = b"sk_live/9f+B=7c d";

    fn through(body: &[u8], cut: usize) -> Vec<u8> {
        let spellings = Spellings::of(SECRET);
        let mut masker = Masker::default();
        let mut out = Vec::new();
        for chunk in body.chunks(cut) {
            out.extend(masker.pass(&spellings, Bytes::copy_from_slice(chunk), false));
        }
        out.extend(masker.pass(&spellings, Bytes::new(), true));
        out
    }

    #[test]
    fn every_spelling_is_masked_at_every_border_and_the_length_stays() {
        let mut body = b"before ".to_vec();
        body.extend(SECRET);
        for lead in ["", "a", "ab", "abc"] {
            body.extend(b" ");
            let inner = [lead.as_bytes(), SECRET, b"tail"].concat();
            body.extend(STANDARD_NO_PAD.encode(&inner).bytes());
            body.extend(b" ");
            body.extend(URL_SAFE_NO_PAD.encode(&inner).bytes());
        }
        body.extend(
            b" sk_live%2F9f%2BB%3D7c%20d sk_live%2f9f%2bB%3d7c%20d sk_live\\/9f+B=7c d after",
        );
        for cut in 1..body.len() {
            let out = through(&body, cut);
            assert_eq!(out.len(), body.len());
            let text = String::from_utf8(out).unwrap();
            assert!(text.starts_with("before ****") && text.ends_with(" after"), "{text}");
            for trace in ["sk_live", "c2tfbGl2", "9f", "OWYr"] {
                assert!(!text.contains(trace), "{cut}: {trace} in {text}");
            }
        }
    }

    #[test]
    fn other_text_passes_at_once_and_uncopied() {
        let spellings = Spellings::of(SECRET);
        let mut masker = Masker::default();
        let chunk = Bytes::from_static(b"data: nothing to see\n\n");
        let out = masker.pass(&spellings, chunk.clone(), false);
        assert_eq!(out.as_ptr(), chunk.as_ptr());
        assert_eq!(out, chunk);
    }

    #[test]
    fn a_beginning_that_is_none_is_let_go() {
        assert_eq!(through(b"sk_live is only a prefix sk_", 1), b"sk_live is only a prefix sk_");
    }

    #[test]
    fn of_user_and_password_the_password_alone_is_masked_too() {
        let spellings = Spellings::of(b"robot:hunter2!");
        assert_eq!(spellings.masked(b"pw=hunter2!").unwrap(), b"pw=********");
        assert_eq!(spellings.masked(b"robot alone"), None);
    }
}
