//! YAML 1.2 (core schema) as JSON values; what aliases repeat is counted, so a bomb stays small.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Number, Value};

use super::{MOST_VALUES, SourceError, pointer};

/// How deep values may nest.
const MOST_DEPTH: usize = 128;
/// Duplicate keys that are named.
const MOST_DUPLICATES: usize = 50;

/// The value of the first document, and pointers to the keys that stood twice in one mapping.
pub fn read(name: &str, text: &str) -> Result<(Value, Vec<String>), SourceError> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let marker = error.marker();
            let (line, column) = (marker.line(), marker.col() + 1);
            let reason = error.info().to_owned();
            SourceError::Syntax { name: name.to_owned(), line, column, reason }
        })?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        builder.take(event).map_err(|fault| fault.at(name, &span))?;
    }
    Ok((builder.root.unwrap_or(Value::Null), builder.duplicates))
}

enum Fault {
    TooMany,
    Wrong(&'static str),
}

impl Fault {
    fn at(self, name: &str, span: &Span) -> SourceError {
        let name = name.to_owned();
        let (line, column) = (span.start.line(), span.start.col() + 1);
        match self {
            Self::TooMany => SourceError::TooMany { name },
            Self::Wrong(reason) => {
                SourceError::Syntax { name, line, column, reason: reason.to_owned() }
            }
        }
    }
}

/// A collection that is still open, with the anchor that names it.
enum Open {
    List(Vec<Value>, usize),
    Map(Mapping),
}

#[derive(Default)]
struct Mapping {
    members: Map<String, Value>,
    key: Option<String>,
    /// Mappings under the merge key of YAML 1.1; what stands in the mapping itself wins.
    merged: Vec<Map<String, Value>>,
    anchor: usize,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    /// What an anchor names, with the number of values in it.
    anchors: HashMap<usize, (Value, usize)>,
    values: usize,
    duplicates: Vec<String>,
    root: Option<Value>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, tag.as_deref());
                self.count(1)?;
                self.remember(anchor, &value);
                self.put(value)
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor);
                let (value, size) = known.ok_or(Fault::Wrong("an alias to what contains it"))?;
                let (value, size) = (value.clone(), *size);
                self.count(size)?;
                self.put(value)
            }
            Event::SequenceStart(anchor, _) => self.enter(Open::List(Vec::new(), anchor)),
            Event::MappingStart(anchor, _) => {
                self.enter(Open::Map(Mapping { anchor, ..Mapping::default() }))
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(),
            _ => Ok(()),
        }
    }

    fn count(&mut self, values: usize) -> Result<(), Fault> {
        self.values += values;
        if self.values > MOST_VALUES { Err(Fault::TooMany) } else { Ok(()) }
    }

    fn enter(&mut self, open: Open) -> Result<(), Fault> {
        self.count(1)?;
        if self.open.len() >= MOST_DEPTH {
            return Err(Fault::Wrong("nested deeper than 128"));
        }
        self.open.push(open);
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Fault> {
        let (value, anchor) = match self.open.pop() {
            Some(Open::List(list, anchor)) => (Value::Array(list), anchor),
            Some(Open::Map(mapping)) => {
                let anchor = mapping.anchor;
                (Value::Object(mapping.whole()), anchor)
            }
            None => return Ok(()),
        };
        self.remember(anchor, &value);
        self.put(value)
    }

    fn remember(&mut self, anchor: usize, value: &Value) {
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), size(value)));
        }
    }

    /// The pointer of a member of the innermost mapping.
    fn place(&self, key: &str) -> String {
        let outer = self.open.split_last().map(|(_, outer)| outer).unwrap_or_default();
        let parts: Vec<String> = outer
            .iter()
            .map(|open| match open {
                Open::List(list, _) => list.len().to_string(),
                Open::Map(mapping) => mapping.key.clone().unwrap_or_default(),
            })
            .collect();
        pointer(parts.iter().map(String::as_str).chain([key]))
    }

    fn put(&mut self, value: Value) -> Result<(), Fault> {
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List(list, _)) => list.push(value),
            Some(Open::Map(mapping)) => match mapping.key.take() {
                None => mapping.key = Some(as_key(value)?),
                Some(key) => {
                    if mapping.put(key.clone(), value) && self.duplicates.len() < MOST_DUPLICATES {
                        let place = self.place(&key);
                        self.duplicates.push(place);
                    }
                }
            },
        }
        Ok(())
    }
}

