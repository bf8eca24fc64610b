//! Operations: one method on one path, with everything that goes in and comes out.

use serde_json::Value;

use super::security::{self, Security};
use super::shape::{Schema, Shapes};
use super::source::FORM;
use super::{At, Edition, Faults, Files, MOST_BROKEN, Node};
use crate::report::GapCode;

/// Operations of one document that are read; the largest known to us has under 20,000.
const MOST_OPERATIONS: usize = 50_000;
/// The methods of a path item (OpenAPI 3.1, Path Item Object).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Trace,
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Put {
    Path,
    Query,
    Header,
    Cookie,
}

/// A documented parameter.
#[derive(Debug, Clone)]
pub struct Parameter<'a> {
    pub name: &'a str,
    pub put: Put,
    pub required: bool,
    pub description: &'a str,
    pub schema: Option<Schema<'a>>,
    pub node: Node<'a>,
    /// Where it is defined: at the operation, or where its reference leads.
    pub at: At,
}

/// A body in one media type, of a request or an answer.
#[derive(Debug, Clone)]
pub struct Media<'a> {
    pub media_type: &'a str,
    pub schema: Option<Schema<'a>>,
    /// The media type object; of OpenAPI 2.0 the body parameter or the response.
    pub node: Node<'a>,
    pub at: At,
}

/// A documented answer.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// `200`, `4XX` or `default`.
    pub status: &'a str,
    pub description: &'a str,
    pub headers: Vec<&'a str>,
    pub content: Vec<Media<'a>>,
    pub at: At,
}

/// One method on one path.
#[derive(Debug, Clone)]
pub struct Operation<'a> {
    pub method: Method,
    /// The path template, for instance `/orders/{id}`.
    pub path: &'a str,
    pub id: Option<&'a str>,
    pub summary: &'a str,
    pub description: &'a str,
    pub tags: Vec<&'a str>,
    pub deprecated: bool,
    pub security: Security<'a>,
    pub parameters: Vec<Parameter<'a>>,
    /// The request's body in every media type that is documented.
    pub bodies: Vec<Media<'a>>,
    pub answers: Vec<Answer<'a>>,
    pub node: Node<'a>,
    pub at: At,
}

impl Method {
    pub const ALL: [(&'static str, Self); 8] = [
        ("get", Self::Get),
        ("head", Self::Head),
        ("post", Self::Post),
        ("put", Self::Put),
        ("patch", Self::Patch),
        ("delete", Self::Delete),
        ("options", Self::Options),
        ("trace", Self::Trace),
    ];

    /// The name as it goes on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Trace => "TRACE",
        }
    }

    /// True if it tells of the server rather than of the API.
    pub const fn is_answered_by_the_server(self) -> bool {
        matches!(self, Self::Head | Self::Options | Self::Trace)
    }

    /// True if the method only reads (RFC 9110 §9.2.1).
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options | Self::Trace)
    }
}

impl Media<'_> {
    /// The media type without parameters, in lower case.
    pub fn essence(&self) -> String {
        self.media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// True for `application/json` and `…+json`.
    pub fn is_json(&self) -> bool {
        let essence = self.essence();
        essence == "application/json" || essence.ends_with("+json")
    }

    /// True for `application/x-www-form-urlencoded` and `multipart/form-data`.
    pub fn is_form(&self) -> bool {
        matches!(
            self.essence().as_str(),
            "application/x-www-form-urlencoded" | "multipart/form-data"
        )
    }
}

impl<'a> Operation<'a> {
    /// `METHOD /path`, the name that findings use.
    pub fn label(&self) -> String {
        format!("{} {}", self.method.name(), self.path)
    }

    /// True if the path has a `{parameter}`.
    pub fn is_templated(&self) -> bool {
        self.path.contains('{')
    }

    /// True only if the document says in so many words that no credential is needed.
    pub fn is_public(&self) -> bool {
        self.security.is_waived() || self.security.is_optional()
    }

    /// Parameters of one place.
    pub fn at_place(&self, put: Put) -> impl Iterator<Item = &Parameter<'a>> {
        self.parameters.iter().filter(move |one| one.put == put)
    }

    /// The body that a scan would send: JSON before forms before text.
    pub fn body(&self) -> Option<&Media<'a>> {
        let form = |body: &&Media<'_>| body.essence() == "application/x-www-form-urlencoded";
        let text = |body: &&Media<'_>| body.media_type.starts_with("text/");
        let bodies = || self.bodies.iter();
        let json = bodies().find(|body| body.is_json());
        json.or_else(|| bodies().find(form)).or_else(|| bodies().find(text))
    }

    /// Answers of 2xx.
    pub fn successes(&self) -> impl Iterator<Item = &Answer<'a>> {
        self.answers.iter().filter(|answer| answer.status.starts_with('2'))
    }

    /// True for answers that tell of a failure; the default does where another tells of success.
    pub fn is_error(&self, answer: &Answer<'_>) -> bool {
        match answer.status.as_bytes().first() {
            Some(b'1'..=b'3') => false,
            Some(b'4' | b'5') => true,
            _ => self.answers.iter().any(|one| one.status.starts_with(['1', '2', '3'])),
        }
    }

    /// True if an answer of this status, its class or (for errors) the default is documented.
    pub fn answers_with(&self, status: &str) -> bool {
        let class = status.get(..1).unwrap_or_default();
        self.answers.iter().any(|answer| {
            answer.status == status || answer.status.eq_ignore_ascii_case(&format!("{class}xx"))
        })
    }
}

