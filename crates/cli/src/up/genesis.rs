//! The first start: keys, and the genesis that everything rests on. No default password anywhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use control::control::Profile;
use control::journal::{Desk, Journal, Paper};
use control::keys::{Key, KeyDirectory, Use};
use domain::actor::Proof;
use domain::digest::Digest;
use domain::entry::{Body, Entry};
use domain::genesis::{EDITION, Genesis, SettingsSet};
use domain::id::{GatewayId, NodeId, RunnerId};
use domain::machine::{GatewayEnrolled, NodeEnrolled, RunnerEnrolled};
use domain::material::Kind as Material;
use domain::people::Role;
use domain::policy::PolicyPublished;
use domain::signature::{MachineKey, PublicKey};
use domain::standard::Standard;
use domain::time::Span;
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey};

use super::UpOptions;
use crate::exit::No;
use crate::home::{Home, write_private};
use crate::verb::person::{added, public_key};
use crate::verb::standard::published;
use crate::verb::{new_id, read_text};

/// The standard that a new ledger starts with.
pub const BASELINE: &str = include_str!("../../bundled/baseline.yaml");
/// The policy that a new ledger starts with.
pub const POLICY: &str = include_str!("../../bundled/policy.cedar");

const STALENESS: Span = Span::MINUTE;

/// Who became the first operator.
pub struct Fresh {
    pub public_key: PathBuf,
    /// The private key, when it was made for the purpose.
    pub private_key: Option<PathBuf>,
}

/// Makes the keys that are missing. Each is named by the id that it belongs to.
pub fn make_keys(keys: &KeyDirectory, origin: &str) -> Result<()> {
    let gateway = GatewayId(new_id()).to_string();
    let wanted = [
        (Use::Node, NodeId(new_id()).to_string()),
        (Use::Gateway, gateway.clone()),
        (Use::Sealing, gateway),
        (Use::Runner, RunnerId(new_id()).to_string()),
        (Use::Log, origin.to_owned()),
        (Use::Vault, "1".to_owned()),
    ];
    for (wanted, name) in wanted {
        if !keys.has(wanted) {
            keys.create(wanted, &name)?;
        }
    }
    Ok(())
}

/// The public half of a machine's Ed25519 key.
pub fn public(key: &Key) -> Result<MachineKey> {
    let pair = Ed25519KeyPair::from_seed_unchecked(key.bytes.as_slice())
        .ok()
        .context("a machine's key is unreadable")?;
    Ok(MachineKey(pair.public_key().as_ref().try_into()?))
}

/// Appends the genesis: this operator, these machines, the baseline standard, the default policy.
pub async fn make(
    journal: &Journal,
    keys: &KeyDirectory,
    home: &Home,
    options: &UpOptions,
) -> Result<Fresh> {
    let (fresh, key) = operator_key(home, options)?;
    let name = options.operator.clone().or_else(|| std::env::var("USER").ok());
    let profile = Profile { name: name.unwrap_or("operator".to_owned()), contact: String::new() };
    let content = serde_json::to_vec(&profile)?;
    let salt = crate::verb::random()?;
    let roles = BTreeSet::from([Role::new(Role::OPERATOR)]);
    let (mut operator, _) = added(&profile, key, None, roles, options.demo)?;
    let standard: Standard = read_text(BASELINE)?;
    let (standard, material) = published(&standard);
    let (node, gateway, runner) =
        (keys.load(Use::Node)?, keys.load(Use::Gateway)?, keys.load(Use::Runner)?);
    let log = keys.load(Use::Log)?;
    let log = ledger::Signer::from_seed(options.origin(), &log.bytes)?.verifier().to_string();
    let sealing = domain::sealed::public_key(&keys.load(Use::Sealing)?.bytes)?;
    operator.profile = domain::digest::paper(&salt, &content);
    let genesis = Genesis {
        edition: EDITION,
        gateways: vec![GatewayEnrolled {
            gateway: gateway.name.parse()?,
            key: public(&gateway)?,
            sealing,
        }],
        log,
        nodes: vec![NodeEnrolled { key: public(&node)?, node: node.name.parse()? }],
        operators: vec![operator],
        origin: options.origin().to_owned(),
        policy: Some(PolicyPublished { policy: Digest::of(POLICY.as_bytes()), version: 1 }),
        runners: vec![RunnerEnrolled { key: public(&runner)?, runner: runner.name.parse()? }],
        settings: SettingsSet { quorum: 1, staleness: STALENESS },
        standards: vec![standard],
    };
    let command = move |desk: &mut Desk| {
        desk.material(Material::Standard, &material)?;
        desk.material(Material::Policy, POLICY.as_bytes())?;
        desk.paper(salt, content.clone())?;
        desk.append(None, Proof::Node, Body::Genesis(Box::new(genesis.clone())))
    };
    journal.commit(command).await?;
    Ok(fresh)
}

