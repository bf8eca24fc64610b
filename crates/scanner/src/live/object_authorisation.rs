//! Check `object-authorisation`: is what belongs to one user closed to another, to read, to change
//! and to delete?
//!
//! Every object asked for is one that the scan created as A, or that only A's own list shows.

use super::{Check, Flaw, Gap, Judgement, Kind, Measure};
use crate::live::CheckId;
use crate::live::actor::{Role, Who};
use crate::live::client::WireError;
use crate::live::scan::Scan;
use crate::live::world::{Object, World};
use crate::order::Intensity;
use crate::report::{Confidence, Exchange, Severity};

mod aimed;
mod changing;
mod content;
mod deleting;
mod people;
mod reading;

pub use content::is_private;

pub const CHECK: Check = Check {
    id: CheckId::ObjectAuthorisation,
    title: "Authorisation of objects",
    asks: "Is what belongs to one user closed to another, to read, to change and to delete?",
    flaws: &[&READABLE, &CHANGEABLE, &DELETABLE],
    values: &[
        Measure {
            name: "objects.operations_tested",
            kind: Kind::Int,
            meaning: "operations at which B asked for something of A",
        },
        Measure {
            name: "objects.operations_open",
            kind: Kind::Int,
            meaning: "of those, the ones that gave, changed or deleted it",
        },
    ],
};

/// What B did with something of A.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Read,
    Change,
    Delete,
}

/// How one operation answered.
#[derive(Debug)]
enum Outcome {
    Closed,
    /// Closed, and said so.
    Refused,
    /// It is meant for more than its owner.
    Shared,
    Open(Vec<Exchange>),
    Undecided(String),
}

/// One question with its outcome.
#[derive(Debug)]
struct Asked {
    deed: Deed,
    operation: String,
    outcome: Outcome,
    /// B's own lists show the object: it may be there for both to work on.
    listed: bool,
}

/// Everything that was asked, and why asking ended early.
#[derive(Debug, Default)]
struct Seen {
    asked: Vec<Asked>,
    stopped: Option<Gap>,
}

impl Seen {
    fn note(&mut self, deed: Deed, operation: String, outcome: Outcome) {
        self.asked.push(Asked { deed, operation, outcome, listed: false });
    }

    /// The same about an object that B's own lists may show.
    fn note_of(&mut self, lists: &[String], object: &Object, one: (Deed, String, Outcome)) {
        let (deed, operation, outcome) = one;
        let marker = object.marker.as_ref();
        let listed = marker.is_some_and(|marker| lists.iter().any(|list| marker.is_in(list)));
        self.asked.push(Asked { deed, operation, outcome, listed });
    }

    /// True if one of these deeds was done at an operation.
    fn is_open(&self, operation: &str, deeds: &[Deed]) -> bool {
        self.asked.iter().any(|one| {
            one.operation == operation
                && deeds.contains(&one.deed)
                && matches!(one.outcome, Outcome::Open(_))
        })
    }
}

pub async fn run(scan: &Scan<'_>) -> Judgement {
    for who in [Who::A, Who::B] {
        if scan.actor(who).await.is_none() {
            return Judgement::unjudged(scan.nobody(who));
        }
    }
    let mut seen = Seen::default();
    if let Err(error) = all(scan, &mut seen).await {
        seen.stopped = Some(Gap::from(&error));
    }
    judge(&seen, scan.world().await.stopped.clone())
}

async fn all(scan: &Scan<'_>, seen: &mut Seen) -> Result<(), WireError> {
    let lists = reading::lists(scan, scan.world().await).await?;
    reading::ask(scan, &lists, seen).await?;
    if scan.intensity > Intensity::Gentle {
        changing::ask(scan, &lists, seen).await?;
        deleting::ask(scan, &lists, seen).await?;
        aimed::ask(scan, &lists, seen).await?;
        people::ask(scan, seen).await?;
    }
    Ok(())
}

/// True for an account: what is done to those is asked with one that nobody misses.
pub fn is_person(world: &World, object: &Object) -> bool {
    let made = object.made_by.and_then(|at| world.cases().get(at));
    made.is_some_and(|case| world.roles.get(case.operation) == Some(&Role::Register))
}

