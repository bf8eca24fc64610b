//! The turns of learning: what is read, what is created, what is done with it, and whose it then is.

use serde_json::Value;

use super::{Filled, Known, Learner, MOST_LISTED, is_good, is_harmful};
use crate::api::{Method, Operation, Put};
use crate::live::Gap;
use crate::live::actor::{Role, Who, door, is_password};
use crate::live::call::Inputs;
use crate::live::invent::{Marker, singular, words};
use crate::live::scan::Face;
use crate::live::world::{Case, Change, Object, Spot, facts};
use crate::order::Intensity;

impl<'a> Learner<'_, 'a> {
    /// Operations that read: those without an id first, then, in another turn, those with.
    pub(super) async fn reads(&mut self, templated: bool) -> Result<(), Gap> {
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

    /// Operations that ask for an id in the query, once there is one to ask with.
    pub(super) async fn reads_by_query(&mut self) -> Result<(), Gap> {
        for index in 0..self.scan.document.operations.len() {
            let Some(operation) = self.scan.document.operations.get(index) else { continue };
            let mut asked = operation.at_place(Put::Query).filter(|one| one.required);
            let by_id = operation.method == Method::Get
                && !operation.is_templated()
                && asked.any(|one| {
                    words(one.name)
                        .last()
                        .is_some_and(|last| matches!(last.as_str(), "id" | "uuid"))
                });
            for who in self.people() {
                if by_id && self.world.case(index, who).is_none() {
                    self.read(index, who).await?;
                }
            }
        }
        Ok(())
    }

    /// Lists that were empty below what the scan made are read below what its callers had before.
    pub(super) async fn reads_elsewhere(&mut self) -> Result<(), Gap> {
        let scan = self.scan;
        for (index, operation) in scan.document.operations.iter().enumerate() {
            let lists = operation.method == Method::Get
                && operation.is_templated()
                && facts::last_parameter(operation.path).is_none();
            for who in self.people().into_iter().filter(|_| lists) {
                let cases = self.world.cases.iter().filter(|one| one.operation == index);
                let mut asked = cases.filter(|one| one.who == who).peekable();
                let empty =
                    |one: &Case| facts::lists(&one.reply.json().unwrap_or_default()).is_empty();
                if asked.peek().is_none() || !asked.all(empty) {
                    continue;
                }
                let had = self
                    .world
                    .objects
                    .iter()
                    .enumerate()
                    .filter(|(_, one)| one.owner == who && one.made_by.is_none());
                let found: Vec<_> = had
                    .filter_map(|(at, one)| Some((at, one.below(scan, operation)?)))
                    .take(2)
                    .collect();
                for (at, inputs) in found {
                    let filled = Filled { inputs, object: Some(at) };
                    self.attempt(index, who, filled, &Marker::fresh()).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn read(&mut self, index: usize, who: Who) -> Result<(), Gap> {
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
    pub(super) async fn creations(&mut self) -> Result<(), Gap> {
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
            // What plain users are refused may be the administrator's to make.
            let refused = self.refused.get(index).and_then(Option::as_deref);
            let refused = refused.is_some_and(|why| why.starts_with("403"));
            let admin =
                self.people().contains(&Who::Admin) && self.scan.intensity > Intensity::Gentle;
            if refused && admin && self.may_be_made(index) && self.world.any_case(index).is_none() {
                self.create(index, Who::Admin).await?;
            }
        }
        Ok(())
    }

    /// True for a POST of a plain thing at the top that can be deleted again: no people, whom it could let
    /// in to what is A's, and nothing that everybody sees or that the service runs by.
    fn may_be_made(&self, index: usize) -> bool {
        const GRAVE: [&str; 26] = [
            "member",
            "user",
            "account",
            "role",
            "invite",
            "invitation",
            "grant",
            "share",
            "permission",
            "access",
            "collaborator",
            "group",
            "team",
            "admin",
            "owner",
            "policy",
            "setting",
            "config",
            "configuration",
            "flag",
            "feature",
            "webhook",
            "hook",
            "announcement",
            "notification",
            "broadcast",
        ];
        let operations = &self.scan.document.operations;
        operations.get(index).is_some_and(|operation| {
            let mut said = operation.path.split('/').flat_map(words).map(|word| singular(&word));
            let path = facts::normal(operation.path);
            let deletes = operations.iter().any(|other| {
                other.method == Method::Delete
                    && facts::last_parameter(other.path)
                        .is_some_and(|(before, _)| facts::normal(before) == path)
            });
            let plain = operation.method == Method::Post && !operation.is_templated();
            plain && deletes && !said.any(|word| GRAVE.contains(&word.as_str()))
        })
    }

    /// True for an operation that makes an object which others then name.
    pub(super) fn creates(&self, index: usize) -> bool {
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

    pub(super) async fn create(&mut self, index: usize, who: Who) -> Result<(), Gap> {
        let Some(operation) = self.scan.document.operations.get(index) else { return Ok(()) };
        let marker = Marker::fresh();
        let mut filled = self.fill(operation, who, &marker, true);
        let chosen = (operation.method == Method::Put)
            .then(|| facts::last_parameter(operation.path))
            .flatten();
        if let Some((_, name)) = chosen {
            let change = Change::new(Spot::Path(name.to_owned()), marker.plain());
            filled.inputs.put(&change);
            filled.object = None;
        }
        let Some(made) = self.attempt(index, who, filled, &marker).await? else { return Ok(()) };
        self.note_object(made, &marker).await
    }

    /// Remembers what a case made. What its answer does not name is looked for in the list.
    pub(super) async fn note_object(&mut self, made: usize, marker: &Marker) -> Result<(), Gap> {
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
    pub(super) async fn actions(&mut self, who: Who) -> Result<(), Gap> {
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
            if let (true, Some(body)) = (forgot, filled.inputs.body.as_mut()) {
                self.name_self(body, who);
            }
            self.spare(operation, &mut filled.inputs, who);
            if operation.method == Method::Patch {
                Self::keep_state(&mut filled, &marker);
            }
            self.keep_named(&mut filled, &marker);
            let about_self = self.is_about(operation, &filled.inputs, who);
            if operation.is_templated() && filled.object.is_none() && !about_self {
                self.refuse(index, "its path leads to no object of ours".to_owned());
                continue;
            }
            self.attempt(index, who, filled, &marker).await?;
        }
        Ok(())
    }

    /// Puts the caller's own name where a body asks who has forgotten something.
    pub(super) fn name_self(&self, body: &mut Value, who: Who) {
        let account = self.scan.actors().known(who).and_then(|actor| actor.account.as_ref());
        let (Some(members), Some(account)) = (body.as_object_mut(), account) else { return };
        for (name, value) in members.iter_mut() {
            let own = crate::live::actor::own_value(name, account);
            let named = own.or_else(|| (name == "name").then(|| account.name.clone()));
            let address = name.to_ascii_lowercase().contains("mail");
            if let Some(named) = named.filter(|named| !address || named.contains('@')) {
                *value = Value::from(named);
            }
        }
    }

    /// Records that only one caller's list shows are that caller's.
    pub(super) fn own_by_list(&mut self) {
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
