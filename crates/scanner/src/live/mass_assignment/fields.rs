//! Which fields are not the caller's to set, and what to set them to.

use serde_json::{Map, Value};

use crate::api::{Node, Operation};
use crate::live::actor::{Role, Who, is_password, role};
use crate::live::call::as_text;
use crate::live::invent::{last_word, words};
use crate::live::scan::Scan;
use crate::live::world::World;
use crate::live::world::facts::is_right;

/// A field with the value that it is wished to have.
#[derive(Debug, Clone)]
pub struct Wish {
    pub name: String,
    pub value: Value,
}

/// Words of fields that decide over rights, money, state and owners.
const POWERS: [&str; 52] = [
    "role",
    "roles",
    "admin",
    "administrator",
    "superuser",
    "staff",
    "moderator",
    "manager",
    "permission",
    "permissions",
    "privilege",
    "privileges",
    "scope",
    "scopes",
    "group",
    "verified",
    "verification",
    "approved",
    "trusted",
    "active",
    "enabled",
    "confirmed",
    "balance",
    "credit",
    "credits",
    "limit",
    "quota",
    "price",
    "cost",
    "total",
    "amount",
    "discount",
    "paid",
    "points",
    "score",
    "grade",
    "rank",
    "level",
    "tier",
    "plan",
    "status",
    "state",
    "owner",
    "user",
    "author",
    "creator",
    "tenant",
    "account",
    "customer",
    "premium",
    "vip",
    "kyc",
];
/// Fields that are asked for even where no answer shows them.
const USUAL: [&str; 12] = [
    "role",
    "is_admin",
    "isAdmin",
    "admin",
    "permissions",
    "verified",
    "balance",
    "credit",
    "price",
    "status",
    "owner",
    "user_id",
];
/// Last words of fields that a service gives by itself and that nobody gains by setting.
const OWN: [&str; 22] = [
    "id",
    "uuid",
    "guid",
    "created",
    "updated",
    "at",
    "on",
    "date",
    "time",
    "timestamp",
    "href",
    "url",
    "link",
    "links",
    "self",
    "etag",
    "version",
    "type",
    "slug",
    "token",
    "hash",
    "count",
];

/// The fields to wish for, given a record as the control left it and what a request may hold.
pub fn wishes(
    scan: &Scan<'_>,
    world: &World,
    operation: &Operation<'_>,
    control: &Map<String, Value>,
    sent: &Value,
) -> Vec<Wish> {
    let documented = documented(scan, operation);
    // Rights over one's own account are not one's own to give, whatever a document says.
    let own = is_about_self(scan, operation);
    let granted = |name: &str| own && is_right(name) && grants(scan, world, name);
    let known = |name: &str| {
        let documented = documented.iter().any(|(known, read_only)| known == name && !read_only);
        (documented || sent.get(name).is_some()) && !granted(name)
    };
    let read_only =
        |name: &str| documented.iter().any(|(known, read_only)| known == name && *read_only);
    let mut found = Vec::new();
    for (name, now) in control {
        if known(name) || is_password(name) || now.is_object() || now.is_array() {
            continue;
        }
        let own = OWN.contains(&last_word(name).as_str())
            && !read_only(name)
            && !is_owner(world, name, now);
        if own || is_named_by_server(name) {
            continue;
        }
        // A text that the document merely forgot is no power; a flag or a number may be one.
        let counts = is_power(name)
            || is_owner(world, name, now)
            || now.is_boolean()
            || now.is_number()
            || read_only(name);
        if let Some(value) = other_value(scan, world, name, now).filter(|_| counts) {
            found.push(Wish { name: name.clone(), value });
        }
    }
    for name in USUAL.iter().filter(|name| !known(name) && !control.contains_key(**name)) {
        let value = match *name {
            "role" | "permissions" => Value::from("admin"),
            "is_admin" | "isAdmin" | "admin" | "verified" => Value::Bool(true),
            _ => continue,
        };
        found.push(Wish { name: (*name).to_owned(), value });
    }
    found
}

/// True for a registration and for a page about the caller.
fn is_about_self(scan: &Scan<'_>, operation: &Operation<'_>) -> bool {
    let last = operation.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let said = words(last);
    let page = ["me", "profile", "account", "self", "user", "whoami", "register", "signup"];
    let registers = role(&scan.document, operation) == Role::Register;
    registers || !operation.is_templated() && said.iter().any(|word| page.contains(&word.as_str()))
}

/// A flag is one by its name; of a text it must be known which value an administrator has.
fn grants(scan: &Scan<'_>, world: &World, name: &str) -> bool {
    let said = words(name);
    let text = said.iter().any(|word| {
        matches!(word.as_str(), "role" | "roles" | "permission" | "permissions" | "privileges")
    });
    let listed = listed_value(scan, name, &Value::Null);
    let office = office_value(world, name).filter(|value| value.is_string());
    !text || office.is_some() || listed.is_some_and(|value| value == "admin")
}

