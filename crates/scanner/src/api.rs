//! A described API: OpenAPI 2.0, 3.0 and 3.1 in one shape, for the scan of the document and the live one.
//!
//! [`Files`] holds the text, [`Api`] borrows from it. What is malformed in one place is left out and
//! named in [`Api::gaps`]: vendors' documents have mistakes, and the rest must still be judged.

use serde_json::Value;

mod operation;
mod sample;
mod security;
mod server;
mod shape;
pub mod source;

pub use operation::{Answer, Media, Method, Operation, Parameter, Put};
pub use security::{Flow, Requirement, Scheme, SchemeKind, Security};
pub use server::Server;
pub use shape::{Field, Schema, Shape, Shapes, Way};
pub use source::{Fetch, File, Files, Lines, SourceError};

use crate::report::GapCode;

/// References that are followed to reach one thing; beyond it they go in a circle.
const MOST_HOPS: usize = 24;
/// References that lead nowhere and are remembered.
const MOST_BROKEN: usize = 10_000;
/// Things that could not be read and are named.
const MOST_GAPS: usize = 40;

/// A document that describes no API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    #[error("`openapi` must be `3.0.x` or `3.1.x`, or `swagger` must be `2.0`; found `{0}`")]
    Version(String),
    #[error("`paths` is missing or holds no operation")]
    NoOperations,
}

/// The edition of the specification that a document follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edition {
    V2,
    V30,
    V31,
}

/// A value and the file that it stands in.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    pub file: usize,
    pub value: &'a Value,
}

/// Where something stands: a file and a JSON Pointer (RFC 6901) in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct At {
    pub file: usize,
    pub pointer: String,
}

/// A described API.
#[derive(Debug)]
pub struct Api<'a> {
    pub files: &'a Files,
    pub edition: Edition,
    pub title: &'a str,
    /// `info.version`.
    pub version: &'a str,
    pub servers: Vec<Server>,
    pub schemes: Vec<Scheme<'a>>,
    /// By path, then by method.
    pub operations: Vec<Operation<'a>>,
    pub shapes: Shapes<'a>,
    /// References within the document that lead nowhere.
    pub broken: Vec<At>,
    /// What could not be read, why, and where.
    pub gaps: Vec<(GapCode, String)>,
}

impl Edition {
    /// `2.0`, `3.0` or `3.1`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V2 => "2.0",
            Self::V30 => "3.0",
            Self::V31 => "3.1",
        }
    }
}

impl At {
    /// The place of a member or an item.
    pub fn then(&self, part: impl std::fmt::Display) -> Self {
        let part = part.to_string().replace('~', "~0").replace('/', "~1");
        Self { file: self.file, pointer: format!("{}/{part}", self.pointer) }
    }
}

impl<'a> Node<'a> {
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        Some(Node { file: self.file, value: self.value.get(key)? })
    }

    pub fn text(self, key: &str) -> Option<&'a str> {
        self.value.get(key)?.as_str()
    }

    pub fn flag(self, key: &str) -> bool {
        self.value.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Members of an object; nothing of anything else.
    pub fn members(self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        let members = self.value.as_object().into_iter().flatten();
        members.map(move |(key, value)| (key.as_str(), Node { file: self.file, value }))
    }

    /// Items of a list; nothing of anything else.
    pub fn items(self) -> impl Iterator<Item = Node<'a>> {
        let items = self.value.as_array().into_iter().flatten();
        items.map(move |value| Node { file: self.file, value })
    }
}

impl<'a> Api<'a> {
    /// Reads the description that begins in the first file.
    ///
    /// # Errors
    /// It is of no edition that is known, or holds no operation.
    pub fn read(files: &'a Files) -> Result<Self, ApiError> {
        static NOTHING: Value = Value::Null;
        let root = files.list.first().map_or(&NOTHING, |file| &file.root);
        let root = Node { file: 0, value: root };
        let edition = edition(root)?;
        let info = root.get("info");
        let mut gaps = files.unfollowed.clone();
        let mut broken = Vec::new();
        let schemes = security::schemes(files, root, edition);
        let mut shapes = Shapes::default();
        let operations = operation::read(
            files,
            root,
            edition,
            &mut shapes,
            &mut Faults { broken: &mut broken, gaps: &mut gaps },
        );
        if operations.is_empty() {
            return Err(ApiError::NoOperations);
        }
        shapes.reach(&operations);
        broken.extend(std::mem::take(&mut shapes.broken));
        gaps.extend(shapes.gaps());
        gaps.extend(broken.iter().map(unresolved));
        gaps.dedup();
        gaps.truncate(MOST_GAPS);
        // Where the file was not had, nobody knows whether the reference is right.
        broken.retain(|at| files.is_within(at));
        broken.sort();
        broken.dedup();
        Ok(Self {
            files,
            edition,
            title: info.and_then(|info| info.text("title")).unwrap_or_default(),
            version: info.and_then(|info| info.text("version")).unwrap_or_default(),
            servers: server::read(root, edition),
            schemes,
            operations,
            shapes,
            broken,
            gaps,
        })
    }

