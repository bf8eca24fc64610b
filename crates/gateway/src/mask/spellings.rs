//! The spellings of one credential that software produces, and where they stand in a text.

use std::ops::Range;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use zeroize::Zeroizing;

/// Shorter spellings would blot out ordinary text.
pub const SHORTEST: usize = 6;
/// What RFC 3986 §2.3 leaves as it stands.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Slots of the table of steps; a power of two.
const SLOTS: usize = 4096;
/// The last pair of bytes among the first `SHORTEST` of a spelling begins here.
const LAST_PAIR: usize = SHORTEST - 2;

/// Every spelling of one credential that an answer may hold, ready to be searched for together.
///
/// The search is Wu and Manber's: it looks at a pair of bytes, and the table says how far the next
/// place is where the first bytes of any spelling could end. Most bytes are never looked at.
pub struct Spellings {
    all: Vec<Spelling>,
    steps: Box<[u8]>,
}

/// One spelling. In base64 the characters at its ends may carry bits of the credential and of a
/// neighbour: those are not searched for, but masked with it.
#[derive(PartialEq, Eq)]
struct Spelling {
    text: Zeroizing<Vec<u8>>,
    before: bool,
    after: bool,
}

/// A spelling found.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// All bytes of the text that carry anything of the credential.
    pub place: Range<usize>,
    /// The text ended where one more such character may follow.
    pub goes_on: bool,
}

impl Spellings {
    /// As it stands, in base64 (both alphabets, at any of the three alignments inside other text),
    /// percent-encoded (both cases), as JSON escapes it; of a `user:password` also the password.
    pub fn of(credential: &[u8]) -> Spellings {
        let mut found = Spellings { all: Vec::new(), steps: Box::default() };
        found.add(credential);
        if let Some(colon) = memchr::memchr(b':', credential) {
            found.add(credential.get(colon + 1..).unwrap_or_default());
        }
        found.steps = steps(&found.all);
        found
    }

    fn add(&mut self, secret: &[u8]) {
        self.push(Spelling::plain(secret.to_vec()));
        for offset in 0..3 {
            self.push(Spelling::aligned(secret, offset, &STANDARD_NO_PAD));
            self.push(Spelling::aligned(secret, offset, &URL_SAFE_NO_PAD));
        }
        let upper = percent_encode(secret, RESERVED).to_string();
        self.push(Spelling::plain(lower_escapes(&upper)));
        self.push(Spelling::plain(upper.into_bytes()));
        if let Ok(text) = std::str::from_utf8(secret)
            && let Ok(json) = serde_json::to_string(text)
        {
            self.push(Spelling::plain(json.trim_matches('"').replace('/', "\\/").into_bytes()));
            self.push(Spelling::plain(json.trim_matches('"').to_owned().into_bytes()));
        }
    }

    fn push(&mut self, spelling: Spelling) {
        if spelling.text.len() >= SHORTEST && !self.all.contains(&spelling) {
            self.all.push(spelling);
        }
    }

    /// All spellings in the text, in the order of their first bytes.
    pub fn find<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Found> + 'a {
        self.starts(text).flat_map(move |start| {
            let rest = text.get(start..).unwrap_or_default();
            let here = self.all.iter().filter(move |spelling| rest.starts_with(&spelling.text));
            here.map(move |spelling| spelling.found(text, start))
        })
    }

    /// The places at which a spelling may begin.
    fn starts<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let mut at = LAST_PAIR;
        std::iter::from_fn(move || {
            loop {
                let step = self.step(text.get(at..at + 2)?);
                at += step.max(1);
                if step == 0 {
                    return Some(at - 1 - LAST_PAIR);
                }
            }
        })
    }

    fn step(&self, pair: &[u8]) -> usize {
        self.steps.get(slot(pair)).copied().map_or(SHORTEST - 1, usize::from)
    }

    /// How many bytes at the end of the text may be the beginning of a spelling, with the character
    /// that it shares in front of it; `alone` if that character counts without anything behind it.
    pub fn open_end(&self, text: &[u8], alone: bool) -> usize {
        self.all.iter().map(|spelling| spelling.open_end(text, alone)).max().unwrap_or(0)
    }
}

