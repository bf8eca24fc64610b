//! Schemas, each once: what fields they have, which others they name, and which operations they reach.

use std::collections::HashMap;

use serde_json::Value;

use super::operation::Operation;
use super::{At, Files, MOST_BROKEN, Node};
use crate::report::GapCode;

/// How deep one schema may nest without a reference.
const MOST_DEPTH: usize = 40;
/// Fields of one schema, and shapes of one document, that are read.
const MOST_FIELDS: usize = 20_000;
const MOST_SHAPES: usize = 400_000;
/// Steps from operations to their shapes and on; as many pairs are kept at most.
const MOST_STEPS: usize = 30_000_000;

/// A schema after its references.
#[derive(Debug, Clone, Copy)]
pub struct Schema<'a> {
    pub node: Node<'a>,
    /// Its place in [`Shapes`].
    pub shape: usize,
}

/// Whether something goes in, comes out, or comes out when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    Request,
    Answer,
    Error,
}

/// A value within a shape: a property, or the items of a list.
#[derive(Debug, Clone)]
pub struct Field<'a> {
    /// The property's name; of items the name of the list.
    pub name: &'a str,
    /// From the shape's root: `address.street`, `tags[]`; empty for the root itself.
    pub path: String,
    /// What stands there after references.
    pub node: Node<'a>,
    pub required: bool,
    /// True if another shape stands here, by reference.
    pub referred: bool,
    pub read_only: bool,
    pub write_only: bool,
    pub at: At,
}

/// A schema that stands at one place and is used from many.
#[derive(Debug)]
pub struct Shape<'a> {
    /// Its name among the components; empty for one that stands inline.
    pub name: String,
    pub node: Node<'a>,
    pub at: At,
    /// The root first, then everything in it that is not another shape.
    pub fields: Vec<Field<'a>>,
    /// Shapes that it names.
    pub refs: Vec<usize>,
    /// Operations that take it, give it, or give it as an error, by index.
    pub requests: Vec<u32>,
    pub answers: Vec<u32>,
    pub errors: Vec<u32>,
    read: bool,
}

/// Every shape of a document.
#[derive(Debug, Default)]
pub struct Shapes<'a> {
    pub list: Vec<Shape<'a>>,
    known: HashMap<usize, usize>,
    pub(super) broken: Vec<At>,
    overflow: bool,
}

impl<'a> Node<'a> {
    /// The types that a schema allows; what it does not say is guessed from what stands beside.
    pub fn types(self) -> Vec<&'a str> {
        match self.value.get("type") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ if self.value.get("properties").is_some() => vec!["object"],
            _ if self.value.get("items").is_some() => vec!["array"],
            _ => Vec::new(),
        }
    }

    pub fn is_type(self, wanted: &str) -> bool {
        self.types().contains(&wanted)
    }

    /// A whole number of a schema, for instance `maxLength`.
    pub fn number(self, key: &str) -> Option<f64> {
        self.value.get(key)?.as_f64()
    }

    /// True if only listed values are allowed.
    pub fn is_closed(self) -> bool {
        self.value.get("enum").is_some() || self.value.get("const").is_some()
    }
}

impl Shape<'_> {
    /// Operations that it reaches this way, by index.
    pub fn reach(&self, way: Way) -> &[u32] {
        match way {
            Way::Request => &self.requests,
            Way::Answer => &self.answers,
            Way::Error => &self.errors,
        }
    }
}

