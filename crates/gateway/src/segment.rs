//! Segments: runs of recorded calls under one signed root, chained from one to the next.

use std::collections::BTreeMap;

use aws_lc_rs::signature::Ed25519KeyPair;
use domain::digest::Digest;
use domain::id::GatewayId;
use domain::signature::Base64;
use domain::time::Millis;
use domain::usage::{Chain, Gap, Segment, SegmentCommitted, segment_message};
use ledger::{Frontier, leaf_hash};

use crate::clock::now;

/// The most gaps that one segment states: an entry has at most 16 KB.
const MOST_GAPS: usize = 100;

/// What the chain of segments begins on, from the followed ledger.
#[derive(Debug, Clone)]
pub struct Base {
    pub genesis: Digest,
    pub chain: Option<Chain>,
}

/// The end of the chain so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    pub number: u64,
    pub last: u64,
    pub root: Digest,
}

impl Link {
    /// In front of the first segment.
    pub const NONE: Link = Link { number: 0, last: 0, root: Digest([0; 32]) };

    pub fn of_chain(chain: &Chain) -> Link {
        Link { number: chain.number, last: chain.last, root: chain.root }
    }

    pub fn of(segment: &Segment) -> Link {
        Link { number: segment.number, last: segment.last, root: segment.root }
    }
}

/// One recorded call: its line and when it began.
#[derive(Debug, Clone)]
pub struct Line {
    pub at: Millis,
    pub text: Vec<u8>,
}

/// The next segment behind `link`, of the lines that can go into it: those in front of the first
/// number that is still open. Numbers below `resumed` without a line are lost and stated as gaps.
/// `None` when there is nothing to commit.
pub fn next(
    gateway: GatewayId,
    link: Link,
    lines: &BTreeMap<u64, Line>,
    resumed: u64,
    most: usize,
) -> Option<(Segment, Vec<u64>)> {
    let first = link.last + 1;
    let (mut numbers, mut gaps) = (Vec::new(), Vec::<Gap>::new());
    let mut end = first;
    for number in lines.range(first..).map(|(number, _)| *number) {
        if numbers.len() >= most || !take_gap(&mut gaps, end, number, resumed) {
            break;
        }
        numbers.push(number);
        end = number + 1;
    }
    if numbers.len() < most && end < resumed {
        let rest = lines.range(end..).next().map_or(resumed, |(number, _)| *number);
        if take_gap(&mut gaps, end, rest.min(resumed), resumed) {
            end = rest.min(resumed);
        }
    }
    if end == first {
        return None;
    }
    let mut frontier = Frontier::new();
    let taken = || numbers.iter().filter_map(|number| lines.get(number));
    frontier.extend(taken().map(|line| leaf_hash(&line.text)));
    let times = || taken().map(|line| line.at);
    let segment = Segment {
        count: numbers.len() as u64,
        first,
        from: times().min().unwrap_or_else(now),
        gaps,
        gateway,
        last: end - 1,
        number: link.number + 1,
        previous: link.root,
        root: Digest(frontier.root().0),
        to: times().max().unwrap_or_else(now),
    };
    Some((segment, numbers))
}

/// Whether the numbers from `from` up to `to` can be passed over, as lost ones.
fn take_gap(gaps: &mut Vec<Gap>, from: u64, to: u64, resumed: u64) -> bool {
    match to.checked_sub(from) {
        None | Some(0) => true,
        Some(_) if to <= resumed && gaps.len() < MOST_GAPS => {
            gaps.push(Gap { first: from, last: to - 1 });
            true
        }
        Some(_) => false,
    }
}

pub fn sign(genesis: &Digest, segment: Segment, key: &Ed25519KeyPair) -> SegmentCommitted {
    let signature = key.sign(&segment_message(genesis, &segment));
    SegmentCommitted { segment, signature: Base64(signature.as_ref().to_vec()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(numbers: &[u64]) -> BTreeMap<u64, Line> {
        let line = |number: &u64| {
            let text = number.to_string().into_bytes();
            (*number, Line { at: Millis(1000 - number), text })
        };
        numbers.iter().map(line).collect()
    }

    fn spans(segment: &Segment) -> (u64, u64, u64, Vec<(u64, u64)>) {
        let gaps = segment.gaps.iter().map(|gap| (gap.first, gap.last)).collect();
        (segment.first, segment.last, segment.count, gaps)
    }

    fn cut(numbers: &[u64], last: u64, resumed: u64, most: usize) -> Option<Segment> {
        let link = Link { last, ..Link::NONE };
        next(GatewayId(1), link, &lines(numbers), resumed, most).map(|(segment, _)| segment)
    }

    #[test]
    fn a_segment_ends_in_front_of_the_first_open_call() {
        let segment = cut(&[1, 2, 4, 5], 0, 1, 100).unwrap();
        assert_eq!(spans(&segment), (1, 2, 2, vec![]));
        assert_eq!((segment.from, segment.to), (Millis(998), Millis(999)));
        let mut frontier = Frontier::new();
        frontier.extend([b"1", b"2"].map(|line| leaf_hash(line)));
        assert_eq!(segment.root.0, frontier.root().0);
        assert_eq!(cut(&[2], 0, 1, 100), None);
        assert_eq!(cut(&[], 0, 1, 100), None);
    }

    #[test]
    fn lost_numbers_are_stated_and_open_ones_are_not() {
        let segment = cut(&[2, 3, 9, 10, 12], 0, 9, 100).unwrap();
        assert_eq!(spans(&segment), (1, 10, 4, vec![(1, 1), (4, 8)]));
        let segment = cut(&[1], 0, 9, 100).unwrap();
        assert_eq!(spans(&segment), (1, 8, 1, vec![(2, 8)]));
        let segment = cut(&[], 4, 9, 100).unwrap();
        assert_eq!(spans(&segment), (5, 8, 0, vec![(5, 8)]));
    }

    #[test]
    fn a_segment_is_bounded_in_lines_and_in_gaps() {
        assert_eq!(spans(&cut(&[1, 2, 3], 0, 1, 2).unwrap()), (1, 2, 2, vec![]));
        let even: Vec<u64> = (1..=300).map(|n| n * 2).collect();
        let segment = cut(&even, 0, 1000, 10_000).unwrap();
        assert_eq!((segment.gaps.len(), segment.last, segment.count), (100, 200, 100));
        let link = Link::of(&segment);
        let (segment, _) = next(GatewayId(1), link, &lines(&even), 1000, 10_000).unwrap();
        assert_eq!((segment.first, segment.number), (201, 2));
    }
}
