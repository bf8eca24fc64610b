//! The texts that a statement names by digest: fetched, and each digest computed again.

use anyhow::Result;
use domain::digest::Digest;
use serde_json::Value;

use crate::client::{Client, decode, text};
use crate::exit::No;

/// Texts to read beside a statement, by title.
#[derive(Debug, Default)]
pub struct Texts(Vec<(String, String)>);

impl Texts {
    pub fn add(&mut self, title: impl Into<String>, content: &[u8]) {
        self.0.push((title.into(), readable(content)));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(title, content)| (title.as_str(), content.as_str()))
    }
}

/// A paper's content, if it still has the name that is signed.
pub async fn paper(client: &Client, named: Digest) -> Result<Vec<u8>> {
    let found: Value = client.get(&format!("/v1/papers/{named}")).await?;
    let (salt, content) = (decode(text(&found, "salt"))?, decode(text(&found, "content"))?);
    must_be(named, Digest::over(&[&salt, &content]), "paper")?;
    Ok(content)
}

/// A material's bytes, if they still have that digest.
pub async fn material(client: &Client, named: Digest) -> Result<Vec<u8>> {
    let bytes = client.bytes(&format!("/v1/materials/{named}")).await?;
    must_be(named, Digest::of(&bytes), "material")?;
    Ok(bytes)
}

/// A document's bytes, if they still have that digest.
pub async fn document(client: &Client, named: Digest) -> Result<Vec<u8>> {
    let bytes = client.bytes(&format!("/v1/documents/{named}")).await?;
    must_be(named, Digest::of(&bytes), "document")?;
    Ok(bytes)
}

fn must_be(named: Digest, found: Digest, what: &str) -> Result<()> {
    match named == found {
        true => Ok(()),
        false => Err(No::refused(format!(
            "the server shows another {what} than {named}; nothing was signed"
        ))),
    }
}

/// Text as it is but for control characters, JSON in lines, anything else by its size.
fn readable(bytes: &[u8]) -> String {
    let json = serde_json::from_slice::<Value>(bytes).ok();
    match (json, std::str::from_utf8(bytes)) {
        (Some(value @ (Value::Object(_) | Value::Array(_))), _) => {
            serde_json::to_string_pretty(&value).unwrap_or_default()
        }
        (_, Ok(text)) => text.trim_end().replace('\t', "    "),
        _ => format!("({} bytes that are no text; save them with `ticket papers`)", bytes.len()),
    }
}
