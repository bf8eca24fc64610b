//! Own objects: what a creation made, making one more, and how one looks to somebody now.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::api::{Method, Operation, Put};
use crate::live::actor::Who;
use crate::live::call::Inputs;
use crate::live::client::WireError;
use crate::live::invent::{Marker, singular, words};
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::request::Presented;
use crate::live::scan::Scan;
use crate::live::world::{Case, Change, Object, Spot, World, asking, facts};

/// Pages beyond the first that are looked through for an object.
const MOST_PAGES: u64 = 3;
/// Lines of an answer in plain text that are compared.
const MOST_LINES: usize = 500;

/// How an object looks to somebody.
#[derive(Debug, Clone)]
pub struct Look {
    /// False if it was refused, is gone, or is not in the list.
    pub there: bool,
    /// What shows of it: the whole answer, or its part of a list.
    pub text: String,
    pub reply: Arc<Reply>,
}

impl Object {
    /// What a creation made, as its answer and what was sent tell.
    pub fn made(operation: &Operation<'_>, case: &Case, marker: &Marker) -> Self {
        let path = match operation.method {
            Method::Put => {
                facts::last_parameter(operation.path).map_or(operation.path, |(before, _)| before)
            }
            _ => operation.path,
        };
        let kind = facts::kind(path);
        let names = facts::parameters(path);
        let value = |name: &&str| {
            case.inputs.path.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
        };
        let parents: Vec<_> = names.iter().filter_map(value).collect();
        let mut record = case.reply.json().as_ref().and_then(facts::record).unwrap_or_default();
        let named = facts::id_of(&record, &kind).is_some();
        if let Some(id) = case.reply.header("location").and_then(facts::located).filter(|_| !named)
        {
            record.insert("id".to_owned(), Value::from(id));
        }
        let last = case.inputs.path.get(parents.len()..).unwrap_or_default();
        let last = last.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        let sent = case.inputs.body.as_ref().and_then(Value::as_object).into_iter().flatten();
        for (name, value) in sent.map(|(name, value)| (name.clone(), value.clone())).chain(last) {
            record.entry(name).or_insert(value);
        }
        let marker = Some(marker.clone());
        Self {
            owner: case.who,
            collection: facts::normal(path),
            parents,
            record,
            marker,
            made_by: None,
        }
    }

    /// True if something in it is surely its id.
    pub fn is_named(&self) -> bool {
        let kind = facts::kind(&self.collection);
        let sure = ["id", "_id", "uuid", "guid", "slug"];
        sure.iter().any(|id| self.record.contains_key(*id))
            || self.record.contains_key(&format!("{kind}_id"))
    }

    /// The inputs with which an operation that wants an id in its query is asked for this object.
    pub fn asked(&self, scan: &Scan<'_>, operation: &Operation<'_>) -> Option<Inputs> {
        if operation.is_templated() {
            return None;
        }
        let kind = facts::kind(&self.collection);
        let mut wanted = operation.at_place(Put::Query).filter(|one| one.required);
        let parameter = wanted.find(|one| facts::may_mean(one.name, operation.path, &kind))?;
        let mut inputs = Inputs::of_document(&scan.document, operation);
        inputs.put(&Change::new(Spot::Query(parameter.name.to_owned()), self.id()?));
        Some(inputs)
    }

    /// The value that stands for it in its own paths.
    pub fn id(&self) -> Option<String> {
        facts::id_of(&self.record, &facts::kind(&self.collection))
    }

    /// Looks its id up in its collection's list, where the creation did not tell it.
    ///
    /// # Errors
    /// See [`WireError`].
    pub async fn complete(&mut self, scan: &Scan<'_>, case: &Case) -> Result<(), WireError> {
        let mut operations = scan.document.operations.iter();
        let list = operations
            .find(|one| one.method == Method::Get && facts::normal(one.path) == self.collection);
        let (Some(list), Some(marker)) = (list, &self.marker) else { return Ok(()) };
        let mut inputs = Inputs::of_document(&scan.document, list);
        inputs.path.clone_from(&case.inputs.path);
        let reply =
            scan.send(&scan.written(list, &inputs).with(case.request.credential.clone())).await?;
        let Some(listed) = reply.json() else { return Ok(()) };
        let mut found = facts::lists(&listed).into_iter().flat_map(|(_, records)| records);
        let found = found.find(|one| marker.is_in(&Value::Object(one.clone()).to_string()));
        self.record.extend(found.into_iter().flatten());
        Ok(())
    }
}

