//! The operations of a document as they stand, each with its place, before they become a table.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::problem::{Pointer, Reason, Report};
use super::reference::resolve;
use super::{servers, sorted};
use crate::catalog::operations::{MOST_OPERATIONS, Method, is_operation_id};
use crate::catalog::scope::plain_text;
use crate::catalog::template;

const LONGEST_DECLARED_ID: usize = 256;
const LONGEST_TAG: usize = 100;
const MOST_PARAMETERS: usize = 1_000;
/// In the whole document. Path items may be shared by reference, so this bounds the work and not
/// only the size.
const MOST_PARAMETERS_READ: usize = 250_000;

/// One operation of the document.
#[derive(Debug)]
pub struct Found<'a> {
    pub pointer: Pointer,
    pub id: String,
    pub method: Method,
    /// The template in the syntax of the table, not yet checked.
    pub path: String,
    pub tag: Option<String>,
    /// A server of its own, other than the first of the document.
    pub elsewhere: Option<String>,
    declared_id: Option<&'a str>,
}

/// Which path parameters span segments, by name.
type Spanning<'a> = BTreeMap<&'a str, bool>;

/// The operations in the order of their paths.
pub fn read<'a>(document: &'a Value, server: Option<&str>, report: &mut Report) -> Vec<Found<'a>> {
    let pointer = Pointer::root().child("paths");
    let paths = match document.get("paths").map(Value::as_object) {
        Some(Some(paths)) => paths,
        Some(None) => {
            report.problem(&pointer, Reason::WrongType { expected: "an object" });
            return Vec::new();
        }
        None => {
            report.problem(&Pointer::root(), Reason::Missing { what: "paths" });
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    let mut parameters = 0;
    for (path, item) in sorted(paths).into_iter().filter(|(path, _)| !path.starts_with("x-")) {
        let place = Place { document, path, server, pointer: pointer.child(path) };
        parameters += place.read_item(item, &mut found, report);
        if found.len() > MOST_OPERATIONS {
            report.problem(&pointer, Reason::TooManyOperations);
            return Vec::new();
        }
        if parameters > MOST_PARAMETERS_READ {
            report.problem(&pointer, Reason::TooManyParameters { most: MOST_PARAMETERS_READ });
            return Vec::new();
        }
    }
    name(&mut found, report);
    found
}

/// One key of `paths`.
struct Place<'a, 'b> {
    document: &'a Value,
    path: &'a str,
    server: Option<&'b str>,
    pointer: Pointer,
}

impl<'a> Place<'a, '_> {
    /// Adds the operations of a path item; returns how many parameters were read for it.
    fn read_item(&self, item: &'a Value, found: &mut Vec<Found<'a>>, report: &mut Report) -> usize {
        let item = match self.resolve_item(item) {
            Ok(item) => item,
            Err(reason) => {
                report.problem(&self.pointer, reason);
                return 0;
            }
        };
        let mut shared = Spanning::new();
        let mut parameters = self.read_parameters(item, &self.pointer, &mut shared, report);
        for (method, key, operation) in methods(item) {
            let pointer = self.pointer.child(key);
            if !operation.is_object() {
                report.problem(&pointer, Reason::WrongType { expected: "an object" });
                continue;
            }
            let mut spanning = shared.clone();
            parameters += self.read_parameters(operation, &pointer, &mut spanning, report);
            let own = servers::own(operation).or_else(|| servers::own(item));
            let tag = operation.get("tags").and_then(|tags| tags.get(0)).and_then(Value::as_str);
            let id = operation.get("operationId").and_then(Value::as_str);
            found.push(Found {
                method,
                id: String::new(),
                path: self.template(&pointer, &spanning, report),
                tag: tag.map(|tag| plain_text(tag, LONGEST_TAG)).filter(|tag| !tag.is_empty()),
                elsewhere: own.filter(|own| !self.is_at(own)),
                declared_id: id.filter(|id| id.len() <= LONGEST_DECLARED_ID),
                pointer,
            });
        }
        parameters
    }

    /// Whether a server is the document's first; a slash at its end makes no difference.
    fn is_at(&self, server: &str) -> bool {
        self.server.is_some_and(|first| first.trim_end_matches('/') == server.trim_end_matches('/'))
    }

    fn resolve_item(&self, item: &'a Value) -> Result<&'a Value, Reason> {
        if item.get("$ref").is_some() && methods(item).next().is_some() {
            return Err(Reason::BesideReference);
        }
        let item = resolve(self.document, item)?;
        if item.is_object() { Ok(item) } else { Err(Reason::WrongType { expected: "an object" }) }
    }

    /// The path in the syntax of the table; one that is too long anyway is left as it stands.
    fn template(&self, pointer: &Pointer, spanning: &Spanning<'_>, report: &mut Report) -> String {
        if self.path.len() > template::LONGEST {
            return self.path.to_owned();
        }
        let spans = |name: &str| spanning.get(name).copied().unwrap_or_default();
        let rewritten = template::rewrite(self.path, spans);
        if !rewritten.not_spanning.is_empty() {
            report.spanning_inside(pointer);
        }
        rewritten.text
    }

    /// Adds what `item` says of its path parameters, in place of what was said before; returns how
    /// many parameters it has.
    fn read_parameters(
        &self,
        item: &'a Value,
        pointer: &Pointer,
        spanning: &mut Spanning<'a>,
        report: &mut Report,
    ) -> usize {
        let pointer = pointer.child("parameters");
        let parameters = match item.get("parameters").map(Value::as_array) {
            None => return 0,
            Some(Some(parameters)) if parameters.len() <= MOST_PARAMETERS => parameters,
            Some(Some(_)) => {
                report.problem(&pointer, Reason::TooManyParameters { most: MOST_PARAMETERS });
                return 0;
            }
            Some(None) => {
                report.problem(&pointer, Reason::WrongType { expected: "a list" });
                return 0;
            }
        };
        for (place, parameter) in parameters.iter().enumerate() {
            match resolve(self.document, parameter) {
                Err(reason) => report.problem(&pointer.child(&place.to_string()), reason),
                Ok(parameter) => {
                    let spans = parameter.get("x-multi-segment") == Some(&Value::Bool(true));
                    let in_path = parameter.get("in").and_then(Value::as_str) == Some("path");
                    let name = parameter.get("name").and_then(Value::as_str);
                    if let (true, Some(name)) = (in_path, name) {
                        spanning.insert(name, spans);
                    }
                }
            }
        }
        parameters.len()
    }
}

/// The operations of a path item, in the order of `Method`.
fn methods(item: &Value) -> impl Iterator<Item = (Method, &'static str, &Value)> {
    const KEYS: [(Method, &str); 8] = [
        (Method::Get, "get"),
        (Method::Head, "head"),
        (Method::Post, "post"),
        (Method::Put, "put"),
        (Method::Patch, "patch"),
        (Method::Delete, "delete"),
        (Method::Options, "options"),
        (Method::Trace, "trace"),
    ];
    KEYS.into_iter().filter_map(|(method, key)| item.get(key).map(|value| (method, key, value)))
}

/// Gives every operation its id: the declared one where it is usable and unique, else one made of
/// method and path, which stays the same as long as these do. What can have none is taken away.
fn name(found: &mut Vec<Found<'_>>, report: &mut Report) {
    let mut declared: HashMap<&str, usize> = HashMap::new();
    for id in found.iter().filter_map(|one| one.declared_id) {
        *declared.entry(id).or_default() += 1;
    }
    let usable = |id: &&str| is_operation_id(id) && declared.get(id) == Some(&1);
    let mut made = None;
    let mut holders: HashMap<String, Pointer> = HashMap::new();
    found.retain_mut(|one| {
        one.id = match one.declared_id.filter(usable) {
            Some(id) => id.to_owned(),
            None => made_id(one.method, &one.path),
        };
        if !is_operation_id(&one.id) {
            report.problem(&one.pointer, Reason::NoId);
            return false;
        }
        if one.declared_id != Some(one.id.as_str()) {
            let (_, count) = made.get_or_insert_with(|| (one.id.clone(), 0));
            *count += 1;
        }
        if let Some(other) = holders.insert(one.id.clone(), one.pointer.clone()) {
            let (id, other) = (one.id.clone(), other.to_string());
            report.problem(&one.pointer, Reason::DuplicateId { id, other });
        }
        true
    });
    if let Some((first, count)) = made {
        report.note(format!(
            "{count} operations have no `operationId` of their own; theirs are made of method and \
             path, such as `{first}`"
        ));
    }
}

/// `get:/users/{id}`, with what an id may not hold percent-encoded.
fn made_id(method: Method, path: &str) -> String {
    let mut id = method.as_str().to_ascii_lowercase();
    id.push(':');
    for byte in path.bytes() {
        if byte.is_ascii_graphic() && byte != b'"' && byte != b'\\' {
            id.push(char::from(byte));
        } else {
            id.push_str(&format!("%{byte:02X}"));
        }
    }
    id
}
