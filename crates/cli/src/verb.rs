//! The client's verbs: one file per noun.

pub mod act;
pub mod ledger;
pub mod login;
pub mod person;
pub mod policy;
pub mod request;
pub mod service;
pub mod standard;
pub mod ticket;
pub mod token;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::{Client, text};
use crate::home::Home;
use crate::show::Show;
use crate::sign::Signer;

/// What every verb works with.
pub struct Desk {
    pub home: Home,
    pub key: Option<PathBuf>,
    pub show: Show,
    /// Answers questions with yes.
    pub yes: bool,
}

impl Desk {
    pub fn client(&self) -> Result<Client> {
        Client::from_session(&self.home)
    }

    pub fn signer(&self) -> Result<Signer> {
        Signer::find(&self.home, self.key.as_deref())
    }

    /// Shows what is about to be signed, whole, and asks.
    pub fn confirm(&self, document: &Value) -> Result<()> {
        if self.show.json || self.yes {
            return Ok(());
        }
        eprintln!("You are about to sign exactly this:\n");
        eprintln!("{}\n", serde_json::to_string_pretty(document)?);
        eprint!("Sign? [y/N] ");
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        match answer.trim() {
            "y" | "Y" | "yes" => Ok(()),
            _ => bail!("not signed"),
        }
    }
}

/// A file in YAML or JSON, as `T`; what is wrong with it is said with its path.
pub fn read_file<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    read_text(&text).with_context(|| format!("{} is not as it should be", path.display()))
}

/// YAML or JSON text; enums are written as in JSON.
pub fn read_text<T: DeserializeOwned>(text: &str) -> Result<T> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) => serde_yaml_ng::from_str(text)?,
    };
    Ok(serde_json::from_value(value)?)
}

/// The id behind an id or a name of the list at `path`.
pub async fn resolve(client: &Client, path: &str, what: &str) -> Result<String> {
    let items: Value = client.get(path).await?;
    let items = items.get("items").unwrap_or(&items).as_array().cloned().unwrap_or_default();
    let named: Vec<_> = items
        .iter()
        .filter(|item| text(item, "id") == what || text(item, "name") == what)
        .collect();
    match named.as_slice() {
        [one] => Ok(text(one, "id").to_owned()),
        [] => bail!("nothing is called `{what}`"),
        _ => bail!("`{what}` is the name of several; use the id"),
    }
}

/// 32 random bytes for a paper's salt or a token's secret.
pub fn random() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).ok().context("the system gives no randomness")?;
    Ok(bytes)
}

/// A new id's value: UUIDv7.
pub fn new_id() -> u128 {
    uuid::Uuid::now_v7().as_u128()
}
