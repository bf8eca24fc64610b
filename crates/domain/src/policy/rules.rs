//! A parsed set of policies, and how it decides: forbidden to ask, permitted to have, or for people.

use std::collections::BTreeMap;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Decision as Answer, Entities, PolicyId, PolicySet, Response, Schema,
    ValidationMode, Validator,
};

use super::{Bounds, Decision, Facts, Outcome, Smaller};
use crate::digest::Digest;
use crate::limit::Rate;
use crate::refusal::{Code, Reasons, Refusal};
use crate::review::Quorum;
use crate::time::Span;

const SCHEMA: &str = include_str!("schema.cedarschema");
/// Everybody may ask, unless a policy forbids it.
const BASE: &str = r#"permit(principal, action == Action::"ask", resource);"#;
const BASE_ID: &str = "anybody-may-ask";
/// Lives that a smaller request is tried with.
const LIVES: [Span; 5] = [Span::days(90), Span::days(30), Span::days(7), Span::DAY, Span::HOUR];
/// How often a denial asks again in search of the smaller request.
const MOST_TRIES: usize = 512;
const LONGEST: usize = 256 * 1024;

/// The engine, as decisions record it.
pub const ENGINE: &str = "cedar-policy 4.14.1";

/// A set of policies, parsed once.
pub struct Rules {
    set: PolicySet,
    schema: Schema,
    notes: BTreeMap<String, Notes>,
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
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA)
            .map_err(|error| invalid(format!("the schema is broken: {error}")))?;
        let mut rules = Rules { set: PolicySet::new(), schema, notes: BTreeMap::new() };
        let mut reasons = Reasons::default();
        reasons.require(parsed.templates().next().is_none(), Code::Invalid, || {
            "templates are not supported; write the policy out".to_owned()
        });
        for policy in parsed.policies() {
            let added = rules.add(policy);
            reasons.take(added);
        }
        reasons.done()?;
        let base = cedar_policy::Policy::parse(Some(PolicyId::new(BASE_ID)), BASE)
            .map_err(|error| invalid(error.to_string()))?;
        rules.set.add(base).map_err(|error| invalid(error.to_string()))?;
        Ok(rules)
    }

    fn add(&mut self, policy: &cedar_policy::Policy) -> Result<(), Refusal> {
        let Some(id) = policy.annotation("id").filter(|id| !id.is_empty() && *id != BASE_ID) else {
            return Err(Refusal::new(
                Code::Invalid,
                format!("a policy has no id; put `@id(\"…\")` in front of it:\n{policy}"),
            ));
        };
        let id = id.to_owned();
        let notes = notes(policy).map_err(|refusal| in_policy(&id, refusal))?;
        self.notes.insert(id.clone(), notes);
        self.set
            .add(policy.new_id(PolicyId::new(&id)))
            .map_err(|_| Refusal::new(Code::Exists, format!("two policies have the id `{id}`")))
    }

    /// Type-checks the policies against the schema of the edition.
    pub fn validate(&self) -> Result<(), Refusal> {
        let result =
            Validator::new(self.schema.clone()).validate(&self.set, ValidationMode::Strict);
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
        let entities = facts.entities()?;
        let ask = self.ask("ask", facts, &entities)?;
        if ask.decision() == Answer::Deny {
            return Ok(self.decision(policy, Outcome::Deny, determining(&ask)));
        }
        let grant = self.ask("grant", facts, &entities)?;
        let erred = has_errors(&ask) || has_errors(&grant);
        if grant.decision() == Answer::Allow && !erred {
            return Ok(self.decision(policy, Outcome::Grant, determining(&grant)));
        }
        let review = self.ask("review", facts, &entities)?;
        Ok(self.decision(policy, Outcome::Review, determining(&review)))
    }

    fn ask(&self, action: &str, facts: &Facts, entities: &Entities) -> Result<Response, Refusal> {
        let request = facts.request(action, &self.schema)?;
        Ok(Authorizer::new().is_authorized(&request, &self.set, entities))
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

    /// The largest of the likely smaller requests that is not denied: as asked but shorter, without
    /// the scopes that are denied by themselves, in the sandbox. Gives up after [`MOST_TRIES`].
    fn smaller(&self, policy: Digest, facts: &Facts) -> Result<Option<Smaller>, Refusal> {
        let mut search = Search { entities: facts.entities()?, rules: self, tries: MOST_TRIES };
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
                    let scopes = passes.scopes.into_iter().map(|(name, _, _)| name).collect();
                    return Ok(Some(Smaller { environment, outcome, scopes, until }));
                }
            }
        }
        Ok(None)
    }
}

/// A search for the smaller request, bounded: a denial must not cost more than a few decisions.
struct Search<'a> {
    entities: Entities,
    rules: &'a Rules,
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
        Ok(self.rules.ask("ask", facts, &self.entities)?.decision() == Answer::Deny)
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

fn notes(policy: &cedar_policy::Policy) -> Result<Notes, Refusal> {
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