/// Options that count at genesis only must say what the genesis says that is there: whoever names others
/// means another ledger, or does not know that they change nothing. A name whose paper is gone is let pass.
pub async fn must_agree(journal: &Journal, options: &UpOptions) -> Result<()> {
    let genesis = of(journal).await?;
    let mut differ = Vec::new();
    if let Some(origin) = options.origin.as_ref().filter(|origin| **origin != genesis.origin) {
        differ.push(format!(
            "`--origin {origin}`: this ledger is `{}` for ever; start another one with `--data` and \
             `--config` of its own",
            genesis.origin
        ));
    }
    let operators = &genesis.operators;
    if let Some(path) = &options.operator_key {
        // The file may be gone by now, and the key may have got a successor.
        let known = |key: PublicKey| {
            operators.iter().any(|operator| operator.key == key)
                || journal.state().keys.contains_key(&key.fingerprint())
        };
        if public_key(path).is_ok_and(|key| !known(key)) {
            differ.push(format!(
                "`--operator-key {}`: nobody of this ledger has that key; one more comes by `portcullis \
                 person key add`",
                path.display()
            ));
        }
    }
    let mut names = Vec::new();
    for operator in operators {
        names.extend(name(journal, operator.profile).await);
    }
    let known = names.len() == operators.len();
    if let Some(name) = options.operator.as_ref().filter(|name| known && !names.contains(name)) {
        differ.push(format!(
            "`--operator {name}`: the first operator is `{}`; another one comes in by `portcullis person \
             add NAME --public-key FILE --role operator`",
            names.join("`, `")
        ));
    }
    match differ.is_empty() {
        true => Ok(()),
        false => Err(No::usage(format!(
            "what counts at the first start only cannot change, leave it out:\n  {}",
            differ.join("\n  ")
        ))),
    }
}

/// The genesis that a ledger begins with.
async fn of(journal: &Journal) -> Result<Genesis> {
    let first = journal.entries(0, 1).await?;
    let (_, bytes) = first.first().context("the ledger is empty")?;
    match Entry::decode(bytes)?.body {
        Body::Genesis(genesis) => Ok(*genesis),
        _ => bail!("the ledger does not begin with a genesis"),
    }
}

async fn name(journal: &Journal, profile: Digest) -> Option<String> {
    let Ok(Some(Paper::Kept { content, .. })) = journal.paper(profile).await else { return None };
    Some(serde_json::from_slice::<Profile>(&content).ok()?.name)
}

/// The named key, else the user's own, else one made for the purpose.
fn operator_key(home: &Home, options: &UpOptions) -> Result<(Fresh, PublicKey)> {
    let existing = options.operator_key.clone().or_else(|| {
        let user = std::env::var_os("HOME").map(PathBuf::from)?;
        let key = user.join(".ssh").join("id_ed25519.pub");
        key.exists().then_some(key)
    });
    if let Some(path) = existing {
        let key = public_key(&path)?;
        return Ok((Fresh { public_key: path, private_key: None }, key));
    }
    let private = home.config.join("operator_ed25519");
    let public = private.with_extension("pub");
    if !private.exists() {
        make_ssh_key(&private)?;
    }
    let key = public_key(&public)?;
    Ok((Fresh { public_key: public, private_key: Some(private) }, key))
}

/// Makes an Ed25519 key pair in OpenSSH's format at `path` and `path.pub`.
pub fn make_ssh_key(path: &Path) -> Result<PrivateKey> {
    let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519)?;
    let public = format!("{}\n", key.public_key().to_openssh()?);
    write_private(path, key.to_openssh(LineEnding::LF)?.as_bytes())?;
    write_private(&path.with_extension("pub"), public.as_bytes())?;
    Ok(key)
}
