//! Learning: reads what needs no id, creates own objects, then reads and acts on those.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::api::{Method, Node, Operation, Put};
use crate::live::Gap;
use crate::live::actor::{Account, Actor, Role, Who, door, is_password, role};
use crate::live::call::{Inputs, as_text};
use crate::live::client::WireError;
use crate::live::invent::{Invention, Marker, is_free, is_once, last_word, singular, words};
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::request::Presented;
use crate::live::scan::{Face, Scan};
use crate::live::world::{Case, Change, Object, Spot, World, facts, repair};
use crate::order::Intensity;

/// Attempts at one operation: later ones mend what earlier answers complained of.
const ATTEMPTS: usize = 3;
/// Records of one answer that are kept.
const MOST_RECORDS: usize = 30;
/// Objects of one collection that are taken for somebody's because only his list shows them.
const MOST_LISTED: usize = 3;
/// Of the scan's requests, learning leaves this part to the checks.
const LEFT_TO_CHECKS: u32 = 2;
/// Words of operations that would undo everything, or end the session.
const HARMFUL: [&str; 14] = [
    "createdb", "resetdb", "reset", "reseed", "seed", "initdb", "shutdown", "restart", "wipe",
    "purge", "drop", "flush", "truncate", "populate",
];

/// A record that was seen in an answer.
struct Known {
    seen_by: Who,
    owner: Option<Who>,
    collection: String,
    kind: String,
    parents: Vec<String>,
    record: Map<String, Value>,
    object: Option<usize>,
}

/// Values for an operation, and the own object that its path leads to.
struct Filled {
    inputs: Inputs,
    object: Option<usize>,
}

struct Learner<'s, 'a> {
    scan: &'s Scan<'a>,
    world: World,
    known: Vec<Known>,
    refused: Vec<Option<String>>,
    reserve: u32,
}

/// True for what would spoil the rest of the scan for everybody.
pub fn is_harmful(operation: &Operation<'_>, role: Role) -> bool {
    let path = operation.path.split('/').flat_map(words);
    let said: Vec<_> = path.chain(operation.id.into_iter().flat_map(words)).collect();
    let joined = said.concat();
    role == Role::LogOut
        || said.iter().any(|word| HARMFUL.contains(&word.as_str()))
        || joined.contains("createdb")
        || joined.contains("resetdb")
}

impl World {
    /// Asks the API until it knows what works, within half of what the scan may still send.
    pub async fn learn(scan: &Scan<'_>) -> Self {
        let operations = &scan.document.operations;
        let roles = operations.iter().map(|one| role(&scan.document, one)).collect();
        let mut learner = Learner {
            scan,
            world: World { roles, ..World::default() },
            known: Vec::new(),
            refused: vec![None; operations.len()],
            reserve: scan.client.budget.left() / LEFT_TO_CHECKS,
        };
        if let Err(gap) = learner.all().await {
            learner.world.stopped = Some(gap);
        }
        learner.finish()
    }
}

