//! Keys of people: added, listed, retired.

use std::path::Path;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::authority::Act;
use domain::digest::Digest;
use domain::people::{KeyAdded, KeyRetired};
use serde_json::{Value, json};

use super::public_key;
use crate::client::text;
use crate::exit::No;
use crate::show::{rows, table};
use crate::verb::{Desk, act, find};

pub async fn add(desk: &Desk, who: &str, file: &Path) -> Result<()> {
    let key = public_key(file)?;
    let person = find::person(&desk.client()?, who).await?;
    let act = Act::KeyAdded(KeyAdded { key, person });
    act::propose(desk, act, Vec::new(), Vec::new(), "").await.map(|_| ())
}

/// A key stops signing; whoever has others keeps them.
pub async fn retire(desk: &Desk, key: &str) -> Result<()> {
    let act = Act::KeyRetired(KeyRetired { key: fingerprint(key)? });
    act::propose(desk, act, Vec::new(), Vec::new(), "").await.map(|_| ())
}

/// A fingerprint in hexadecimal or as `ssh-keygen -l` prints it, or that of a public key's file.
fn fingerprint(key: &str) -> Result<Digest> {
    if let Ok(digest) = key.parse() {
        return Ok(digest);
    }
    if let Some(base64) = key.strip_prefix("SHA256:") {
        let bytes = STANDARD_NO_PAD.decode(base64).ok().and_then(|bytes| bytes.try_into().ok());
        let unreadable = || No::Usage(format!("`{key}` is no fingerprint"));
        return bytes.map(Digest).with_context(unreadable);
    }
    if !Path::new(key).exists() {
        return Err(No::usage(format!(
            "`{key}` is neither a fingerprint, as `portcullis person key list` shows it, nor a file \
             with a public key"
        )));
    }
    Ok(public_key(Path::new(key))?.fingerprint())
}

/// The keys that sign, with whose they are.
pub async fn list(desk: &Desk, who: Option<&str>) -> Result<()> {
    let client = desk.client()?;
    let only = match who {
        Some(who) => Some(find::person(&client, who).await?.to_string()),
        None => None,
    };
    let mut keys = Vec::new();
    for person in client.all("/v1/people").await? {
        if only.as_ref().is_some_and(|id| id != text(&person, "id")) {
            continue;
        }
        for key in person.get("keys").and_then(Value::as_array).into_iter().flatten() {
            keys.push(
                json!({ "key": key, "person": text(&person, "id"), "name": text(&person, "name") }),
            );
        }
    }
    desk.show.print(&keys, || table(&["key", "person"], rows(&keys, &["key", "name"])));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_its_file_or_by_either_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("id");
        let key = crate::up::genesis::make_ssh_key(&path).unwrap();
        let openssh = key.fingerprint(ssh_key::HashAlg::Sha256).to_string();
        let file = path.with_extension("pub");
        let wanted = fingerprint(file.to_str().unwrap()).unwrap();
        assert_eq!(fingerprint(&openssh).unwrap(), wanted);
        assert_eq!(fingerprint(&wanted.to_string()).unwrap(), wanted);
        for wrong in ["SHA256:abc", "rosa", "12ab"] {
            let error = fingerprint(wrong).unwrap_err();
            assert_eq!(crate::exit::Exit::of(&error), crate::exit::Exit::Usage, "{wrong}");
        }
    }
}
