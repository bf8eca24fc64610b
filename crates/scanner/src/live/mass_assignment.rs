//! Check `mass-assignment`: does a request set fields that are not the caller's to set?
//!
//! The same request is sent without and with the fields; only a field that the service then shows
//! with our value, and without it shows with another, is a finding.

use serde_json::{Map, Value};

use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::api::{Method, Operation};
use crate::live::CheckId;
use crate::live::actor::{Role, Who};
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::scan::Scan;
use crate::order::Intensity;
use crate::report::{Confidence, Exchange, Severity};

mod fields;
mod registration;
mod sent;

use fields::Wish;
pub use fields::{enumerated, listed_value};

pub const CHECK: Check = Check {
    id: CheckId::MassAssignment,
    title: "Mass assignment",
    asks: "Does a request set only the fields that are the caller's to set?",
    flaws: &[&ASSIGNABLE],
    values: &[
        Measure {
            name: "fields.operations_tested",
            kind: Kind::Int,
            meaning: "operations that create or change something and got fields that are not theirs",
        },
        Measure {
            name: "fields.operations_assignable",
            kind: Kind::Int,
            meaning: "of those, the ones that took such a field over",
        },
    ],
};

/// What the same request left behind, without and with the fields.
struct Sent {
    control: Map<String, Value>,
    attack: Map<String, Value>,
    wishes: Vec<Wish>,
    evidence: Vec<Exchange>,
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    if scan.actor(Who::A).await.is_none() {
        return Judgement::unjudged(scan.nobody(Who::A));
    }
    if scan.intensity == Intensity::Gentle {
        let detail = "`intensity` is `gentle`: nothing is changed";
        return Judgement::unjudged(Gap::no_operation(detail));
    }
    let world = scan.world().await;
    let mut judgement = Judgement::default();
    let (mut tested, mut open) = (0_usize, 0_usize);
    for (index, operation) in scan.document.operations.iter().enumerate() {
        if !matches!(operation.method, Method::Post | Method::Put | Method::Patch) {
            continue;
        }
        let asked = match world.roles.get(index) {
            Some(Role::Register) => registration::ask(scan, world, index, operation).await,
            Some(Role::Plain) => match world.case(index, Who::A) {
                Some(case) => sent::ask(scan, world, operation, case).await,
                None => Ok(None),
            },
            _ => Ok(None),
        };
        match asked {
            Ok(Some(sent)) => {
                tested += 1;
                let taken = judge(&sent);
                open += usize::from(!taken.is_empty());
                if !taken.is_empty() {
                    judgement.findings.push(finding(operation, &taken, sent.evidence));
                }
            }
            Ok(None) => {}
            Err(error) => {
                judgement.gaps.push(Gap::from(&error));
                break;
            }
        }
    }
    judgement.gaps.extend(world.stopped.clone());
    if tested == 0 && judgement.gaps.is_empty() {
        judgement.gaps.push(Gap::no_operation("nothing could be created or changed"));
    }
    if judgement.gaps.is_empty() {
        judgement.value("fields.operations_tested", tested);
        judgement.value("fields.operations_assignable", open);
    }
    judgement
}

/// The fields that took our value and have another one without it.
fn judge(sent: &Sent) -> Vec<String> {
    let took = |wish: &&Wish| {
        let shown = |record: &Map<String, Value>, value: &Value| {
            record.get(&wish.name).is_some_and(|shown| fields::same(shown, value))
        };
        let known = sent.control.contains_key(&wish.name);
        known && shown(&sent.attack, &wish.value) && !shown(&sent.control, &wish.value)
    };
    sent.wishes.iter().filter(took).map(|wish| wish.name.clone()).collect()
}

fn finding(
    operation: &Operation<'_>,
    taken: &[String],
    evidence: Vec<Exchange>,
) -> crate::report::Finding {
    let mut finding = ASSIGNABLE.found(Some(operation.label()), evidence);
    let names: Vec<_> = taken.iter().map(|name| format!("`{name}`")).collect();
    finding.why = format!("{} Taken: {}.", finding.why, names.join(", "));
    for place in &mut finding.places {
        place.detail = Some(taken.join(", "));
    }
    finding
}

/// True for an answer that did what was asked.
fn is_good(reply: &Reply) -> bool {
    reply.is_success() && !tells_of_error(reply)
}

const ASSIGNABLE: Flaw = Flaw {
    id: "field-assignable",
    check: CheckId::MassAssignment.code(),
    title: "A request sets fields that are not the caller's to set",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "The body is copied into the record: fields that the request does not document, or that \
          decide over rights, money or state, took the value that was sent.",
    fix: "Take over the documented fields by name and nothing else; set owner, role, price and \
          state from what the server knows.",
    owasp: "API3:2023",
    cwe: 915,
};

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn taken(control: Value, attack: Value) -> Vec<String> {
        let map = |value: Value| value.as_object().cloned().expect("an object");
        let wish = |name: &str, value| Wish { name: name.to_owned(), value };
        let wishes = vec![wish("role", json!("admin")), wish("credit", json!(77_777))];
        judge(&Sent { control: map(control), attack: map(attack), wishes, evidence: Vec::new() })
    }

    #[test]
    fn only_what_differs_from_the_control_was_taken() {
        assert_eq!(taken(json!({"role": "user"}), json!({"role": "admin"})), ["role"]);
        assert!(taken(json!({"role": "admin"}), json!({"role": "admin"})).is_empty());
        assert!(taken(json!({"role": "user"}), json!({"role": "user"})).is_empty());
        assert_eq!(taken(json!({"credit": 0}), json!({"credit": 77_777.0})), ["credit"]);
    }

    #[test]
    fn a_store_that_keeps_anything_gives_nobody_a_right() {
        assert!(taken(json!({"id": 1}), json!({"id": 1, "role": "admin"})).is_empty());
    }
}
