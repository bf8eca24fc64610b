//! Private data of several other people in one answer, where the document does not speak of it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::api::Method;
use crate::live::actor::Who;
use crate::live::authority::is_marked;
use crate::live::call::as_text;
use crate::live::invent::words;
use crate::live::object_authorisation::is_person;
use crate::live::scan::Scan;
use crate::live::world::{Case, World, facts};

/// Words of fields that people keep to themselves.
const PRIVATE: [&str; 37] = [
    "email",
    "mail",
    "phone",
    "mobile",
    "telephone",
    "birth",
    "birthday",
    "birthdate",
    "dob",
    "born",
    "address",
    "street",
    "iban",
    "salary",
    "income",
    "balance",
    "credit",
    "purse",
    "wallet",
    "guardian",
    "parent",
    "licence",
    "license",
    "passport",
    "tax",
    "diagnosis",
    "religion",
    "nationality",
    "gender",
    "insurance",
    "lastname",
    "surname",
    "ip",
    "bank",
    "emergency",
    "notes",
    "internal",
];
/// Records of others that make it more than a chance.
const LEAST: usize = 2;

/// The private fields of other people that an answer holds and its document does not name.
pub(super) fn found(scan: &Scan<'_>, world: &World, case: &Case) -> Vec<String> {
    let Some(operation) = scan.document.operations.get(case.operation) else { return Vec::new() };
    let Some(json) = case.reply.json() else { return Vec::new() };
    // What an office is told is another question.
    if operation.method != Method::Get
        || is_marked(&scan.document, operation)
        || case.who == Who::Admin
    {
        return Vec::new();
    }
    // What callers themselves write into a list is what they keep there, not who they are.
    let path = facts::normal(operation.path);
    let made =
        world.objects().iter().filter(|one| one.collection == path && !is_person(world, one));
    let bodies = made.filter_map(|one| world.cases().get(one.made_by?)?.inputs.body.as_ref());
    let kept: BTreeSet<_> = bodies.filter_map(Value::as_object).flat_map(Map::keys).collect();
    let documented = documented(scan, case.operation);
    let own: BTreeSet<_> = world.names(case.who).iter().map(|(_, name)| name.clone()).collect();
    let mut values: Vec<(String, BTreeSet<String>)> = Vec::new();
    let mut owners: BTreeSet<Option<String>> = BTreeSet::new();
    for record in facts::lists(&json).into_iter().flat_map(|(_, records)| records) {
        if !is_of_another(world, case.who, &own, &record) {
            continue;
        }
        owners.insert(owner(&record));
        for (name, value) in record
            .iter()
            .filter(|(name, value)| is_private(name) && (value.is_string() || value.is_number()))
        {
            let text = as_text(value);
            if documented.contains(name.as_str())
                || kept.contains(name)
                || text.is_empty()
                || text.contains("***")
            {
                continue;
            }
            match values.iter_mut().find(|(known, _)| known == name) {
                Some((_, seen)) => drop(seen.insert(text)),
                None => values.push((name.clone(), BTreeSet::from([text]))),
            }
        }
    }
    // Several things of one person are no several people.
    if owners.len() == 1 && owners.first().is_some_and(Option::is_some) {
        return Vec::new();
    }
    let many = values.into_iter().filter(|(_, seen)| seen.len() >= LEAST);
    let names: Vec<_> = many.map(|(name, _)| name).collect();
    // Where the document describes no answer, one address may be meant; more than a card is not.
    let strong = names.iter().filter(|name| !is_on_cards(name)).count();
    if documented.is_empty() && strong == 0 { Vec::new() } else { names }
}

/// Whose a record is, where it says so.
fn owner(record: &Map<String, Value>) -> Option<String> {
    let names =
        ["user", "user_id", "userId", "owner", "owner_id", "ownerId", "customer_id", "customerId"];
    names.iter().find_map(|name| facts::scalar(record.get(*name)?))
}

/// What people print on their cards.
fn is_on_cards(name: &str) -> bool {
    let card = ["email", "mail", "phone", "mobile", "telephone", "lastname", "surname", "last"];
    words(name).iter().any(|word| card.contains(&word.as_str()))
}

fn is_private(name: &str) -> bool {
    let said = words(name);
    said.iter().any(|word| PRIVATE.contains(&word.as_str()))
        || PRIVATE.contains(&said.concat().as_str())
}

fn is_of_another(
    world: &World,
    who: Who,
    own: &BTreeSet<String>,
    record: &Map<String, Value>,
) -> bool {
    let texts: Vec<_> = record.values().map(as_text).filter(|text| text.len() > 1).collect();
    let mine = world
        .objects()
        .iter()
        .any(|object| object.owner == who && texts.iter().any(|text| object.is_in(text)));
    !mine && !texts.iter().any(|text| own.contains(text))
}

/// Every field that the document names for the answers of an operation.
pub(super) fn documented<'a>(scan: &Scan<'a>, operation: usize) -> BTreeSet<&'a str> {
    let Some(operation) = scan.document.operations.get(operation) else { return BTreeSet::new() };
    let content = operation.successes().flat_map(|answer| answer.content.iter());
    let shapes = content
        .filter_map(|media| media.schema)
        .flat_map(|schema| scan.document.shapes.closure(schema.shape));
    let shapes = shapes.filter_map(|index| scan.document.shapes.list.get(index));
    shapes
        .flat_map(|shape| shape.fields.iter())
        .map(|field| field.name)
        .filter(|name| !name.is_empty())
        .collect()
}
