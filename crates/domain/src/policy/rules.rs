//! A parsed set of policies, and how it decides: forbidden to ask, permitted to have, or for people.

use std::collections::BTreeMap;
use std::str::FromStr;

use cedar_policy::{
    ActionConstraint, Authorizer, Decision as Answer, Entities, EntityUid, Policy, PolicyId,
    PolicySet, Response, Schema, ValidationMode, Validator,
};

use super::sight::{Names, Question};
use super::{Bounds, Decision, Facts, Outcome, Smaller};
use crate::digest::Digest;
use crate::limit::Rate;
use crate::refusal::{Code, Reasons, Refusal};
use crate::review::Quorum;
use crate::time::Span;

pub(super) const SCHEMA: &str = include_str!("schema.cedarschema");
/// Everybody may ask, unless a policy forbids it.
const BASE: &str = r#"permit(principal, action == Action::"ask", resource);"#;
const BASE_ID: &str = "anybody-may-ask";
/// Lives that a smaller request is tried with.
const LIVES: [Span; 5] = [Span::days(90), Span::days(30), Span::days(7), Span::DAY, Span::HOUR];
/// How often a denial asks again, at most, in search of the smaller request …
const MOST_TRIES: usize = 256;
/// … and how many policies it evaluates for that, at most.
const MOST_EVALUATIONS: usize = 16 * 1024;
const LONGEST: usize = 256 * 1024;

/// The engine, as decisions record it.
pub const ENGINE: &str = "cedar-policy 4.14.1";

/// A set of policies, parsed once.
pub struct Rules {
    all: PolicySet,
    ask: Asked,
    grant: Asked,
    review: Asked,
    names: Names,
    notes: BTreeMap<String, Notes>,
}

/// An action and the policies whose scope lets them speak of it: asking the others would only cost.
struct Asked {
    action: EntityUid,
    policies: PolicySet,
}

/// What a policy's annotations say: `@life("30d")`, `@rate("60/m")`, `@reviewers("security, 2 privacy")`,
/// `@advice("…")`.
#[derive(Debug, Clone, Default)]
struct Notes {
    advice: Option<String>,
    life: Option<Span>,
    rate: Option<Rate>,
    reviewers: Option<Quorum>,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rules({} policies)", self.notes.len())
    }
}

impl Rules {
    /// Reads Cedar text; every policy carries its own `@id("…")`.
    pub fn read(bytes: &[u8]) -> Result<Rules, Refusal> {
        let invalid = |message: String| Refusal::new(Code::Invalid, message);
        if bytes.len() > LONGEST {
            return Err(invalid(format!("the policies take more than {LONGEST} bytes")));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| invalid("not UTF-8 text".to_owned()))?;
        let parsed = PolicySet::from_str(text).map_err(|e| invalid(format!("not Cedar: {e}")))?;
        let mut rules = Rules::empty()?;
        let mut reasons = Reasons::default();
        reasons.require(parsed.templates().next().is_none(), Code::Invalid, || {
            "templates are not supported; write the policy out".to_owned()
        });
        for policy in parsed.policies() {
            let added = rules.add(policy);
            reasons.take(added);
        }
        reasons.done()?;
        let base = Policy::parse(Some(PolicyId::new(BASE_ID)), BASE)
            .map_err(|error| invalid(error.to_string()))?;
        rules.put(&base)?;
        Ok(rules)
    }

    fn empty() -> Result<Rules, Refusal> {
        let names = Names::new()?;
        let asked = |name| Asked { action: names.action(name), policies: PolicySet::new() };
        let (ask, grant, review) = (asked("ask"), asked("grant"), asked("review"));
        Ok(Rules { all: PolicySet::new(), ask, grant, review, names, notes: BTreeMap::new() })
    }

    fn add(&mut self, policy: &Policy) -> Result<(), Refusal> {
        let Some(id) = policy.annotation("id").filter(|id| !id.is_empty() && *id != BASE_ID) else {
            return Err(Refusal::new(
                Code::Invalid,
                format!("a policy has no id; put `@id(\"…\")` in front of it:\n{policy}"),
            ));
        };
        let id = id.to_owned();
        let notes = notes(policy).map_err(|refusal| in_policy(&id, refusal))?;
        self.put(&policy.new_id(PolicyId::new(&id)))?;
        self.notes.insert(id, notes);
        Ok(())
    }

    fn put(&mut self, policy: &Policy) -> Result<(), Refusal> {
        let twice =
            |_| Refusal::new(Code::Exists, format!("two policies have the id `{}`", policy.id()));
        self.all.add(policy.clone()).map_err(twice)?;
        let scope = policy.action_constraint();
        for asked in [&mut self.ask, &mut self.grant, &mut self.review] {
            if may_speak_of(&scope, &asked.action) {
                asked.policies.add(policy.clone()).map_err(twice)?;
            }
        }
        Ok(())
    }

