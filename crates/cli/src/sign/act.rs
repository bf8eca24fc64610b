//! Acts of authority in words: who comes, goes, may what; what is published; which machine is trusted.

use anyhow::Result;
use control::control::Profile;
use control::flow::act::{MaterialText, PaperText};
use domain::authority::Act;
use domain::digest::Digest;
use domain::people::{Kind, PersonAdded, Role};
use domain::policy::Rules;
use domain::signature::PublicKey;
use domain::standard::Standard;
use serde_json::Value;

use super::shown::Shown;
use super::texts::Texts;
use super::words::{Words, short};
use crate::client::{Statement, decode};
use crate::exit::No;
use crate::names::Names;
use crate::show::count;

/// The act with the texts that it names; a text that it does not name is refused.
pub fn act(
    statement: &Statement,
    document: Value,
    names: &Names,
    papers: &[PaperText],
    materials: &[MaterialText],
) -> Result<Shown> {
    let mut words = Words::of(&document);
    let act: Act = words.take("act")?;
    let read = read(&document, papers, materials)?;
    words.fact("act", act.kind());
    put(&act, names, &read, &mut words)?;
    let mut texts = Texts::default();
    for (digest, content) in &read {
        texts.add(format!("text of {digest}"), content);
    }
    Ok(Shown::new(statement, document, words.done(), texts))
}

type Read = Vec<(Digest, Vec<u8>)>;

/// Each text under the digest that was computed of it here.
fn read(document: &Value, papers: &[PaperText], materials: &[MaterialText]) -> Result<Read> {
    let mut read = Vec::new();
    for material in materials {
        let bytes = decode(&material.bytes)?;
        read.push((Digest::of(&bytes), bytes));
    }
    for paper in papers {
        let content = decode(&paper.content)?;
        read.push((Digest::over(&[&decode(&paper.salt)?, &content]), content));
    }
    let named = document.get("act").map(Value::to_string).unwrap_or_default();
    match read.iter().find(|(digest, _)| !named.contains(&digest.to_string())) {
        None => Ok(read),
        Some(_) => Err(No::refused(
            "the server shows a text that the act does not name; nothing was signed",
        )),
    }
}

fn text_of<'a>(read: &'a Read, digest: &Digest) -> Result<&'a [u8]> {
    let found = read.iter().find(|(named, _)| named == digest);
    found.map(|(_, content)| content.as_slice()).ok_or_else(|| {
        No::refused(format!("the text of {digest} did not come with the act; nothing was signed"))
    })
}

fn put(act: &Act, names: &Names, read: &Read, words: &mut Words) -> Result<()> {
    match act {
        Act::PersonAdded(added) => person(added, text_of(read, &added.profile)?, names, words)?,
        Act::PersonOffboarded(gone) => {
            words.fact("who leaves", names.both(gone.person));
            words.fact("with them", "their keys, sessions and tokens end");
        }
        Act::RolesSet(set) => {
            words.fact("person", names.both(set.person));
            words.fact("roles from now", roles(&set.roles));
        }
        Act::ResponsibleSet(set) => {
            words.fact("service account", names.both(set.person));
            words.fact("answers for it now", names.both(set.responsible));
        }
        Act::KeyAdded(added) => {
            words.fact("person", names.both(added.person));
            key("one more key", &added.key, words);
        }
        Act::KeyRetired(retired) => {
            words.fact("key", format!("{}, signs nothing any more", retired.key))
        }
        Act::StandardPublished(act) => {
            let standard: Standard = serde_json::from_slice(text_of(read, &act.standard)?)?;
            self::standard(&standard, &act.standard, words);
        }
        Act::PolicyPublished(act) => {
            let rules = Rules::read(text_of(read, &act.policy)?)?;
            words.fact("policy", format!("version {}, {}", act.version, short(&act.policy)));
            for id in rules.ids() {
                let advice = rules.advice(id).map(|said| format!(": {said}")).unwrap_or_default();
                words.fact("", format!("{id}{advice}"));
            }
        }
        Act::SettingsSet(set) => {
            let sign = count(set.quorum, "operator signs", "operators sign");
            words.fact("quorum", format!("{sign} an act of authority"));
            words.fact(
                "staleness",
                format!("a gateway admits nothing {} after its last proof", set.staleness),
            );
        }
        Act::NodeEnrolled(act) => machine("node", act.node, &act.key, words),
        Act::RunnerEnrolled(act) => machine("runner", act.runner, &act.key, words),
        Act::GatewayEnrolled(act) => {
            machine("gateway", act.gateway, &act.key, words);
            words.fact("sealing key", format!("{:?}", act.sealing));
        }
        Act::MachineRetired(retired) => {
            words.fact("machine", serde_json::to_string(retired)?);
            words.fact("from now", "nothing that it signs counts");
        }
    }
    Ok(())
}

fn person(added: &PersonAdded, profile: &[u8], names: &Names, words: &mut Words) -> Result<()> {
    let Profile { name, contact } = serde_json::from_slice(profile)?;
    words.fact("name", format!("“{name}” {}", added.person));
    if !contact.is_empty() {
        words.fact("contact", format!("“{contact}”"));
    }
    let kind = match added.kind {
        Kind::Human => "a person",
        Kind::Workload => "a service account: asks, and never approves",
    };
    words.fact(
        "kind",
        if added.demo { format!("{kind}, for the tour only") } else { kind.to_owned() },
    );
    if let Some(responsible) = added.responsible {
        words.fact("answers for it", names.both(responsible));
    }
    words.fact("roles", roles(&added.roles));
    key("key", &added.key, words);
    Ok(())
}

fn roles<'a>(roles: impl IntoIterator<Item = &'a Role>) -> String {
    let all: Vec<_> = roles.into_iter().map(Role::as_str).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn key(name: &str, key: &PublicKey, words: &mut Words) {
    words.fact(name, key);
    words.fact("fingerprint", key.fingerprint());
}

fn machine(kind: &str, id: impl std::fmt::Display, key: &impl std::fmt::Debug, words: &mut Words) {
    words.fact(kind, id);
    words.fact("signing key", format!("{key:?}"));
}

fn standard(standard: &Standard, digest: &Digest, words: &mut Words) {
    let Standard { name, version, title, .. } = standard;
    words.fact("standard", format!("{name} {version}, “{title}”, {}", short(digest)));
    let people = count(standard.signers, "person", "people");
    words.fact("reviewed by", format!("{}, at least {people}", standard.reviews));
    words.fact("reassessed", format!("every {}", standard.reassess_after));
    for criterion in standard.criteria() {
        let bound = criterion.threshold.as_ref().map(ToString::to_string).unwrap_or_default();
        words.fact("criterion", format!("{}: {}: {bound}", criterion.id, criterion.title));
    }
}
