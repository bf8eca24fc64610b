//! From the operations that are kept to the table: templates checked, scopes made.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::adjust::Adjust;
use super::paths::Found;
use super::problem::{Pointer, Reason, Report};
use crate::catalog::operations::{
    LONGEST_TITLE, Method, Operation, Operations, Placement, Scope, TableErrors,
};
use crate::catalog::scope::{is_administrative, plain_text, slug, subject_of_path};
use crate::catalog::template::Template;

/// A scope while its operations are gathered.
#[derive(Default)]
struct Gathered {
    administration: bool,
    /// The tags or path words that lead to it.
    subjects: BTreeSet<String>,
    /// Whether the team named it.
    adjusted: bool,
    verb: &'static str,
}

/// The table, or `None` when nothing is left or something is wrong.
pub fn build(
    credential: Vec<Placement>,
    kept: Vec<Found<'_>>,
    adjust: &Adjust,
    report: &mut Report,
) -> Option<Operations> {
    check_templates(&kept, report);
    let mut gathered: BTreeMap<String, Gathered> = BTreeMap::new();
    let mut operations = Vec::with_capacity(kept.len());
    for Found { id, method, path, tag, .. } in kept {
        let own = Own::of(method, &path, tag.as_deref());
        let adjusted = adjust.scopes.get(&id);
        let name = adjusted.cloned().unwrap_or_else(|| own.name());
        let scope = gathered.entry(name.clone()).or_default();
        scope.administration |= own.administration;
        scope.adjusted |= adjusted.is_some();
        scope.verb = own.verb;
        if adjusted.is_none() {
            scope.subjects.insert(own.subject);
        }
        operations.push(Operation { id, method, path, scope: name });
    }
    let scopes = scopes(gathered, adjust, report);
    if operations.is_empty() || report.has_problems() {
        return None;
    }
    match Operations::new(credential, operations, scopes) {
        Ok(table) => Some(table),
        Err(TableErrors(errors)) => {
            for error in errors {
                report.problem(&Pointer::root(), Reason::Table { error: error.to_string() });
            }
            None
        }
    }
}

fn check_templates(kept: &[Found<'_>], report: &mut Report) {
    let mut seen: HashMap<(Method, Template), &Found<'_>> = HashMap::new();
    for one in kept {
        match Template::parse(&one.path) {
            Err(reason) => {
                report.problem(&one.pointer, Reason::Template { id: one.id.clone(), reason });
            }
            Ok(template) => {
                if let Some(first) = seen.insert((one.method, template), one) {
                    let (id, other) = (one.id.clone(), first.pointer.to_string());
                    let first = first.id.clone();
                    report.problem(&one.pointer, Reason::Clash { id, first, other });
                }
            }
        }
    }
}

/// What an operation says about its own scope.
struct Own {
    /// The tag as the document has it, or a word of the path.
    subject: String,
    slug: String,
    /// Administration by path while the tag says nothing of it: kept in a scope apart, so that an
    /// ordinary scope does not carry it along.
    apart: bool,
    administration: bool,
    verb: &'static str,
}

impl Own {
    fn of(method: Method, path: &str, tag: Option<&str>) -> Self {
        let tagged = tag.and_then(|tag| slug(tag).map(|slug| (tag.to_owned(), slug)));
        let (subject, slug) = tagged.unwrap_or_else(|| {
            let subject = subject_of_path(path);
            (subject.clone(), subject)
        });
        let by_subject = is_administrative(&subject) || tag.is_some_and(is_administrative);
        let mut words = path.split('/').filter(|segment| !segment.contains('{'));
        let by_path = words.any(is_administrative);
        Self {
            subject,
            slug,
            apart: by_path && !by_subject,
            administration: by_path || by_subject,
            verb: if method.is_safe() { "read" } else { "write" },
        }
    }

    fn name(&self) -> String {
        let apart = if self.apart { ".admin" } else { "" };
        format!("{}{apart}:{}", self.slug, self.verb)
    }
}

fn scopes(
    gathered: BTreeMap<String, Gathered>,
    adjust: &Adjust,
    report: &mut Report,
) -> Vec<Scope> {
    for scope in adjust.sensitive.keys().filter(|scope| !gathered.contains_key(*scope)) {
        let pointer = Pointer::adjustments().child("sensitive").child(scope);
        report.problem(&pointer, Reason::UnknownScope { scope: scope.clone() });
    }
    let mut scopes = Vec::with_capacity(gathered.len());
    for (name, Gathered { administration, subjects, adjusted, verb }) in gathered {
        if subjects.len() > 1 {
            let listed: Vec<&str> = subjects.iter().take(5).map(String::as_str).collect();
            let listed = listed.join("`, `");
            report.note(format!("the scope `{name}` holds the operations of `{listed}`"));
        }
        let title = match subjects.first() {
            Some(subject) if !adjusted => title(subject, verb, name.contains(".admin:")),
            _ => name.clone(),
        };
        let title = if title.is_empty() { name.clone() } else { title };
        let sensitive = adjust.sensitive.get(&name).copied().unwrap_or(administration);
        scopes.push(Scope { administration, name, sensitive, title });
    }
    scopes
}

/// `Parcels: read`, `Users (administration): write`.
fn title(subject: &str, verb: &str, apart: bool) -> String {
    let subject = plain_text(subject, LONGEST_TITLE - 30);
    if subject.is_empty() {
        return subject;
    }
    let apart = if apart { " (administration)" } else { "" };
    format!("{subject}{apart}: {verb}")
}