    /// Type-checks the policies against the schema of the edition.
    pub fn validate(&self) -> Result<(), Refusal> {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|error| {
            Refusal::new(Code::Invalid, format!("the schema is broken: {error}"))
        })?;
        let result = Validator::new(schema).validate(&self.all, ValidationMode::Strict);
        let mut reasons = Reasons::default();
        for error in result.validation_errors() {
            reasons.add(Code::Invalid, error.to_string());
        }
        reasons.done()
    }

    /// The ids of all policies.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.notes.keys().map(String::as_str)
    }

    /// What a policy advises whoever it stops.
    pub fn advice(&self, id: &str) -> Option<&str> {
        self.notes.get(id)?.advice.as_deref()
    }

    /// Decides, and when it denies looks for the smaller request that would pass.
    pub fn decide(&self, policy: Digest, facts: &Facts) -> Result<Decision, Refusal> {
        let mut decision = self.judge(policy, facts)?;
        if decision.outcome == Outcome::Deny {
            decision.smaller = self.smaller(policy, facts)?;
        }
        Ok(decision)
    }

    /// INVARIANT: what errors is not granted. An erring policy sends the request to people.
    fn judge(&self, policy: Digest, facts: &Facts) -> Result<Decision, Refusal> {
        let sight = facts.sight();
        let (question, entities) = (sight.question(&self.names)?, sight.entities(&self.names)?);
        let ask = self.ask.answer(&question, &entities)?;
        if ask.decision() == Answer::Deny {
            return Ok(self.decision(policy, Outcome::Deny, determining(&ask)));
        }
        let grant = self.grant.answer(&question, &entities)?;
        let erred = has_errors(&ask) || has_errors(&grant);
        if grant.decision() == Answer::Allow && !erred {
            return Ok(self.decision(policy, Outcome::Grant, determining(&grant)));
        }
        let review = self.review.answer(&question, &entities)?;
        Ok(self.decision(policy, Outcome::Review, determining(&review)))
    }

    fn decision(&self, policy: Digest, outcome: Outcome, policies: Vec<String>) -> Decision {
        let notes: Vec<_> = policies.iter().filter_map(|id| self.notes.get(id)).collect();
        let mut bounds = Bounds::default();
        for note in &notes {
            bounds.life = note.life.map_or(bounds.life, |life| life.min(bounds.life));
            bounds.rate = match (note.rate, bounds.rate) {
                (Some(rate), Some(bound)) => Some(rate.or_tighter(bound)),
                (rate, bound) => rate.or(bound),
            };
        }
        let mut reviewers: Vec<_> = notes.iter().filter_map(|n| n.reviewers.clone()).collect();
        let reviewers = match reviewers.len() {
            0 => Quorum::one("security"),
            1 => reviewers.remove(0),
            _ => Quorum::All(reviewers),
        };
        let reviewers = (outcome == Outcome::Review).then_some(reviewers);
        let engine = ENGINE.to_owned();
        Decision { bounds, engine, outcome, policies, policy, reviewers, smaller: None }
    }

    fn tries(&self) -> usize {
        let policies = self.ask.policies.num_of_policies().max(1);
        MOST_TRIES.min(MOST_EVALUATIONS / policies)
    }

    /// The largest of the likely smaller requests that is not denied: as asked but shorter, without
    /// the scopes that are denied by themselves, in the sandbox.
    ///
    /// It runs where the ledger is written, so it is bounded: it asks [`MOST_TRIES`] times and
    /// evaluates [`MOST_EVALUATIONS`] policies at most, and gives up then. Decisions record what it
    /// finds, so that both numbers belong to edition 1.
    fn smaller(&self, policy: Digest, facts: &Facts) -> Result<Option<Smaller>, Refusal> {
        let entities = facts.sight().entities(&self.names)?;
        let mut search = Search { entities, rules: self, tries: self.tries() };
        let places: Vec<_> = std::iter::once((facts.environment.clone(), facts.sandbox))
            .chain(facts.sandboxes.iter().map(|name| (name.clone(), true)))
            .collect();
        for (environment, sandbox) in places {
            let ends = LIVES.iter().map(|life| facts.now.after(*life));
            let ends = std::iter::once(facts.until).chain(ends).filter(|end| *end <= facts.until);
            for until in ends {
                let place =
                    Facts { environment: environment.clone(), sandbox, until, ..facts.clone() };
                if let Some(passes) = search.narrower(place)? {
                    let outcome = self.judge(policy, &passes)?.outcome;
                    let scopes = passes.scopes.into_iter().map(|scope| scope.name).collect();
                    return Ok(Some(Smaller { environment, outcome, scopes, until }));
                }
            }
        }
        Ok(None)
    }
}

impl Asked {
    fn answer(&self, question: &Question, entities: &Entities) -> Result<Response, Refusal> {
        let request = question.with(&self.action)?;
        Ok(Authorizer::new().is_authorized(&request, &self.policies, entities))
    }
}

/// The schema has no groups of actions, so that `in` an action is to be that action.
fn may_speak_of(scope: &ActionConstraint, action: &EntityUid) -> bool {
    match scope {
        ActionConstraint::Any => true,
        ActionConstraint::In(actions) => actions.contains(action),
        ActionConstraint::Eq(one) => one == action,
    }
}

/// A search for the smaller request that would pass.
struct Search<'a> {
    entities: Entities,
    rules: &'a Rules,
    /// How often it may still ask.
    tries: usize,
}

