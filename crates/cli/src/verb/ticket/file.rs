//! A ticket's file, as a team keeps it in git.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use control::flow::ticket::Intake;
use domain::address::Cidr;
use domain::catalog::{Adjust, Placement};
use domain::digest::Digest;
use domain::standard::DataClass;
use domain::ticket::Environment;
use domain::time::Millis;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::encode;
use crate::exit::No;
use crate::verb::read_bytes;

/// A ticket's file. Paths in it are relative to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketFile {
    /// The service's short name; it stands in the gateway's paths
    pub service: String,
    /// The vendor's name or id
    pub vendor: String,
    #[serde(default = "baseline")]
    pub standard: String,
    /// The API's OpenAPI description
    pub document: PathBuf,
    #[serde(default)]
    pub data: BTreeSet<DataClass>,
    /// Where the vendor's credential stands; by default as the document says
    #[serde(default)]
    pub credential: Option<Placement>,
    #[serde(default)]
    pub contract: Option<ContractFile>,
    pub environments: BTreeMap<String, EnvironmentFile>,
    /// `why` it is needed, who owns the `budget`, and `notes`
    pub intake: Intake,
    #[serde(default)]
    pub adjust: Adjust,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractFile {
    /// `2027-12-31` or with a time of day
    pub ends: String,
    pub file: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentFile {
    pub upstream: String,
    #[serde(default)]
    pub sandbox: bool,
    /// Certificates that the upstream's must lead to, in place of the public authorities
    #[serde(default)]
    pub authorities: Option<PathBuf>,
    /// Private networks in which the upstream may stand
    #[serde(default)]
    pub private: Vec<Cidr>,
}

fn baseline() -> String {
    "baseline".to_owned()
}

/// A day or moment in a file, in UTC.
pub fn moment(text: &str) -> Result<Millis> {
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    let unreadable = || No::Usage(format!("`{text}` is not a date such as 2027-12-31"));
    let moment: jiff::Timestamp = whole.parse().with_context(unreadable)?;
    Ok(Millis(u64::try_from(moment.as_millisecond()).with_context(unreadable)?))
}

impl TicketFile {
    /// The API's body of the ticket's terms, and the digest of the document as it is sent.
    pub fn terms(&self, folder: &Path) -> Result<(Value, Digest)> {
        let read = |path: &Path| read_bytes(&folder.join(path));
        let document = json_document(&self.document, read(&self.document)?)?;
        let contract = match &self.contract {
            Some(contract) => Some(json!({
                "ends": moment(&contract.ends)?.0,
                "content": encode(&read(&contract.file)?),
            })),
            None => None,
        };
        let mut environments = BTreeMap::new();
        for (name, place) in &self.environments {
            let pem = place.authorities.as_deref().map(read).transpose()?;
            let unreadable = || No::Usage(format!("the authorities of `{name}` are not PEM"));
            let authorities = pem.map(String::from_utf8).transpose().with_context(unreadable)?;
            let (private, sandbox) = (place.private.clone(), place.sandbox);
            let upstream = place.upstream.clone();
            environments.insert(name, Environment { authorities, private, sandbox, upstream });
        }
        let terms = json!({
            "adjust": self.adjust,
            "contract": contract,
            "credential": self.credential,
            "data": self.data,
            "document": encode(&document),
            "environments": environments,
            "intake": self.intake,
        });
        Ok((terms, Digest::of(&document)))
    }
}

/// The document as JSON: a YAML one is turned into it, a JSON one stays as it is to the byte.
fn json_document(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>> {
    if serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok() {
        return Ok(bytes);
    }
    let unreadable = || No::Usage(format!("{} is neither JSON nor YAML", path.display()));
    let value: Value = serde_yaml_ng::from_slice(&bytes).with_context(unreadable)?;
    Ok(serde_json::to_vec(&value)?)
}
