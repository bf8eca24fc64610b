//! Policy: Cedar says grant, review or deny; the default is review. People sign every version.

pub mod facts;
pub mod memo;
pub mod rules;
mod sight;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use facts::{Facts, ScopeFacts};
pub use memo::Memo;
pub use rules::Rules;

use crate::digest::Digest;
use crate::entry::{Body, Entry};
use crate::id::{PersonId, RequestId};
use crate::limit::Rate;
use crate::material::Materials;
use crate::refusal::{Code, Reasons, Refusal};
use crate::request::{Asked, LONGEST};
use crate::review::Quorum;
use crate::state::{State, Tables};
use crate::time::{Millis, Span};

/// The engines that releases of this program decided with in edition 1.
const ENGINES: &[&str] = &[rules::ENGINE];

/// A set of policies comes into force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyPublished {
    pub policy: Digest,
    /// Counts up.
    #[serde(deserialize_with = "crate::number::whole")]
    pub version: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    pub at: Millis,
    pub digest: Digest,
    pub version: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Deny,
    Grant,
    Review,
}

/// What the determining policies bound a grant to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// A token's longest life; it can be rotated.
    pub life: Span,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { life: LONGEST, rate: None }
    }
}

/// A smaller request that policy would not deny.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smaller {
    pub environment: String,
    pub outcome: Outcome,
    pub scopes: Vec<String>,
    pub until: Millis,
}

/// A decision, with everything that it takes to make it again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    pub bounds: Bounds,
    pub engine: String,
    pub outcome: Outcome,
    /// The ids of the determining policies.
    pub policies: Vec<String>,
    /// The set of policies it was made under.
    pub policy: Digest,
    /// Who signs, when people decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewers: Option<Quorum>,
    /// What would pass, when it is denied and anything would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smaller: Option<Smaller>,
}

impl Decision {
    /// The decision's form, and that its policy is the one in force. Whether the engine agrees is
    /// [`recompute`]'s to say.
    pub(crate) fn check(&self, state: &State) -> Result<(), Refusal> {
        let mut reasons = Reasons::default();
        let in_force = state.policy.as_ref().is_some_and(|policy| policy.digest == self.policy);
        reasons.require(in_force, Code::PolicyNotInForce, || {
            "the decision was made under a policy that is not in force; decide again".to_owned()
        });
        let reviewed = self.outcome == Outcome::Review;
        reasons.require(self.reviewers.is_some() == reviewed, Code::Invalid, || {
            "a decision names reviewers exactly when people decide".to_owned()
        });
        if let Some(reviewers) = &self.reviewers {
            reasons.take(reviewers.check());
        }
        let life = Span(1)..=LONGEST;
        reasons.require(life.contains(&self.bounds.life), Code::Invalid, || {
            format!("a life of {} is out of bounds", self.bounds.life)
        });
        reasons.done()
    }
}

pub(crate) fn check_published(
    state: &State,
    act: &PolicyPublished,
    materials: &Materials,
) -> Result<(), Refusal> {
    let mut reasons = Reasons::default();
    let newest = state.policy.as_ref().map_or(0, |policy| policy.version);
    reasons.require(act.version > newest, Code::Exists, || {
        format!("the policy in force has version {newest}; publish a higher one")
    });
    reasons.take(materials.policy(&act.policy).and_then(|rules| rules.validate()));
    reasons.done()
}

/// Decides `asked` by the policy in force.
pub fn decide(
    state: &State,
    requester: PersonId,
    asked: &Asked,
    now: Millis,
) -> Result<Decision, Refusal> {
    let (policy, rules) = in_force(state)?;
    rules.decide(policy, &Facts::of(state, requester, asked, now)?)
}

fn in_force(state: &State) -> Result<(Digest, &Arc<Rules>), Refusal> {
    let Some(policy) = &state.policy else {
        let message =
            "no policy is in force; an operator publishes one with `portcullis policy publish`";
        return Err(Refusal::new(Code::PolicyNotInForce, message));
    };
    Ok((policy.digest, state.materials.policy(&policy.digest)?))
}

