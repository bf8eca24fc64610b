//! Percentiles of durations.

use std::time::Duration;

/// The least duration, in whole milliseconds, that `percent` of 100 do not exceed (nearest rank).
/// `sorted` is in ascending order and not empty.
pub fn percentile(sorted: &[Duration], percent: usize) -> i64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    let at = sorted.get(rank - 1).copied().unwrap_or_default();
    i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rank_is_taken() {
        let all: Vec<_> = [1, 2, 3, 4].map(Duration::from_millis).to_vec();
        assert_eq!([50, 75, 99].map(|percent| percentile(&all, percent)), [2, 3, 4]);
    }
}