impl Spelling {
    fn plain(text: Vec<u8>) -> Spelling {
        Spelling { text: Zeroizing::new(text), before: false, after: false }
    }

    /// The base64 of `secret` when it begins `offset` bytes into a group of three: the characters
    /// that do not depend on its neighbours.
    fn aligned(secret: &[u8], offset: usize, alphabet: &impl base64::Engine) -> Spelling {
        let mut bytes = Zeroizing::new(vec![0; offset]);
        bytes.extend_from_slice(secret);
        let text = Zeroizing::new(alphabet.encode(bytes.as_slice()).into_bytes());
        let from = (offset * 8).div_ceil(6);
        let to = bytes.len() * 8 / 6;
        Spelling {
            text: Zeroizing::new(text.get(from..to).unwrap_or_default().to_vec()),
            before: offset > 0,
            after: !bytes.len().is_multiple_of(3),
        }
    }

    fn found(&self, text: &[u8], start: usize) -> Found {
        let end = start + self.text.len();
        let before = self.before && start > 0 && text.get(start - 1).is_some_and(is_base64);
        let next = text.get(end).filter(|_| self.after);
        Found {
            place: start - usize::from(before)..end + usize::from(next.is_some_and(is_base64)),
            goes_on: self.after && end == text.len(),
        }
    }

    fn open_end(&self, text: &[u8], alone: bool) -> usize {
        let Some(first) = self.text.first() else { return 0 };
        let longest = (self.text.len() - 1).min(text.len());
        let tail = text.get(text.len() - longest..).unwrap_or_default();
        let begun = memchr::memchr_iter(*first, tail)
            .map(|at| longest - at)
            .find(|length| text.ends_with(self.text.get(..*length).unwrap_or_default()));
        let length = begun.unwrap_or(0);
        let front = text.get(..text.len() - length).and_then(|front| front.last());
        let shared = self.before && (length > 0 || alone) && front.is_some_and(is_base64);
        length + usize::from(shared)
    }
}

/// Of either alphabet (RFC 4648 §4, §5).
pub fn is_base64(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(byte)
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

/// For every pair of bytes, how far behind it the nearest last pair of a spelling can begin.
fn steps(spellings: &[Spelling]) -> Box<[u8]> {
    let mut steps = vec![SHORTEST as u8 - 1; SLOTS].into_boxed_slice();
    for spelling in spellings {
        for (left, pair) in (0..=LAST_PAIR as u8).rev().zip(spelling.text.windows(2)) {
            if let Some(step) = steps.get_mut(slot(pair)) {
                *step = left.min(*step);
            }
        }
    }
    steps
}

fn slot(pair: &[u8]) -> usize {
    pair.iter().fold(0, |slot, byte| slot << 5 ^ usize::from(*byte)) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The search against the obvious one, over texts full of beginnings and of whole spellings.
    #[test]
    fn every_place_is_found_and_no_other() {
        let spellings = Spellings::of(b"ab:abcabd/abcab");
        let mut random = 7_u64;
        for _ in 0..3_000 {
            let mut text = Vec::new();
            while text.len() < 60 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let pick = (random >> 33) as usize;
                match pick % 5 {
                    0 => {
                        let spelling = &spellings.all[pick / 5 % spellings.all.len()].text;
                        let length = pick / 1000 % (spelling.len() + 1);
                        text.extend(&spelling[..length]);
                    }
                    _ => text.push(b"abcd:/=%"[pick / 5 % 8]),
                }
            }
            let mut slow = Vec::new();
            for start in 0..text.len() {
                let here = spellings.all.iter().filter(|one| text[start..].starts_with(&one.text));
                slow.extend(here.map(|spelling| spelling.found(&text, start)));
            }
            assert_eq!(spellings.find(&text).collect::<Vec<_>>(), slow);
        }
    }

    #[test]
    fn short_texts_and_short_credentials_are_searched_too() {
        let spellings = Spellings::of(b"secret");
        assert_eq!(spellings.find(b"").count(), 0);
        assert_eq!(spellings.find(b"secre").count(), 0);
        assert_eq!(spellings.find(b"secret").count(), 1);
        assert_eq!(Spellings::of(b"short").find(b"a short text").count(), 0);
    }
}
