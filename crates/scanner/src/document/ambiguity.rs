//! Tells whether a regular expression takes exponential time in an engine that tries every way.
//!
//! The expression becomes the automaton of Glushkov (1961): its states are the places of the letters.
//! It is exponentially ambiguous if a state leads back to itself along two paths with the same text
//! (Weber and Seidl 1991, criterion EDA), which is a search among pairs of states.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Places of letters; longer expressions are not judged.
const MOST_PLACES: usize = 140;
/// Steps among pairs of states.
const MOST_STEPS: usize = 4_000_000;

/// Letters as ranges of code points.
type Letters = Vec<(u32, u32)>;

#[derive(Debug, Default)]
struct Automaton {
    letters: Vec<Letters>,
    /// From each place to the next ones; one that can be reached in two ways stands twice.
    next: Vec<Vec<usize>>,
    /// True where something after a place may still fail.
    too_large: bool,
}

/// Where a part begins and ends, and whether it may be empty.
#[derive(Debug, Clone, Default)]
struct Part {
    first: Vec<usize>,
    last: Vec<usize>,
    empty: bool,
}

/// True if some text has exponentially many ways to match and can still fail afterwards. What
/// cannot be read is not judged.
pub fn is_exponential(pattern: &str) -> bool {
    let parser = ParserBuilder::new().nest_limit(60).utf8(false).build().parse(pattern);
    let Ok(hir) = parser else { return false };
    let mut automaton = Automaton::default();
    let part = automaton.add(&hir);
    if automaton.too_large {
        return false;
    }
    let anchored = hir.properties().look_set_suffix().contains(Look::End);
    automaton.ambiguous().iter().any(|place| anchored || !part.last.contains(place))
}

impl Automaton {
    fn letter(&mut self, letters: Letters) -> Part {
        if self.letters.len() >= MOST_PLACES {
            self.too_large = true;
            return Part::default();
        }
        self.letters.push(letters);
        self.next.push(Vec::new());
        let place = self.letters.len() - 1;
        Part { first: vec![place], last: vec![place], empty: false }
    }

    fn add(&mut self, hir: &Hir) -> Part {
        if self.too_large {
            return Part::default();
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Part { empty: true, ..Part::default() },
            HirKind::Literal(literal) => self.literal(&literal.0),
            HirKind::Class(class) => self.letter(ranges(class)),
            HirKind::Capture(capture) => self.add(&capture.sub),
            HirKind::Concat(parts) => {
                let start = Part { empty: true, ..Part::default() };
                parts.iter().fold(start, |before, part| {
                    let part = self.add(part);
                    self.join(before, part)
                })
            }
            HirKind::Alternation(parts) => parts.iter().fold(Part::default(), |mut all, part| {
                let part = self.add(part);
                all.first.extend(part.first);
                all.last.extend(part.last);
                all.empty |= part.empty;
                all
            }),
            HirKind::Repetition(repetition) => {
                self.repeat(&repetition.sub, repetition.min, repetition.max)
            }
        }
    }

    fn literal(&mut self, bytes: &[u8]) -> Part {
        let start = Part { empty: true, ..Part::default() };
        String::from_utf8_lossy(bytes).chars().fold(start, |before, letter| {
            let part = self.letter(vec![(letter as u32, letter as u32)]);
            self.join(before, part)
        })
    }

    fn join(&mut self, before: Part, part: Part) -> Part {
        self.link(&before.last, &part.first);
        let mut first = before.first;
        if before.empty {
            first.extend(&part.first);
        }
        let mut last = part.last;
        if part.empty {
            last.extend(before.last);
        }
        Part { first, last, empty: before.empty && part.empty }
    }

    fn link(&mut self, from: &[usize], to: &[usize]) {
        for place in from {
            if let Some(next) = self.next.get_mut(*place) {
                next.extend(to);
            }
            self.too_large |=
                self.next.get(*place).is_some_and(|next| next.len() > 4 * MOST_PLACES);
        }
    }

    /// A counted repetition is written out; a counted one without an end repeats its last part.
    fn repeat(&mut self, hir: &Hir, min: u32, max: Option<u32>) -> Part {
        let times = max.unwrap_or(min.max(1));
        let mut all = Part { empty: true, ..Part::default() };
        for time in 0..times {
            let mut part = self.add(hir);
            if self.too_large {
                return Part::default();
            }
            if max.is_none() && time + 1 == times {
                let (last, first) = (part.last.clone(), part.first.clone());
                self.link(&last, &first);
            }
            part.empty |= time >= min;
            all = self.join(all, part);
        }
        all
    }

