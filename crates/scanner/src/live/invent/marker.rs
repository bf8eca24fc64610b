//! Words of ours in texts: where one comes back, the text is ours.

use serde_json::{Map, Value};

/// Characters of a marker that make it unique.
const TAIL: usize = 10;

/// A text that occurs nowhere else, so that finding it proves where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    tail: String,
}

impl Marker {
    /// A new one.
    pub fn fresh() -> Self {
        let mut bytes = [0_u8; TAIL];
        // Without randomness a marker would still be told apart by its length and letters.
        let _ = aws_lc_rs::rand::fill(&mut bytes);
        let letter = |byte: &u8| char::from(b'a' + byte % 26);
        Self { tail: bytes.iter().map(letter).collect() }
    }

    /// The letters that no other marker has.
    pub fn tail(&self) -> &str {
        &self.tail
    }

    /// `pcl-` and ten letters.
    pub fn text(&self) -> String {
        format!("pcl-{}", self.tail)
    }

    /// The same without a hyphen, for names that allow letters only.
    pub fn plain(&self) -> String {
        format!("pcl{}", self.tail)
    }

    /// True if this text is in the other, however it was written.
    pub fn is_in(&self, text: &str) -> bool {
        text.contains(&self.tail) || text.to_ascii_lowercase().contains(&self.tail)
    }

    /// The text with every marker of ours in it replaced by this one.
    pub fn in_place_of_others(&self, text: &str) -> String {
        let mut made = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("pcl") {
            let (before, found) = rest.split_at(at);
            made.push_str(before);
            let after = found.get(3..).unwrap_or_default();
            let hyphen = usize::from(after.starts_with('-'));
            let tail = after.get(hyphen..hyphen + TAIL);
            let is_ours =
                tail.is_some_and(|tail| tail.bytes().all(|byte| byte.is_ascii_lowercase()));
            if is_ours {
                made.push_str(found.get(..3 + hyphen).unwrap_or_default());
                made.push_str(&self.tail);
                rest = after.get(hyphen + TAIL..).unwrap_or_default();
            } else {
                made.push_str("pcl");
                rest = after;
            }
        }
        made + rest
    }

    /// Replaces every marker of ours in a body by this one. True if there was any.
    pub fn plant(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                let made = self.in_place_of_others(text);
                let changed = made != *text;
                *text = made;
                changed
            }
            // All of them, not only up to the first.
            Value::Object(members) => {
                members.values_mut().filter_map(|one| self.plant(one).then_some(())).count() > 0
            }
            Value::Array(items) => {
                items.iter_mut().filter_map(|one| self.plant(one).then_some(())).count() > 0
            }
            _ => false,
        }
    }

    /// The same, but for texts that this id is made of: `a-good-day` of `A good day`.
    pub fn plant_beside(&self, id: &str, value: &mut Value) -> bool {
        match value {
            Value::String(text) if is_made_of(id, text) => false,
            Value::String(_) => self.plant(value),
            Value::Object(members) => {
                let planted =
                    members.values_mut().filter_map(|one| self.plant_beside(id, one).then_some(()));
                planted.count() > 0
            }
            Value::Array(items) => {
                let planted =
                    items.iter_mut().filter_map(|one| self.plant_beside(id, one).then_some(()));
                planted.count() > 0
            }
            _ => false,
        }
    }

    /// The letters of every marker of ours in a body.
    pub fn all_in(value: &Value) -> Vec<String> {
        match value {
            Value::String(text) => {
                let parts = text.split("pcl").skip(1);
                let tails = parts.map(|part| {
                    let plain = part.trim_start_matches('-').chars();
                    plain.take_while(char::is_ascii_lowercase).take(TAIL).collect::<String>()
                });
                tails.filter(|tail| tail.len() == TAIL).collect()
            }
            Value::Object(members) => members.values().flat_map(Self::all_in).collect(),
            Value::Array(items) => items.iter().flat_map(Self::all_in).collect(),
            _ => Vec::new(),
        }
    }

    /// Writes every marker of ours in a body without hyphen and without anything beside it, for
    /// services that allow letters only. True if there was any.
    pub fn simplify(value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                let tail = text
                    .strip_prefix("pcl-")
                    .map(|rest| rest.chars().take(TAIL).collect::<String>());
                let made = tail.filter(|tail| {
                    tail.len() == TAIL && tail.bytes().all(|byte| byte.is_ascii_lowercase())
                });
                if let Some(tail) = &made {
                    *text = format!("pcl{tail}");
                }
                made.is_some()
            }
            Value::Object(members) => {
                members.values_mut().filter_map(|one| Self::simplify(one).then_some(())).count() > 0
            }
            Value::Array(items) => {
                items.iter_mut().filter_map(|one| Self::simplify(one).then_some(())).count() > 0
            }
            _ => false,
        }
    }

    /// A mail address at a domain that nobody owns (RFC 2606).
    pub fn email(&self) -> String {
        format!("{}@example.com", self.plain())
    }

    /// A password of every class of characters that rules ask for.
    pub fn password(&self) -> String {
        format!("Pcl-{}-9A!", self.tail)
    }
}

/// Puts what a record says where the id is made of it: the title `A good day` of `a-good-day`.
pub fn keep_names(id: &str, record: &Map<String, Value>, value: &mut Value) {
    let Some(members) = value.as_object_mut() else { return };
    for (name, value) in members {
        match record.get(name) {
            Some(Value::String(text)) if value.is_string() && is_made_of(id, text) => {
                *value = Value::from(text.as_str());
            }
            _ => keep_names(id, record, value),
        }
    }
}

/// True for an id like `a-good-day`, or `a-good-day-7x`, and the text `A good day`.
fn is_made_of(id: &str, text: &str) -> bool {
    let (id, text) = (slug(id), slug(text));
    let rest = id.strip_prefix(&text).filter(|_| text.len() >= 4);
    rest.is_some_and(|rest| {
        rest.is_empty() || (rest.starts_with('-') && rest.matches('-').count() == 1)
    })
}

/// A text as it stands in an address: small letters and digits, with hyphens between words.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|one: char| !one.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}
