//! JSON with a bound on values, and duplicate keys noticed (RFC 8259 §4 leaves them open).

use std::cell::RefCell;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{MOST_VALUES, SourceError, pointer};

/// Duplicate keys that are named.
const MOST_DUPLICATES: usize = 50;

#[derive(Default)]
struct Seen {
    values: usize,
    /// Each as the parts of its pointer, the innermost first.
    duplicates: Vec<Vec<String>>,
}

/// The value, and pointers to the keys that stood twice in one object.
pub fn read(name: &str, text: &str) -> Result<(Value, Vec<String>), SourceError> {
    let seen = RefCell::new(Seen::default());
    let mut input = serde_json::Deserializer::from_str(text);
    let read = Any(&seen).deserialize(&mut input).and_then(|value| {
        input.end()?;
        Ok(value)
    });
    let seen = seen.into_inner();
    match read {
        Ok(value) => {
            let pointer = |parts: Vec<String>| pointer(parts.iter().rev().map(String::as_str));
            Ok((value, seen.duplicates.into_iter().map(pointer).collect()))
        }
        Err(_) if seen.values > MOST_VALUES => Err(SourceError::TooMany { name: name.to_owned() }),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
            Err(SourceError::Syntax { name: name.to_owned(), line, column, reason })
        }
    }
}

struct Any<'s>(&'s RefCell<Seen>);

impl Any<'_> {
    fn duplicates(&self) -> usize {
        self.0.borrow().duplicates.len()
    }

    /// Says where the duplicates stand that were found within this member or item.
    fn within(&self, before: usize, part: impl std::fmt::Display) {
        if self.duplicates() > before {
            let mut seen = self.0.borrow_mut();
            seen.duplicates.iter_mut().skip(before).for_each(|one| one.push(part.to_string()));
        }
    }
}

impl<'de> DeserializeSeed<'de> for Any<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        let mut seen = self.0.borrow_mut();
        seen.values += 1;
        if seen.values > MOST_VALUES {
            return Err(serde::de::Error::custom("too many values"));
        }
        drop(seen);
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        let mut before = self.duplicates();
        while let Some(value) = input.next_element_seed(Any(self.0))? {
            self.within(before, list.len());
            before = self.duplicates();
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut input: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = input.next_key::<String>()? {
            let before = self.duplicates();
            let value = input.next_value_seed(Any(self.0))?;
            self.within(before, &key);
            if members.contains_key(&key) {
                let mut seen = self.0.borrow_mut();
                if seen.duplicates.len() < MOST_DUPLICATES {
                    seen.duplicates.push(vec![key.clone()]);
                }
            }
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_as_they_are_and_duplicates_are_noticed() {
        let (value, twice) =
            read("a", r#"{"a": [1, -2, 2.5, true, null, "x"], "a": {}}"#).expect("json");
        assert_eq!(value, json!({"a": {}}));
        assert_eq!(twice, ["/a"]);
        let (value, twice) = read("a", r#"[1, -2, 2.5, true, null, "x\n"]"#).expect("json");
        assert_eq!(value, json!([1, -2, 2.5, true, null, "x\n"]));
        assert!(twice.is_empty());
    }

    #[test]
    fn a_duplicate_is_named_by_its_place() {
        let (_, twice) =
            read("a", r#"{"p": [0, {"a/b": {"x": 1, "x": {"y": 1, "y": 2}}}]}"#).expect("json");
        assert_eq!(twice, ["/p/1/a~1b/x/y", "/p/1/a~1b/x"]);
    }

    #[test]
    fn depth_is_bounded() {
        assert!(read("a", &"[".repeat(100_000)).is_err());
    }
}
