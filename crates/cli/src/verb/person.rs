//! People and service accounts.

pub mod key;
mod role;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::Args;
use control::control::Profile;
use control::flow::act::PaperText;
use domain::authority::Act;
use domain::id::PersonId;
use domain::people::{Kind, PersonAdded, PersonOffboarded, ResponsibleSet, Role, RolesSet};
use domain::signature::PublicKey;
use serde_json::Value;

use super::{Desk, act, find, new_id, random};
use crate::client::text;
use crate::exit::{No, reading};
use crate::show::{rows, table};

#[derive(Debug, Args)]
pub struct Add {
    /// Their name, as reviewers and auditors will read it
    pub name: String,
    /// Their SSH public key: a file
    #[arg(long, value_name = "FILE")]
    pub public_key: std::path::PathBuf,
    /// A role that a standard or the policy asks for; repeat it for more: operator, security, …
    #[arg(long)]
    pub role: Vec<String>,
    /// An e-mail address or whatever reaches them
    #[arg(long, default_value = "")]
    pub contact: String,
    /// A service account: it may ask, and never approve
    #[arg(long, requires = "responsible")]
    pub workload: bool,
    /// Who answers for the service account: a name or id. They never review what it asks for
    #[arg(long, value_name = "PERSON", requires = "workload")]
    pub responsible: Option<String>,
}

/// Reads one public key from a file.
pub fn public_key(path: &Path) -> Result<PublicKey> {
    let text = std::fs::read_to_string(path).with_context(|| reading(path))?;
    let unreadable = || No::Usage(format!("{} is no OpenSSH public key", path.display()));
    PublicKey::from_openssh(&text).with_context(unreadable)
}

/// The act that brings somebody in, with the paper of their name. Whom somebody answers for is a
/// service account.
pub fn added(
    profile: &Profile,
    key: PublicKey,
    responsible: Option<PersonId>,
    roles: BTreeSet<Role>,
    demo: bool,
) -> Result<(PersonAdded, PaperText)> {
    let (digest, paper) = PaperText::new(random()?, &serde_json::to_vec(profile)?);
    let (person, profile) = (PersonId(new_id()), digest);
    let kind = if responsible.is_some() { Kind::Workload } else { Kind::Human };
    Ok((PersonAdded { demo, key, kind, person, profile, responsible, roles }, paper))
}

pub async fn add(desk: &Desk, add: Add) -> Result<()> {
    let key = public_key(&add.public_key)?;
    let client = desk.client()?;
    let responsible = match &add.responsible {
        Some(who) => Some(find::person(&client, who).await?),
        None => None,
    };
    role::note_unknown(desk, &add.role, &[]).await?;
    let same = |one: &&Value| {
        text(one, "name") == add.name && one.get("active") == Some(&Value::Bool(true))
    };
    for other in client.all("/v1/people").await?.iter().filter(same) {
        desk.show.note(&format!(
            "note: there is a “{}” already, {}; this is another person, and from then on each is meant by \
             id (one more key for the same: `portcullis person key add`)",
            add.name,
            text(other, "id")
        ));
    }
    let then = format!(
        "{} logs in, with a `--config DIR` of their own if it is on this machine: `portcullis login URL \
         --key THEIR-KEY`",
        add.name
    );
    let profile = Profile { name: add.name, contact: add.contact };
    let roles = add.role.into_iter().map(Role::new).collect();
    let (person, paper) = added(&profile, key, responsible, roles, false)?;
    act::propose(desk, Act::PersonAdded(person), vec![paper], Vec::new(), &then).await.map(|_| ())
}

pub async fn responsible(desk: &Desk, account: &str, who: &str) -> Result<()> {
    let client = desk.client()?;
    let (person, responsible) =
        (find::person(&client, account).await?, find::person(&client, who).await?);
    let set = ResponsibleSet { person, responsible };
    act::propose(desk, Act::ResponsibleSet(set), Vec::new(), Vec::new(), "").await.map(|_| ())
}

pub async fn offboard(desk: &Desk, who: &str) -> Result<()> {
    let person = find::person(&desk.client()?, who).await?;
    let gone = PersonOffboarded { person };
    act::propose(desk, Act::PersonOffboarded(gone), Vec::new(), Vec::new(), "").await.map(|_| ())
}

pub async fn roles(desk: &Desk, who: &str, roles: Vec<String>) -> Result<()> {
    let client = desk.client()?;
    let person = find::person(&client, who).await?;
    let people = client.all("/v1/people").await?;
    let found = people.iter().find(|one| text(one, "id") == person.to_string());
    let held = found.and_then(|one| one.get("roles")).and_then(Value::as_array);
    let held: Vec<_> = held.into_iter().flatten().filter_map(Value::as_str).collect();
    role::note_unknown(desk, &roles, &held).await?;
    let set = RolesSet { person, roles: roles.into_iter().map(Role::new).collect() };
    act::propose(desk, Act::RolesSet(set), Vec::new(), Vec::new(), "").await.map(|_| ())
}

pub async fn list(desk: &Desk) -> Result<()> {
    let people = desk.client()?.all("/v1/people").await?;
    desk.show.print(&people, || {
        let head = ["person", "name", "kind", "roles", "responsible", "active"];
        let fields = ["id", "name", "kind", "roles", "responsible.name", "active"];
        table(&head, rows(&people, &fields));
    });
    Ok(())
}
