//! What was learned of an API: inputs that succeed, for whom, and objects that are known to be whose.
//!
//! A check asks [`World::case`] for inputs that were seen to work, varies them with [`Change`]s and
//! sends [`Case::request`]. Where it may vary is said by [`points`]. Everything in [`World::objects`]
//! belongs to one of our identities; nothing else is ever changed or deleted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use crate::api::{Method, Operation, Put};
use crate::live::Gap;
use crate::live::actor::{Role, Who};
use crate::live::call::{Inputs, as_text};
use crate::live::invent::Marker;
use crate::live::reply::Reply;
use crate::live::request::Request;
use crate::live::scan::Scan;

pub mod asking;
pub mod facts;
mod learn;
pub mod object;
pub mod repair;

pub use learn::{drafted, is_harmful};

/// Inputs with which an operation succeeded for somebody.
#[derive(Debug, Clone)]
pub struct Case {
    /// Index in `scan.document.operations`.
    pub operation: usize,
    pub who: Who,
    pub inputs: Inputs,
    /// As it was sent, credential included.
    pub request: Request,
    pub reply: Arc<Reply>,
    /// The object in [`World::objects`] that the path leads to, or that this made.
    pub object: Option<usize>,
}

/// Something that belongs to one of our identities.
#[derive(Debug, Clone)]
pub struct Object {
    pub owner: Who,
    /// The path template that it was made at or listed by; parameters are written `{}`.
    pub collection: String,
    /// Values of the path parameters of its collection, in order.
    pub parents: Vec<String>,
    /// Its fields, nested ones of an envelope included, with what was sent beneath what came back.
    pub record: Map<String, Value>,
    /// Stands in every text that was sent; `None` if the scan did not make it.
    pub marker: Option<Marker>,
    /// The case that made it; `None` for one that only its owner's list shows.
    pub made_by: Option<usize>,
}

/// Where a value stands in a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Spot {
    Path(String),
    Query(String),
    Header(String),
    /// JSON Pointer (RFC 6901) in the body; of a form `/name`.
    Body(String),
}

/// One deviation from a case. `Value::Null` in query and headers leaves the parameter out.
#[derive(Debug, Clone)]
pub struct Change {
    pub spot: Spot,
    pub value: Value,
}

/// A place where a value can be put.
#[derive(Debug, Clone)]
pub struct Point {
    pub spot: Spot,
    /// What stands there in the case; `None` for an optional parameter that was not sent.
    pub current: Option<Value>,
    /// The type that the document states, or the value's own.
    pub kind: String,
}

/// What is known of the API.
#[derive(Debug, Default)]
pub struct World {
    cases: Vec<Case>,
    objects: Vec<Object>,
    /// Per operation what it does to accounts and sessions.
    pub roles: Vec<Role>,
    /// Operations without any case, and what the last attempt came back with.
    pub unlearned: Vec<(usize, String)>,
    /// Why learning stopped early.
    pub stopped: Option<Gap>,
    /// What each identity is called, with the field that says it.
    names: HashMap<Who, Vec<(String, String)>>,
    /// Objects that checks made afterwards.
    later: Mutex<Vec<Object>>,
}

impl Change {
    pub fn new(spot: Spot, value: impl Into<Value>) -> Self {
        Self { spot, value: value.into() }
    }
}

impl World {
    /// Every case, in the order in which they were found.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// The best case of an operation for somebody: on an own object before any other.
    pub fn case(&self, operation: usize, who: Who) -> Option<&Case> {
        let mut all = self.cases.iter().filter(|one| one.operation == operation && one.who == who);
        let first = all.clone().next();
        all.find(|one| one.object.is_some()).or(first)
    }

    /// The first case of an operation, whoever it was for: A before B before others.
    pub fn any_case(&self, operation: usize) -> Option<&Case> {
        [Who::A, Who::B, Who::Admin, Who::Nobody].iter().find_map(|who| self.case(operation, *who))
    }

    /// Everything that belongs to one of our identities.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// What somebody is called: user name, mail address, id, with the field that says it.
    pub fn names(&self, who: Who) -> &[(String, String)] {
        self.names.get(&who).map(Vec::as_slice).unwrap_or_default()
    }

    /// An object that a check made: it is taken away at the end.
    pub fn remember(&self, object: Object) {
        self.later.lock().unwrap_or_else(PoisonError::into_inner).push(object);
    }

    /// Takes away own objects, the last made first, as far as the document says how. Best effort.
    pub async fn clean_up(&self, scan: &Scan<'_>) {
        let later = std::mem::take(&mut *self.later.lock().unwrap_or_else(PoisonError::into_inner));
        let made = self.objects.iter().filter(|object| object.made_by.is_some());
        let made: Vec<_> = made.chain(&later).collect();
        for object in made.into_iter().rev() {
            let Some((index, inputs)) = self.deletion(scan, object) else { continue };
            let Some(operation) = scan.document.operations.get(index) else { continue };
            let credential = scan.credential(object.owner).await;
            let request = scan.written(operation, &inputs).with(credential);
            if scan.client.send(&request).await.is_err_and(|error| error.is_final()) {
                break;
            }
        }
    }

