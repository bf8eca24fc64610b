//! A statement in words, taken apart field by field: what nobody put into words is shown as it is.

use anyhow::{Context as _, Result};
use domain::digest::Digest;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The summary of one statement, line by line.
pub struct Words {
    rest: Map<String, Value>,
    lines: Vec<String>,
}

impl Words {
    /// Of a statement, whose frame (ledger, signer, role, wait) the client has compared.
    pub fn of(statement: &Value) -> Words {
        let mut rest = statement.as_object().cloned().unwrap_or_default();
        for compared in ["genesis", "not_after", "role", "seen", "signer", "statement", "verdict"] {
            rest.remove(compared);
        }
        Words { rest, lines: Vec::new() }
    }

    /// Takes a field out, to be put into words.
    pub fn take<T: DeserializeOwned>(&mut self, field: &str) -> Result<T> {
        let value = self.rest.remove(field).unwrap_or_default();
        let unreadable = || format!("the statement's `{field}` is not as this program knows it");
        serde_json::from_value(value).with_context(unreadable)
    }

    /// `name  value`, the names in one column.
    pub fn fact(&mut self, name: &str, value: impl std::fmt::Display) {
        self.lines.push(plain(&format!("{name:>13}  {value}")));
    }

    pub fn line(&mut self, line: impl std::fmt::Display) {
        self.lines.push(plain(&line.to_string()));
    }

    /// The lines, with every field that is left.
    pub fn done(mut self) -> Vec<String> {
        for (field, value) in std::mem::take(&mut self.rest) {
            if !value.is_null() {
                self.fact(&field, value);
            }
        }
        self.lines
    }
}

/// The text without characters that move, hide or turn round what stands beside them: nobody else
/// writes on this terminal.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if is_plain(c) { c } else { ' ' }).collect()
}

/// A text of many lines, what is not plain in it written out.
pub fn written_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match is_plain(c) || c == '\n' {
            true => out.push(c),
            false => out.extend(c.escape_unicode()),
        }
    }
    out
}

/// Neither control, nor zero width, nor of the marks that reorder text (UAX #9).
fn is_plain(c: char) -> bool {
    let hidden = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}');
    !c.is_control() && !hidden
}

/// The first words of a text, to recognise it by.
pub fn opening(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let short: String = line.chars().take(70).collect();
    let more = if short.len() < text.trim().len() { " …" } else { "" };
    format!("“{short}{more}”")
}

/// A digest to recognise; the statement has it whole.
pub fn short(digest: &Digest) -> String {
    format!("sha256 {}…", digest.to_string().chars().take(12).collect::<String>())
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_hides_or_turns_round_what_stands_beside_it() {
        let text = "psn_1\u{202e}1_nsp\u{9b}2K\u{200b}\n\u{7f}é";
        assert_eq!(super::plain(text), "psn_1 1_nsp 2K   é");
        let written = "psn_1\\u{202e}1_nsp\\u{9b}2K\\u{200b}\n\\u{7f}é";
        assert_eq!(super::written_out(text), written);
    }

    use super::*;
    use serde_json::json;

    #[test]
    fn what_nobody_put_into_words_is_shown_as_it_is() {
        let statement = json!({
            "genesis": "g", "role": "security", "name": "parcel", "added": {"later": [1]}, "none": null,
        });
        let mut words = Words::of(&statement);
        let name: String = words.take("name").unwrap();
        words.fact("service", name);
        let lines = words.done();
        assert_eq!(lines, ["      service  parcel", r#"        added  {"later":[1]}"#]);
    }

    #[test]
    fn a_name_cannot_write_over_the_terminal() {
        let mut words = Words::of(&json!({}));
        words.fact("name", "Rosa\r\u{1b}[2Kapproved");
        assert_eq!(words.done(), ["         name  Rosa  [2Kapproved"]);
        assert_eq!(opening("\n  one line\nand more"), "“one line …”");
        assert_eq!(opening("short"), "“short”");
    }
}
