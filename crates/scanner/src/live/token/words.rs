//! The commonest secrets of signed tokens: examples of libraries and tutorials, and what people type.

/// One a line; the first is the empty one.
pub const WORDS: &str = include_str!("words.txt");