impl<'a> Shapes<'a> {
    /// The schema behind a node, registered; `None` if its reference leads nowhere.
    pub fn schema(&mut self, files: &'a Files, node: Node<'a>, at: &At) -> Option<Schema<'a>> {
        let (resolved, place) = match node.text("$ref") {
            None => (node, at.clone()),
            Some(_) => (files.resolve(node)?, super::operation::placed(files, node, at.clone())),
        };
        let key = std::ptr::from_ref(resolved.value) as usize;
        if let Some(shape) = self.known.get(&key) {
            return Some(Schema { node: resolved, shape: *shape });
        }
        if self.list.len() >= MOST_SHAPES {
            self.overflow = true;
            return None;
        }
        let shape = self.list.len();
        self.known.insert(key, shape);
        self.list.push(Shape {
            name: component(&place.pointer),
            node: resolved,
            at: place,
            fields: Vec::new(),
            refs: Vec::new(),
            requests: Vec::new(),
            answers: Vec::new(),
            errors: Vec::new(),
            read: false,
        });
        Some(Schema { node: resolved, shape })
    }

    /// Reads a shape and all that it names.
    pub fn enter(&mut self, files: &'a Files, schema: Schema<'a>) {
        let mut waiting = vec![schema.shape];
        while let Some(index) = waiting.pop() {
            let Some(shape) = self.list.get_mut(index) else { continue };
            if std::mem::replace(&mut shape.read, true) {
                continue;
            }
            let (node, at) = (shape.node, shape.at.clone());
            let mut reader = Reader { files, shapes: self, fields: Vec::new(), refs: Vec::new() };
            let root = Spot { name: "", path: String::new(), at, required: true, depth: 0 };
            reader.value(node, root);
            let (fields, mut refs) = (reader.fields, reader.refs);
            refs.sort_unstable();
            refs.dedup();
            waiting.extend(refs.iter().copied());
            if let Some(shape) = self.list.get_mut(index) {
                (shape.fields, shape.refs) = (fields, refs);
            }
        }
    }

    pub fn get(&self, schema: Schema<'a>) -> Option<&Shape<'a>> {
        self.list.get(schema.shape)
    }

    /// A shape and every shape that it names, itself first.
    pub fn closure(&self, shape: usize) -> Vec<usize> {
        let mut seen = vec![false; self.list.len()];
        let mut found = Vec::new();
        self.spread(shape, &mut seen, &mut found);
        found
    }

    /// Adds what a shape leads to; gives the number of steps that it took.
    fn spread(&self, shape: usize, seen: &mut [bool], found: &mut Vec<usize>) -> usize {
        let mut steps = 0;
        let mut waiting = vec![shape];
        while let Some(index) = waiting.pop() {
            match seen.get_mut(index) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            found.push(index);
            let refs = self.list.get(index).map(|shape| &shape.refs[..]).unwrap_or_default();
            steps += 1 + refs.len();
            waiting.extend(refs);
        }
        steps
    }

    /// Works out which operations each shape reaches.
    pub(super) fn reach(&mut self, operations: &[Operation<'a>]) {
        let mut steps = 0;
        let mut seen = vec![false; self.list.len()];
        for (number, operation) in (0_u32..).zip(operations) {
            for way in [Way::Request, Way::Answer, Way::Error] {
                let mut found = Vec::new();
                for root in roots(operation, way) {
                    steps += self.spread(root, &mut seen, &mut found);
                }
                if steps > MOST_STEPS {
                    self.overflow = true;
                    return;
                }
                for index in found {
                    if let Some(seen) = seen.get_mut(index) {
                        *seen = false;
                    }
                    let Some(shape) = self.list.get_mut(index) else { continue };
                    match way {
                        Way::Request => shape.requests.push(number),
                        Way::Answer => shape.answers.push(number),
                        Way::Error => shape.errors.push(number),
                    }
                }
            }
        }
    }

    pub(super) fn gaps(&self) -> Vec<(GapCode, String)> {
        let most = self.overflow.then(|| {
            (GapCode::TooLarge, "the schemas are more or larger than what is read".to_owned())
        });
        most.into_iter().collect()
    }
}

fn roots<'o>(operation: &'o Operation<'_>, way: Way) -> impl Iterator<Item = usize> + 'o {
    let bodies = operation.bodies.iter().filter(move |_| way == Way::Request);
    let answers = operation.answers.iter().filter(move |answer| match way {
        Way::Request => false,
        Way::Answer => !operation.is_error(answer),
        Way::Error => operation.is_error(answer),
    });
    let content = answers.flat_map(|answer| answer.content.iter());
    bodies.chain(content).filter_map(|media| Some(media.schema?.shape))
}

/// The name of a component, from its pointer.
fn component(pointer: &str) -> String {
    let named = ["/components/", "/definitions/"].iter().any(|start| pointer.contains(start));
    let depth = pointer.matches('/').count();
    match pointer.rsplit_once('/') {
        Some((_, name)) if named && depth <= 3 => name.replace("~1", "/").replace("~0", "~"),
        _ => String::new(),
    }
}

/// True if a description begins by saying that only the server sets it: many say it there alone.
fn is_told_read_only(node: Node<'_>) -> bool {
    let text = node.text("description").unwrap_or_default();
    let text = text.trim_start_matches(|letter: char| !letter.is_alphabetic());
    let start: String = text.chars().take(11).collect::<String>().to_ascii_lowercase();
    ["output only", "output-only", "read only", "read-only", "readonly"]
        .iter()
        .any(|words| start.starts_with(words))
}

/// Where the reader is.
struct Spot<'a> {
    name: &'a str,
    path: String,
    at: At,
    required: bool,
    depth: usize,
}

