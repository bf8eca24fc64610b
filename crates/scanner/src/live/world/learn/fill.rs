//! Values for an operation: from the document, from what was seen, and made up where nothing is known.

use serde_json::{Map, Value};

use super::{Filled, Known, Learner};
use crate::api::{Node, Operation, Put};
use crate::live::actor::Who;
use crate::live::call::{Inputs, as_text};
use crate::live::invent::{Invention, Marker, is_free, is_once, last_word, singular, words};
use crate::live::scan::Scan;
use crate::live::world::facts;

impl<'a> Learner<'_, 'a> {
    /// Values for everything that an operation needs. With `own` every id must be the caller's.
    pub(super) fn fill(
        &self,
        operation: &Operation<'a>,
        who: Who,
        marker: &Marker,
        own: bool,
    ) -> Filled {
        let scan = self.scan;
        let invention = Invention { document: &scan.document, marker };
        let mut inputs = Inputs::default();
        let mut object = None;
        for name in facts::parameters(operation.path) {
            let before = operation.path.split(&format!("/{{{name}}}")).next().unwrap_or_default();
            let parents: Vec<_> =
                inputs.path.iter().map(|(_, value): &(String, String)| value.clone()).collect();
            let found = self.path_value(before, name, &parents, who, own);
            if let Some((value, of)) = found {
                object = of;
                inputs.path.push((name.to_owned(), value));
                continue;
            }
            object = None;
            let parameter = operation.at_place(Put::Path).find(|one| one.name == name);
            let stated = parameter.map(|one| as_text(&scan.document.parameter_value(one).0));
            inputs.path.push((
                name.to_owned(),
                stated.filter(|text| !text.is_empty()).unwrap_or_else(|| "1".to_owned()),
            ));
        }
        for parameter in
            operation.parameters.iter().filter(|one| one.required && one.put != Put::Path)
        {
            let (stated, told) = scan.document.parameter_value(parameter);
            let referred = self
                .referred(parameter.name, who, own)
                .or_else(|| self.meant(parameter.name, operation, who))
                .filter(|_| !told || is_id_name(parameter.name));
            let made = parameter.schema.map(|schema| invention.value(schema.node, parameter.name));
            let value = referred
                .map(Value::from)
                .or_else(|| told.then_some(stated))
                .or(made)
                .unwrap_or_else(|| invention.by_name(parameter.name));
            let pair = (parameter.name.to_owned(), as_text(&value));
            match parameter.put {
                Put::Query => inputs.query.push(pair),
                Put::Header => inputs.headers.push(pair),
                _ => {}
            }
        }
        if !operation.method.is_safe() {
            inputs.body = self.body(operation, who, &invention, own);
        }
        Filled { inputs, object }
    }

    pub(super) fn body(
        &self,
        operation: &Operation<'a>,
        who: Who,
        invention: &Invention<'_, 'a>,
        own: bool,
    ) -> Option<Value> {
        let media = operation.body().or_else(|| operation.bodies.first())?;
        let made = media.schema.map(|schema| invention.value(schema.node, ""));
        let empty = |value: &Value| value.is_null() || value.as_object().is_some_and(Map::is_empty);
        let mut body = match made {
            Some(value) if !empty(&value) => value,
            _ => self.scan.document.body_value(media),
        };
        // An example shows the whole where the schema says little.
        if let Some(example) = media.node.value.get("example") {
            overlay(&mut body, example, media.schema.map(|schema| schema.node), self.scan);
        }
        self.refer(&mut body, operation, who, own);
        Some(body)
    }

    /// Puts real ids where a body names other objects.
    pub(super) fn refer(&self, value: &mut Value, operation: &Operation<'a>, who: Who, own: bool) {
        match value {
            Value::Object(members) => {
                for (name, value) in members.iter_mut() {
                    if let Some(first) = value.as_array().and_then(|list| list.first())
                        && !first.is_object()
                        && let Some(id) = self.meant(name, operation, who)
                    {
                        let number = id.parse::<i64>().ok().filter(|_| first.is_number());
                        let id = number.map_or_else(|| Value::from(id), Value::from);
                        *value = Value::from(vec![id]);
                        continue;
                    }
                    if value.is_object() || value.is_array() {
                        self.refer(value, operation, who, own);
                        continue;
                    }
                    let referred = self.referred(name, who, own);
                    let referred = referred.or_else(|| self.meant(name, operation, who));
                    let Some(id) = referred.or_else(|| self.same_form(value, who, false)) else {
                        continue;
                    };
                    *value = match (&value, id.parse::<i64>()) {
                        (Value::Number(_), Ok(number)) => Value::from(number),
                        (Value::Number(_), Err(_)) => continue,
                        _ => Value::from(id),
                    };
                }
            }
            Value::Array(items) => {
                items.iter_mut().for_each(|one| self.refer(one, operation, who, own));
            }
            _ => {}
        }
    }

    /// The caller's own id that a bare `id`, or a list of ids, means at this path. What an operation
    /// itself makes has no id yet.
    fn meant(&self, name: &str, operation: &Operation<'a>, who: Who) -> Option<String> {
        if !matches!(words(name).last()?.as_str(), "id" | "ids" | "uuid" | "uuids") {
            return None;
        }
        let path = facts::normal(operation.path);
        let mine = self.known.iter().filter(|one| one.owner == Some(who));
        let mut mine = mine.filter(|one| {
            facts::may_mean(name, operation.path, &one.kind) && one.collection != path
        });
        let made = mine.clone().find(|one| one.object.is_some());
        let one = made.or_else(|| mine.next())?;
        facts::id_of(&one.record, &one.kind)
    }

    /// An own id that looks like an example, for instance `LL-2001` where `LL-1001` stands.
    pub(super) fn same_form(&self, value: &Value, who: Who, wide: bool) -> Option<String> {
        let example = value
            .as_str()
            .filter(|text| text.len() >= 4 && text.contains(|one: char| one.is_ascii_digit()))?;
        let form = |text: &str| -> String {
            text.chars()
                .map(|one| match one {
                    '0'..='9' => '0',
                    one if one.is_alphabetic() => 'a',
                    other => other,
                })
                .collect()
        };
        let unlike = !example.contains(['-', '_']) || example.contains([' ', ':']);
        if unlike || example.starts_with("20") {
            return None;
        }
        let ids = |mine: bool| {
            let of_who = move |one: &&Known| !mine || one.owner == Some(who);
            let known = self.known.iter().filter(of_who);
            known.filter_map(|one| facts::id_of(&one.record, &one.kind)).collect::<Vec<_>>()
        };
        let mine = ids(true);
        // An example of nobody that we know may be real; another's is not the caller's to use.
        if mine.iter().any(|id| id == example)
            || (!wide && !ids(false).iter().any(|id| id == example))
        {
            return None;
        }

        let prefix: String = example.chars().take_while(char::is_ascii_alphabetic).collect();
        mine.into_iter().find(|id| form(id) == form(example) && id.starts_with(&prefix))
    }

    /// The id of a known record that a field like `product_id` or `product` means. One's own before
    /// others'; an id of a person is the caller's own or none.
    pub(super) fn referred(&self, name: &str, who: Who, own: bool) -> Option<String> {
        let mut parts = words(name);
        let ends = is_id_name(name);
        if !ends && is_free(name) {
            return None;
        }
        if ends {
            parts.pop();
        }
        let kind = singular(&parts.pop()?);
        let of_kind =
            |one: &&Known| one.kind == kind && (one.seen_by == who || one.owner == Some(who));
        let mine = |one: &&Known| one.owner == Some(who);
        let people = matches!(kind.as_str(), "user" | "owner" | "customer" | "account" | "member");
        let found = self.known.iter().filter(of_kind).find(mine).or_else(|| {
            let any = self.known.iter().find(of_kind);
            any.filter(|_| !people || !own)
        })?;
        match ends {
            true => facts::value_for(&found.record, name, &kind),
            false => facts::id_of(&found.record, &kind),
        }
    }

    /// A value for a path parameter: of the caller's own record in that collection, else of any
    /// that the caller saw there, else of one of the same kind elsewhere, else the caller's own name.
    pub(super) fn path_value(
        &self,
        before: &str,
        name: &str,
        parents: &[String],
        who: Who,
        own: bool,
    ) -> Option<(String, Option<usize>)> {
        let (collection, kind) = (facts::normal(before), facts::kind(before));
        let value = |one: &Known| Some((facts::value_for(&one.record, name, &kind)?, one.object));
        let there = |one: &&Known| one.collection == collection && one.parents == parents;
        let mine = |one: &&Known| one.owner == Some(who);
        let seen = |one: &&Known| one.seen_by == who;
        let alike = |one: &&Known| one.kind == kind && one.collection != collection;
        let known = || self.known.iter();
        let made = |one: &&Known| {
            one.object
                .and_then(|at| self.world.objects.get(at))
                .is_some_and(|object| object.made_by.is_some())
        };
        let first = known().filter(there).filter(mine).filter(made).find_map(value);
        let first = first.or_else(|| known().filter(there).filter(mine).find_map(value));
        let first = first.or_else(|| known().filter(alike).filter(mine).find_map(value));
        let person = || {
            let wanted =
                ["user", "username", "login", "member", "customer", "owner", "profile", "person"];
            let told =
                words(name).iter().chain([&kind]).any(|word| wanted.contains(&word.as_str()));
            let own = known().filter(mine).find(|one| one.kind == "user").filter(|_| told)?;
            let value = facts::value_for(&own.record, name, "user")
                .or_else(|| facts::id_of(&own.record, "user"))?;
            Some((value, own.object))
        };
        let first =
            first.or_else(person).or_else(|| self.listed_self(&collection, name, &kind, who));
        if own || first.is_some() {
            return first;
        }
        let others = known().filter(there).filter(seen).find_map(value);
        let others = others.or_else(|| known().filter(alike).filter(seen).find_map(value));
        others.map(|(value, _)| (value, None))
    }

    /// The caller's own record in a list of people, whatever such people are called there.
    pub(super) fn listed_self(
        &self,
        collection: &str,
        name: &str,
        kind: &str,
        who: Who,
    ) -> Option<(String, Option<usize>)> {
        let names = self.names_of(who);
        let there =
            self.known.iter().filter(|one| one.collection == collection && one.seen_by == who);
        there
            .filter_map(|one| facts::value_for(&one.record, name, kind))
            .find(|value| names.iter().any(|(_, name)| name == value))
            .map(|value| (value, None))
    }

    /// What the caller is called: of an account, and of what tells about the caller.
    pub(super) fn names_of(&self, who: Who) -> Vec<(String, String)> {
        let account = self.scan.actors().known(who).and_then(|actor| actor.account.as_ref());
        let own = self.known.iter().filter(|one| one.owner == Some(who) && one.kind == "user");
        facts::names(account, own.map(|one| &one.record))
    }
}

