//! One attempt at an operation: sent, mended where the answer says how, and kept with what it shows.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{ATTEMPTS, Filled, Known, Learner, MOST_RECORDS, is_good};
use crate::api::{Method, Operation, Put};
use crate::live::Gap;
use crate::live::actor::Who;
use crate::live::call::Inputs;
use crate::live::invent::{Invention, Marker, singular, words};
use crate::live::reply::Reply;
use crate::live::request::Presented;
use crate::live::world::{Case, Change, Object, Point, Spot, facts, leaves, repair};

impl<'a> Learner<'_, 'a> {
    /// Sends, and when an answer says which field was wrong, mends it and sends again. The number of
    /// the case if it succeeded.
    pub(super) async fn attempt(
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
            let before = inputs.clone();
            self.mend(operation, &reply, &mut inputs, who, marker);
            if self.changes(index) {
                self.spare(operation, &mut inputs, who);
            }
            if inputs == before {
                break;
            }
        }
        Ok(None)
    }

    /// Some changes must say which version they change (RFC 9110 §13.1.1).
    pub(super) async fn with_version(
        &self,
        operation: &Operation<'a>,
        inputs: &mut Inputs,
        credential: Option<Presented>,
    ) -> Result<bool, Gap> {
        self.pace()?;
        match crate::live::world::object::version(self.scan, operation, inputs, credential).await {
            Ok(Some(version)) => {
                inputs.put(&Change::new(Spot::Header("If-Match".to_owned()), version));
                Ok(true)
            }
            Err(error) if error.is_final() => Err(Gap::from(&error)),
            _ => Ok(false),
        }
    }

    pub(super) fn mend(
        &self,
        operation: &Operation<'a>,
        reply: &Reply,
        inputs: &mut Inputs,
        who: Who,
        marker: &Marker,
    ) {
        let invention = Invention { document: &self.scan.document, marker };
        let before = inputs.clone();
        if matches!(reply.status, 400 | 422) && Self::take_allowed(reply, inputs, marker) {
            return;
        }
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
        // One's own may not be ready for it: what is listed may be.
        if *inputs == before
            && operation.method == Method::Post
            && matches!(reply.status, 404 | 409 | 422)
        {
            let body = inputs.body.as_mut().and_then(Value::as_object_mut);
            for (name, value) in body.into_iter().flatten() {
                if let Some(other) = self.listed_instead(name, value, who) {
                    *value = other;
                }
            }
        }
        if *inputs == before && reply.status == 409 {
            inputs.body.iter_mut().for_each(|body| rename(body, &reply.text(), marker));
        }
        // What nobody asked for may be what is not liked.
        if *inputs == before && matches!(reply.status, 400 | 404 | 409 | 422) {
            self.leave_out_optional(operation, inputs);
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
        // Codes that somebody gave out cannot be made up: the document's own may be one.
        if *inputs == before && !operation.method.is_safe() {
            let example = operation.body().map(|media| self.scan.document.body_value(media));
            inputs.body = example.filter(Value::is_object).or(inputs.body.take());
        }
    }

    /// Where a refusal lists what it would take, and only one text is ours to choose, that is chosen.
    fn take_allowed(reply: &Reply, inputs: &mut Inputs, marker: &Marker) -> bool {
        let Some(value) = repair::allowed(reply) else { return false };
        let mut points = Vec::new();
        leaves(&inputs.body.clone().unwrap_or_default(), String::new(), &mut points);
        let ours = |point: &Point| {
            let text = point.current.as_ref().and_then(Value::as_str);
            text.is_some_and(|text| marker.is_in(text))
        };
        points.retain(ours);
        let one = points.len() == 1;
        let only = points.into_iter().filter(|_| one);
        only.for_each(|point| inputs.put(&Change::new(point.spot, value.as_str())));
        one
    }

    /// Leaves out of a body what names something else and is not required.
    fn leave_out_optional(&self, operation: &Operation<'a>, inputs: &mut Inputs) {
        let schema = operation.body().and_then(|media| media.schema);
        let Some(shape) = schema.and_then(|schema| self.scan.document.shapes.get(schema)) else {
            return;
        };
        let Some(body) = inputs.body.as_mut().and_then(Value::as_object_mut) else { return };
        let required =
            |name: &str| shape.fields.iter().any(|field| field.path == name && field.required);
        let any = shape.fields.iter().any(|field| field.required);
        let names_other = |name: &str| {
            let said = words(name);
            let last = said.last().map(String::as_str).unwrap_or_default();
            matches!(last, "code" | "id" | "ids" | "ref" | "key" | "coupon" | "voucher" | "promo")
        };
        body.retain(|name, _| !any || required(name) || !names_other(name));
    }

    /// In place of an own id, one of the same kind that the caller saw in a list and did not make.
    fn listed_instead(&self, name: &str, value: &Value, who: Who) -> Option<Value> {
        let text = crate::live::call::as_text(value);
        let id = |one: &Known| facts::id_of(&one.record, &one.kind);
        let own = self.known.iter().find(|one| {
            one.owner == Some(who) && one.object.is_some() && id(one).is_some_and(|id| id == text)
        })?;
        let private =
            ["user", "account", "customer", "member", "invoice", "wallet", "card", "payment"];
        if !facts::may_mean(name, "", &own.kind) || private.contains(&own.kind.as_str()) {
            return None;
        }
        let listed = self.known.iter().find(|one| {
            one.kind == own.kind && one.seen_by == who && one.owner.is_none() && id(one) != id(own)
        });
        let other = id(listed?)?;
        Some(match (value, other.parse::<i64>()) {
            (Value::Number(_), Ok(number)) => Value::from(number),
            _ => Value::from(other),
        })
    }

    /// Keeps a case and the records that its answer shows.
    pub(super) fn keep(&mut self, case: Case) -> usize {
        if let (Some(operation), Some(answer)) =
            (self.scan.document.operations.get(case.operation), case.reply.json())
        {
            self.note_records(operation, &case, &answer);
            self.note_change(operation, &case, &answer);
        }
        self.world.cases.push(case);
        self.world.cases.len() - 1
    }

    /// What an own object holds, under a path of its own, belongs to the same owner.
    fn inner(
        &mut self,
        case: &Case,
        collection: &str,
        parents: &[String],
        record: &Map<String, Value>,
    ) -> (Option<Who>, Option<usize>) {
        let outer = case.object.and_then(|at| self.world.objects.get(at));
        let Some(outer) = outer.filter(|one| one.made_by.is_some()) else { return (None, None) };
        let (owner, marker) = (outer.owner, outer.marker.clone());
        let named = self.scan.document.operations.iter().any(|one| {
            facts::last_parameter(one.path)
                .is_some_and(|(before, _)| facts::normal(before) == collection)
        });
        let kind = facts::kind(collection);
        let mut objects = self.world.objects.iter();
        let known = objects.any(|one| one.collection == collection && one.owner == owner);
        if !named || known || facts::id_of(record, &kind).is_none() {
            return (Some(owner), case.object);
        }
        let (collection, parents, record) =
            (collection.to_owned(), parents.to_vec(), record.clone());
        self.world.objects.push(Object {
            collection,
            parents,
            record,
            marker,
            ..Object::none(owner)
        });
        (Some(owner), Some(self.world.objects.len() - 1))
    }

    /// A change may give its object another name, for instance a slug made of the new title.
    fn note_change(&mut self, operation: &Operation<'_>, case: &Case, answer: &Value) {
        let changes = matches!(operation.method, Method::Put | Method::Patch);
        let of_object = case.object.filter(|_| changes);
        let Some(object) = of_object.and_then(|at| self.world.objects.get_mut(at)) else { return };
        let ends = facts::last_parameter(operation.path)
            .is_some_and(|(before, _)| facts::normal(before) == object.collection);
        // An answer about something else, for instance a job, names something else.
        let sent = case.inputs.body.as_ref().map(Marker::all_in).unwrap_or_default();
        let told = answer.to_string();
        let ours = sent.iter().any(|marker| told.contains(marker.as_str()));
        let Some(record) = facts::record(answer).filter(|_| ends && ours) else { return };
        object.record.extend(record.clone());
        let known = self.known.iter_mut().filter(|one| one.object == case.object);
        known.for_each(|one| one.record.extend(record.clone()));
    }

    pub(super) fn note_records(&mut self, operation: &Operation<'_>, case: &Case, answer: &Value) {
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
                let (mut owner, mut object) = self.owner_of(&record);
                let kind = own_kind.clone();
                // A list within one object is a collection below it.
                let collection = match single {
                    Some(_) if !name.is_empty() => format!("{collection}/{name}"),
                    _ => collection.clone(),
                };
                if single.is_some() && !name.is_empty() && object.is_some() && object == case.object
                {
                    (owner, object) = self.inner(case, &collection, &parents, &record);
                }
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
            && (operation.path.split('/').flat_map(words).any(|word| own.contains(&word.as_str()))
                || operation.path.ends_with("/user"));
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
    pub(super) fn owner_of(&self, record: &Map<String, Value>) -> (Option<Who>, Option<usize>) {
        let text = Value::Object(record.clone()).to_string();
        let found = self.world.objects.iter().position(|object| object.is_in(&text));
        (found.and_then(|at| self.world.objects.get(at)).map(|one| one.owner), found)
    }

    /// `None` for an answer that did not come; an error ends the learning.
    pub(super) async fn send(
        &self,
        request: &crate::live::request::Request,
    ) -> Result<Option<Reply>, Gap> {
        self.pace()?;
        self.scan.answer(request).await
    }
}

/// Where a name is taken, another one of ours: what a document gives as an example is everybody's.
fn rename(body: &mut Value, complaint: &str, marker: &Marker) {
    let Some(members) = body.as_object_mut() else { return };
    let said = words(complaint);
    let taken = ["taken", "exists", "exist", "already", "unique", "duplicate", "used", "use"];
    if !said.iter().any(|word| taken.contains(&word.as_str())) {
        return;
    }
    for (name, value) in members {
        let known = words(name).iter().all(|word| said.contains(word));
        let slug = value.as_str().is_some_and(|text| !text.contains([' ', '@', '/']));
        if known && slug && !marker.is_in(&value.to_string()) {
            *value = Value::from(marker.plain());
        }
    }
}
