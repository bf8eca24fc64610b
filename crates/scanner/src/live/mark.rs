//! Words that only this scan knows: where one comes back, it is ours.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;

/// Makes words of twelve small letters and digits that begin with a letter, each once.
#[derive(Debug)]
pub struct Marks {
    seed: [u8; 16],
    count: AtomicU32,
}

impl Marks {
    /// Words that nobody else has.
    pub fn new() -> Self {
        let mut seed = [0; 16];
        // Without random numbers the words are the same in every scan, and still meet in no text.
        let _ = rand::fill(&mut seed);
        Self { seed, count: AtomicU32::new(0) }
    }

    /// The next word, for instance `pc4f1a09c2d7`.
    pub fn next(&self) -> String {
        let bytes = self.bytes();
        format!("pc{}", hex::encode(bytes.get(..5).unwrap_or(&bytes)))
    }

    /// A number that stands in no text by chance, between 1,000 and 9,999 and no round one.
    pub fn number(&self) -> u64 {
        let low =
            self.bytes().iter().take(4).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        (1_000 + (low % 8_998)) | 1
    }

    fn bytes(&self) -> Vec<u8> {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut text = self.seed.to_vec();
        text.extend_from_slice(&count.to_be_bytes());
        digest(&SHA256, &text).as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_plain_and_never_the_same() {
        let marks = Marks::new();
        let (one, other) = (marks.next(), marks.next());
        assert_ne!(one, other);
        assert_eq!(one.len(), 12);
        assert!(one.starts_with("pc") && one.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert!((0..50).all(|_| (1_000..10_000).contains(&marks.number())));
    }
}