pub(super) fn read<'a>(
    files: &'a Files,
    root: Node<'a>,
    edition: Edition,
    shapes: &mut Shapes<'a>,
    faults: &mut Faults<'_>,
) -> Vec<Operation<'a>> {
    let Some(paths) = root.get("paths") else { return Vec::new() };
    let mut found = Vec::new();
    // In one order, whatever order the reader of the JSON keeps.
    let mut paths: Vec<_> = paths.members().filter(|(path, _)| path.starts_with('/')).collect();
    paths.sort_by_key(|(path, _)| *path);
    for (path, item) in paths {
        let at = At::default().then("paths").then(path);
        let (Some(item), at) = (files.resolve(item), placed(files, item, at.clone())) else {
            faults.broken.push(at);
            continue;
        };
        for (key, method) in Method::ALL {
            let Some(node) = item.get(key).filter(|node| node.value.is_object()) else { continue };
            if found.len() >= MOST_OPERATIONS {
                let why = format!("there are more than {MOST_OPERATIONS} operations");
                faults.gaps.push((GapCode::TooLarge, why));
                return found;
            }
            let place = Place { root, item, item_at: at.clone(), at: at.then(key), edition };
            let mut reader = Reader { files, shapes, broken: faults.broken };
            found.push(reader.operation(path, method, node, &place));
        }
    }
    found
}

/// Where a node really stands, if it is a reference.
pub(super) fn placed(files: &Files, node: Node<'_>, at: At) -> At {
    let mut at = at;
    let mut node = node;
    for _ in 0..super::MOST_HOPS {
        let Some(reference) = node.text("$ref") else { break };
        let (Some(next), Some(place)) =
            (files.lookup(node.file, reference), files.place(node.file, reference))
        else {
            break;
        };
        (node, at) = (next, place);
    }
    at
}

struct Place<'a> {
    root: Node<'a>,
    item: Node<'a>,
    item_at: At,
    at: At,
    edition: Edition,
}

struct Reader<'a, 'r> {
    files: &'a Files,
    shapes: &'r mut Shapes<'a>,
    broken: &'r mut Vec<At>,
}

