//! Learning: reads what needs no id, creates own objects, then reads and acts on those.

mod attempts;
mod inputs;

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
use inputs::keep_login;

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