/// Inputs for an operation from the document alone, with this marker in every free text.
pub fn drafted<'a>(scan: &Scan<'a>, operation: &Operation<'a>, marker: &Marker) -> Inputs {
    let invention = Invention { document: &scan.document, marker };
    let mut inputs = Inputs::of_document(&scan.document, operation);
    let media = operation.body().or_else(|| operation.bodies.first());
    inputs.body = media.map(|media| match media.schema {
        Some(schema) => invention.value(schema.node, ""),
        None => scan.document.body_value(media),
    });
    inputs
}

/// Puts what an example says where the document says nothing of its own and the text is not free.
fn overlay<'a>(body: &mut Value, example: &Value, schema: Option<Node<'a>>, scan: &Scan<'a>) {
    let (Some(members), Some(example)) = (body.as_object_mut(), example.as_object()) else {
        return;
    };
    let node = |name: &str| {
        let node = schema?.get("properties")?.get(name)?;
        scan.document.files.resolve(node)
    };
    for (name, value) in example {
        let own = node(name);
        match members.get_mut(name) {
            Some(inner @ Value::Object(_)) => overlay(inner, value, own, scan),
            Some(known) => {
                let stated =
                    own.is_some_and(|node| node.get("example").is_some() || node.is_closed());
                let free = value.is_string() && (is_free(name) || is_once(name));
                if !(stated || free || crate::live::actor::is_password(name)) {
                    *known = value.clone();
                }
            }
            None => drop(members.insert(name.clone(), value.clone())),
        }
    }
}

fn is_id_name(name: &str) -> bool {
    matches!(last_word(name).as_str(), "id" | "uuid" | "guid" | "slug" | "number")
}
