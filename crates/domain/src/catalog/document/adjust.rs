//! What a team says about a document that the document does not say itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::paths::Found;
use super::problem::{Pointer, Reason, Report};
use crate::catalog::scope;

/// Adjustments of a team's ticket file, by the ids and scope names that the reading gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adjust {
    /// Operations that the table shall not have.
    pub leave_out: BTreeSet<String>,
    /// The scope of an operation, in place of the one made from its tag.
    pub scopes: BTreeMap<String, String>,
    /// Whether a scope is sensitive, by its name after `scopes` was applied.
    pub sensitive: BTreeMap<String, bool>,
}

impl Adjust {
    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        *self == Adjust::default()
    }
}

/// Takes away what the team left out and what is not at the document's first server.
pub fn leave_out<'a>(
    found: Vec<Found<'a>>,
    adjust: &Adjust,
    report: &mut Report,
) -> Vec<Found<'a>> {
    let ids: BTreeSet<&str> = found.iter().map(|one| one.id.as_str()).collect();
    check(adjust, &ids, report);
    let mut kept = Vec::with_capacity(found.len());
    for one in found.into_iter().filter(|one| !adjust.leave_out.contains(&one.id)) {
        match &one.elsewhere {
            Some(server) => report.note(format!(
                "`{}` is left out: the document has it at `{server}`, not at its first server",
                one.id
            )),
            None => kept.push(one),
        }
    }
    kept
}

fn check(adjust: &Adjust, ids: &BTreeSet<&str>, report: &mut Report) {
    let root = Pointer::adjustments();
    for id in adjust.leave_out.iter().filter(|id| !ids.contains(id.as_str())) {
        let pointer = root.child("leave_out").child(id);
        report.problem(&pointer, Reason::UnknownOperation { id: id.clone() });
    }
    for (id, name) in &adjust.scopes {
        let pointer = root.child("scopes").child(id);
        if !ids.contains(id.as_str()) {
            report.problem(&pointer, Reason::UnknownOperation { id: id.clone() });
        }
        if adjust.leave_out.contains(id) {
            report.problem(&pointer, Reason::LeftOutAndScoped { id: id.clone() });
        }
        if !scope::is_name(name) {
            report.problem(&pointer, Reason::ScopeName { scope: name.clone() });
        }
    }
}