struct Reader<'a, 's> {
    files: &'a Files,
    shapes: &'s mut Shapes<'a>,
    fields: Vec<Field<'a>>,
    refs: Vec<usize>,
}

impl<'a> Reader<'a, '_> {
    /// A value that stands here: what it is, then what is in it.
    fn value(&mut self, node: Node<'a>, spot: Spot<'a>) {
        if spot.depth > MOST_DEPTH || self.fields.len() >= MOST_FIELDS {
            self.shapes.overflow = true;
            return;
        }
        let stated = node;
        let Some(node) = self.follow(node, &spot) else { return };
        let Some(inline) = node.inline else {
            self.note(node.resolved, stated, true, spot);
            return;
        };
        let (name, path, at, depth) = (spot.name, spot.path.clone(), spot.at.clone(), spot.depth);
        self.note(inline, stated, false, spot);
        self.inside(inline, name, &path, &at, depth + 1);
    }

    /// Notes the reference, if it is one. What is another shape is not gone into.
    fn follow(&mut self, node: Node<'a>, spot: &Spot<'a>) -> Option<Followed<'a>> {
        if node.text("$ref").is_none() {
            return Some(Followed { resolved: node, inline: Some(node) });
        }
        match self.shapes.schema(self.files, node, &spot.at) {
            Some(schema) => {
                self.refs.push(schema.shape);
                Some(Followed { resolved: schema.node, inline: None })
            }
            None => {
                if self.shapes.broken.len() < MOST_BROKEN {
                    self.shapes.broken.push(spot.at.clone());
                }
                None
            }
        }
    }

    /// What stands beside a reference counts too (OpenAPI 3.1; of older ones it is what was meant).
    fn note(&mut self, node: Node<'a>, stated: Node<'a>, referred: bool, spot: Spot<'a>) {
        let flag = |key| node.flag(key) || stated.flag(key);
        self.fields.push(Field {
            name: spot.name,
            path: spot.path,
            node,
            required: spot.required,
            referred,
            read_only: flag("readOnly") || is_told_read_only(node) || is_told_read_only(stated),
            write_only: flag("writeOnly"),
            at: spot.at,
        });
    }

    fn inside(&mut self, node: Node<'a>, name: &'a str, path: &str, at: &At, depth: usize) {
        let required: Vec<&str> = node
            .get("required")
            .into_iter()
            .flat_map(Node::items)
            .filter_map(|one| one.value.as_str())
            .collect();
        for (key, value) in node.get("properties").into_iter().flat_map(Node::members) {
            let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            let at = at.then("properties").then(key);
            let required = required.contains(&key);
            self.value(value, Spot { name: key, path, at, required, depth });
        }
        for key in ["items", "additionalProperties", "contains", "unevaluatedProperties"] {
            let Some(value) = node.get(key).filter(|node| node.value.is_object()) else { continue };
            let mark = if key == "items" || key == "contains" { "[]" } else { "{}" };
            let path = format!("{path}{mark}");
            self.value(value, Spot { name, path, at: at.then(key), required: false, depth });
        }
        for key in ["allOf", "anyOf", "oneOf", "prefixItems"] {
            let parts = node.get(key).into_iter().flat_map(Node::items);
            for (index, part) in parts.enumerate() {
                self.part(part, name, path, &at.then(key).then(index), depth);
            }
        }
    }

    /// A part of a schema is the same value: it is gone into and not noted as a field of its own.
    fn part(&mut self, part: Node<'a>, name: &'a str, path: &str, at: &At, depth: usize) {
        if depth > MOST_DEPTH {
            self.shapes.overflow = true;
            return;
        }
        let spot = Spot { name, path: path.to_owned(), at: at.clone(), required: false, depth };
        if let Some(Followed { inline: Some(inline), .. }) = self.follow(part, &spot) {
            self.inside(inline, name, path, at, depth + 1);
        }
    }
}

/// A node after its reference; `inline` if it had none.
struct Followed<'a> {
    resolved: Node<'a>,
    inline: Option<Node<'a>>,
}