fn judge(seen: &Seen, unlearned: Option<Gap>) -> Judgement {
    let mut judgement = Judgement::default();
    let mut told: Vec<(Deed, &str)> = Vec::new();
    let mut undecided = Vec::new();
    for asked in &seen.asked {
        let key = (asked.deed, asked.operation.as_str());
        match &asked.outcome {
            Outcome::Open(evidence) if !told.contains(&key) => {
                told.push(key);
                let flaw = match asked.deed {
                    Deed::Read => READABLE,
                    Deed::Change => CHANGEABLE,
                    Deed::Delete => DELETABLE,
                };
                let mut found = flaw.found(Some(asked.operation.clone()), evidence.clone());
                if asked.listed {
                    found = found.of_shape("what the other user's lists show as well");
                    found.confidence = Confidence::Medium;
                    found.why = format!("{} {SHOWN_TO_BOTH}", found.why);
                }
                judgement.findings.push(found);
            }
            Outcome::Undecided(why) => undecided.push(format!("{}: {why}", asked.operation)),
            _ => {}
        }
    }
    judgement.gaps.extend(seen.stopped.clone().or(unlearned));
    if !undecided.is_empty() {
        judgement.gaps.push(Gap::undecided(undecided.join("; ")));
    }
    if seen.asked.is_empty() && judgement.gaps.is_empty() {
        judgement.gaps.push(Gap::no_operation("no object of A was found or could be created"));
    }
    if judgement.gaps.is_empty() {
        let mut tested: Vec<_> = seen.asked.iter().map(|one| one.operation.as_str()).collect();
        tested.sort_unstable();
        tested.dedup();
        let mut open: Vec<_> = told.iter().map(|(_, operation)| *operation).collect();
        open.sort_unstable();
        open.dedup();
        judgement.value("objects.operations_tested", tested.len());
        judgement.value("objects.operations_open", open.len());
    }
    judgement
}

/// What a team works on together looks from outside like what its owner alone should change.
const SHOWN_TO_BOTH: &str = "B's own lists show the object, too: where such things belong to all of them, \
                             this is how it should be.";

const READABLE: Flaw = Flaw {
    id: "object-readable",
    check: CheckId::ObjectAuthorisation.code(),
    title: "One user reads what belongs to another",
    severity: Severity::High,
    confidence: Confidence::High,
    why: "The id alone decides what is given: B got the content of an object of A that none of B's \
          own lists shows.",
    fix: "Look the object up together with its owner, in one place for all operations, and answer \
          404 when it is not the caller's.",
    owasp: "API1:2023",
    cwe: 639,
};

const CHANGEABLE: Flaw = Flaw {
    id: "object-changeable",
    title: "One user changes what belongs to another",
    severity: Severity::Critical,
    why: "B sent a change to an object of A, and A then read the changed object.",
    ..READABLE
};

const DELETABLE: Flaw = Flaw {
    id: "object-deletable",
    title: "One user deletes what belongs to another",
    severity: Severity::Critical,
    why: "B deleted a fresh object of A, and it was gone for A, while another one that B had left \
          alone was still as before.",
    ..READABLE
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::invent::Marker;
    use crate::live::reply::made::json;
    use crate::report::Value;

    #[test]
    fn an_operation_is_told_once_for_each_deed() {
        let evidence = || Outcome::Open(vec![json(200, "{}").exchange]);
        let mut seen = Seen::default();
        seen.note(Deed::Read, "GET /a".to_owned(), evidence());
        seen.note(Deed::Read, "GET /a".to_owned(), evidence());
        seen.note(Deed::Delete, "GET /a".to_owned(), evidence());
        seen.note(Deed::Read, "GET /b".to_owned(), Outcome::Closed);
        let judgement = judge(&seen, None);
        let flaws: Vec<_> = judgement.findings.iter().map(|one| one.flaw.as_str()).collect();
        assert_eq!(flaws, ["object-readable", "object-deletable"]);
        assert_eq!(judgement.values["objects.operations_tested"], Value::Int(2));
        assert_eq!(judgement.values["objects.operations_open"], Value::Int(1));
    }

    #[test]
    fn what_both_are_shown_may_belong_to_both() {
        let evidence = || Outcome::Open(vec![json(200, "{}").exchange]);
        let object = Object { marker: Some(Marker::fresh()), ..Object::none(Who::A) };
        let lists = [object.marker.as_ref().map(Marker::text).unwrap_or_default()];
        let mut seen = Seen::default();
        seen.note_of(&lists, &object, (Deed::Change, "PUT /a".to_owned(), evidence()));
        seen.note_of(&[], &object, (Deed::Change, "PUT /b".to_owned(), evidence()));
        let found = judge(&seen, None).findings;
        let told: Vec<_> =
            found.iter().map(|one| (one.confidence, one.why.contains("too"))).collect();
        assert_eq!(told, [(Confidence::Medium, true), (Confidence::High, false)]);
    }

    #[test]
    fn nothing_to_ask_for_is_no_verdict() {
        let judgement = judge(&Seen::default(), None);
        assert!(judgement.values.is_empty() && judgement.gaps.len() == 1);
    }
}
