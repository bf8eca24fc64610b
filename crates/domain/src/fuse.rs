//! The fuse: when something ends, and because of what. Arithmetic over moments, nothing else.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::Millis;

/// What an end follows from. Small, for every grant and token holds one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The end of the contract with the vendor.
    Contract,
    /// The validity of the evidence for this criterion.
    Evidence(Arc<String>),
    /// The longest life that policy gives.
    Policy,
    /// The next reassessment that the standard demands.
    Reassessment,
    /// The end that was requested.
    Request,
    /// The overlap after a rotation.
    Rotation,
    /// Nobody claimed it in time.
    Unclaimed,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Contract => f.write_str("the contract with the vendor ends"),
            Cause::Evidence(criterion) => write!(f, "the evidence for `{criterion}` runs out"),
            Cause::Policy => f.write_str("policy gives no longer life"),
            Cause::Reassessment => f.write_str("the service is due for reassessment"),
            Cause::Request => f.write_str("that is the end that was requested"),
            Cause::Rotation => f.write_str("it was rotated and its overlap ends"),
            Cause::Unclaimed => f.write_str("it was not claimed in time"),
        }
    }
}

/// An end and its reason: *ends on `until` because `because`*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fuse {
    pub because: Cause,
    pub until: Millis,
}

impl Fuse {
    pub fn new(until: Millis, because: Cause) -> Fuse {
        Fuse { because, until }
    }

    /// The earlier of the two; of equals the first named.
    pub fn or_earlier(self, other: Fuse) -> Fuse {
        if other.until < self.until { other } else { self }
    }

    /// The earliest of all; of equals the first named.
    pub fn earliest(fuses: impl IntoIterator<Item = Fuse>) -> Option<Fuse> {
        fuses.into_iter().reduce(Fuse::or_earlier)
    }

    pub fn is_burnt(&self, now: Millis) -> bool {
        now >= self.until
    }
}

impl fmt::Display for Fuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ends on {} because {}", self.until, self.because)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_fuse_never_outlives_any_of_its_reasons(ends in prop::collection::vec(0_u64..100, 1..8)) {
            let fuses = ends.iter().map(|end| Fuse::new(Millis(*end), Cause::Contract));
            let fuse = Fuse::earliest(fuses).unwrap();
            prop_assert!(ends.iter().all(|end| fuse.until.0 <= *end));
            prop_assert!(ends.contains(&fuse.until.0));
        }
    }

    #[test]
    fn of_equals_the_first_named_wins_and_the_end_itself_is_outside() {
        let both = [Fuse::new(Millis(5), Cause::Request), Fuse::new(Millis(5), Cause::Policy)];
        let fuse = Fuse::earliest(both).unwrap();
        assert_eq!(fuse.because, Cause::Request);
        assert!(fuse.is_burnt(Millis(5)) && !fuse.is_burnt(Millis(4)));
    }
}
