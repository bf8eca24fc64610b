//! Rates, and the arithmetic that keeps them (the generic cell rate algorithm, ITU-T I.371).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// `count` calls at once, refilled over `per`: never more than twice `count` in any `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    #[serde(deserialize_with = "crate::number::whole")]
    pub count: u64,
    pub per: Span,
}

impl Rate {
    /// From one call a day to a million a second.
    pub fn is_sane(&self) -> bool {
        (1..=1_000_000).contains(&self.count) && (Span::SECOND..=Span::DAY).contains(&self.per)
    }

    /// Whether it allows no more than `other`, in the long run and at once.
    pub fn is_within(&self, other: &Rate) -> bool {
        let mine = u128::from(self.count) * u128::from(other.per.0);
        let theirs = u128::from(other.count) * u128::from(self.per.0);
        mine <= theirs && self.count <= other.count
    }

    /// The tighter of the two on each side.
    pub fn or_tighter(self, other: Rate) -> Rate {
        if self.is_within(&other) {
            self
        } else if other.is_within(&self) {
            other
        } else {
            let slower = u128::from(self.count) * u128::from(other.per.0)
                <= u128::from(other.count) * u128::from(self.per.0);
            let (slow, small) = if slower { (self, other) } else { (other, self) };
            let per = u128::from(slow.per.0) * u128::from(small.count) / u128::from(slow.count);
            Rate { count: small.count, per: Span(u64::try_from(per).unwrap_or(u64::MAX)) }
        }
    }

    /// Calls a minute, rounded up.
    pub fn per_minute(&self) -> u64 {
        let minute = u128::from(self.count) * u128::from(Span::MINUTE.0);
        u64::try_from(minute.div_ceil(u128::from(self.per.0.max(1)))).unwrap_or(u64::MAX)
    }

    /// One more call at `now`, when `arrival` is the theoretical arrival time so far (both in
    /// nanoseconds of one monotonic clock): the new arrival time, or how long to wait.
    pub fn admit(&self, arrival: u64, now: u64) -> Result<u64, u64> {
        let window = self.per.0.saturating_mul(1_000_000);
        let interval = window / self.count.max(1);
        let next = arrival.max(now).saturating_add(interval);
        match next.saturating_sub(now) <= window {
            true => Ok(next),
            false => Err(next.saturating_sub(now).saturating_sub(window)),
        }
    }

    /// How many calls are left at `now` after `arrival`.
    pub fn left(&self, arrival: u64, now: u64) -> u64 {
        let window = self.per.0.saturating_mul(1_000_000);
        let interval = (window / self.count.max(1)).max(1);
        window.saturating_sub(arrival.saturating_sub(now)) / interval
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = self.per.to_string();
        // `1m` is said as `m`, `10m` as it is.
        let unit = per.strip_prefix('1').filter(|unit| unit.len() == 1).unwrap_or(&per);
        write!(f, "{}/{unit}", self.count)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rate; write calls and a length of time, as in `60/m` or `5/10s`")]
pub struct RateError(String);

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Rate, RateError> {
        let unreadable = || RateError(text.chars().take(40).collect());
        let (count, per) = text.split_once('/').ok_or_else(unreadable)?;
        let per = per.parse().or_else(|_| format!("1{per}").parse());
        let rate = Rate {
            count: count.parse().map_err(|_| unreadable())?,
            per: per.map_err(|_| unreadable())?,
        };
        if rate.is_sane() { Ok(rate) } else { Err(unreadable()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn calls(rate: Rate, moments: &[u64]) -> Vec<u64> {
        let mut arrival = 0;
        let admitted = moments.iter().filter(|now| match rate.admit(arrival, **now) {
            Ok(next) => {
                arrival = next;
                true
            }
            Err(_) => false,
        });
        admitted.copied().collect()
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_twice_the_count_and_no_start_more_than_it(
            count in 1_u64..20, gaps in prop::collection::vec(0_u64..400_000_000, 1..200)
        ) {
            let rate = Rate { count, per: Span::SECOND };
            let mut now = 1_000_000_000;
            let moments: Vec<_> = gaps.iter().map(|gap| { now += gap; now }).collect();
            let admitted = calls(rate, &moments);
            for start in &admitted {
                let inside = admitted.iter().filter(|t| *t >= start && **t < start + 1_000_000_000);
                prop_assert!(inside.count() as u64 <= 2 * count);
            }
            let first = admitted.iter().filter(|t| **t < moments[0] + 1_000_000_000 / count);
            prop_assert!(first.count() as u64 <= count + 1);
        }

        #[test]
        fn whoever_waits_as_told_is_admitted(count in 1_u64..50, now in 0_u64..1 << 50) {
            let rate = Rate { count, per: Span::SECOND };
            let mut arrival = 0;
            for _ in 0..count {
                arrival = rate.admit(arrival, now).unwrap();
            }
            let wait = rate.admit(arrival, now).unwrap_err();
            prop_assert!(wait > 0 && rate.admit(arrival, now + wait).is_ok());
        }

        #[test]
        fn the_tighter_is_within_both(a in 1_u64..100, b in 1_u64..100, p in 1_u64..60, q in 1_u64..60) {
            let (one, two) = (Rate { count: a, per: Span(p * 1000) }, Rate { count: b, per: Span(q * 1000) });
            let both = one.or_tighter(two);
            prop_assert!(both.count <= a && both.count <= b);
        }
    }

    #[test]
    fn rates_are_read_and_printed() {
        assert_eq!("60/m".parse::<Rate>().unwrap(), Rate { count: 60, per: Span::MINUTE });
        for text in ["5/10s", "600/m", "1/d", "7/11m"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        assert_eq!("600/1m".parse::<Rate>().unwrap().to_string(), "600/m");
        for text in ["", "60", "0/m", "60/", "x/m", "60/w", "2000000/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
