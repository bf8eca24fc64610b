//! What the content of an exposed file or page looks like.

use serde_json::Value as Json;

use crate::live::reply::Reply;

/// How an answer is recognised.
#[derive(Debug, Clone, Copy)]
pub enum Signature {
    /// Every one of these stands in the text.
    All(&'static [&'static str]),
    /// The text begins with one of these, and is no page.
    Begins(&'static [&'static str]),
    /// The body begins with these bytes.
    Magic(&'static [u8]),
    /// A JSON object with one of these members, nested at most once.
    Members(&'static [&'static str]),
    /// Lines `NAME=value`, at least two, and no page.
    Settings,
    /// Prometheus' text format.
    Exposition,
    /// The first line of a commit's name or of a reference.
    GitHead,
    /// Source of a program: at least two of the words that every program has.
    Source,
    /// A large download, seen by its head.
    Download,
}

/// Bytes from which a download is no ordinary answer.
const LARGE: u64 = 1_000_000;
/// Words of programs: two of one language are no accident.
const LANGUAGES: [&[&str]; 5] = [
    &["import ", "def ", "self.", "return ", "class "],
    &["require(", "const ", "module.exports", "function ", "=> {"],
    &["<?php", "$_", "function ", "namespace "],
    &["package ", "func ", "import (", "return "],
    &["public class", "import java", "private ", "return "],
];

impl Signature {
    pub fn fits(self, reply: &Reply) -> bool {
        let text = reply.text();
        match self {
            Self::All(words) => words.iter().all(|word| text.contains(word)),
            Self::Begins(starts) => {
                !is_page(reply) && starts.iter().any(|start| text.trim_start().starts_with(start))
            }
            Self::Magic(bytes) => reply.body.starts_with(bytes),
            Self::Members(names) => reply.json().is_some_and(|json| has_member(&json, names, 1)),
            Self::Settings => !is_page(reply) && settings(&text) >= 2,
            Self::Exposition => {
                let help = text.contains("# HELP ") || text.contains("# TYPE ");
                !is_page(reply) && help && text.lines().any(is_sample)
            }
            Self::GitHead => {
                let line = text.trim();
                let name = line.len() == 40 && line.bytes().all(|one| one.is_ascii_hexdigit());
                line.starts_with("ref: refs/") || name
            }
            Self::Source => {
                !is_page(reply)
                    && LANGUAGES
                        .iter()
                        .any(|words| words.iter().filter(|word| text.contains(**word)).count() >= 3)
            }
            Self::Download => {
                let length = reply.header("content-length").and_then(|text| text.parse().ok());
                reply.media_type() == "application/octet-stream"
                    && length.is_some_and(|length: u64| length >= LARGE)
            }
        }
    }
}

fn is_page(reply: &Reply) -> bool {
    let start: String = reply.text().trim_start().chars().take(15).collect();
    let start = start.to_ascii_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html")
}

fn has_member(json: &Json, names: &[&str], deeper: usize) -> bool {
    let Json::Object(members) = json else { return false };
    // `"env": "production"` is a word; the variables themselves are an object.
    let is_word = |key: &str, value: &Json| key.starts_with("env") && !value.is_object();
    let own = members.iter().any(|(key, value)| {
        names.iter().any(|name| key.eq_ignore_ascii_case(name)) && !is_word(key, value)
    });
    own || (deeper > 0 && members.values().any(|one| has_member(one, names, deeper - 1)))
}

/// Lines that set a variable in capitals.
fn settings(text: &str) -> usize {
    let is_name = |name: &str| {
        let name = name.trim_start_matches("export ");
        let plain = |one: u8| one.is_ascii_uppercase() || one.is_ascii_digit() || one == b'_';
        name.len() >= 3 && name.bytes().all(plain)
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).filter(|(name, _)| is_name(name)).count()
}

/// `name{label="x"} 12.5`.
fn is_sample(line: &str) -> bool {
    let Some((name, value)) = line.rsplit_once(' ') else { return false };
    !line.starts_with('#')
        && name.starts_with(|one: char| one.is_ascii_alphabetic() || one == '_')
        && value.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::reply::made::{json, reply};

    #[test]
    fn each_kind_of_content_is_recognised() {
        let text = |body| reply(200, &[], body);
        let cases = [
            (Signature::Settings, text("# x\nDB_HOST=a\nexport DB_PASSWORD=b\n")),
            (Signature::Exposition, text("# TYPE up gauge\nup 1\n")),
            (Signature::GitHead, text("ref: refs/heads/main\n")),
            (Signature::Members(&["cmdline"]), json(200, r#"{"cmdline": ["x"]}"#)),
            (Signature::Members(&["env"]), json(200, r#"{"env": {"SMTP_PASSWORD": "x"}}"#)),
            (Signature::Members(&["cmdline"]), json(200, r#"{"data": {"cmdline": []}}"#)),
            (Signature::Source, text("import os\ndef main():\n    return 1\n")),
            (Signature::Magic(b"PK\x03\x04"), text("PK\u{3}\u{4}...")),
        ];
        for (signature, reply) in cases {
            assert!(signature.fits(&reply), "{signature:?}");
        }
    }

    #[test]
    fn ordinary_answers_are_not() {
        let page = reply(200, &[], "<!DOCTYPE html><p>A_B=1\nC_D=2\n# TYPE\nup 1");
        let answer = json(200, r#"{"id": 1, "status": "ok", "name": "import"}"#);
        let every = [
            Signature::Settings,
            Signature::Exposition,
            Signature::GitHead,
            Signature::Members(&["cmdline"]),
            Signature::Source,
            Signature::Download,
            Signature::Begins(&["ref"]),
        ];
        for signature in every {
            assert!(!signature.fits(&page) && !signature.fits(&answer), "{signature:?}");
        }
    }
}
