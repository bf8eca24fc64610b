//! What people see: tables and lines; or one JSON document with `--json`.

use std::io::IsTerminal as _;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{ContentArrangement, Table};
use domain::time::Millis;
use serde::Serialize;
use serde_json::Value;

use crate::client::text;

/// How to print.
#[derive(Debug, Clone, Copy)]
pub struct Show {
    pub json: bool,
}

impl Show {
    /// The document as JSON, or what `lines` prints of it.
    pub fn print(&self, document: &impl Serialize, lines: impl FnOnce()) {
        if self.json {
            println!("{}", serde_json::to_string_pretty(document).unwrap_or_default());
        } else {
            lines();
        }
    }

    /// A progress line on standard error, where it disturbs no output.
    pub fn note(&self, line: &str) {
        if !self.json {
            eprintln!("{line}");
        }
    }
}

/// A moment as people read it; JSON keeps the milliseconds.
pub fn moment(at: Millis) -> String {
    let stamp = i64::try_from(at.0).ok().map(jiff::Timestamp::from_millisecond);
    match stamp {
        Some(Ok(stamp)) => stamp.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        _ => at.to_string(),
    }
}

/// The server's words with every RFC 3339 moment in them as people read it.
pub fn prose(text: &str) -> String {
    text.split_inclusive(' ').map(readable).collect()
}

fn readable(word: &str) -> String {
    let read = |word: &str| {
        let (head, tail) = word.split_once('Z')?;
        let at = head.find(|c: char| c.is_ascii_digit())?;
        let (before, stamp) = head.split_at(at);
        let stamp: jiff::Timestamp = format!("{stamp}Z").parse().ok()?;
        let at = Millis(u64::try_from(stamp.as_millisecond()).ok()?);
        Some(format!("{before}{}{tail}", moment(at)))
    };
    read(word).unwrap_or_else(|| word.to_owned())
}

/// `1 entry`, `2 entries`.
pub fn count(number: impl TryInto<u64>, one: &str, many: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A table with a head; one line says so when it is empty.
pub fn table(head: &[&str], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        println!("nothing yet");
        return;
    }
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    if !std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header(head.to_vec());
    for row in rows {
        table.add_row(row);
    }
    println!("{table}");
}

/// The items' fields as rows; `a.b` looks into `a`.
pub fn rows(items: &[Value], fields: &[&str]) -> Vec<Vec<String>> {
    let row = |item: &Value| fields.iter().map(|field| cell(item, field)).collect();
    items.iter().map(row).collect()
}

/// The items of a list, whether it is paged or not.
pub fn items(list: &Value) -> Vec<Value> {
    list.get("items").unwrap_or(list).as_array().cloned().unwrap_or_default()
}

fn cell(item: &Value, field: &str) -> String {
    let found = field.split('.').try_fold(item, |value, part| value.get(part));
    match found {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => prose(text),
        Some(Value::Bool(flag)) => (if *flag { "yes" } else { "no" }).to_owned(),
        Some(Value::Array(items)) => {
            let items: Vec<_> = items.iter().map(|i| i.as_str().unwrap_or("…")).collect();
            items.join(", ")
        }
        Some(Value::Number(number)) => match number.as_u64() {
            Some(ms) if ms > 1_000_000_000_000 => moment(Millis(ms)),
            _ => number.to_string(),
        },
        Some(other) => other.to_string(),
    }
}

/// `name: value` lines of the fields that are there.
pub fn facts(item: &Value, fields: &[(&str, &str)]) {
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, field) in fields {
        let value = cell(item, field);
        if value != "-" && !value.is_empty() {
            println!("{name:>width$}  {value}");
        }
    }
}

/// What to do next.
pub fn next(step: &str) {
    if !step.is_empty() {
        println!("next: {}", prose(step));
    }
}

/// A criterion's line: a mark, its title, why.
pub fn criteria(ticket: &Value) {
    let none = Vec::new();
    let all = ticket.get("criteria").and_then(Value::as_array).unwrap_or(&none);
    let mut checkpoint = "";
    for criterion in all {
        if text(criterion, "checkpoint") != checkpoint {
            checkpoint = text(criterion, "checkpoint");
            println!("\n  {checkpoint}");
        }
        let mark = match text(criterion, "outcome") {
            "passed" => "✓",
            "not-applicable" => "·",
            "missing" => "?",
            _ => "✗",
        };
        let wide = if text(criterion, "stage") == "wide" { " (for wide release)" } else { "" };
        let why = prose(text(criterion, "why"));
        println!("    {mark} {:<22} {why}{wide}", text(criterion, "id"));
    }
    println!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_by_people_in_their_sentences() {
        let said =
            "ends on 2027-02-20T01:53:58.327Z, because the contract ends (2027-03-01T00:00:00Z)";
        let read = "ends on 2027-02-20 01:53 UTC, because the contract ends (2027-03-01 00:00 UTC)";
        assert_eq!(prose(said), read);
        for kept in ["Zürich is in the ZZZ", "v2Z", "a 12Z b"] {
            assert_eq!(prose(kept), kept);
        }
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(count(1, "criterion", "criteria"), "1 criterion");
        assert_eq!(count(0_usize, "criterion", "criteria"), "0 criteria");
        assert_eq!(count(2_u64, "criterion", "criteria"), "2 criteria");
    }
}
