//! Decisions made before: what looks the same to the same policies is put to Cedar once.

use std::sync::Arc;

use imbl::HashMap;

use super::{Decision, Facts, Outcome, in_force};
use crate::digest::Digest;
use crate::id::PersonId;
use crate::refusal::Refusal;
use crate::request::Asked;
use crate::state::State;
use crate::time::Millis;

/// How many decisions are kept. With one more, all are forgotten and made again when they are needed.
const MOST: usize = 16_384;

/// The decisions of this engine, by the policies and all that they saw. Cheap to clone.
///
/// INVARIANT: it never changes an answer. A grant or a review follows from the policies, which their
/// digest names, and from what they see. A denial names a smaller request, which follows from more
/// than that, so denials are made again each time.
#[derive(Debug, Clone, Default)]
pub struct Memo(HashMap<Digest, Arc<Decision>>);

impl Memo {
    /// How many decisions it knows.
    pub fn known(&self) -> usize {
        self.0.len()
    }

    /// What [`super::decide`] says.
    pub(super) fn decide(
        &mut self,
        state: &State,
        requester: PersonId,
        asked: &Asked,
        now: Millis,
    ) -> Result<Arc<Decision>, Refusal> {
        let (policy, rules) = in_force(state)?;
        let facts = Facts::of(state, requester, asked, now)?;
        let seen = facts.sight().digest(&policy)?;
        if let Some(known) = self.0.get(&seen) {
            return Ok(known.clone());
        }
        let decision = Arc::new(rules.decide(policy, &facts)?);
        let held = state.decisions.get_key_value(&decision).map(|(held, ())| held.clone());
        let decision = held.unwrap_or(decision);
        if decision.outcome != Outcome::Deny {
            self.keep(seen, decision.clone());
        }
        Ok(decision)
    }

    fn keep(&mut self, seen: Digest, decision: Arc<Decision>) {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(seen, decision);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Bounds;

    #[test]
    fn it_never_grows_beyond_its_bound() {
        let decision = Arc::new(Decision {
            bounds: Bounds::default(),
            engine: String::new(),
            outcome: Outcome::Grant,
            policies: Vec::new(),
            policy: Digest::of(b""),
            reviewers: None,
            smaller: None,
        });
        let mut memo = Memo::default();
        for number in 0..MOST + 2 {
            memo.keep(Digest::of(&number.to_be_bytes()), decision.clone());
            assert!(memo.0.len() <= MOST);
        }
        assert_eq!(memo.0.len(), 2);
    }
}