impl<'a> Learner<'_, 'a> {
    async fn all(&mut self) -> Result<(), Gap> {
        for who in [Who::A, Who::B, Who::Admin] {
            if let Some(actor) = self.scan.actor(who).await {
                self.account(actor);
            }
        }
        self.reads(false).await?;
        self.own_by_list();
        // What only exists below something else is reached in the second turn.
        for _ in 0..2 {
            self.creations().await?;
            self.reads(true).await?;
            self.own_by_list();
        }
        if self.scan.intensity > Intensity::Gentle {
            self.actions().await?;
        }
        Ok(())
    }

    fn finish(mut self) -> World {
        for who in [Who::A, Who::B, Who::Admin] {
            let names = self.names_of(who);
            self.world.names.insert(who, names);
        }
        for (index, refused) in self.refused.into_iter().enumerate() {
            let learned = self.world.cases.iter().any(|case| case.operation == index);
            if let (false, Some(why)) = (learned, refused) {
                self.world.unlearned.push((index, why));
            }
        }
        self.world
    }

    /// What registering and logging in showed are cases and a record as well.
    fn account(&mut self, actor: &Actor) {
        if let Some(entry) = &actor.entry
            && let (Some(operation), Some(inputs)) = (entry.operation, &entry.inputs)
        {
            self.world.cases.push(Case {
                operation,
                who: Who::Nobody,
                inputs: inputs.clone(),
                request: entry.request.clone(),
                reply: entry.reply.clone(),
                object: None,
            });
        }
        let Some(account) = &actor.account else { return };
        let record = record_of_account(account);
        let Some((door, reply)) = account.door.zip(account.registered.clone()) else { return };
        let Some(operation) = self.scan.document.operations.get(door) else { return };
        let mut inputs = Inputs::of_document(&self.scan.document, operation);
        inputs.body = Some(account.sent.clone());
        let request = self.scan.written(operation, &inputs);
        let case = Case { operation: door, who: Who::Nobody, inputs, request, reply, object: None };
        self.world.cases.push(case);
        self.world.objects.push(Object {
            owner: actor.who,
            collection: facts::normal(operation.path),
            parents: Vec::new(),
            record: record.clone(),
            marker: account.marker.clone(),
            made_by: Some(self.world.cases.len() - 1),
        });
        self.known.push(Known {
            seen_by: actor.who,
            owner: Some(actor.who),
            collection: facts::normal(operation.path),
            kind: "user".to_owned(),
            parents: Vec::new(),
            record,
            object: Some(self.world.objects.len() - 1),
        });
    }

    fn people(&self) -> Vec<Who> {
        let all = [Who::A, Who::B, Who::Admin];
        let known = all.into_iter().filter(|who| self.scan.actors().known(*who).is_some());
        let found: Vec<_> = known.collect();
        if found.is_empty() { vec![Who::Nobody] } else { found }
    }

    /// Operations that read: those without an id first, then, in another turn, those with.
    async fn reads(&mut self, templated: bool) -> Result<(), Gap> {
        let mut all: Vec<usize> = (0..self.scan.document.operations.len()).collect();
        all.retain(|index| {
            self.scan.document.operations.get(*index).is_some_and(|one| {
                let harmful = is_harmful(one, self.role(*index));
                one.method == Method::Get && one.is_templated() == templated && !harmful
            })
        });
        all.sort_by_key(|index| {
            self.scan.document.operations.get(*index).map(|one| one.path.matches('/').count())
        });
        for index in all {
            for who in self.people() {
                if self.world.case(index, who).is_none() {
                    self.read(index, who).await?;
                }
            }
        }
        Ok(())
    }

    async fn read(&mut self, index: usize, who: Who) -> Result<(), Gap> {
        let scan = self.scan;
        let Some(operation) = scan.document.operations.get(index) else { return Ok(()) };
        let marker = Marker::fresh();
        let filled = self.fill(operation, who, &marker, false);
        let plain = !operation.is_templated()
            && filled.inputs == Inputs::of_document(&scan.document, operation);
        if who == Who::A && plain {
            self.pace()?;
            match scan.look(index, Face::Control).await {
                Ok(reply) if is_good(&reply) => {
                    let credential = scan.credential(who).await;
                    let request = scan.written(operation, &filled.inputs).with(credential);
                    let (inputs, object) = (filled.inputs, filled.object);
                    self.keep(Case { operation: index, who, inputs, request, reply, object });
                    return Ok(());
                }
                Err(error) if error.is_final() => return Err(Gap::from(&error)),
                _ => {}
            }
        }
        self.attempt(index, who, filled, &marker).await?;
        Ok(())
    }

    /// Own objects of A and of B, those of outer collections first.
    async fn creations(&mut self) -> Result<(), Gap> {
        let mut all: Vec<usize> = (0..self.scan.document.operations.len()).collect();
        all.retain(|index| self.creates(*index));
        all.sort_by_key(|index| {
            self.scan.document.operations.get(*index).map(|one| one.path.matches('/').count())
        });
        for index in all {
            for who in self.people().into_iter().filter(|who| *who != Who::Admin) {
                if self.world.case(index, who).is_none() {
                    self.create(index, who).await?;
                }
            }
        }
        Ok(())
    }

    /// True for an operation that makes an object which others then name.
    fn creates(&self, index: usize) -> bool {
        let operations = &self.scan.document.operations;
        let Some(operation) = operations.get(index) else { return false };
        if self.role(index) != Role::Plain || is_harmful(operation, Role::Plain) {
            return false;
        }
        let path = facts::normal(operation.path);
        let named = |other: &Operation<'_>| {
            facts::last_parameter(other.path)
                .is_some_and(|(before, _)| facts::normal(before) == path)
        };
        let listed = |other: &Operation<'_>| {
            other.method == Method::Get && facts::normal(other.path) == path
        };
        match operation.method {
            Method::Post => {
                let ends_with_id = facts::last_parameter(operation.path).is_some();
                !ends_with_id && operations.iter().any(|other| named(other) || listed(other))
            }
            // Where the caller chooses the name, writing to it makes it.
            Method::Put => facts::last_parameter(operation.path).is_some_and(|(before, _)| {
                let before = facts::normal(before);
                !operations.iter().any(|other| {
                    other.method == Method::Post && facts::normal(other.path) == before
                })
            }),
            _ => false,
        }
    }

    async fn create(&mut self, index: usize, who: Who) -> Result<(), Gap> {
        let Some(operation) = self.scan.document.operations.get(index) else { return Ok(()) };
        let marker = Marker::fresh();
        let mut filled = self.fill(operation, who, &marker, true);
        let chosen = (operation.method == Method::Put)
            .then(|| facts::last_parameter(operation.path))
            .flatten();
        if let Some((_, name)) = chosen {
            let change = Change::new(Spot::Path(name.to_owned()), marker.plain());
            filled.inputs.put(&change);
        }
        let Some(made) = self.attempt(index, who, filled, &marker).await? else { return Ok(()) };
        self.note_object(made, &marker).await
    }

    /// Remembers what a case made. What its answer does not name is looked for in the list.
    async fn note_object(&mut self, made: usize, marker: &Marker) -> Result<(), Gap> {
        let Some(case) = self.world.cases.get(made).cloned() else { return Ok(()) };
        let Some(operation) = self.scan.document.operations.get(case.operation) else {
            return Ok(());
        };
        let mut object = Object { made_by: Some(made), ..Object::made(operation, &case, marker) };
        if !object.is_named() {
            self.pace()?;
            match object.complete(self.scan, &case).await {
                Err(error) if error.is_final() => return Err(Gap::from(&error)),
                _ => {}
            }
        }
        let (collection, parents, record) =
            (object.collection.clone(), object.parents.clone(), object.record.clone());
        let (owner, kind) = (object.owner, facts::kind(&object.collection));
        self.world.objects.push(object);
        let object = Some(self.world.objects.len() - 1);
        if let Some(case) = self.world.cases.get_mut(made) {
            case.object = object;
        }
        self.known.push(Known {
            seen_by: owner,
            owner: Some(owner),
            collection,
            kind,
            parents,
            record,
            object,
        });
        Ok(())
    }

    /// Everything else that changes something, on own objects only.
    async fn actions(&mut self) -> Result<(), Gap> {
        let Some(who) = self.people().first().copied() else { return Ok(()) };
        for index in 0..self.scan.document.operations.len() {
            let Some(operation) = self.scan.document.operations.get(index) else { continue };
            let acts = matches!(operation.method, Method::Post | Method::Put | Method::Patch);
            let forgot = self.role(index) == Role::Password
                && !door::fields(&self.scan.document, operation)
                    .iter()
                    .any(|name| is_password(name));
            let plain =
                (self.role(index) == Role::Plain || forgot) && !is_harmful(operation, Role::Plain);
            if !acts || !plain || self.world.case(index, who).is_some() {
                continue;
            }
            let marker = Marker::fresh();
            let mut filled = self.fill(operation, who, &marker, true);
            let last = filled.inputs.path.last();
            let about_self = last.is_some_and(|(_, value)| {
                value.len() > 1 && self.names_of(who).iter().any(|(_, name)| name == value)
            });
            let given = self.scan.actors().known(who).is_some_and(|actor| !actor.is_made());
            let page = ["me", "profile", "account", "self", "session", "user"];
            let own_page = about_self
                || operation
                    .path
                    .split('/')
                    .flat_map(words)
                    .any(|word| page.contains(&word.as_str()));
            if let (true, Some(body)) = (forgot, filled.inputs.body.as_mut()) {
                self.name_self(body, who);
            }
            if let (true, Some(body)) = (given && own_page, filled.inputs.body.as_mut()) {
                keep_login(body);
            }
            if operation.is_templated() && filled.object.is_none() && !about_self {
                self.refuse(index, "its path leads to no object of ours".to_owned());
                continue;
            }
            self.attempt(index, who, filled, &marker).await?;
        }
        Ok(())
    }

    /// Puts the caller's own name where a body asks who has forgotten something.
    fn name_self(&self, body: &mut Value, who: Who) {
        let account = self.scan.actors().known(who).and_then(|actor| actor.account.as_ref());
        let (Some(members), Some(account)) = (body.as_object_mut(), account) else { return };
        for (name, value) in members.iter_mut() {
            let own = crate::live::actor::own_value(name, account);
            let named = own.or_else(|| (name == "name").then(|| account.name.clone()));
            if let Some(named) = named {
                *value = Value::from(named);
            }
        }
    }

    /// Records that only one caller's list shows are that caller's.
    fn own_by_list(&mut self) {
        let mut found = Vec::new();
        for (at, one) in self.known.iter().enumerate() {
            let Some(id) = facts::id_of(&one.record, &one.kind).filter(|_| one.object.is_none())
            else {
                continue;
            };
            if one.owner.is_some() || !matches!(one.seen_by, Who::A | Who::B) {
                continue;
            }
            let same =
                |other: &&Known| other.collection == one.collection && other.parents == one.parents;
            let others: Vec<_> = self
                .known
                .iter()
                .filter(same)
                .filter(|other| other.seen_by != one.seen_by)
                .collect();
            let asked = self.world.cases.iter().any(|case| {
                case.who != one.seen_by
                    && matches!(case.who, Who::A | Who::B)
                    && self.scan.document.operations.get(case.operation).is_some_and(|operation| {
                        operation.method == Method::Get
                            && facts::normal(operation.path) == one.collection
                    })
            });
            let shared = others.iter().any(|other| {
                other.seen_by != Who::Admin
                    && facts::id_of(&other.record, &other.kind).as_ref() == Some(&id)
            });
            if asked && !shared {
                found.push(at);
            }
        }
        for at in found {
            let Some(one) = self.known.get_mut(at) else { continue };
            let alike = |object: &&Object| {
                object.owner == one.seen_by && object.collection == one.collection
            };
            if self.world.objects.iter().filter(alike).count() >= MOST_LISTED {
                continue;
            }
            one.owner = Some(one.seen_by);
            one.object = Some(self.world.objects.len());
            self.world.objects.push(Object {
                owner: one.seen_by,
                collection: one.collection.clone(),
                parents: one.parents.clone(),
                record: one.record.clone(),
                marker: None,
                made_by: None,
            });
        }
    }

    /// Values for everything that an operation needs. With `own` every id must be the caller's.
    fn fill(&self, operation: &Operation<'a>, who: Who, marker: &Marker, own: bool) -> Filled {
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

    fn body(
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
        self.refer(&mut body, who, own);
        Some(body)
    }

    /// Puts real ids where a body names other objects.
    fn refer(&self, value: &mut Value, who: Who, own: bool) {
        match value {
            Value::Object(members) => {
                for (name, value) in members.iter_mut() {
                    if value.is_object() || value.is_array() {
                        self.refer(value, who, own);
                        continue;
                    }
                    let referred = self.referred(name, who, own);
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
            Value::Array(items) => items.iter_mut().for_each(|one| self.refer(one, who, own)),
            _ => {}
        }
    }

    /// An own id that looks like an example, for instance `LL-2001` where `LL-1001` stands.
    fn same_form(&self, value: &Value, who: Who, wide: bool) -> Option<String> {
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
    fn referred(&self, name: &str, who: Who, own: bool) -> Option<String> {
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
    fn path_value(
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
    fn listed_self(
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
    fn names_of(&self, who: Who) -> Vec<(String, String)> {
        let account = self.scan.actors().known(who).and_then(|actor| actor.account.as_ref());
        let own = self.known.iter().filter(|one| one.owner == Some(who) && one.kind == "user");
        facts::names(account, own.map(|one| &one.record))
    }

    /// Sends, and when an answer says which field was wrong, mends it and sends again. The number of
    /// the case if it succeeded.
    async fn attempt(
        &mut self,
        index: usize,
        who: Who,
        filled: Filled,
        marker: &Marker,
    ) -> Result<Option<usize>, Gap> {
        let scan = self.scan;
        let Some(operation) = scan.document.operations.get(index) else { return Ok(None) };
        let Filled { mut inputs, object } = filled;
        let credential = scan.credential(who).await;
        for _ in 0..ATTEMPTS {
            let request = scan.written(operation, &inputs).with(credential.clone());
            let Some(reply) = self.send(&request).await? else { return Ok(None) };
            if is_good(&reply) {
                let reply = Arc::new(reply);
                return Ok(Some(self.keep(Case {
                    operation: index,
                    who,
                    inputs,
                    request,
                    reply,
                    object,
                })));
            }
            self.refuse(index, format!("{} for {who:?}", reply.status));
            if matches!(reply.status, 412 | 428) {
                if self.with_version(operation, &mut inputs, credential.clone()).await? {
                    continue;
                }
                break;
            }
            if !self.mend(operation, &reply, &mut inputs, who, marker) {
                break;
            }
        }
        Ok(None)
    }

    /// Some changes must say which version they change (RFC 9110 §13.1.1).
    async fn with_version(
        &self,
        operation: &Operation<'a>,
        inputs: &mut Inputs,
        credential: Option<Presented>,
    ) -> Result<bool, Gap> {
        self.pace()?;
        match super::object::version(self.scan, operation, inputs, credential).await {
            Ok(Some(version)) => {
                inputs.put(&Change::new(Spot::Header("If-Match".to_owned()), version));
                Ok(true)
            }
            Err(error) if error.is_final() => Err(Gap::from(&error)),
            _ => Ok(false),
        }
    }

    fn mend(
        &self,
        operation: &Operation<'a>,
        reply: &Reply,
        inputs: &mut Inputs,
        who: Who,
        marker: &Marker,
    ) -> bool {
        let invention = Invention { document: &self.scan.document, marker };
        let before = inputs.clone();
        let body = inputs.body.clone().unwrap_or(Value::Null);
        for fault in repair::faults(&self.scan.document, operation, reply, &body) {
            let name = fault.pointer.rsplit('/').next().unwrap_or_default().to_owned();
            let stated =
                operation.parameters.iter().find(|one| one.name == name && one.put == Put::Query);
            let referred = self.referred(&name, who, true).map(Value::from);
            let value = referred.or(fault.value).unwrap_or_else(|| invention.by_name(&name));
            let spot = match stated {
                Some(parameter) => {
                    let value = self.scan.document.parameter_value(parameter).0;
                    inputs.put(&Change { spot: Spot::Query(name), value });
                    continue;
                }
                None if operation.method.is_safe() => Spot::Query(name),
                None => Spot::Body(fault.pointer),
            };
            inputs.put(&Change { spot, value });
        }
        if operation.bodies.is_empty() && inputs.body.is_some() {
            inputs.undocumented_body = true;
        }
        // Nothing was named: an example of somebody else's may have been the fault.
        if *inputs == before && matches!(reply.status, 400 | 403 | 404 | 422) {
            let members = inputs.body.as_mut().and_then(Value::as_object_mut);
            let other = members.into_iter().flatten().find_map(|(_, value)| {
                let id = self.same_form(value, who, true)?;
                Some((value, id))
            });
            if let Some((value, id)) = other {
                *value = Value::from(id);
            }
        }
        if *inputs == before && matches!(reply.status, 400 | 422) {
            inputs.body.as_mut().map(Marker::simplify);
        }
        *inputs != before
    }

    /// Keeps a case and the records that its answer shows.
    fn keep(&mut self, case: Case) -> usize {
        if let (Some(operation), Some(answer)) =
            (self.scan.document.operations.get(case.operation), case.reply.json())
        {
            self.note_records(operation, &case, &answer);
        }
        self.world.cases.push(case);
        self.world.cases.len() - 1
    }

    fn note_records(&mut self, operation: &Operation<'_>, case: &Case, answer: &Value) {
        if operation.method != Method::Get {
            return;
        }
        let single = facts::last_parameter(operation.path);
        let parents: Vec<_> = case.inputs.path.iter().map(|(_, value)| value.clone()).collect();
        let (collection, kind) = (facts::normal(operation.path), facts::kind(operation.path));
        for (name, records) in facts::lists(answer) {
            let own_kind =
                if name.is_empty() { kind.clone() } else { singular(&name.to_ascii_lowercase()) };
            for record in records.into_iter().take(MOST_RECORDS) {
                let (owner, object) = self.owner_of(&record);
                let kind = own_kind.clone();
                // A list within one object is a collection below it.
                let collection = match single {
                    Some(_) if !name.is_empty() => format!("{collection}/{name}"),
                    _ => collection.clone(),
                };
                self.known.push(Known {
                    seen_by: case.who,
                    owner,
                    collection,
                    kind,
                    parents: parents.clone(),
                    record,
                    object,
                });
            }
        }
        let Some(record) = facts::record(answer) else { return };
        if let (Some(_), Some(object)) =
            (single, case.object.and_then(|at| self.world.objects.get_mut(at)))
        {
            object.record.extend(record);
            return;
        }
        // What tells about the caller: `/me` and the like.
        let own = ["me", "self", "profile", "whoami", "current", "my", "account"];
        let about = single.is_none()
            && operation.path.split('/').flat_map(words).any(|word| own.contains(&word.as_str()));
        if about && facts::lists(answer).is_empty() {
            let owner = Some(case.who);
            self.known.push(Known {
                seen_by: case.who,
                owner,
                collection,
                kind: "user".to_owned(),
                parents,
                record,
                object: None,
            });
        }
    }

    /// Whose a record is: that of the object whose marker it holds.
    fn owner_of(&self, record: &Map<String, Value>) -> (Option<Who>, Option<usize>) {
        let text = Value::Object(record.clone()).to_string();
        let found = self.world.objects.iter().position(|object| object.is_in(&text));
        (found.and_then(|at| self.world.objects.get(at)).map(|one| one.owner), found)
    }

    fn role(&self, index: usize) -> Role {
        self.world.roles.get(index).copied().unwrap_or(Role::Plain)
    }

    fn refuse(&mut self, index: usize, why: String) {
        if let Some(known) = self.refused.get_mut(index) {
            *known = Some(why);
        }
    }

    fn pace(&self) -> Result<(), Gap> {
        match self.scan.client.budget.left() <= self.reserve {
            true => Err(Gap::from(&WireError::Spent(crate::live::budget::Spent::Requests))),
            false => Ok(()),
        }
    }

    /// `None` for an answer that did not come; an error ends the learning.
    async fn send(&self, request: &crate::live::request::Request) -> Result<Option<Reply>, Gap> {
        self.pace()?;
        match self.scan.send(request).await {
            Ok(reply) => Ok(Some(reply)),
            Err(error) if error.is_final() => Err(Gap::from(&error)),
            Err(_) => Ok(None),
        }
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

/// An account that was given must open with its own name and password afterwards as well.
fn keep_login(body: &mut Value) {
    let Some(members) = body.as_object_mut() else { return };
    members.retain(|name, value| {
        let lower = name.to_ascii_lowercase();
        let login = ["username", "login", "email", "mail"].iter().any(|word| lower.contains(word));
        !(login || crate::live::actor::is_password(name)) || value.is_object()
    });
    members.values_mut().for_each(keep_login);
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

fn is_good(reply: &Reply) -> bool {
    reply.is_success() && !tells_of_error(reply)
}

fn is_id_name(name: &str) -> bool {
    matches!(last_word(name).as_str(), "id" | "uuid" | "guid" | "slug" | "number")
}

fn record_of_account(account: &Account) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("username".to_owned(), Value::from(account.name.as_str()));
    record.insert("email".to_owned(), Value::from(account.email.as_str()));
    let sent = account.sent.as_object().cloned().unwrap_or_default();
    record.extend(sent.into_iter().filter(|(name, _)| !crate::live::actor::is_password(name)));
    let answered = account.registered.as_ref().and_then(|reply| reply.json());
    record.extend(answered.as_ref().and_then(facts::record).unwrap_or_default());
    record
}