    /// The operation that deletes an object, with the inputs that lead to it.
    pub fn deletion(&self, scan: &Scan<'_>, object: &Object) -> Option<(usize, Inputs)> {
        let mut all = scan.document.operations.iter().enumerate();
        all.find_map(|(index, operation)| {
            let deletes = operation.method == crate::api::Method::Delete;
            let inputs = deletes.then(|| object.inputs(scan, operation)).flatten()?;
            Some((index, inputs))
        })
    }
}

impl Object {
    /// The inputs with which an operation's path leads to exactly this object; `None` if it leads
    /// elsewhere or deeper.
    pub fn inputs(&self, scan: &Scan<'_>, operation: &Operation<'_>) -> Option<Inputs> {
        let (before, parameter) = facts::last_parameter(operation.path)?;
        let names = facts::parameters(before);
        // What is made below something is often also found without naming that.
        let elsewhere = names.is_empty()
            && !self.parents.is_empty()
            && facts::kind(before) == facts::kind(&self.collection);
        // Where paths say what is done, one thing has many: `/list_orders`, `/get_order/{id}`.
        let spoken = names.is_empty()
            && facts::is_spoken(before)
            && facts::kind(before) == facts::kind(&self.collection);
        if facts::normal(before) != self.collection && !elsewhere && !spoken {
            return None;
        }
        let id = facts::value_for(&self.record, parameter, &facts::kind(before))?;
        let mut inputs = Inputs::of_document(&scan.document, operation);
        inputs.path =
            names.into_iter().map(str::to_owned).zip(self.parents.iter().cloned()).collect();
        inputs.path.push((parameter.to_owned(), id));
        Some(inputs)
    }

    /// Nothing in particular, for questions that name no object of a collection.
    pub fn none(owner: Who) -> Self {
        let (collection, parents, record) = (String::new(), Vec::new(), Map::new());
        Self { owner, collection, parents, record, marker: None, made_by: None }
    }

    /// The inputs with which an operation's path leads to something directly below this object,
    /// for instance its `/lines`; `None` if it leads elsewhere.
    pub fn below(&self, scan: &Scan<'_>, operation: &Operation<'_>) -> Option<Inputs> {
        let path = operation.path.trim_end_matches('/');
        let (own, last) = path.rsplit_once('/')?;
        let (before, parameter) = facts::last_parameter(own).filter(|_| !last.contains('{'))?;
        if facts::normal(before) != self.collection {
            return None;
        }
        let id = facts::value_for(&self.record, parameter, &facts::kind(before))?;
        let names = facts::parameters(before).into_iter().map(str::to_owned);
        let mut inputs = Inputs::of_document(&scan.document, operation);
        inputs.path = names.zip(self.parents.iter().cloned()).collect();
        inputs.path.push((parameter.to_owned(), id));
        Some(inputs)
    }

    /// True if this text shows the object: its marker is in it.
    pub fn is_in(&self, text: &str) -> bool {
        self.marker.as_ref().is_some_and(|marker| marker.is_in(text))
    }
}

impl Case {
    /// The request of the case with these changes, in the name of the case's own caller.
    pub fn request(&self, scan: &Scan<'_>, changes: &[Change]) -> Request {
        let credential = self.request.credential.clone();
        self.bare(scan, changes).with(credential)
    }

    /// The same without any credential: `.with(…)` puts in whose it shall be.
    pub fn bare(&self, scan: &Scan<'_>, changes: &[Change]) -> Request {
        let Some(operation) = scan.document.operations.get(self.operation) else {
            return self.request.with(None);
        };
        let mut inputs = self.inputs.clone();
        for change in changes {
            inputs.put(change);
        }
        scan.written(operation, &inputs)
    }
}

impl Inputs {
    /// Puts a value in its place; a body that has no such place gets one where the parent is there.
    pub fn put(&mut self, change: &Change) {
        let text = as_text(&change.value);
        let list = match &change.spot {
            Spot::Body(pointer) => {
                let body = self.body.get_or_insert_with(|| Value::Object(Map::new()));
                return put_at(body, pointer, change.value.clone());
            }
            Spot::Path(name) => (&mut self.path, name),
            Spot::Query(name) => (&mut self.query, name),
            Spot::Header(name) => (&mut self.headers, name),
        };
        let (list, name) = list;
        let gone = change.value.is_null() && !matches!(change.spot, Spot::Path(_));
        match list.iter().position(|(key, _)| key == name) {
            Some(at) if gone => drop(list.remove(at)),
            Some(at) => list.get_mut(at).into_iter().for_each(|pair| pair.1 = text.clone()),
            None if gone => {}
            None => list.push((name.clone(), text)),
        }
    }
}

