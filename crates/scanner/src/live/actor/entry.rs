//! What is sent to register and to log in: our own values where an account's are asked for.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::api::{Node, Operation, Put};
use crate::live::actor::Account;
use crate::live::actor::door::{Door, is_password};
use crate::live::call::Inputs;
use crate::live::invent::{Invention, Marker};
use crate::live::reply::Reply;
use crate::live::request::{Request, escape};
use crate::live::scan::Scan;
use crate::live::world::{Change, Spot, facts, repair};
use crate::secret::Secret;

/// Fields that would make us more than a plain user; left out unless they are required.
const POWERS: [&str; 12] = [
    "role",
    "roles",
    "admin",
    "is_admin",
    "isadmin",
    "scope",
    "scopes",
    "permissions",
    "group",
    "groups",
    "verified",
    "is_active",
];
/// What a plain user is called where a role must be given.
const PLAIN: [&str; 8] =
    ["user", "customer", "member", "client", "basic", "guest", "viewer", "standard"];

/// An account that is nobody's yet.
pub fn invented() -> Account {
    let marker = Marker::fresh();
    Account {
        name: marker.plain(),
        email: marker.email(),
        password: Secret::new(marker.password()),
        marker: Some(marker),
        sent: Value::Null,
        registered: None,
        door: None,
    }
}