    fn overlap(&self, one: usize, other: usize) -> bool {
        let (Some(one), Some(other)) = (self.letters.get(one), self.letters.get(other)) else {
            return false;
        };
        one.iter().any(|(a, b)| other.iter().any(|(c, d)| a <= d && c <= b))
    }

    /// States that lead back to themselves in two ways with the same text.
    fn ambiguous(&self) -> Vec<usize> {
        let mut steps = 0;
        let within = |place: &usize| self.reaches(*place, *place);
        let loops: Vec<usize> = (0..self.letters.len()).filter(within).collect();
        loops.into_iter().filter(|place| self.is_ambiguous(*place, &mut steps)).collect()
    }

    fn reaches(&self, from: usize, to: usize) -> bool {
        let mut seen = vec![false; self.letters.len()];
        let mut waiting = vec![from];
        while let Some(place) = waiting.pop() {
            for next in self.next.get(place).into_iter().flatten() {
                if *next == to {
                    return true;
                }
                if let Some(seen) = seen.get_mut(*next).filter(|seen| !**seen) {
                    *seen = true;
                    waiting.push(*next);
                }
            }
        }
        false
    }

    /// Walks two paths at once from the same state; true if they part and both come back.
    fn is_ambiguous(&self, start: usize, steps: &mut usize) -> bool {
        let size = self.letters.len();
        // Of each pair: seen before, and seen after the paths have parted.
        let mut seen = vec![[false; 2]; size * size];
        let mut waiting = vec![(start, start, false)];
        while let Some((one, other, parted)) = waiting.pop() {
            let (Some(ones), Some(others)) = (self.next.get(one), self.next.get(other)) else {
                continue;
            };
            for (at, next) in ones.iter().enumerate() {
                for (beside, also) in others.iter().enumerate() {
                    *steps += 1;
                    if *steps > MOST_STEPS {
                        return false;
                    }
                    if !self.overlap(*next, *also) {
                        continue;
                    }
                    // The same place, reached along another edge, is another way.
                    let parted = parted || next != also || (one == other && at != beside);
                    if parted && *next == start && *also == start {
                        return true;
                    }
                    let flags = seen.get_mut(next * size + also);
                    let flag = flags.and_then(|flags| flags.get_mut(usize::from(parted)));
                    if flag.is_some_and(|flag| !std::mem::replace(flag, true)) {
                        waiting.push((*next, *also, parted));
                    }
                }
            }
        }
        false
    }
}

fn ranges(class: &Class) -> Letters {
    match class {
        Class::Unicode(class) => {
            class.iter().map(|range| (range.start() as u32, range.end() as u32)).collect()
        }
        Class::Bytes(class) => {
            class.iter().map(|range| (u32::from(range.start()), u32::from(range.end()))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_patterns_are_told() {
        for pattern in [
            r"^(a+)+$",
            r"^(a*)*$",
            r"^([a-z]+\s?)*$",
            r"^(\w+\s?)*$",
            r"^(a|ab|b)*c$",
            r"^([a-zA-Z0-9]+)*@",
            r"^(([a-z])+.)+[A-Z]([a-z])+$",
            r"^(.*,)*x$",
            r"(a+)+b",
        ] {
            assert!(is_exponential(pattern), "{pattern}");
        }
    }

    #[test]
    fn others_are_not() {
        for pattern in [
            r"^[a-z]+$",
            r"^([a-z]+\.)*[a-z]+$",
            r"^[a-z0-9]+(-[a-z0-9]+)*$",
            r"^(\d{3}-)?\d{4}$",
            r"^(a|b)*$",
            r"^(ab|cd)+$",
            r"^\d+(\.\d+)*$",
            r"^[^@]+@[^@]+$",
            r"^(https?://)?([\w-]+\.)+[a-z]{2,}(/.*)?$",
            r"(a+)+",
            r"^.*x.*$",
            r"^(?=a)(a+)+$",
            r"(",
            r"^(x{1,3}y){1,9}$",
        ] {
            assert!(!is_exponential(pattern), "{pattern}");
        }
    }

    #[test]
    fn large_ones_end_soon() {
        assert!(!is_exponential(&format!("^{}$", "(a?b?c?d?)".repeat(200))));
        assert!(!is_exponential("^((a{0,500}){0,500}){0,500}$"));
        assert!(!is_exponential(&"(".repeat(5_000)));
    }
}