    /// Operations that name this scheme in any of their alternatives, by index.
    pub fn requiring(&self, scheme: &str) -> Vec<u32> {
        let names = |one: &Operation<'_>| one.security.named().any(|(name, _)| *name == scheme);
        self.numbered().filter(|(_, one)| names(one)).map(|(number, _)| number).collect()
    }

    /// Every operation with its place in the list.
    pub fn numbered(&self) -> impl Iterator<Item = (u32, &Operation<'a>)> {
        (0_u32..).zip(&self.operations)
    }

    /// Every value in the bodies that go this way, each once, with the shape that it stands in.
    pub fn fields(&self, way: Way) -> impl Iterator<Item = (&Shape<'a>, &Field<'a>)> {
        let shapes = self.shapes.list.iter().filter(move |shape| !shape.reach(way).is_empty());
        shapes.flat_map(|shape| shape.fields.iter().map(move |field| (shape, field)))
    }

    /// The scheme that a requirement names.
    pub fn scheme(&self, name: &str) -> Option<&Scheme<'a>> {
        self.schemes.iter().find(|scheme| scheme.name == name)
    }

    /// The addresses of the servers, in order.
    pub fn server_urls(&self) -> Vec<&str> {
        self.servers.iter().map(|server| server.url.as_str()).collect()
    }

    /// A value for this parameter. The second member is false where the document gives no example
    /// and the value was made up from the type alone.
    pub fn parameter_value(&self, parameter: &Parameter<'a>) -> (Value, bool) {
        if let Some(example) = sample::example(self.files, parameter.node) {
            return (example, true);
        }
        match parameter.schema {
            Some(schema) => {
                let stated = sample::example(self.files, schema.node).is_some();
                (sample::sample(self.files, schema.node), stated)
            }
            None => (Value::from("1"), false),
        }
    }

    /// A body that should satisfy the schema.
    pub fn body_value(&self, body: &Media<'a>) -> Value {
        sample::example(self.files, body.node)
            .or_else(|| body.schema.map(|schema| sample::sample(self.files, schema.node)))
            .unwrap_or(Value::Null)
    }

    /// A value that should satisfy a schema: stated examples first, then the plainest of its type.
    pub fn sample(&self, schema: Schema<'a>) -> Value {
        sample::sample(self.files, schema.node)
    }
}

/// What of a document could not be read.
struct Faults<'f> {
    broken: &'f mut Vec<At>,
    gaps: &'f mut Vec<(GapCode, String)>,
}

fn unresolved(at: &At) -> (GapCode, String) {
    (GapCode::Unresolved, format!("the reference at `{}` leads nowhere", at.pointer))
}

fn edition(root: Node<'_>) -> Result<Edition, ApiError> {
    let stated = |key: &str| match root.value.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let swagger = stated("swagger");
    match stated("openapi").or_else(|| swagger.clone()) {
        Some(text) if text.starts_with("3.0") => Ok(Edition::V30),
        Some(text) if text.starts_with("3.") => Ok(Edition::V31),
        Some(text) if swagger.is_some() && text.starts_with('2') => Ok(Edition::V2),
        other => Err(ApiError::Version(other.unwrap_or_default())),
    }
}

impl Files {
    /// Follows `$ref` until something stands there. `None` for what leads nowhere or in a circle.
    pub fn resolve<'a>(&'a self, mut node: Node<'a>) -> Option<Node<'a>> {
        for _ in 0..MOST_HOPS {
            let Some(reference) = node.value.get("$ref").and_then(Value::as_str) else {
                return Some(node);
            };
            node = self.lookup(node.file, reference)?;
        }
        None
    }

    /// What one reference of a file names.
    pub fn lookup<'a>(&'a self, file: usize, reference: &str) -> Option<Node<'a>> {
        self.locate(file, reference).map(|(node, _)| node)
    }

    /// Where one reference of a file leads, as a place.
    pub fn place(&self, file: usize, reference: &str) -> Option<At> {
        self.locate(file, reference).map(|(_, at)| at)
    }

    fn locate<'a>(&'a self, file: usize, reference: &str) -> Option<(Node<'a>, At)> {
        let (name, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let file = match name {
            "" => file,
            name => self.find(&source::joined(&self.list.get(file)?.name, name))?,
        };
        let root = &self.list.get(file)?.root;
        let decoded = percent_encoding::percent_decode_str(fragment).decode_utf8().ok()?;
        let found = |pointer: &str| Some((root.pointer(pointer)?, pointer.to_owned()));
        let (value, pointer) = found(&decoded).or_else(|| found(fragment))?;
        Some((Node { file, value }, At { file, pointer }))
    }

    /// True if the reference that stands here names something within files that were read.
    fn is_within(&self, at: &At) -> bool {
        let node = self.list.get(at.file).and_then(|file| file.root.pointer(&at.pointer));
        let reference = node.and_then(|node| node.get("$ref")).and_then(Value::as_str);
        reference.is_some_and(|reference| {
            let name = reference.split('#').next().unwrap_or_default();
            let base = self.list.get(at.file).map(|file| file.name.as_str()).unwrap_or_default();
            name.is_empty() || self.find(&source::joined(base, name)).is_some()
        })
    }
}

#[cfg(test)]
mod tests;