impl<'a> Reader<'a, '_> {
    fn operation(
        &mut self,
        path: &'a str,
        method: Method,
        node: Node<'a>,
        place: &Place<'a>,
    ) -> Operation<'a> {
        let text = |key| node.text(key).unwrap_or_default();
        let all = self.parameters(node, place);
        let (parameters, bodies) = match place.edition {
            Edition::V2 => self.split(all, node, place),
            _ => (all.into_iter().filter_map(|raw| self.parameter(raw)).collect(), {
                self.bodies(node, place)
            }),
        };
        let tags = node.get("tags").into_iter().flat_map(Node::items);
        Operation {
            method,
            path,
            id: node.text("operationId"),
            summary: text("summary"),
            description: text("description"),
            tags: tags.filter_map(|tag| tag.value.as_str()).collect(),
            deprecated: node.flag("deprecated"),
            security: security::required(node, place.root, &place.at),
            parameters,
            bodies,
            answers: self.answers(node, place),
            node,
            at: place.at.clone(),
        }
    }

    /// Parameters of the operation and of its path; the operation's win.
    fn parameters(&mut self, node: Node<'a>, place: &Place<'a>) -> Vec<(Node<'a>, At)> {
        let mut found: Vec<(Node<'a>, At)> = Vec::new();
        for (owner, at) in [(node, &place.at), (place.item, &place.item_at)] {
            let at = at.then("parameters");
            let list = owner.get("parameters").into_iter().flat_map(Node::items);
            for (index, one) in list.enumerate() {
                let at = placed(self.files, one, at.then(index));
                let Some(one) = self.files.resolve(one) else {
                    self.miss(&at);
                    continue;
                };
                let key = |node: Node<'a>| (node.text("name"), node.text("in"));
                if !found.iter().any(|(other, _)| key(*other) == key(one)) {
                    found.push((one, at));
                }
            }
        }
        found
    }

    fn parameter(&mut self, (node, at): (Node<'a>, At)) -> Option<Parameter<'a>> {
        let put = match node.text("in")? {
            "path" => Put::Path,
            "query" => Put::Query,
            "header" => Put::Header,
            "cookie" => Put::Cookie,
            _ => return None,
        };
        let stated = node.get("schema").or_else(|| {
            let (_, content) = node.get("content")?.members().next()?;
            content.get("schema")
        });
        // In OpenAPI 2.0 a parameter is its own schema.
        let typed = node.get("type").map(|_| node);
        let schema = stated.or(typed).and_then(|schema| self.schema(schema, &at.then("schema")));
        Some(Parameter {
            name: node.text("name")?,
            put,
            required: node.flag("required") || put == Put::Path,
            description: node.text("description").unwrap_or_default(),
            schema,
            node,
            at,
        })
    }

    /// OpenAPI 2.0 describes bodies and form fields as parameters.
    fn split(
        &mut self,
        all: Vec<(Node<'a>, At)>,
        node: Node<'a>,
        place: &Place<'a>,
    ) -> (Vec<Parameter<'a>>, Vec<Media<'a>>) {
        let consumes = media_types(node, place.root, "consumes");
        let mut bodies = Vec::new();
        let mut parameters = Vec::new();
        for (one, at) in all {
            match one.text("in") {
                Some("body") => {
                    let schema = one.get("schema");
                    let schema = schema.and_then(|schema| self.schema(schema, &at.then("schema")));
                    self.enter(schema);
                    bodies.extend(consumes.iter().map(|media_type| Media {
                        media_type,
                        schema,
                        node: one,
                        at: at.clone(),
                    }));
                }
                // Gathered into one schema when the file was read.
                Some("formData") => {}
                _ => parameters.extend(self.parameter((one, at))),
            }
        }
        if let Some(form) = node.get(FORM).filter(|_| bodies.is_empty()) {
            let at = place.at.then("parameters");
            let schema = self.schema(form, &at);
            self.enter(schema);
            let forms = consumes.iter().copied().filter(|one| one.contains("form"));
            let forms: Vec<_> = forms.collect();
            let plain = ["application/x-www-form-urlencoded"];
            let forms = if forms.is_empty() { &plain[..] } else { &forms };
            let media = |media_type| Media { media_type, schema, node: form, at: at.clone() };
            bodies.extend(forms.iter().copied().map(media));
        }
        (parameters, bodies)
    }

    fn bodies(&mut self, node: Node<'a>, place: &Place<'a>) -> Vec<Media<'a>> {
        let Some(stated) = node.get("requestBody") else { return Vec::new() };
        let at = placed(self.files, stated, place.at.then("requestBody"));
        let Some(body) = self.files.resolve(stated) else {
            self.miss(&at);
            return Vec::new();
        };
        self.content(body, &at)
    }

    fn content(&mut self, owner: Node<'a>, at: &At) -> Vec<Media<'a>> {
        let at = at.then("content");
        let content = owner.get("content").into_iter().flat_map(Node::members);
        let mut found = Vec::new();
        for (media_type, node) in content {
            let at = at.then(media_type);
            let schema = node.get("schema");
            let schema = schema.and_then(|schema| self.schema(schema, &at.then("schema")));
            self.enter(schema);
            found.push(Media { media_type, schema, node, at });
        }
        found
    }

    fn answers(&mut self, node: Node<'a>, place: &Place<'a>) -> Vec<Answer<'a>> {
        let at = place.at.then("responses");
        let stated = node.get("responses").into_iter().flat_map(Node::members);
        let mut found = Vec::new();
        for (status, stated) in stated.filter(|(status, _)| !status.starts_with("x-")) {
            let at = placed(self.files, stated, at.then(status));
            let Some(answer) = self.files.resolve(stated) else {
                self.miss(&at);
                continue;
            };
            let content = match place.edition {
                Edition::V2 => self.content_of_two(node, answer, &at, place),
                _ => self.content(answer, &at),
            };
            let headers = answer.get("headers").into_iter().flat_map(Node::members);
            found.push(Answer {
                status,
                description: answer.text("description").unwrap_or_default(),
                headers: headers.map(|(name, _)| name).collect(),
                content,
                at,
            });
        }
        found
    }

    fn content_of_two(
        &mut self,
        node: Node<'a>,
        answer: Node<'a>,
        at: &At,
        place: &Place<'a>,
    ) -> Vec<Media<'a>> {
        let Some(schema) = answer.get("schema") else { return Vec::new() };
        let schema = self.schema(schema, &at.then("schema"));
        self.enter(schema);
        let produces = media_types(node, place.root, "produces");
        let media = |media_type| Media { media_type, schema, node: answer, at: at.clone() };
        produces.into_iter().map(media).collect()
    }

    fn schema(&mut self, node: Node<'a>, at: &At) -> Option<Schema<'a>> {
        let schema = self.shapes.schema(self.files, node, at);
        if schema.is_none() {
            self.miss(at);
        }
        schema
    }

    fn enter(&mut self, schema: Option<Schema<'a>>) {
        if let Some(schema) = schema {
            self.shapes.enter(self.files, schema);
        }
    }

    fn miss(&mut self, at: &At) {
        if self.broken.len() < MOST_BROKEN {
            self.broken.push(at.clone());
        }
    }
}

fn media_types<'a>(node: Node<'a>, root: Node<'a>, key: &str) -> Vec<&'a str> {
    let list = node.get(key).or_else(|| root.get(key)).map(|list| list.value);
    let list = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let found: Vec<_> = list.collect();
    if found.is_empty() { vec!["application/json"] } else { found }
}
