//! Masks the vendor's credential in answers, across the borders of chunks, without buffering a body.

mod spellings;

use bytes::Bytes;
use zeroize::Zeroizing;

pub use spellings::Spellings;
use spellings::{Found, SHORTEST, is_base64};

/// What stands in the credential's place; as long as what it replaces, so that no length changes.
const MASK: u8 = b'*';

/// What the caller waits for, and with it which bytes may be held back that a spelling could begin in.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// A body with a length: nobody acts on a part of it.
    #[default]
    Whole,
    /// A stream: every beginning is held back, but no lone character that could stand in front of one.
    Stream,
    /// A dialogue, in which the caller answers once it has every byte: beginnings shorter than any
    /// spelling pass, and only what follows them is masked.
    Dialogue,
}

/// The text with every spelling masked; `None` when it holds none.
pub fn masked(spellings: &Spellings, text: &[u8]) -> Option<Vec<u8>> {
    let found: Vec<Found> = spellings.find(text).collect();
    (!found.is_empty()).then(|| blotted(text, found))
}

fn blotted(text: &[u8], found: Vec<Found>) -> Vec<u8> {
    let mut text = text.to_vec();
    for Found { place, .. } in found {
        text.get_mut(place).unwrap_or_default().fill(MASK);
    }
    text
}

/// The masking of one answer's body.
#[derive(Default)]
pub struct Masker {
    pub patience: Patience,
    /// Not passed on yet, because a spelling may have begun in them.
    held: Zeroizing<Vec<u8>>,
    /// Passed on already, in front of what is held, although a spelling may have begun in them.
    passed: Zeroizing<Vec<u8>>,
    /// The last spelling may share a character with what follows.
    goes_on: bool,
}

impl Masker {
    /// The next chunk, masked. Holds back at most the longest spelling, and nothing once the body
    /// ends. A chunk without any trace of the credential is not copied.
    pub fn pass(&mut self, spellings: &Spellings, chunk: Bytes, end: bool) -> Bytes {
        let chunk = self.without_shared(chunk);
        let passed = self.passed.len();
        let text = match passed + self.held.len() {
            0 => chunk,
            _ => Bytes::from([self.passed.as_slice(), &self.held, &chunk].concat()),
        };
        let found: Vec<Found> = spellings.find(&text).collect();
        self.goes_on |= found.iter().any(|found| found.goes_on);
        let mut text = match found.is_empty() {
            true => text,
            false => blotted(&text, found).into(),
        };
        let open = match end {
            true => 0,
            false => spellings.open_end(&text, self.patience == Patience::Whole),
        };
        let waits = self.patience != Patience::Dialogue || open >= SHORTEST;
        let held = if waits { open.min(text.len() - passed) } else { 0 };
        let held = text.split_off(text.len() - held);
        let begun = text.len().saturating_sub(open - held.len());
        self.passed = Zeroizing::new(text.get(begun..).unwrap_or_default().to_vec());
        self.held = Zeroizing::new(held.to_vec());
        text.split_off(passed)
    }

    /// The chunk with its first character masked, if the spelling in front of it shares that.
    fn without_shared(&mut self, chunk: Bytes) -> Bytes {
        let Some((first, rest)) = chunk.split_first() else { return chunk };
        match std::mem::take(&mut self.goes_on) && is_base64(first) {
            true => [&[MASK], rest].concat().into(),
            false => chunk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

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
        assert_eq!(masked(&spellings, b"pw=hunter2!").unwrap(), b"pw=********");
        assert_eq!(masked(&spellings, b"robot alone"), None);
    }

    /// At every alignment, with every length of the credential and every border of chunks: no
    /// character that depends on the credential is left.
    #[test]
    fn in_base64_no_character_that_carries_bits_of_it_is_left() {
        for length in 6..=SECRET.len() {
            let secret = &SECRET[..length];
            let spellings = Spellings::of(secret);
            for (lead, tail) in [("", ""), ("a", "z"), ("ab", "yz"), ("abc", ""), ("robot:", "")] {
                let text = |secret: &[u8]| {
                    STANDARD.encode([lead.as_bytes(), secret, tail.as_bytes()].concat())
                };
                let (text, other) = (text(secret), text(&vec![0; length]));
                for cut in 1..=text.len() {
                    let mut masker = Masker::default();
                    let chunks = text.as_bytes().chunks(cut).map(Bytes::copy_from_slice);
                    let chunks = chunks.map(|chunk| masker.pass(&spellings, chunk, false));
                    let mut out = chunks.collect::<Vec<_>>().concat();
                    out.extend(masker.pass(&spellings, Bytes::new(), true));
                    let first = lead.len() * 8 / 6;
                    let last = ((lead.len() + length) * 8).div_ceil(6);
                    let (core, around) =
                        (&out[first..last], [&out[..first], &out[last..]].concat());
                    if core.len() >= SHORTEST + 2 {
                        assert!(core.iter().all(|byte| *byte == MASK), "{lead} {cut} {text}");
                    }
                    let beside = [&other[..first], &other[last..]].concat();
                    assert_eq!(around, beside.into_bytes(), "{lead} {cut} {text}");
                }
            }
        }
    }

    /// In a dialogue nothing that could be chance is held back, and no more than that gets through.
    #[test]
    fn in_a_dialogue_a_short_beginning_passes_and_the_rest_is_masked() {
        let spellings = Spellings::of(SECRET);
        let mut masker = Masker { patience: Patience::Dialogue, ..Masker::default() };
        let mut say = |text: &[u8]| {
            let out = masker.pass(&spellings, Bytes::copy_from_slice(text), false);
            String::from_utf8(out.to_vec()).unwrap()
        };
        assert_eq!(say(b"ask s"), "ask s");
        assert_eq!(say(b"k"), "k");
        assert_eq!(say(b"_l"), "_l");
        assert_eq!(say(b"ine"), "ine", "it was no credential");
        assert_eq!(say(b"sk_li"), "sk_li");
        assert_eq!(say(b"ve"), "");
        assert_eq!(say(&SECRET[7..]), "*".repeat(SECRET.len() - 5));
        assert_eq!(say(b" and on"), " and on");
    }
}