/// Makes the decision in the entry again, if it holds one, unless `memo` knows it.
///
/// # Errors
/// `decision-differs` when this engine, of the same version, says otherwise, or an engine is named that
/// no release had. Another version's other answer is `Ok(Some(ours))`: reported with both answers, and
/// never a reason to stop.
pub fn recompute(
    state: &State,
    entry: &Entry,
    memo: &mut Memo,
) -> Result<Option<Decision>, Refusal> {
    let (decision, request) = match &entry.body {
        Body::RequestDecided(decided) => (&decided.decision, state.request(decided.request)?),
        Body::TokenRotated(rotated) => {
            let grant = state.grant(state.token(rotated.replaces)?.grant)?;
            (&rotated.decision, state.request(grant.request)?)
        }
        Body::GrantIssued(issued) => return still_grants(state, issued.request, entry.at, memo),
        _ => return Ok(None),
    };
    let ours = memo.decide(state, request.requester, &request.asked, entry.at)?;
    compare(&ours, decision, ENGINES)
}

/// INVARIANT: what policy granted alone is granted only while policy says so: a decision that was held
/// back grants nothing under facts that have changed.
fn still_grants(
    state: &State,
    request: RequestId,
    now: Millis,
    memo: &mut Memo,
) -> Result<Option<Decision>, Refusal> {
    let request = state.request(request)?;
    let Some(decided) = request.decision.as_ref().filter(|one| one.outcome == Outcome::Grant)
    else {
        return Ok(None);
    };
    let ours = memo.decide(state, request.requester, &request.asked, now)?;
    if ours.outcome == Outcome::Grant {
        return Ok(None);
    }
    compare(&ours, decided, ENGINES)
}

/// INVARIANT: only an engine that a release of this program once had may have decided otherwise;
/// else whoever writes entries could decide as they like and name an engine that never was.
fn compare(
    ours: &Decision,
    theirs: &Decision,
    engines: &[&str],
) -> Result<Option<Decision>, Refusal> {
    if ours == theirs {
        return Ok(None);
    }
    let differs = |why: String| Err(Refusal::new(Code::DecisionDiffers, why));
    if !engines.contains(&theirs.engine.as_str()) {
        return differs(format!("no release of this program decided with `{}`", theirs.engine));
    }
    if ours.engine == theirs.engine {
        let (theirs, ours) = (theirs.outcome, ours.outcome);
        return differs(format!(
            "the entry says {theirs:?}, policy says {ours:?}, or other bounds"
        ));
    }
    Ok(Some(ours.clone()))
}

impl Tables {
    /// The decision as requests hold it: few differ, and many requests hold one.
    pub(crate) fn hold(&mut self, decision: &Arc<Decision>) -> Arc<Decision> {
        if let Some((held, ())) = self.decisions.get_key_value(decision) {
            return held.clone();
        }
        self.decisions.insert(decision.clone(), ());
        decision.clone()
    }

    pub(crate) fn absorb_policy(&mut self, act: &PolicyPublished, at: Millis) {
        self.policy = Some(InForce { at, digest: act.policy, version: act.version });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(engine: &str, outcome: Outcome) -> Decision {
        Decision {
            bounds: Bounds::default(),
            engine: engine.to_owned(),
            outcome,
            policies: Vec::new(),
            policy: Digest::of(b""),
            reviewers: None,
            smaller: None,
        }
    }

    #[test]
    fn another_known_engines_other_answer_is_reported_and_an_unknown_ones_is_refused() {
        let (old, new) = ("engine 1", "engine 2");
        let ours = decision(new, Outcome::Deny);
        let compare = |theirs| compare(&ours, &theirs, &[old, new]);
        assert_eq!(compare(ours.clone()), Ok(None));
        assert_eq!(compare(decision(old, Outcome::Grant)), Ok(Some(ours.clone())));
        for theirs in [decision(new, Outcome::Grant), decision("engine 3", Outcome::Grant)] {
            assert!(compare(theirs).unwrap_err().has(Code::DecisionDiffers));
        }
    }
}
