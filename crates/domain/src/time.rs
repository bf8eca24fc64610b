//! Moments and spans, in whole milliseconds of UTC. The domain takes `now`; it never asks a clock.

use std::fmt;
use std::str::FromStr;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z. Intervals are half-open: `from <= t < until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(#[serde(deserialize_with = "crate::number::whole")] pub u64);

impl Millis {
    /// The largest moment an entry may hold (integers stay below 2^53, RFC 8785 §3.2.2.3).
    pub const MAX: Millis = Millis(crate::number::MAX);

    pub fn after(self, span: Span) -> Millis {
        Millis(self.0.saturating_add(span.0)).min(Millis::MAX)
    }

    /// How long until `later`; zero when it is past.
    pub fn until(self, later: Millis) -> Span {
        Span(later.0.saturating_sub(self.0))
    }
}

impl fmt::Display for Millis {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match i64::try_from(self.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()) {
            Some(moment) => moment.fmt(f),
            None => write!(f, "{} ms after 1970", self.0),
        }
    }
}

/// A length of time in milliseconds; on the wire a number of them, in files also `2w`, `90d`, `12h`, `30m`, `10s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(#[serde(deserialize_with = "milliseconds")] pub u64);

/// Reads a number, or the text that people write.
fn milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    if from.is_human_readable() { from.deserialize_any(ReadSpan) } else { u64::deserialize(from) }
}

struct ReadSpan;

impl Visitor<'_> for ReadSpan {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("milliseconds, or a length of time such as `90d`")
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<u64, E> {
        match number <= Millis::MAX.0 {
            true => Ok(number),
            false => Err(E::custom("a length of time is below 2^53 ms")),
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<u64, E> {
        text.parse::<Span>().map(|span| span.0).map_err(E::custom)
    }
}

impl Span {
    pub const SECOND: Span = Span(1_000);
    pub const MINUTE: Span = Span(60_000);
    pub const HOUR: Span = Span(3_600_000);
    pub const DAY: Span = Span(86_400_000);

    pub const fn days(count: u64) -> Span {
        Span(count * Span::DAY.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a length of time; write a whole number and `w`, `d`, `h`, `m` or `s`, as in `90d`"
)]
pub struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Span, SpanError> {
        let unreadable = || SpanError(text.chars().take(40).collect());
        let unit = text.chars().next_back().ok_or_else(unreadable)?;
        let number = text.strip_suffix(unit).unwrap_or_default();
        let scale = match unit {
            'w' => Span::days(7).0,
            'd' => Span::DAY.0,
            'h' => Span::HOUR.0,
            'm' => Span::MINUTE.0,
            's' => Span::SECOND.0,
            _ => return Err(unreadable()),
        };
        let count: u64 = number.parse().map_err(|_| unreadable())?;
        count.checked_mul(scale).filter(|ms| *ms <= Millis::MAX.0).map(Span).ok_or_else(unreadable)
    }
}

impl fmt::Display for Span {
    /// The largest unit up to a day that leaves nothing over, in the form that [`FromStr`] reads; else milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(Span::DAY, "d"), (Span::HOUR, "h"), (Span::MINUTE, "m"), (Span::SECOND, "s")];
        match units.iter().find(|(unit, _)| self.0 >= unit.0 && self.0.is_multiple_of(unit.0)) {
            Some((unit, name)) => write!(f, "{}{name}", self.0 / unit.0),
            None if self.0 >= 60_000 => write!(f, "{}m", self.0 / 60_000),
            None => write!(f, "{} ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_printed() {
        for text in ["90d", "12h", "30m", "10s", "25h"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("48h".parse::<Span>().unwrap().to_string(), "2d");
        assert_eq!("2w".parse::<Span>().unwrap().to_string(), "14d");
        for text in ["", "d", "9", "9y", "-1d", "1.5h", "99999999999999d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn moments_print_as_rfc_3339() {
        assert_eq!(Millis(1_790_000_000_000).to_string(), "2026-09-21T14:13:20Z");
        assert_eq!(Millis(5).until(Millis(3)), Span(0));
    }
}