impl Search<'_> {
    /// The same request with those scopes only that are not denied.
    fn narrower(&mut self, place: Facts) -> Result<Option<Facts>, Refusal> {
        if !self.is_denied(&place)? {
            return Ok(Some(place));
        }
        let mut kept = Vec::new();
        for scope in place.scopes.iter().filter(|_| place.scopes.len() > 1) {
            let alone = Facts { scopes: vec![scope.clone()], ..place.clone() };
            if !self.is_denied(&alone)? {
                kept.push(scope.clone());
            }
        }
        if kept.is_empty() {
            return Ok(None);
        }
        let together = Facts { scopes: kept, ..place };
        Ok((!self.is_denied(&together)?).then_some(together))
    }

    fn is_denied(&mut self, facts: &Facts) -> Result<bool, Refusal> {
        if self.tries == 0 {
            return Ok(true);
        }
        self.tries -= 1;
        let Rules { ask, names, .. } = self.rules;
        let question = facts.sight().question(names)?;
        Ok(ask.answer(&question, &self.entities)?.decision() == Answer::Deny)
    }
}

fn has_errors(response: &Response) -> bool {
    response.diagnostics().errors().next().is_some()
}

fn determining(response: &Response) -> Vec<String> {
    // Not `to_string`, which escapes: the notes are found by the id as it is.
    let ids = response.diagnostics().reason().map(|id| AsRef::<str>::as_ref(id).to_owned());
    let mut ids: Vec<_> = ids.filter(|id| id != BASE_ID).collect();
    ids.sort();
    ids
}

fn in_policy(id: &str, refusal: Refusal) -> Refusal {
    let reasons = refusal.reasons.into_iter().map(|mut reason| {
        reason.message = format!("policy `{id}`: {}", reason.message);
        reason
    });
    Refusal { reasons: reasons.collect() }
}

fn notes(policy: &Policy) -> Result<Notes, Refusal> {
    let mut notes = Notes::default();
    let mut reasons = Reasons::default();
    for (key, text) in policy.annotations() {
        match key {
            "id" => {}
            "advice" => notes.advice = Some(text.to_owned()),
            "life" => notes.life = reasons.take(life(text)),
            "rate" => notes.rate = reasons.take(read(text)),
            "reviewers" => notes.reviewers = reasons.take(quorum(text)),
            _ => reasons.add(
                Code::Invalid,
                format!("`@{key}` is unknown; there are @id, @life, @rate, @reviewers and @advice"),
            ),
        }
    }
    reasons.done().map(|()| notes)
}

fn read<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|error: T::Err| Refusal::new(Code::Invalid, error.to_string()))
}

fn life(text: &str) -> Result<Span, Refusal> {
    let bounds = Span::MINUTE..=crate::request::LONGEST;
    read(text).and_then(|life| match bounds.contains(&life) {
        true => Ok(life),
        false => Err(Refusal::new(Code::Invalid, format!("a life is from 1m to 400d, not {life}"))),
    })
}

/// `security, 2 privacy`: all of them, each with how many.
fn quorum(text: &str) -> Result<Quorum, Refusal> {
    let part = |part: &str| {
        let part = part.trim();
        let (count, role) = part.split_once(' ').unwrap_or(("1", part));
        let count = read(count)?;
        Ok(Quorum::Role { count, role: crate::people::Role::new(role.trim()) })
    };
    let parts: Result<Vec<_>, Refusal> = text.split(',').map(part).collect();
    let mut parts = parts?;
    let quorum = if parts.len() == 1 { parts.remove(0) } else { Quorum::All(parts) };
    quorum.check().map(|()| quorum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(policies: usize) -> Rules {
        let text = (0..policies).map(|number| {
            format!(r#"@id("{number}") forbid(principal, action == Action::"ask", resource);"#)
        });
        Rules::read(text.collect::<String>().as_bytes()).unwrap()
    }

    #[test]
    fn the_search_for_the_smaller_request_asks_less_the_more_there_are_to_ask() {
        assert_eq!(rules(1).tries(), MOST_TRIES);
        for policies in [500, 2_000] {
            let tries = rules(policies).tries();
            assert!(tries > 0 && tries * policies <= MOST_EVALUATIONS, "{tries}");
        }
    }

    #[test]
    fn an_action_is_put_to_the_policies_that_may_speak_of_it() {
        let text = r#"
            @id("any") permit(principal, action, resource);
            @id("one") permit(principal, action == Action::"grant", resource);
            @id("in") permit(principal, action in Action::"grant", resource);
            @id("two") forbid(principal, action in [Action::"ask", Action::"review"], resource);
        "#;
        let rules = Rules::read(text.as_bytes()).unwrap();
        let ids = |asked: &Asked| {
            let mut ids: Vec<_> = asked.policies.policies().map(|p| p.id().to_string()).collect();
            ids.sort();
            ids.join(" ")
        };
        assert_eq!(ids(&rules.ask), "any anybody-may-ask two");
        assert_eq!(ids(&rules.grant), "any in one");
        assert_eq!(ids(&rules.review), "any two");
    }
}
