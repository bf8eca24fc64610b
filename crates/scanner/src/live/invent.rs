//! Values that we make up: they fit the schema, no two are the same, and every text names itself.

use serde_json::{Map, Value, json};

use crate::api::{Api, Node};
use crate::live::pattern;

mod marker;

pub use marker::{Marker, keep_names};

/// How deep an invented value may nest; deeper parts are null.
const MOST_DEPTH: usize = 6;
/// How many properties of one object are filled.
const MOST_PROPERTIES: usize = 48;

/// Last words of names whose text is free: nobody but a reader makes anything of it.
const FREE: [&str; 37] = [
    "about",
    "address",
    "answer",
    "author",
    "bio",
    "body",
    "caption",
    "comment",
    "content",
    "desc",
    "description",
    "details",
    "firstname",
    "fullname",
    "headline",
    "instructions",
    "label",
    "lastname",
    "line",
    "memo",
    "message",
    "motto",
    "name",
    "note",
    "notes",
    "question",
    "reason",
    "remark",
    "remarks",
    "review",
    "secret",
    "street",
    "subject",
    "summary",
    "text",
    "title",
    "username",
];

/// Makes values for one object, all of them with the same marker.
pub struct Invention<'i, 'a> {
    pub document: &'i Api<'a>,
    pub marker: &'i Marker,
}

impl<'a> Invention<'_, 'a> {
    /// A value for a schema that stands under this name.
    pub fn value(&self, schema: Node<'a>, name: &str) -> Value {
        self.build(schema, name, 0)
    }

    /// A value for a field of which only the name is known.
    pub fn by_name(&self, name: &str) -> Value {
        match kind_by_name(name) {
            Some("integer") => json!(1),
            Some("boolean") => json!(true),
            _ => Value::String(self.text(&json!({}), name)),
        }
    }

    fn build(&self, schema: Node<'a>, name: &str, depth: usize) -> Value {
        let files = self.document.files;
        let Some(schema) = files.resolve(schema).filter(|_| depth <= MOST_DEPTH) else {
            return Value::Null;
        };
        let choice = ["oneOf", "anyOf"].into_iter().filter_map(|key| schema.get(key)).next();
        if let Some(choice) = choice {
            let mut parts = choice.items().filter_map(|part| files.resolve(part));
            let real = parts.find(|part| !part.is_type("null"));
            return real.map_or(Value::Null, |part| self.build(part, name, depth + 1));
        }
        if schema.get("allOf").is_some() || schema.is_type("object") || is_object(schema) {
            let mut members = Map::new();
            self.object(schema, depth, &mut members);
            if !members.is_empty() {
                return Value::Object(members);
            }
            let example = schema.value.get("example").cloned();
            return example.unwrap_or(Value::Object(members));
        }
        if schema.is_type("array") {
            return match schema.get("items") {
                Some(items) => json!([self.build(items, &singular(name), depth + 1)]),
                None => schema.value.get("example").cloned().unwrap_or(json!([])),
            };
        }
        self.scalar(schema, name)
    }

    fn object(&self, schema: Node<'a>, depth: usize, members: &mut Map<String, Value>) {
        let files = self.document.files;
        for part in schema.get("allOf").into_iter().flat_map(Node::items) {
            if let Some(part) = files.resolve(part).filter(|_| depth <= MOST_DEPTH) {
                self.object(part, depth + 1, members);
            }
        }
        for (key, node) in schema.get("properties").into_iter().flat_map(Node::members) {
            let Some(node) = files.resolve(node).filter(|node| !node.flag("readOnly")) else {
                continue;
            };
            if members.len() < MOST_PROPERTIES {
                members.insert(key.to_owned(), self.build(node, key, depth + 1));
            }
        }
    }

    fn scalar(&self, schema: Node<'a>, name: &str) -> Value {
        let stated = || self.document.sample(crate::api::Schema { node: schema, shape: 0 });
        if schema.is_closed() {
            return stated();
        }
        let kind = schema.types().into_iter().find(|kind| *kind != "null");
        let has_example = ["example", "examples", "default"]
            .iter()
            .any(|key| schema.value.get(key).is_some_and(|value| !value.is_null()));
        match kind.or_else(|| kind_by_name(name)) {
            Some("integer" | "number" | "boolean" | "null") if kind.is_some() || has_example => {
                stated()
            }
            Some("integer" | "number") => json!(1),
            Some("boolean") => json!(true),
            _ if has_example && !self.is_ours(schema.value, name) => stated(),
            _ => Value::String(self.text(schema.value, name)),
        }
    }

    /// True if a text of ours may stand where the document gives an example of its own.
    fn is_ours(&self, schema: &Value, name: &str) -> bool {
        let formatted = schema.get("format").and_then(Value::as_str);
        let plain =
            formatted.is_none_or(|format| matches!(format, "email" | "password" | "string"));
        plain
            && schema.get("pattern").is_none()
            && (is_free(name) || is_once(name) || is_account_word(name))
    }

    fn text(&self, schema: &Value, name: &str) -> String {
        let text = |key| schema.get(key).and_then(Value::as_str).unwrap_or_default();
        let lower = name.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if let Some(made) =
            pattern::made(text("pattern"), &[&self.marker.text(), &self.marker.plain()])
        {
            return made;
        }
        let plain = match text("format") {
            "uuid" => uuid(),
            "date" => "2031-05-17".to_owned(),
            "date-time" => "2031-05-17T10:00:00Z".to_owned(),
            "time" => "10:00:00".to_owned(),
            "email" | "idn-email" => self.marker.email(),
            "password" => self.marker.password(),
            "uri" | "url" | "iri" => "https://example.com/".to_owned(),
            "hostname" => "example.com".to_owned(),
            "ipv4" => "192.0.2.1".to_owned(),
            "ipv6" => "2001:db8::1".to_owned(),
            "byte" => "cHJvYmU=".to_owned(),
            _ if has(&["email", "e_mail", "e-mail"]) => self.marker.email(),
            _ if has(&["password", "passwd", "passphrase", "pwd"]) => self.marker.password(),
            _ if has(&["phone", "mobile", "telephone"]) => self.phone(),
            _ if has(&["url", "uri", "website", "webhook", "callback", "avatar", "image"]) => {
                "https://example.com/".to_owned()
            }
            _ if has(&["date", "birth", "_at", "deadline"]) && !has(&["update"]) => {
                "2031-05-17".to_owned()
            }
            _ if has(&["zip", "postal", "postcode", "plz"]) => "12345".to_owned(),
            _ if has(&["country"]) => "DE".to_owned(),
            _ if has(&["currency"]) => "EUR".to_owned(),
            _ if has(&["language", "locale"]) => "en".to_owned(),
            _ if has(&["username", "user_name", "login", "handle", "nick"]) => self.marker.plain(),
            // Texts that are not names differ, so that each shows by itself where it comes back.
            _ if is_free(name) && !is_name(name) => format!("{} {}", self.marker.text(), name),
            _ => self.marker.text(),
        };
        fitted(plain, schema)
    }

    fn phone(&self) -> String {
        let digit = |byte: u8| char::from(b'0' + byte % 10);
        format!("+1555{}", self.marker.tail().bytes().take(7).map(digit).collect::<String>())
    }
}