/// Fields that a body may hold as the document says, and whether they are read-only.
fn documented(scan: &Scan<'_>, operation: &Operation<'_>) -> Vec<(String, bool)> {
    let shapes = operation.bodies.iter().filter_map(|body| body.schema);
    let shapes = shapes.flat_map(|schema| scan.document.shapes.closure(schema.shape));
    let shapes = shapes.filter_map(|index| scan.document.shapes.list.get(index));
    let fields = shapes.flat_map(|shape| shape.fields.iter());
    fields
        .filter(|field| !field.name.is_empty())
        .map(|field| (field.name.to_owned(), field.read_only))
        .collect()
}

fn is_power(name: &str) -> bool {
    words(name).iter().any(|word| POWERS.contains(&word.as_str()))
}

/// `created_at`, `updatedBy` and the like.
fn is_named_by_server(name: &str) -> bool {
    let said = words(name);
    ["created", "updated", "modified", "deleted", "last"]
        .iter()
        .any(|word| said.first().is_some_and(|first| first == word))
}

/// True if the value is what A is called: the field says whose it is.
fn is_owner(world: &World, name: &str, value: &Value) -> bool {
    let text = as_text(value);
    !text.is_empty()
        && name != "id"
        && name != "username"
        && name != "email"
        && name != "login"
        && name != "name"
        && world.names(Who::A).iter().any(|(_, known)| *known == text)
}

/// A value that the control does not have, of the same kind, and worth having.
fn other_value(scan: &Scan<'_>, world: &World, name: &str, now: &Value) -> Option<Value> {
    if is_owner(world, name, now) {
        let text = as_text(now);
        let key = world
            .names(Who::A)
            .iter()
            .find(|(_, known)| *known == text)
            .map(|(key, _)| key.clone())?;
        let other = world.names(Who::B).iter().find(|(known, _)| *known == key)?;
        return Some(match (now, other.1.parse::<i64>()) {
            (Value::Number(_), Ok(number)) => Value::from(number),
            _ => Value::from(other.1.as_str()),
        });
    }
    let of_office =
        office_value(world, name).filter(|value| !same(value, now) && is_alike(value, now));
    let listed = || listed_value(scan, name, now);
    of_office.or_else(listed).or_else(|| match now {
        Value::Bool(flag) => Some(Value::Bool(!flag)),
        Value::Number(number) => match number.as_i64() {
            Some(0) => Some(Value::from(1)),
            Some(1) => Some(Value::from(0)),
            Some(77_777) => Some(Value::from(66_666)),
            _ => Some(Value::from(77_777)),
        },
        Value::String(_) if is_role(name) => Some(Value::from("admin")),
        Value::String(_) | Value::Null if is_state(name) => Some(Value::from("approved")),
        Value::String(_) => Some(Value::from("pcl-assigned")),
        _ => None,
    })
}

fn is_role(name: &str) -> bool {
    words(name).iter().any(|word| {
        ["role", "roles", "permission", "scope", "group", "level"].contains(&word.as_str())
    })
}

fn is_state(name: &str) -> bool {
    words(name).iter().any(|word| ["status", "state"].contains(&word.as_str()))
}

/// What an administrator's own record has under this name.
fn office_value(world: &World, name: &str) -> Option<Value> {
    let cases =
        world.cases().iter().filter(|case| case.who == Who::Admin && case.inputs.path.is_empty());
    let mut records =
        cases.filter_map(|case| crate::live::world::facts::record(&case.reply.json()?));
    records.find_map(|record| {
        record.get(name).filter(|value| !value.is_object() && !value.is_null()).cloned()
    })
}

/// Another value of a list that the document gives for a field of this name.
pub fn listed_value(scan: &Scan<'_>, name: &str, now: &Value) -> Option<Value> {
    let mut values = enumerated(scan, name).filter(|value| !same(value, now));
    let first = values.next();
    let power = ["admin", "paid", "approved", "verified", "owner", "teacher", "manager"];
    let strong = values.find(|value| value.as_str().is_some_and(|text| power.contains(&text)));
    strong.or(first)
}

/// Every value that the document lists for fields of this name, also where another schema lists them.
pub fn enumerated(scan: &Scan<'_>, name: &str) -> impl Iterator<Item = Value> {
    let fields = scan.document.shapes.list.iter().flat_map(|shape| shape.fields.iter());
    let named = fields.filter(move |field| field.name == name);
    let listed = named.filter_map(|field| scan.document.files.resolve(field.node)?.get("enum"));
    listed.flat_map(Node::items).map(|one| one.value.clone())
}

fn is_alike(one: &Value, other: &Value) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

/// True if a service that was given one of them shows the other: `1` is `true` to some.
pub fn same(one: &Value, other: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        value => value.as_f64(),
    };
    match (number(one), number(other)) {
        (Some(one), Some(other)) => (one - other).abs() < f64::EPSILON,
        _ => as_text(one) == as_text(other),
    }
}
