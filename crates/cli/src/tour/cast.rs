//! The tour's people: each has an SSH key and a session of their own. All are demo people.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};
use control::control::Profile;
use domain::authority::Act;
use domain::people::Role;
use serde_json::Value;

use crate::client::{Client, text};
use crate::sign::Signer;
use crate::up::genesis::make_ssh_key;
use crate::verb::act::propose_with;
use crate::verb::person::added;

/// Somebody on the stage.
pub struct Player {
    pub client: Client,
    pub signer: Signer,
}

impl Player {
    pub async fn enter(url: &str, signer: Signer) -> Result<Player> {
        let (client, _) = Client::login(url, &signer).await?;
        Ok(Player { client, signer })
    }

    /// Reads a view.
    pub async fn see(&self, path: &str) -> Result<Value> {
        self.client.get(path).await
    }
}

/// The operator brings somebody in, who then logs in.
pub async fn bring_in(
    operator: &Player,
    folder: &Path,
    url: &str,
    name: &str,
    roles: &[&str],
) -> Result<Player> {
    let responsible = match name.ends_with("-agent") {
        true => Some(text(&operator.see("/v1/whoami").await?, "id").parse()?),
        false => None,
    };
    let path = folder.join(name);
    make_ssh_key(&path).with_context(|| format!("making a key for {name}"))?;
    let signer = Signer::load(&path)?;
    let profile = Profile { name: name.to_owned(), contact: String::new() };
    let roles: BTreeSet<_> = roles.iter().map(|role| Role::new(*role)).collect();
    let (person, paper) = added(&profile, signer.public().clone(), responsible, roles, true)?;
    let act = Act::PersonAdded(person);
    let (client, key) = (&operator.client, &operator.signer);
    propose_with(client, key, act, vec![paper], Vec::new(), |_| Ok(())).await?;
    Player::enter(url, signer).await
}
