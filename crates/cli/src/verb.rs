//! The client's verbs: one file per noun.

pub mod act;
pub mod find;
pub mod ledger;
pub mod login;
pub mod machine;
pub mod person;
pub mod policy;
pub mod request;
pub mod scan;
pub mod service;
pub mod settings;
pub mod standard;
pub mod ticket;
pub mod token;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::Client;
use crate::exit::{No, reading};
use crate::home::Home;
use crate::show::Show;
use crate::sign::{Shown, Signer};

/// What every verb works with.
pub struct Desk {
    pub home: Home,
    pub key: Option<PathBuf>,
    pub show: Show,
    /// Answers questions with yes.
    pub yes: bool,
    /// Shows statements whole, beside their summary.
    pub full: bool,
}

impl Desk {
    pub fn client(&self) -> Result<Client> {
        Client::from_session(&self.home)
    }

    pub fn signer(&self) -> Result<Signer> {
        Signer::find(&self.home, self.key.as_deref())
    }

    /// Shows what is about to be signed, and asks.
    pub fn confirm(&self, shown: &Shown) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        if self.show.json {
            let message = "`--json` shows nothing to look at before it signs; say `--yes` as well";
            return Err(No::usage(message));
        }
        // Acts are rare, and the most powerful: nothing of them is left to a summary.
        if self.full || shown.is_act() {
            shown.whole();
        }
        shown.summary();
        loop {
            eprint!("Sign? [y/N, f: the statement in full] ");
            let mut answer = String::new();
            if std::io::stdin().read_line(&mut answer)? == 0 {
                return Err(No::refused(
                    "not signed: nobody answered; `--yes` signs without asking",
                ));
            }
            match answer.trim() {
                "y" | "Y" | "yes" => return Ok(()),
                "f" | "F" | "full" => shown.whole(),
                _ => return Err(No::refused("not signed")),
            }
        }
    }
}

/// The bytes of a file that the user named.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| reading(path))
}

/// A file in YAML or JSON, as `T`; what is wrong with it is said with its path.
pub fn read_file<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| reading(path))?;
    let wrong = || No::Usage(format!("{} is not as it should be", path.display()));
    read_text(&text).with_context(wrong)
}

/// YAML or JSON text; enums are written as in JSON.
pub fn read_text<T: DeserializeOwned>(text: &str) -> Result<T> {
    Ok(serde_json::from_value(read_value(text)?)?)
}

/// YAML or JSON text as a document.
pub fn read_value(text: &str) -> Result<Value> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(_) => Ok(serde_yaml_ng::from_str(text)?),
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