impl Mapping {
    /// Takes a member; true if its key stood there before.
    fn put(&mut self, key: String, value: Value) -> bool {
        match (key.as_str(), value) {
            ("<<", Value::Object(merged)) => self.merged.push(merged),
            ("<<", Value::Array(list)) => {
                let maps = list.into_iter().filter_map(|one| match one {
                    Value::Object(merged) => Some(merged),
                    _ => None,
                });
                self.merged.extend(maps);
            }
            (_, value) => return self.members.insert(key, value).is_some(),
        }
        false
    }

    fn whole(self) -> Map<String, Value> {
        let mut members = self.members;
        for (key, value) in self.merged.into_iter().flatten() {
            members.entry(key).or_insert(value);
        }
        members
    }
}

fn as_key(value: Value) -> Result<String, Fault> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null => Ok("null".to_owned()),
        _ => Err(Fault::Wrong("a key that is no scalar")),
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(size).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// A scalar by the core schema (YAML 1.2.2 §10.3.2); what is quoted or tagged `!!str` is text.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let textual = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
    if style != ScalarStyle::Plain || textual {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let number = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    let parsed = number.then(|| as_number(text)).flatten();
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn as_number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if let Some(hex) = digits.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).ok().map(Value::from);
    }
    if let Some(octal) = digits.strip_prefix("0o") {
        return i64::from_str_radix(octal, 8).ok().map(Value::from);
    }
    if let Ok(integer) = digits.parse::<i64>() {
        return Some(integer.into());
    }
    if let Ok(integer) = digits.parse::<u64>() {
        return Some(integer.into());
    }
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let float = digits.parse::<f64>().ok().filter(|_| plain)?;
    Number::from_f64(float).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(text: &str) -> Value {
        read("a", text).expect("yaml").0
    }

    #[test]
    fn scalars_follow_the_core_schema() {
        let text = "a: 1\nb: -2.5\nc: '1'\nd: yes\ne: true\nf: ~\ng: 2020-01-01\nh: 0x10\ni: 1.2.3\nj: !!str 1\n200: k";
        let wanted = json!({"a": 1, "b": -2.5, "c": "1", "d": "yes", "e": true, "f": null,
            "g": "2020-01-01", "h": 16, "i": "1.2.3", "j": "1", "200": "k"});
        assert_eq!(value(text), wanted);
    }

    #[test]
    fn aliases_and_merges_are_resolved_and_duplicates_noticed() {
        let text = "a: &x {p: 1, q: 2}\nb: *x\nc:\n  <<: *x\n  q: 3\nd: [1, *x]\na: 9";
        let (value, twice) = read("a", text).expect("yaml");
        let x = json!({"p": 1, "q": 2});
        assert_eq!(value, json!({"a": 9, "b": x, "c": {"p": 1, "q": 3}, "d": [1, x]}));
        assert_eq!(twice, ["/a"]);
        let (_, twice) = read("a", "p:\n  - 0\n  - {x: 1, x: 2}\n").expect("yaml");
        assert_eq!(twice, ["/p/1/x"]);
    }

    #[test]
    fn a_bomb_of_aliases_is_refused_before_it_grows() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            let list = [before.as_str(); 9].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        assert!(matches!(read("a", &text), Err(SourceError::TooMany { .. })));
    }

    #[test]
    fn depth_and_circles_are_refused() {
        assert!(read("a", &"[".repeat(5_000)).is_err());
        assert!(read("a", "a: &x [*x]").is_err());
    }
}
