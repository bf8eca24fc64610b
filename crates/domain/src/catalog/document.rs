//! Reading a vendor's OpenAPI document (2.0, 3.0, 3.1) into a table of operations.
//!
//! The document is hostile: only places at a fixed depth are looked at, chains of `$ref` are
//! followed a bounded number of steps, and everything counted has a bound. Everything that is wrong
//! is collected, each with the JSON pointer of its place and what to do about it.

mod adjust;
mod credential;
mod paths;
mod problem;
mod reference;
mod servers;
mod table;

use serde_json::{Map, Value};

use super::operations::Operations;
use super::scope::plain_text;
pub use adjust::Adjust;
pub use problem::{DocumentError, Problem, Reason};
use problem::{Pointer, Report};

/// What a document offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    pub operations: Operations,
    pub title: String,
    /// The document's own version, `info.version`.
    pub version: String,
    /// The addresses of its servers as the document spells them, variables at their defaults; the
    /// operations belong to the first.
    pub servers: Vec<String>,
    /// What a reviewer should know about the reading: what was left out, renamed or merged.
    pub notes: Vec<String>,
}

/// The two shapes of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// OpenAPI 2.0, formerly Swagger.
    Two,
    /// OpenAPI 3.0 and 3.1.
    Three,
}

/// Reads a document and applies the team's adjustments.
///
/// # Errors
/// All that keeps the document from being a table; nothing is guessed in its place.
pub fn import(document: &Value, adjust: &Adjust) -> Result<Imported, DocumentError> {
    let mut report = Report::default();
    let shape = match shape(document) {
        Ok(shape) => shape,
        Err(problem) => return Err(DocumentError::from(problem)),
    };
    let title = info(document, "title", &mut report);
    let version = info(document, "version", &mut report);
    let servers = servers::read(document, shape, &mut report);
    let credential = credential::read(document, shape, &mut report);
    let found = paths::read(document, servers.first().map(String::as_str), &mut report);
    let kept = adjust::leave_out(found, adjust, &mut report);
    let operations = table::build(credential, kept, adjust, &mut report);
    let notes = report.finish()?;
    let Some(operations) = operations else {
        return Err(DocumentError::from(Problem::new(&Pointer::root(), Reason::NoOperations)));
    };
    Ok(Imported { operations, title, version, servers, notes })
}

fn shape(document: &Value) -> Result<Shape, Problem> {
    let root = Pointer::root();
    let Some(members) = document.as_object() else {
        return Err(Problem::new(&root, Reason::WrongType { expected: "an object" }));
    };
    let (key, value) = match (members.get("openapi"), members.get("swagger")) {
        (Some(value), _) => ("openapi", value),
        (None, Some(value)) => ("swagger", value),
        (None, None) => {
            return Err(Problem::new(&root, Reason::Missing { what: "openapi" }));
        }
    };
    let version = scalar(value).unwrap_or_default();
    let is = |series: &str| {
        version.strip_prefix(series).is_some_and(|patch| patch.is_empty() || patch.starts_with('.'))
    };
    match key {
        "swagger" if version == "2.0" => Ok(Shape::Two),
        "openapi" if is("3.0") || is("3.1") => Ok(Shape::Three),
        _ => {
            let found = plain_text(&version, 40);
            Err(Problem::new(&root.child(key), Reason::UnsupportedVersion { found }))
        }
    }
}

/// A text of at most 2,000 bytes, or a number that YAML made of an unquoted one.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (text.len() <= 2_000).then(|| text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The members of an object by name: the answer shall not depend on how a parser keeps them.
fn sorted(members: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut sorted: Vec<_> = members.iter().map(|(name, value)| (name.as_str(), value)).collect();
    sorted.sort_by_key(|(name, _)| *name);
    sorted
}

fn info(document: &Value, what: &'static str, report: &mut Report) -> String {
    let text = document.get("info").and_then(|info| info.get(what)).and_then(scalar);
    let text = plain_text(&text.unwrap_or_default(), 200);
    if text.is_empty() {
        report.problem(&Pointer::root().child("info"), Reason::Missing { what });
    }
    text
}

#[cfg(test)]
mod tests;
