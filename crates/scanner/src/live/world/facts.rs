//! Records in answers, and which value of a record a parameter means.

use serde_json::{Map, Value};

use crate::live::actor::Account;
use crate::live::invent::{last_word, singular, words};

/// Fields that tell one record from another, the likeliest first.
const IDS: [&str; 18] = [
    "id",
    "uuid",
    "guid",
    "_id",
    "oid",
    "slug",
    "key",
    "ref",
    "reference",
    "number",
    "no",
    "code",
    "handle",
    "username",
    "name",
    "title",
    "email",
    "sku",
];
/// Names under which a service wraps what it gives.
const ENVELOPES: [&str; 14] = [
    "data", "result", "results", "item", "items", "record", "records", "payload", "response",
    "content", "object", "entity", "value", "body",
];
/// How deep an answer is searched for records, and how many of a list are kept.
const MOST_DEPTH: usize = 5;
const MOST_RECORDS: usize = 200;

/// A path template with every parameter written `{}` and no slash at its end.
pub fn normal(path: &str) -> String {
    let mut found = String::new();
    let mut rest = path.trim_end_matches('/');
    while let Some((before, after)) = rest.split_once('{') {
        found.push_str(before);
        found.push_str("{}");
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    found.push_str(rest);
    found
}

/// Names of the parameters of a path, in order.
pub fn parameters(path: &str) -> Vec<&str> {
    path.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect()
}

/// The parameter that ends a path, with what stands before it: `/orders` and `id` of `/orders/{id}`.
pub fn last_parameter(path: &str) -> Option<(&str, &str)> {
    let path = path.trim_end_matches('/');
    let (before, last) = path.rsplit_once('/')?;
    let name = last.strip_prefix('{')?.strip_suffix('}')?;
    (!name.contains(['{', '}'])).then_some((before, name))
}

/// What a collection holds, as a word: `order` of `/shop/{id}/orders` and of `/get_orders_v2`.
pub fn kind(path: &str) -> String {
    let last = last_folder(path);
    let spoken = spoken(last).map(|said| said.concat());
    singular(&spoken.unwrap_or_else(|| last.to_ascii_lowercase()))
}

fn last_folder(path: &str) -> &str {
    let mut parts = path.trim_end_matches('/').rsplit('/');
    parts.find(|part| !part.starts_with('{') && !part.is_empty()).unwrap_or_default()
}

/// True for a path that says what is done, as `/get_orders` does.
pub fn is_spoken(path: &str) -> bool {
    spoken(last_folder(path)).is_some()
}

/// The words of a name without the verb before them and the version behind.
fn spoken(name: &str) -> Option<Vec<String>> {
    const VERBS: [&str; 12] = [
        "get", "list", "fetch", "read", "find", "view", "show", "create", "add", "delete",
        "remove", "update",
    ];
    let mut said = words(name);
    if said.len() < 2 || !VERBS.contains(&said.first()?.as_str()) {
        return None;
    }
    said.remove(0);
    let version = |word: &String| {
        word.strip_prefix('v').is_some_and(|rest| rest.is_empty() || rest.parse::<u8>().is_ok())
            || word.parse::<u8>().is_ok()
    };
    while said.len() > 1 && said.last().is_some_and(version) {
        said.pop();
    }
    said.retain(|word| !matches!(word.as_str(), "all" | "by" | "id"));
    (!said.is_empty()).then_some(said)
}

/// The kinds of things that a field or parameter of this name may hold the id of, the likeliest first:
/// `shipment` of `shipmentId` and of `shipments`; of a bare `id` or `ids` what the path speaks of.
pub fn kinds_meant(name: &str, path: &str) -> Vec<String> {
    let mut said: Vec<_> = words(name).iter().map(|word| singular(word)).collect();
    let id =
        |word: &String| matches!(word.as_str(), "id" | "ids" | "uuid" | "guid" | "key" | "number");
    let ends = said.last().is_some_and(id);
    if ends {
        said.pop();
    }
    if let Some(last) = said.last() {
        return vec![said.concat(), last.clone()];
    }
    let parts = path.split('/').rev().filter(|part| !part.starts_with('{') && ends);
    let of_part = |part: &str| {
        let said: Vec<_> = words(part).iter().map(|word| singular(word)).collect();
        [vec![said.concat()], said].concat()
    };
    parts.flat_map(of_part).filter(|kind| !kind.is_empty()).collect()
}

/// True if a field or parameter of this name may hold the id of a thing of this kind.
pub fn may_mean(name: &str, path: &str, kind: &str) -> bool {
    let kind: String = words(kind).iter().map(|word| singular(word)).collect();
    kinds_meant(name, path).contains(&kind)
}

/// The value of a record that a parameter of this name means, where the record is of this kind.
pub fn value_for(record: &Map<String, Value>, parameter: &str, kind: &str) -> Option<String> {
    let plain = |name: &str| words(name).concat();
    let wanted = plain(parameter);
    let direct = record.iter().find(|(name, _)| plain(name) == wanted);
    if let Some(text) = direct.and_then(|(_, value)| scalar(value)) {
        return Some(text);
    }
    // `book_title` and `bookId` name a field of a book; `book` alone, or `id`, its id.
    let mut left = words(parameter);
    let of_kind = left
        .first()
        .map(|first| singular(first))
        .is_some_and(|first| kind.ends_with(&first) || kind.starts_with(&format!("{first}-")));
    if of_kind {
        left.remove(0);
        let rest = left.concat();
        let field = record.iter().find(|(name, _)| plain(name) == rest);
        if let Some(text) = field.and_then(|(_, value)| scalar(value)) {
            return Some(text);
        }
    }
    let means_id = left.is_empty()
        || matches!(
            left.concat().as_str(),
            "id" | "uuid"
                | "guid"
                | "key"
                | "slug"
                | "pk"
                | "identifier"
                | "ref"
                | "number"
                | "no"
                | "nr"
                | "code"
        );
    means_id.then(|| id_of(record, kind)).flatten()
}

/// What tells this record from others of its kind.
pub fn id_of(record: &Map<String, Value>, kind: &str) -> Option<String> {
    let plain = |name: &str| words(name).concat();
    let named = |wanted: &str| record.iter().find(|(name, _)| plain(name) == wanted);
    let exact = IDS.iter().take(4).find_map(|id| record.get(*id)).and_then(scalar);
    let of_kind = || {
        ["id", "uuid", "number", "no", "key"]
            .iter()
            .find_map(|end| scalar(named(&format!("{kind}{end}"))?.1))
    };
    let ending = || {
        let mut ids = record
            .iter()
            .filter(|(name, _)| matches!(last_word(name).as_str(), "id" | "uuid" | "guid"));
        scalar(ids.next()?.1)
    };
    // `listId` of a watchlist.
    let akin = || {
        let mut ids = record.iter().filter(|(name, _)| match words(name).as_slice() {
            [stem, end] => {
                let id = matches!(end.as_str(), "id" | "uuid" | "guid" | "number" | "no" | "ref");
                id && stem.len() >= 3 && kind.ends_with(&singular(stem))
            }
            _ => false,
        });
        scalar(ids.next()?.1)
    };
    let other = || IDS.iter().skip(4).find_map(|id| scalar(named(id)?.1));
    exact.or_else(of_kind).or_else(akin).or_else(other).or_else(ending)
}

/// What a person is called, with the field that says it.
pub fn names<'r>(
    account: Option<&Account>,
    records: impl Iterator<Item = &'r Map<String, Value>>,
) -> Vec<(String, String)> {
    let of_account = account.into_iter().flat_map(|one| {
        [("username".to_owned(), one.name.clone()), ("email".to_owned(), one.email.clone())]
    });
    let mut names: Vec<_> = of_account.collect();
    for record in records {
        let told = [
            "id", "_id", "uuid", "username", "login", "email", "user_id", "userId", "name", "slug",
        ];
        let said =
            told.iter().filter_map(|key| Some(((*key).to_owned(), scalar(record.get(*key)?)?)));
        names.extend(said);
    }
    names.dedup();
    names
}