fn put_at(body: &mut Value, pointer: &str, value: Value) {
    if let Some(place) = body.pointer_mut(pointer) {
        *place = value;
        return;
    }
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        *body = value;
        return;
    };
    match body.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.insert(name.replace("~1", "/").replace("~0", "~"), value);
        }
        Some(Value::Array(items)) => items.push(value),
        _ => {}
    }
}

/// Every place of a case where a value can be put: path, query (optional ones too), headers, and
/// each scalar of the body. Not what the caller logs in with, where it would be changed.
pub fn points(scan: &Scan<'_>, case: &Case) -> Vec<Point> {
    let mut found = every_point(scan, case);
    found.retain(|point| !changes_login(scan, case, point));
    found
}

/// The same with what the caller logs in with: for values that no service should store, and a request
/// afterwards that puts back what was there.
pub fn every_point(scan: &Scan<'_>, case: &Case) -> Vec<Point> {
    let Some(operation) = scan.document.operations.get(case.operation) else { return Vec::new() };
    let mut found = Vec::new();
    let sent = |list: &[(String, String)], name: &str| {
        list.iter().find(|(key, _)| key == name).map(|(_, value)| Value::from(value.as_str()))
    };
    for (name, value) in &case.inputs.path {
        let kind = kind_of(operation, Put::Path, name);
        let current = Some(Value::from(value.as_str()));
        found.push(Point { spot: Spot::Path(name.clone()), current, kind });
    }
    for parameter in &operation.parameters {
        let name = parameter.name.to_owned();
        let kind = kind_of(operation, parameter.put, parameter.name);
        let (spot, current) = match parameter.put {
            Put::Query => (Spot::Query(name), sent(&case.inputs.query, parameter.name)),
            Put::Header => (Spot::Header(name), sent(&case.inputs.headers, parameter.name)),
            Put::Path | Put::Cookie => continue,
        };
        found.push(Point { spot, current, kind });
    }
    if let Some(body) = &case.inputs.body {
        leaves(body, String::new(), &mut found);
    }
    found
}

/// True for a change of the name that the caller logs in with: under another one the scan would lose
/// its way in.
pub fn changes_login(scan: &Scan<'_>, case: &Case, point: &Point) -> bool {
    let operation = scan.document.operations.get(case.operation);
    let change = operation.is_some_and(|one| matches!(one.method, Method::Put | Method::Patch));
    let Spot::Body(pointer) = &point.spot else { return false };
    let name = pointer.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let login = ["username", "login", "mail"].iter().any(|word| name.contains(word));
    let account = scan.actors().known(case.who).and_then(|actor| actor.account.as_ref());
    let names = scan.known_world().map(|world| world.names(case.who)).unwrap_or_default();
    let own = |text: &str| {
        let named = names.iter().any(|(_, name)| name == text);
        named || account.is_some_and(|one| one.name == text || one.email == text)
    };
    change && login && point.current.as_ref().and_then(Value::as_str).is_some_and(own)
}

fn kind_of(operation: &Operation<'_>, put: Put, name: &str) -> String {
    let parameter = operation.at_place(put).find(|one| one.name == name);
    let stated = parameter.and_then(|one| one.schema?.node.types().first().copied());
    stated.unwrap_or("string").to_owned()
}

/// Every scalar of a body.
fn leaves(value: &Value, pointer: String, found: &mut Vec<Point>) {
    let kind = match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves(value, format!("{pointer}/{name}"), found);
            }
            return;
        }
        Value::Array(items) => {
            if let Some(first) = items.first() {
                leaves(first, format!("{pointer}/0"), found);
            }
            return;
        }
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "boolean",
        Value::Null => "null",
    };
    let spot = Spot::Body(pointer);
    found.push(Point { spot, current: Some(value.clone()), kind: kind.to_owned() });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_go_where_they_say() {
        let mut inputs = Inputs {
            path: vec![("id".to_owned(), "1".to_owned())],
            query: vec![("q".to_owned(), "a".to_owned())],
            body: Some(json!({"a": {"b": 1}, "l": [{"x": 2}]})),
            ..Inputs::default()
        };
        let changes = [
            Change::new(Spot::Path("id".to_owned()), 7),
            Change::new(Spot::Query("q".to_owned()), Value::Null),
            Change::new(Spot::Query("new".to_owned()), "n"),
            Change::new(Spot::Body("/a/b".to_owned()), true),
            Change::new(Spot::Body("/a/c".to_owned()), "made"),
            Change::new(Spot::Body("/l/0/x".to_owned()), "deep"),
        ];
        changes.iter().for_each(|change| inputs.put(change));
        assert_eq!(inputs.path, [("id".to_owned(), "7".to_owned())]);
        assert_eq!(inputs.query, [("new".to_owned(), "n".to_owned())]);
        assert_eq!(inputs.body, Some(json!({"a": {"b": true, "c": "made"}, "l": [{"x": "deep"}]})));
    }
}