impl World {
    /// The operation that shows one object alone, with the inputs that lead to it.
    pub fn view(&self, scan: &Scan<'_>, object: &Object) -> Option<(usize, Inputs)> {
        let reads = || {
            let all = scan.document.operations.iter().enumerate();
            all.filter(|(_, operation)| operation.method == Method::Get)
        };
        let by_path = reads().find_map(|(index, one)| Some((index, object.inputs(scan, one)?)));
        // A list of what it holds is asked for by its id too, and shows something else.
        let kind = singular(&facts::kind(&object.collection));
        let of_it = |one: &Operation<'_>| facts::kinds_meant("id", one.path).contains(&kind);
        let mut by_query = reads().filter(|(_, one)| of_it(one));
        by_path
            .or_else(|| by_query.find_map(|(index, one)| Some((index, object.asked(scan, one)?))))
    }

    /// The operation that lists its collection.
    pub fn listing(&self, scan: &Scan<'_>, object: &Object) -> Option<(usize, Inputs)> {
        let mut all = scan.document.operations.iter().enumerate();
        let (index, operation) = all.find(|(_, one)| {
            one.method == Method::Get && facts::normal(one.path) == object.collection
        })?;
        let mut inputs = Inputs::of_document(&scan.document, operation);
        let names = facts::parameters(operation.path).into_iter().map(str::to_owned);
        inputs.path = names.zip(object.parents.iter().cloned()).collect();
        Some((index, inputs))
    }

    /// How an object looks to somebody now; `None` if nothing documented shows it.
    ///
    /// # Errors
    /// See [`WireError`].
    pub async fn look(
        &self,
        scan: &Scan<'_>,
        object: &Object,
        who: Who,
    ) -> Result<Option<Look>, WireError> {
        let alone = self.view(scan, object);
        let single = alone.is_some();
        let Some((index, inputs)) = alone.or_else(|| self.listing(scan, object)) else {
            return Ok(None);
        };
        let Some(operation) = scan.document.operations.get(index) else { return Ok(None) };
        let credential = scan.credential(who).await;
        let reply = Arc::new(scan.send(&scan.written(operation, &inputs).with(credential)).await?);
        let good = reply.is_success() && !tells_of_error(&reply);
        if single {
            let text = reply.text().into_owned();
            return Ok(Some(Look { there: good && !text.is_empty(), text, reply }));
        }
        match self.part(&reply, object).filter(|_| good) {
            Some(text) => Ok(Some(Look { there: true, text, reply })),
            None => self.further(scan, object, who, (operation, &inputs), reply).await.map(Some),
        }
    }

