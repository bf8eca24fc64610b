//! A statement to be signed: the server made it, the client compares it with what was meant.

use anyhow::{Context as _, Result};
use domain::signature::{Base64, REVIEW_NAMESPACE, Seen, Signature};
use domain::time::Millis;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Client;
use crate::exit::No;
use crate::sign::Signer;

/// A statement to be signed, as the server made it.
#[derive(Debug, Clone, Deserialize)]
pub struct Statement {
    pub statement: String,
    pub not_after: u64,
    pub round: u64,
    pub seen: Seen,
}

/// What the client means to sign; the server's text must say exactly that.
pub struct Meant<'a> {
    pub statement: &'static str,
    pub role: &'a str,
    /// None for statements without one.
    pub verdict: Option<&'a str>,
    /// The subject, field by field.
    pub fields: Vec<(&'a str, Value)>,
}

impl Statement {
    /// The statement as a document, if it is what the client means: this ledger, this person, this
    /// role, this verdict, this subject, and a bounded wait. Nothing else is ever signed.
    pub fn must_be(&self, client: &Client, meant: &Meant<'_>) -> Result<Value> {
        let document: Value = serde_json::from_str(&self.statement)?;
        let holder = client.holder.as_ref().context("no session")?;
        let mut wanted = vec![
            ("statement", json!(meant.statement)),
            ("role", json!(meant.role)),
            ("genesis", json!(holder.genesis)),
            ("signer", json!(holder.person)),
            ("not_after", json!(self.not_after)),
            ("seen", json!(self.seen)),
        ];
        wanted.extend(meant.verdict.map(|verdict| ("verdict", json!(verdict))));
        wanted.extend(meant.fields.iter().cloned());
        for (field, value) in wanted {
            let found = document.get(field).cloned().unwrap_or_default();
            if found != value {
                return Err(No::refused(format!(
                    "the server wants something else signed than was meant: `{field}` is {found}, \
                     not {value}; nothing was signed"
                )));
            }
        }
        if serde_json::to_string(&document)? != self.statement {
            let message = "the server's statement can be read in two ways; nothing was signed";
            return Err(No::refused(message));
        }
        let latest = crate::scan::clock().after(domain::statement::LONGEST_WAIT);
        if self.not_after > latest.0 {
            let message =
                "the server wants a signature that counts for too long; nothing was signed";
            return Err(No::refused(message));
        }
        Ok(document)
    }

    /// Signs exactly the text that was shown.
    pub fn sign(&self, signer: &Signer) -> Result<Signature> {
        let sig = signer.sign(REVIEW_NAMESPACE, self.statement.as_bytes())?;
        Ok(Signature {
            key: signer.public().fingerprint(),
            not_after: Millis(self.not_after),
            seen: self.seen,
            sig: Base64(sig),
        })
    }
}
