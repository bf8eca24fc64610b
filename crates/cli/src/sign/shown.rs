//! What somebody sees before they sign: a summary in words, and the statement exactly as it is.

use domain::digest::Digest;
use domain::time::Millis;
use serde_json::Value;

use super::texts::Texts;
use super::words::{plain, written_out};
use crate::client::{Statement, text};
use crate::show::{count, moment};

/// A statement to be shown. The summary is made here, of the statement and of texts whose digests it
/// names; no sentence of the server's is in it.
pub struct Shown {
    /// The exact text that is signed.
    statement: String,
    document: Value,
    words: Vec<String>,
    /// What the statement names by digest, read and compared.
    texts: Texts,
}

impl Shown {
    pub fn new(statement: &Statement, document: Value, words: Vec<String>, texts: Texts) -> Shown {
        Shown { statement: statement.statement.clone(), document, words, texts }
    }

    /// Whether it is an act of authority.
    pub fn is_act(&self) -> bool {
        text(&self.document, "statement") == "authority"
    }

    /// The summary, with the digest of all that is signed.
    pub fn summary(&self) {
        let field = |name| text(&self.document, name);
        let verdict = match field("verdict") {
            "" => String::new(),
            verdict => format!("{verdict}: "),
        };
        eprintln!("You are about to sign, as {}:\n", plain(field("role")));
        eprintln!("{:>13}  {verdict}{}", "statement", plain(field("statement")));
        for line in &self.words {
            eprintln!("{line}");
        }
        if self.words.iter().any(|line| line.contains('“')) {
            eprintln!(
                "{:>13}  names beside ids are the server's word; signed are ids, and texts by digest",
                ""
            );
        }
        let until = self.document.get("not_after").and_then(Value::as_u64).unwrap_or_default();
        eprintln!("{:>13}  to be used until {}", "counts", moment(Millis(until)));
        let seen = self.document.get("seen").and_then(|seen| seen.get("size"));
        let seen = seen.and_then(Value::as_u64).unwrap_or_default();
        let seen = count(seen, "entry", "entries");
        let genesis: String = field("genesis").chars().take(12).collect();
        eprintln!("{:>13}  genesis {genesis}…, as of {seen}", "ledger");
        let digest = Digest::of(self.statement.as_bytes());
        eprintln!("{:>13}  sha256 {digest}, {} bytes\n", "in full", self.statement.len());
    }

    /// The statement itself, and every text that it names.
    pub fn whole(&self) {
        eprintln!("The statement, exactly:\n");
        let exactly = serde_json::to_string_pretty(&self.document).unwrap_or_default();
        eprintln!("{}\n", written_out(&exactly));
        for (title, content) in self.texts.iter() {
            eprintln!("--- {}\n{}\n", plain(title), written_out(content));
        }
    }

    #[cfg(test)]
    pub fn words(&self) -> &[String] {
        &self.words
    }
}
