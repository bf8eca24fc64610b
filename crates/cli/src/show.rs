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

fn cell(item: &Value, field: &str) -> String {
    let found = field.split('.').try_fold(item, |value, part| value.get(part));
    match found {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let items: Vec<_> = items.iter().map(|i| i.as_str().unwrap_or("…")).collect();
            items.join(", ")
        }
        Some(Value::Number(number)) => match number.as_u64() {
            Some(ms) if ms > 1_000_000_000_000 => Millis(ms).to_string(),
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
        println!("    {mark} {:<22} {}{wide}", text(criterion, "id"), text(criterion, "why"));
    }
    println!();
}