/// A value that can stand in a path.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() && text.len() <= 200 => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Every list of records in an answer, with the name that it stands under; the answer itself has none.
pub fn lists(answer: &Value) -> Vec<(String, Vec<Map<String, Value>>)> {
    let mut found = Vec::new();
    gather(answer, "", 0, &mut found);
    found
}

fn gather(
    value: &Value,
    name: &str,
    depth: usize,
    found: &mut Vec<(String, Vec<Map<String, Value>>)>,
) {
    if depth > MOST_DEPTH {
        return;
    }
    match value {
        Value::Array(items) => {
            let records: Vec<_> =
                items.iter().filter_map(Value::as_object).take(MOST_RECORDS).map(flat).collect();
            if !records.is_empty() {
                found.push((name.to_owned(), records));
            }
            for item in items.iter().take(20).filter_map(Value::as_object) {
                for (key, value) in item {
                    gather(value, key, depth + 2, found);
                }
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                let name = if ENVELOPES.contains(&key.as_str()) { name } else { key };
                gather(value, name, depth + 1, found);
            }
        }
        _ => {}
    }
}

/// The one record of an answer, out of whatever wraps it. `None` for a list, and for what has no
/// field of its own.
pub fn record(answer: &Value) -> Option<Map<String, Value>> {
    let mut value = answer;
    for _ in 0..MOST_DEPTH {
        let members = value.as_object()?;
        let inner: Vec<_> = members.iter().filter(|(_, value)| value.is_object()).collect();
        let own = members.iter().any(|(name, value)| scalar(value).is_some() && is_id(name));
        let wrapped = inner.iter().find(|(name, _)| ENVELOPES.contains(&name.as_str()));
        match (own, wrapped, inner.as_slice()) {
            (true, ..) => break,
            (_, Some((_, next)), _) => value = next,
            (_, None, [(_, next)]) => value = next,
            _ => break,
        }
    }
    let members = flat(value.as_object()?);
    (!members.is_empty()).then_some(members)
}