/// The last word of a name, in lower case: `text` of `note_text` and of `noteText`.
pub fn last_word(name: &str) -> String {
    words(name).pop().unwrap_or_default()
}

/// The words of a name in lower case, whether they are joined by signs or by capitals.
pub fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = 'A';
    for letter in name.chars() {
        let starts = letter.is_uppercase() && !before.is_uppercase();
        if (starts || !letter.is_alphanumeric())
            && words.last().is_some_and(|word| !word.is_empty())
        {
            words.push(String::new());
        }
        if letter.is_alphanumeric() {
            words.last_mut().into_iter().for_each(|word| word.extend(letter.to_lowercase()));
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A plain guess at the singular of an English word.
pub fn singular(word: &str) -> String {
    let stem = |end: &str, with: &str| word.strip_suffix(end).map(|stem| format!("{stem}{with}"));
    match () {
        () if word.ends_with("ss") || word.len() < 4 => word.to_owned(),
        () => stem("ies", "y")
            .or_else(|| stem("xes", "x"))
            .or_else(|| stem("sses", "ss"))
            .or_else(|| stem("ches", "ch"))
            .or_else(|| stem("s", ""))
            .unwrap_or_else(|| word.to_owned()),
    }
}

/// True if the text under this name is free.
pub fn is_free(name: &str) -> bool {
    FREE.contains(&last_word(name).as_str())
}

/// True if a value under this name counts once: an idempotency key and the like.
pub fn is_once(name: &str) -> bool {
    let said = words(name);
    let once = ["request", "idempotency", "nonce", "correlation", "dedup", "client"];
    said.iter().any(|word| once.contains(&word.as_str()))
        && said.last().is_some_and(|last| {
            matches!(last.as_str(), "id" | "key" | "nonce" | "token" | "reference")
        })
}

fn is_account_word(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["email", "password", "username", "login", "phone"].iter().any(|word| lower.contains(word))
}

/// What a name says of its type where nothing else does.
fn kind_by_name(name: &str) -> Option<&'static str> {
    let last = last_word(name);
    match last.as_str() {
        "id" | "count" | "quantity" | "qty" | "amount" | "price" | "number" | "year" | "age"
        | "limit" | "offset" | "page" | "size" | "total" | "stock" | "rating" => Some("integer"),
        _ if name.starts_with("is_") || name.starts_with("has_") => Some("boolean"),
        _ => None,
    }
}

fn is_object(schema: Node<'_>) -> bool {
    schema.get("properties").is_some()
}

/// True for what something is called: ids are made of it.
fn is_name(name: &str) -> bool {
    let last = last_word(name);
    [
        "name",
        "title",
        "username",
        "label",
        "firstname",
        "lastname",
        "fullname",
        "subject",
        "headline",
    ]
    .contains(&last.as_str())
}

fn fitted(text: String, schema: &Value) -> String {
    let length = |key: &str| usize::try_from(schema.get(key)?.as_u64()?).ok();
    let (least, most) = (length("minLength").unwrap_or(0).min(2_000), length("maxLength"));
    let count = text.chars().count();
    match most.filter(|most| *most < count) {
        // The first word is the marker; of that the end is what tells it apart.
        Some(most) if text.contains(' ') => {
            let first = text.split(' ').next().unwrap_or_default().to_owned();
            let count = first.chars().count();
            first.chars().skip(count.saturating_sub(most)).collect()
        }
        Some(most) => text.chars().skip(count - most).collect(),
        None => text.chars().chain(std::iter::repeat('e')).take(count.max(least)).collect(),
    }
}

/// A random UUID of version 4 (RFC 9562 §5.4).
pub fn uuid() -> String {
    let mut bytes = [0_u8; 16];
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    let text = hex::encode(bytes);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let parts = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Files;

    #[test]
    fn a_marker_leaves_the_text_that_an_id_is_made_of() {
        let (old, new) = (Marker::fresh(), Marker::fresh());
        let title = format!("{} A good day", old.text());
        let mut body = json!({"title": title, "body": old.text()});
        let id = format!("pcl-{}-a-good-day-7", old.tail());
        assert!(new.plant_beside(&id, &mut body));
        assert_eq!(body["title"], json!(title));
        assert!(new.is_in(&body["body"].to_string()));
        let mut named = json!({"name": old.text()});
        assert!(!new.plant_beside(&old.text(), &mut named) && old.is_in(&named.to_string()));
    }

    fn made(schema: Value, name: &str) -> (Value, Marker) {
        let files = Files::of_value(json!({
            "openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "schema": schema
        }));
        let document = Api::read(&files).expect("an api");
        let node = Node { file: 0, value: &files.list[0].root["schema"] };
        let marker = Marker::fresh();
        let value = Invention { document: &document, marker: &marker }.value(node, name);
        (value, marker)
    }

    #[test]
    fn free_texts_are_marked_also_over_examples_and_others_keep_theirs() {
        let (value, marker) = made(
            json!({"properties": {
                "title": {"type": "string", "example": "Tea"},
                "coupon": {"type": "string", "example": "SPRING"},
                "kind": {"enum": ["a", "b"]},
                "id": {"type": "integer", "readOnly": true},
                "count": {"type": "integer", "minimum": 3}
            }}),
            "",
        );
        assert!(marker.is_in(value["title"].as_str().expect("a text")));
        assert_eq!(value["coupon"], "SPRING");
        assert_eq!((&value["kind"], &value["count"]), (&json!("a"), &json!(3)));
        assert!(value.get("id").is_none());
    }

    #[test]
    fn lengths_and_formats_hold() {
        let (value, marker) = made(json!({"type": "string", "maxLength": 10}), "title");
        assert_eq!(value.as_str().map(str::len), Some(10));
        assert!(marker.is_in(value.as_str().expect("a text")));
        let (value, _) = made(json!({"type": "string", "format": "uuid"}), "x");
        let text = value.as_str().expect("a text");
        assert_eq!((text.len(), &text[14..15]), (36, "4"));
        let (value, _) = made(json!({"type": "string", "minLength": 30}), "password");
        assert!(value.as_str().expect("a text").starts_with("Pcl-"));
    }

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(words("noteText_v2-x"), ["note", "text", "v2", "x"]);
        assert_eq!(last_word("userID"), "id");
        for (many, one) in [
            ("orders", "order"),
            ("categories", "category"),
            ("boxes", "box"),
            ("address", "address"),
        ] {
            assert_eq!(singular(many), one);
        }
    }
}
