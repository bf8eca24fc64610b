//! Patterns that take exponential time.

use std::collections::HashMap;

use super::ambiguity::is_exponential;
use super::{Check, Found, Spot};
use crate::api::{Api, Node, Way};
use crate::flaw::Flaw;
use crate::report::{Confidence, Severity};

pub const CHECK: Check = Check {
    flaw: Flaw {
        id: "pattern-slow",
        check: "pattern-slow",
        title: "A pattern takes exponential time",
        severity: Severity::High,
        confidence: Confidence::Medium,
        why: "Most regular-expression engines try every way to match; this pattern has \
              exponentially many for some texts, so forty characters can occupy a processor for \
              minutes (ReDoS).",
        fix: "Write the repetition so that each text matches in one way only (no repetition \
              directly within another, no overlapping alternatives in it), bound the text with \
              `maxLength`, or use an engine without backtracking such as RE2.",
        owasp: "API4:2023",
        cwe: 1333,
    },
    asks: "Can one short text keep the validator busy?",
    judged: "Patterns of parameters and request bodies. The pattern is read into its automaton; it \
             is flagged if a state leads back to itself along two different paths with the same \
             text (exponential ambiguity) and something after it can still fail. Patterns that use \
             what the reader does not know (look-around, back references) are not judged, and texts \
             of up to 25 characters are no danger.",
    example: "pattern: '^([a-z]+ ?)*$'",
};

/// Patterns that are taken apart; repeated ones count once.
const MOST_PATTERNS: usize = 2_000;
/// A text this short is matched in time whatever the pattern.
const SHORT: f64 = 25.0;

pub fn look(api: &Api<'_>, found: &mut Found<'_>) {
    let mut known = Known::default();
    for (number, operation) in api.numbered() {
        for parameter in &operation.parameters {
            let slow = parameter.schema.and_then(|schema| known.slow(schema.node));
            if let Some(pattern) = slow {
                let spot = Spot::operation(number, &parameter.at).detail(parameter.name);
                found.at(format!("`{pattern}`"), spot);
            }
        }
    }
    for (shape, field) in api.fields(Way::Request).filter(|(_, field)| !field.referred) {
        if let Some(pattern) = known.slow(field.node) {
            let spot = Spot::shape(shape, Way::Request, &field.at).detail(field.path.clone());
            found.at(format!("`{pattern}`"), spot);
        }
    }
}

/// Patterns that have been judged.
#[derive(Default)]
struct Known(HashMap<String, bool>);

impl Known {
    /// The pattern of a schema, if it is slow and nothing keeps the text short.
    fn slow(&mut self, node: Node<'_>) -> Option<String> {
        let pattern = node.text("pattern")?;
        if node.number("maxLength").is_some_and(|most| most <= SHORT) || node.is_closed() {
            return None;
        }
        let slow = match self.0.get(pattern) {
            Some(slow) => *slow,
            None if self.0.len() >= MOST_PATTERNS => return None,
            None => {
                let slow = is_exponential(pattern);
                self.0.insert(pattern.to_owned(), slow);
                slow
            }
        };
        slow.then(|| pattern.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::trial;
    use serde_json::json;

    fn found(schema: serde_json::Value) -> usize {
        let parameter = json!({"name": "q", "in": "query", "schema": schema});
        let body =
            json!({"content": {"application/json": {"schema": {"properties": {"q": schema}}}}});
        let paths = json!({"/a": {"post": {"parameters": [parameter], "requestBody": body}}});
        let found = trial::findings(&CHECK, look, trial::with(json!({ "paths": paths })));
        found.iter().map(|one| one.places.len()).sum()
    }

    #[test]
    fn slow_patterns_are_found_in_parameters_and_bodies() {
        assert_eq!(found(json!({"type": "string", "pattern": "^([a-z]+ ?)*$"})), 2);
        assert_eq!(
            found(json!({"type": "string", "pattern": "^([a-z]+ ?)*$", "maxLength": 20})),
            0
        );
        assert_eq!(found(json!({"type": "string", "pattern": "^[a-z]+( [a-z]+)*$"})), 0);
    }
}