/// The body that registers this account. `more` holds what earlier answers asked for.
pub fn registration(
    scan: &Scan<'_>,
    operation: &Operation<'_>,
    account: &Account,
    more: &HashMap<String, Value>,
) -> Value {
    let fallback = Marker::fresh();
    let marker = account.marker.as_ref().unwrap_or(&fallback);
    let invention = Invention { document: &scan.document, marker };
    let schema = operation.body().and_then(|body| body.schema);
    let mut body = match schema.map(|schema| invention.value(schema.node, "")) {
        Some(Value::Object(members)) if !members.is_empty() => members,
        _ => operation
            .body()
            .map(|body| scan.document.body_value(body))
            .and_then(|value| value.as_object().cloned())
            .unwrap_or_default(),
    };
    if body.is_empty() {
        for name in ["username", "email", "password"] {
            body.insert(name.to_owned(), Value::Null);
        }
    }
    let required = schema.map(|schema| required(scan, schema.node)).unwrap_or_default();
    body.retain(|name, _| {
        let power = POWERS.contains(&name.to_ascii_lowercase().as_str());
        !power || required.contains(name)
    });
    own(&mut body, account);
    // Where nothing else names the account, its plain name does.
    let named = body.keys().any(|name| {
        !is_password(name) && own_value(name, account).is_some_and(|own| own == account.name)
    });
    if let (false, Some(name)) = (named, body.get_mut("name").filter(|name| name.is_string())) {
        *name = Value::from(account.name.as_str());
    }
    if let Some(schema) = schema {
        plain_roles(scan, schema.node, &mut body);
    }
    let mut body = Value::Object(body);
    let holder = facts::holder(&body);
    if let Some(members) = body.pointer_mut(&holder).and_then(Value::as_object_mut) {
        members.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    body
}

/// Puts the account's own values where they are asked for, at any depth.
fn own(body: &mut Map<String, Value>, account: &Account) {
    for (name, value) in body.iter_mut() {
        match value {
            Value::Object(inner) => own(inner, account),
            _ => {
                if let Some(own) = own_value(name, account) {
                    *value = Value::String(own);
                }
            }
        }
    }
}

/// What of an account belongs under this name.
pub fn own_value(name: &str, account: &Account) -> Option<String> {
    let lower = name.to_ascii_lowercase().replace(['_', '-'], "");
    if is_password(name) {
        return Some(account.password.expose().to_owned());
    }
    if lower.contains("email") || lower == "mail" {
        return Some(account.email.clone());
    }
    let names = [
        "username",
        "login",
        "user",
        "userid",
        "handle",
        "nickname",
        "identifier",
        "account",
        "accountname",
        "loginname",
        "uname",
    ];
    names.contains(&lower.as_str()).then(|| account.name.clone())
}

fn plain_roles(scan: &Scan<'_>, schema: Node<'_>, body: &mut Map<String, Value>) {
    let properties = schema.get("properties").into_iter().flat_map(Node::members);
    for (name, node) in properties {
        let power = POWERS.contains(&name.to_ascii_lowercase().as_str());
        let Some(listed) = scan.document.files.resolve(node).and_then(|node| node.get("enum"))
        else {
            continue;
        };
        let plain = listed.items().find(|one| {
            one.value
                .as_str()
                .is_some_and(|text| PLAIN.contains(&text.to_ascii_lowercase().as_str()))
        });
        if let (true, Some(plain), Some(value)) = (power, plain, body.get_mut(name)) {
            *value = plain.value.clone();
        }
    }
}

fn required(scan: &Scan<'_>, schema: Node<'_>) -> Vec<String> {
    let own = schema.get("required").into_iter().flat_map(Node::items);
    let own = own.filter_map(|one| one.value.as_str().map(str::to_owned));
    let parts = schema.get("allOf").into_iter().flat_map(Node::items);
    let parts = parts.filter_map(|part| scan.document.files.resolve(part));
    own.chain(
        parts
            .flat_map(|part| part.get("required").into_iter().flat_map(Node::items))
            .filter_map(|one| one.value.as_str().map(str::to_owned)),
    )
    .collect()
}

/// Learns from a refusal what the next attempt needs. False if it tells nothing new.
pub fn mend(
    scan: &Scan<'_>,
    operation: &Operation<'_>,
    reply: &Reply,
    account: &Account,
    body: &Value,
    more: &mut HashMap<String, Value>,
) -> bool {
    let fallback = Marker::fresh();
    let marker = account.marker.as_ref().unwrap_or(&fallback);
    let invention = Invention { document: &scan.document, marker };
    let before = more.len();
    for fault in repair::faults(&scan.document, operation, reply, body) {
        let Some(name) = fault.pointer.strip_prefix('/').filter(|name| !name.contains('/')) else {
            continue;
        };
        let value = own_value(name, account).map(Value::String);
        let value = fault.value.or(value).unwrap_or_else(|| invention.by_name(name));
        if body.get(name) != Some(&value) {
            more.insert(name.to_owned(), value);
        }
    }
    more.len() > before
}

/// Everything else that a request needs, from the document.
pub fn inputs(scan: &Scan<'_>, operation: &Operation<'_>, body: Value) -> Inputs {
    let mut inputs = Inputs::of_document(&scan.document, operation);
    if operation.bodies.is_empty() {
        // Some documents forget the body altogether.
        inputs.undocumented_body = !operation.parameters.iter().any(|one| one.put == Put::Query);
    }
    inputs.body = Some(body);
    inputs
}

/// The requests that log in to an account at this door, the likeliest first.
pub fn requests(scan: &Scan<'_>, door: &Door, account: &Account) -> Vec<(Option<Inputs>, Request)> {
    match door {
        Door::Operation(index) => scan
            .document
            .operations
            .get(*index)
            .map(|operation| of_operation(scan, operation, account))
            .unwrap_or_default(),
        Door::Token(path) => vec![(None, token_form(scan, path, account))],
    }
}

fn of_operation(
    scan: &Scan<'_>,
    operation: &Operation<'_>,
    account: &Account,
) -> Vec<(Option<Inputs>, Request)> {
    let documented = operation.body().map(|body| match body.schema {
        Some(schema) => {
            let marker = Marker::fresh();
            Invention { document: &scan.document, marker: &marker }.value(schema.node, "")
        }
        None => scan.document.body_value(body),
    });
    let mut members = documented.and_then(|value| value.as_object().cloned()).unwrap_or_default();
    let undocumented = members.is_empty();
    if undocumented {
        let named = ["username", "email", "password"].map(|name| (name.to_owned(), Value::Null));
        members.extend(named);
    }
    if members.contains_key("grant_type") {
        members.insert("grant_type".to_owned(), json!("password"));
        // Sent empty they mean nothing; sent made-up they are wrong.
        members.retain(|name, _| {
            !matches!(name.as_str(), "client_id" | "client_secret" | "scope" | "refresh_token")
        });
    }
    // A second factor that nobody has set up, a name of a tenant: better left out than made up.
    let required = operation
        .body()
        .and_then(|body| body.schema)
        .map(|schema| required(scan, schema.node))
        .unwrap_or_default();
    let is_ours =
        |name: &str| own_value(name, account).is_some() || name == "grant_type" || undocumented;
    members.retain(|name, value| is_ours(name) || required.contains(name) || value.is_object());
    let asks_name =
        members.keys().any(|name| !is_password(name) && own_value(name, account).is_some());
    if !asks_name {
        let other = members
            .iter()
            .find(|(name, value)| value.is_string() && !is_password(name) && *name != "grant_type");
        if let Some(name) = other.map(|(name, _)| name.clone()) {
            members.insert(name, json!(account.email));
        }
    }
    own(&mut members, account);
    // What was registered under a name is asked for under the same name.
    for (name, value) in members.iter_mut().filter(|(name, _)| !is_password(name)) {
        if let Some(registered) = account.sent.get(name).filter(|sent| sent.is_string()) {
            *value = registered.clone();
        }
    }
    let entry = |members: Map<String, Value>| {
        let mut inputs = inputs(scan, operation, Value::Object(members));
        for parameter in operation.at_place(Put::Query) {
            if let Some(value) = own_value(parameter.name, account) {
                inputs.put(&Change::new(Spot::Query(parameter.name.to_owned()), value));
            }
        }
        let request = scan.written(operation, &inputs);
        (Some(inputs), request)
    };
    let mut all = vec![entry(members.clone())];
    // `username` often means the mail address that was registered, and the other way round.
    if account.name != account.email {
        let swapped =
            Account { name: account.email.clone(), email: account.name.clone(), ..account.clone() };
        own(&mut members, &swapped);
        all.push(entry(members));
    }
    all
}

/// The password form of OAuth 2.0 (RFC 6749 §4.3.2).
fn token_form(scan: &Scan<'_>, path: &str, account: &Account) -> Request {
    let base = &scan.client.target.base;
    let path =
        if path.starts_with(base.as_str()) { path.to_owned() } else { format!("{base}{path}") };
    let (name, password) = (escape(&account.name), escape(account.password.expose()));
    let form = "application/x-www-form-urlencoded".to_owned();
    Request {
        method: crate::api::Method::Post,
        headers: vec![("Content-Type".to_owned(), form)],
        body: Some(format!("grant_type=password&username={name}&password={password}").into_bytes()),
        ..Request::get(path)
    }
}