fn is_id(name: &str) -> bool {
    IDS.iter().take(6).any(|id| *id == name)
        || matches!(last_word(name).as_str(), "id" | "uuid" | "guid")
}

/// The fields of a record with those of the objects in it beneath: `attributes` and the like.
fn flat(members: &Map<String, Value>) -> Map<String, Value> {
    let mut found = members.clone();
    for inner in members.values().filter_map(Value::as_object) {
        for (name, value) in inner {
            found.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    found
}

/// The text that ends a `Location`, which is the id of what was made (RFC 9110 §10.2.2).
pub fn located(location: &str) -> Option<String> {
    let path = location.split(['?', '#']).next()?.trim_end_matches('/');
    let last = path.rsplit('/').next()?;
    let text = percent_encoding::percent_decode_str(last).decode_utf8().ok()?;
    (!text.is_empty()).then(|| text.into_owned())
}

/// True for a field that makes an account an administrator or the like.
pub fn is_right(name: &str) -> bool {
    const RIGHTS: [&str; 14] = [
        "admin",
        "administrator",
        "superuser",
        "superadmin",
        "siteadmin",
        "staff",
        "moderator",
        "root",
        "role",
        "roles",
        "userrole",
        "permission",
        "permissions",
        "privileges",
    ];
    let said = words(name).concat();
    RIGHTS.contains(&said.strip_prefix("is").unwrap_or(&said))
}

/// Where in a body the fields stand: some wrap them.
pub fn holder(body: &Value) -> String {
    let mut pointer = String::new();
    let mut value = body;
    for _ in 0..3 {
        let Some(members) = value.as_object() else { break };
        let inner = ["data", "attributes"]
            .iter()
            .find(|key| members.get(**key).is_some_and(Value::is_object));
        let only = members
            .iter()
            .next()
            .filter(|(_, value)| members.len() == 1 && value.is_object())
            .map(|(key, _)| key.as_str());
        let Some(key) = inner.copied().or(only) else { break };
        pointer = format!("{pointer}/{key}");
        value = members.get(key).unwrap_or(&Value::Null);
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn a_path_that_says_what_is_done_is_about_its_noun() {
        for (path, of) in [
            ("/get_customers", "customer"),
            ("/get_customer_v1", "customer"),
            ("/getUserById", "user"),
            ("/shop/{id}/orders", "order"),
            ("/list", "list"),
            ("/added", "added"),
        ] {
            assert_eq!(kind(path), of, "{path}");
        }
        assert!(is_spoken("/get_customer_v1") && !is_spoken("/orders"));
    }

    #[test]
    fn an_id_may_be_called_after_the_end_of_what_it_names() {
        let list = map(json!({"name": "Clocks", "listId": 311, "ownerId": 4}));
        assert_eq!(id_of(&list, "watchlist").as_deref(), Some("311"));
        assert_eq!(id_of(&list, "order").as_deref(), Some("Clocks"));
    }

    #[test]
    fn a_parameter_means_a_field_of_its_own_record() {
        let cases = [
            (json!({"id": 7, "title": "T"}), "book_title", "book", Some("T")),
            (json!({"id": 7, "title": "T"}), "bookId", "book", Some("7")),
            (json!({"_id": "x9"}), "id", "note", Some("x9")),
            (json!({"order_id": 3, "user_id": 1}), "id", "order", Some("3")),
            (json!({"username": "ann", "id": 4}), "username", "user", Some("ann")),
            (json!({"slug": "tea", "n": 1}), "project", "project", Some("tea")),
            (json!({"accountNumber": "K1"}), "number", "account", Some("K1")),
            (json!({"id": "we_1"}), "webhook_id", "webhook-endpoint", Some("we_1")),
            (json!({"a": 1}), "b", "c", None),
        ];
        for (record, parameter, kind, expected) in cases {
            assert_eq!(
                value_for(&map(record.clone()), parameter, kind).as_deref(),
                expected,
                "{record} {parameter}"
            );
        }
    }

    #[test]
    fn records_come_out_of_envelopes() {
        let cases = [
            json!({"id": 5, "user": {"id": 1}}),
            json!({"data": {"id": 5}}),
            json!({"success": true, "order": {"id": 5}}),
            json!({"data": {"type": "orders", "id": 5, "attributes": {"a": 1}}}),
        ];
        for answer in cases {
            assert_eq!(record(&answer).expect("a record")["id"], 5, "{answer}");
        }
        assert!(record(&json!([1])).is_none());
    }

    #[test]
    fn lists_are_found_with_their_names() {
        let answer = json!({"data": [{"id": 1, "tags": [{"id": 9}]}], "users": [{"id": 2}]});
        let found = lists(&answer);
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["", "tags", "users"]);
    }

    #[test]
    fn a_bare_id_means_what_the_path_speaks_of() {
        assert_eq!(kinds_meant("shipmentId", "/payments"), ["shipment", "shipment"]);
        assert!(kinds_meant("id", "/shipment").contains(&"shipment".to_owned()));
        assert!(kinds_meant("ids", "/v1/shipments/bulk-delete").contains(&"shipment".to_owned()));
        assert_eq!(kinds_meant("note", "/shipment"), ["note", "note"]);
    }

    #[test]
    fn paths_are_taken_apart() {
        assert_eq!(normal("/a/{x}/b/{y_id}/"), "/a/{}/b/{}");
        assert_eq!(last_parameter("/a/{x}/b/{y}"), Some(("/a/{x}/b", "y")));
        assert_eq!(last_parameter("/a/{x}/b"), None);
        assert_eq!(kind("/shop/{id}/orders"), "order");
        assert_eq!(located("https://x/orders/a%20b?z=1").as_deref(), Some("a b"));
    }
}