    /// Looks for an object beyond the first page of its list: by a search, and on the longest page
    /// that the document allows.
    async fn further(
        &self,
        scan: &Scan<'_>,
        object: &Object,
        who: Who,
        (operation, inputs): (&Operation<'_>, &Inputs),
        first: Arc<Reply>,
    ) -> Result<Look, WireError> {
        let search = asking::search(operation).zip(object.marker.as_ref());
        let found = search.map(|(one, marker)| (one.name, Value::from(marker.tail())));
        let sizes = operation.at_place(Put::Query).find(|one| asking::is_size(one.name));
        let whole = sizes.map(|one| (one.name, Value::from(asking::bound(one).unwrap_or(100))));
        let mut tries: Vec<Vec<(&str, Value)>> = found.into_iter().map(|one| vec![one]).collect();
        tries.extend(whole.clone().map(|one| vec![one]));
        // The newest often stands last.
        if let Some(((size, many), further)) = whole.zip(asking::further(operation)) {
            let pages = 1..=MOST_PAGES;
            tries.extend(pages.map(|page| {
                // Some count pages from none: the second is 1 there.
                let at = if further.1 { page * many.as_u64().unwrap_or(100) } else { page };
                vec![(size, many.clone()), (further.0, Value::from(at))]
            }));
        }
        for changes in tries {
            let turned = changes.len() > 1;
            let mut inputs = inputs.clone();
            for (name, value) in changes {
                inputs.put(&Change::new(Spot::Query(name.to_owned()), value));
            }
            let credential = scan.credential(who).await;
            let reply = scan.send(&scan.written(operation, &inputs).with(credential)).await?;
            let good = reply.is_success() && !tells_of_error(&reply);
            if let Some(text) = self.part(&reply, object).filter(|_| good) {
                return Ok(Look { there: true, text, reply: Arc::new(reply) });
            }
            // That it is gone is not told by an answer that failed.
            if !good && !matches!(reply.status, 400 | 404 | 422) {
                return Ok(Look { there: false, text: String::new(), reply: Arc::new(reply) });
            }
            let more = reply.json().is_some_and(|json| !facts::lists(&json).is_empty());
            if turned && !more {
                break;
            }
        }
        Ok(Look { there: false, text: String::new(), reply: first })
    }

    /// The record of an object in an answer that lists several.
    pub fn part(&self, reply: &Reply, object: &Object) -> Option<String> {
        let kind = facts::kind(&object.collection);
        let id = object.id();
        let mut records = facts::lists(&reply.json()?).into_iter().flat_map(|(_, records)| records);
        let found = records.find(|one| {
            let text = || Value::Object(one.clone()).to_string();
            match (&id, facts::id_of(one, &kind)) {
                (Some(id), Some(told)) => told == *id,
                _ => object.is_in(&text()),
            }
        })?;
        Some(Value::Object(found).to_string())
    }

    /// Makes one more object like this one, for the same owner, with a marker of its own.
    ///
    /// # Errors
    /// See [`WireError`].
    pub async fn again(
        &self,
        scan: &Scan<'_>,
        object: &Object,
        changes: &[Change],
    ) -> Result<Option<Object>, WireError> {
        let Some(case) = object.made_by.and_then(|at| self.cases.get(at)) else { return Ok(None) };
        let Some(operation) = scan.document.operations.get(case.operation) else { return Ok(None) };
        let marker = Marker::fresh();
        let mut inputs = case.inputs.clone();
        // What stands before the object's own name in the path are its parents.
        let kept = object.parents.len();
        for (_, value) in inputs.path.iter_mut().skip(kept) {
            *value = marker.in_place_of_others(value);
        }
        if let Some(body) = &mut inputs.body {
            marker.plant(body);
        }
        changes.iter().for_each(|change| inputs.put(change));
        let credential = scan.credential(object.owner).await;
        let mut request = scan.written(operation, &inputs).with(credential);
        let mut reply = Arc::new(scan.send(&request).await?);
        if reply.status == 409 && inputs.body.as_mut().is_some_and(|body| renamed(body, &marker)) {
            let credential = scan.credential(object.owner).await;
            request = scan.written(operation, &inputs).with(credential);
            reply = Arc::new(scan.send(&request).await?);
        }
        if !reply.is_success() || tells_of_error(&reply) {
            return Ok(None);
        }
        let case = Case { inputs, request, reply, ..case.clone() };
        let mut fresh =
            Object { made_by: object.made_by, ..Object::made(operation, &case, &marker) };
        if !fresh.is_named() {
            fresh.complete(scan, &case).await?;
        }
        self.remember(fresh.clone());
        Ok(Some(fresh))
    }
}

/// Gives what may be there only once another value: codes and names that the document gave.
fn renamed(body: &mut Value, marker: &Marker) -> bool {
    let once = ["code", "name", "title", "slug", "handle", "key", "label", "number"];
    let members = body.as_object_mut().into_iter().flatten();
    let mut texts = members.filter(|(name, value)| {
        let said = words(name);
        value.is_string() && said.last().is_some_and(|last| once.contains(&last.as_str()))
    });
    let Some((_, value)) = texts.next() else { return false };
    let upper = value.as_str().is_some_and(|text| !text.contains(char::is_lowercase));
    let made = marker.plain();
    *value = Value::from(if upper { made.to_uppercase() } else { made });
    true
}

/// The version that a change of this path must name (`ETag`), as somebody is told it.
///
/// # Errors
/// See [`WireError`].
pub async fn version(
    scan: &Scan<'_>,
    operation: &Operation<'_>,
    inputs: &Inputs,
    credential: Option<Presented>,
) -> Result<Option<String>, WireError> {
    let mut operations = scan.document.operations.iter();
    let read = operations.find(|one| one.method == Method::Get && one.path == operation.path);
    let Some(read) = read else { return Ok(None) };
    let inputs = Inputs { path: inputs.path.clone(), ..Inputs::of_document(&scan.document, read) };
    let reply = scan.send(&scan.written(read, &inputs).with(credential)).await?;
    Ok(reply.header("etag").map(str::to_owned))
}

/// The scalars of an answer, as texts, without those that say nothing: short ones, flags, and what
/// the request itself held.
pub fn leaves(reply: &Reply, known: &[String]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    match reply.json() {
        Some(json) => collect(&json, "", &mut found),
        None => {
            let text = reply.text();
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            found.extend(lines.take(MOST_LINES).map(|line| (String::new(), line.to_owned())));
        }
    }
    found.retain(|(_, text)| text.len() >= 3 && !known.contains(text));
    found
}

fn collect(value: &Value, name: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| collect(value, key, found))
        }
        Value::Array(items) => items.iter().take(50).for_each(|one| collect(one, name, found)),
        Value::String(text) => found.push((name.to_owned(), text.clone())),
        Value::Number(number) => found.push((name.to_owned(), number.to_string())),
        Value::Bool(_) | Value::Null => {}
    }
}

/// The fields of one record, by name, for comparing before with after.
pub fn fields(text: &str) -> Map<String, Value> {
    let json: Option<Value> = serde_json::from_str(text).ok();
    json.as_ref().and_then(facts::record).unwrap_or_default()
}
