//! What is wrong with a document, where, and what to do about it.

use std::fmt;

use super::reference::MOST_STEPS;
use crate::catalog::operations::MOST_OPERATIONS;
use crate::catalog::scope::plain_text;
use crate::catalog::template::TemplateError;

const MOST_PROBLEMS: usize = 100;
const MOST_NOTES: usize = 100;
const LONGEST_POINTER: usize = 600;

/// A place in the document (RFC 6901, shown as the fragment of a URI) or in the adjustments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(String);

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {reason}")]
pub struct Problem {
    /// `#/paths/~1users/get`; `adjust/…` for a place in the team's adjustments.
    pub pointer: String,
    pub reason: Reason,
}

/// Why a document or its adjustments cannot be read into a table. Codes are stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("version `{found}` is not read: give a document of OpenAPI 2.0, 3.0 or 3.1")]
    UnsupportedVersion { found: String },
    #[error("`{what}` is missing: ask the vendor for a complete document")]
    Missing { what: &'static str },
    #[error("this must be {expected}")]
    WrongType { expected: &'static str },
    #[error("`{reference}` is not in this document: bundle the document into one file first")]
    ForeignReference { reference: String },
    #[error("`{reference}` points to nothing in this document")]
    BrokenReference { reference: String },
    #[error("`{reference}` leads back to itself or through more than {MOST_STEPS} references")]
    EndlessReference { reference: String },
    #[error("methods beside a `$ref` have no defined meaning: move them to one place")]
    BesideReference,
    #[error("{reason}: add `{id}` to `leave_out` to do without it")]
    Template { id: String, reason: TemplateError },
    #[error("no id can be made for this operation: its path is too long")]
    NoId,
    #[error("`{id}` is also the id of {other}: ask the vendor to tell them apart")]
    DuplicateId { id: String, other: String },
    #[error(
        "`{id}` matches the same paths as `{first}` at {other}: add one of them to `leave_out`"
    )]
    Clash { id: String, first: String, other: String },
    #[error("more than {MOST_OPERATIONS} operations: split the document")]
    TooManyOperations,
    #[error("more than {most} parameters here: split the document")]
    TooManyParameters { most: usize },
    #[error("the document has no operation `{id}`")]
    UnknownOperation { id: String },
    #[error("the operation `{id}` is left out: it cannot have a scope too")]
    LeftOutAndScoped { id: String },
    #[error("`{scope}` is no scope name: `[a-z0-9][a-z0-9._-]*(:[a-z]+)?`, at most 80 bytes")]
    ScopeName { scope: String },
    #[error("no operation has the scope `{scope}`")]
    UnknownScope { scope: String },
    #[error("no operation is left: a service without operations cannot be used")]
    NoOperations,
    #[error("the table does not hold: {error}")]
    Table { error: String },
}

/// All that is wrong with a document, the first hundred of it in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentError {
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub more: usize,
}

/// What a reading has met so far.
#[derive(Debug, Default)]
pub struct Report {
    problems: Vec<Problem>,
    more: usize,
    notes: Vec<String>,
    more_notes: usize,
    /// Operations with a spanning parameter that is not the whole end of their path: the first, and
    /// how many.
    spanning_inside: Option<(Pointer, usize)>,
}

impl Pointer {
    pub fn root() -> Self {
        Self("#".to_owned())
    }

    pub fn adjustments() -> Self {
        Self("adjust".to_owned())
    }

    pub fn child(&self, key: &str) -> Self {
        Self(format!("{}/{}", self.0, key.replace('~', "~0").replace('/', "~1")))
    }
}

/// Cut where it is too long to be read; a document's keys can be of any length.
impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = plain_text(&self.0, LONGEST_POINTER);
        let cut = if shown.len() < self.0.len() { "…" } else { "" };
        write!(formatter, "{shown}{cut}")
    }
}

impl Problem {
    pub fn new(pointer: &Pointer, reason: Reason) -> Self {
        Self { pointer: pointer.to_string(), reason }
    }
}

impl Reason {
    /// The stable code of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedVersion { .. } => "document-version",
            Self::Missing { .. } => "document-missing",
            Self::WrongType { .. } => "document-type",
            Self::ForeignReference { .. } => "reference-foreign",
            Self::BrokenReference { .. } => "reference-broken",
            Self::EndlessReference { .. } => "reference-endless",
            Self::BesideReference => "reference-with-methods",
            Self::Template { .. } => "template-unmatchable",
            Self::NoId => "operation-without-id",
            Self::DuplicateId { .. } => "operation-id-twice",
            Self::Clash { .. } => "operations-clash",
            Self::TooManyOperations => "too-many-operations",
            Self::TooManyParameters { .. } => "too-many-parameters",
            Self::UnknownOperation { .. } => "adjust-unknown-operation",
            Self::LeftOutAndScoped { .. } => "adjust-left-out-and-scoped",
            Self::ScopeName { .. } => "adjust-scope-name",
            Self::UnknownScope { .. } => "adjust-unknown-scope",
            Self::NoOperations => "no-operations",
            Self::Table { .. } => "table-broken",
        }
    }
}

impl Report {
    pub fn problem(&mut self, pointer: &Pointer, reason: Reason) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem::new(pointer, reason));
        } else {
            self.more += 1;
        }
    }

    pub fn note(&mut self, note: String) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(note);
        } else {
            self.more_notes += 1;
        }
    }

    pub fn spanning_inside(&mut self, pointer: &Pointer) {
        let (_, count) = self.spanning_inside.get_or_insert_with(|| (pointer.clone(), 0));
        *count += 1;
    }

    pub fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// The notes, if nothing is wrong.
    pub fn finish(mut self) -> Result<Vec<String>, DocumentError> {
        if !self.problems.is_empty() {
            return Err(DocumentError { problems: self.problems, more: self.more });
        }
        if let Some((first, count)) = self.spanning_inside {
            self.notes.push(format!(
                "{count} operations have a parameter inside their path that spans segments in the \
                 document; here it matches within one segment (first: {first})"
            ));
        }
        if self.more_notes > 0 {
            self.notes.push(format!("and {} more notes", self.more_notes));
        }
        Ok(self.notes)
    }
}

impl From<Problem> for DocumentError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem], more: 0 }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.problems.iter().enumerate() {
            if place > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{problem}")?;
        }
        if self.more > 0 {
            write!(formatter, "\nand {} more problems", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for DocumentError {}
