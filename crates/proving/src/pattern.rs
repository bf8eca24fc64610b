//! The form of a line of an address, `^(\w+\s?)+$`: checked in one pass, or as the slow
//! backtracking matchers do that try every way to split a word.

use std::time::{Duration, Instant};

/// When the slow matcher gives up, so that no test hangs.
const PATIENCE: Duration = Duration::from_secs(3);
/// The longest line that the slow matcher takes, because it calls itself for every word.
const DEEPEST: usize = 1_000;
/// How many steps the slow matcher makes between two looks at the clock.
const STEPS: u32 = 4_096;

/// Whether words with at most one space after each make up the line.
pub(crate) fn fits(line: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let spaced = line.chars().zip(line.chars().skip(1)).any(|(a, b)| a == ' ' && b == ' ');
    line.starts_with(is_word) && !spaced && line.chars().all(|c| is_word(c) || c == ' ')
}

/// The same answer, in a time that doubles with every letter of a line that does not fit.
pub(crate) fn fits_slowly(text: &str) -> bool {
    let line: Vec<char> = text.chars().collect();
    if line.len() > DEEPEST {
        return fits(text);
    }
    Matcher { line: &line, steps: 0, ends: Instant::now() + PATIENCE, over: false }.groups(0)
}

struct Matcher<'a> {
    line: &'a [char],
    steps: u32,
    ends: Instant,
    over: bool,
}

impl Matcher<'_> {
    /// Whether one group or more matches all from `start`.
    fn groups(&mut self, start: usize) -> bool {
        self.steps = self.steps.wrapping_add(1);
        self.over |= self.steps.is_multiple_of(STEPS) && Instant::now() > self.ends;
        if self.over {
            return false;
        }
        let rest = self.line.get(start..).unwrap_or_default();
        let word = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
        (1..=word).rev().any(|length| {
            let end = start + length;
            let spaced = self.line.get(end) == Some(&' ');
            (spaced && self.ends_at(end + 1)) || self.ends_at(end)
        })
    }

    /// Whether the line ends at `end`, or goes on with more groups.
    fn ends_at(&mut self, end: usize) -> bool {
        end == self.line.len() || self.groups(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_matchers_agree() {
        let lines =
            ["1 Example Street", "a", "", " a", "a  b", "a ", "a!", "rue de l'été", "é_1 2"];
        for line in lines {
            assert_eq!(fits(line), fits_slowly(line), "{line:?}");
        }
        assert!(fits("1 Example Street"));
        assert!(!fits("a  b"));
    }

    #[test]
    fn a_line_of_any_length_is_judged() {
        assert!(fits_slowly(&"a ".repeat(DEEPEST / 2)));
        assert!(!fits_slowly(&format!("{}!", "a ".repeat(1_000_000))));
    }

    #[test]
    fn the_slow_one_gives_up() {
        let start = Instant::now();
        assert!(!fits_slowly(&format!("{}!", "a".repeat(60))));
        let took = start.elapsed();
        assert!(took >= PATIENCE && took < 2 * PATIENCE, "{took:?}");
    }
}
