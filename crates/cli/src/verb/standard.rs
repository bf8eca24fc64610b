//! Standards: checked before they are published, published with operators' signatures.

use std::path::Path;

use anyhow::{Result, bail};
use domain::authority::Act;
use domain::digest::Digest;
use domain::entry::canonical;
use domain::material::Kind;
use domain::standard::{Standard, StandardPublished};
use serde_json::{Value, json};

use super::{Desk, act, read_file};
use crate::show::{rows, table};

/// Reads a standard; whatever cannot be measured is refused with a hint.
pub fn read(path: &Path) -> Result<Standard> {
    let standard: Standard = read_file(path)?;
    standard.check()?;
    Ok(standard)
}

pub fn check(desk: &Desk, path: &Path) -> Result<()> {
    let standard = read(path)?;
    let criteria = standard.criteria().count();
    let digest = Digest::of(&canonical(&standard)).to_string();
    let done = json!({
        "name": standard.name, "version": standard.version, "criteria": criteria,
        "digest": digest,
    });
    desk.show.print(&done, || {
        println!("{} {}: {criteria} criteria, all measurable", standard.name, standard.version);
        println!("reviewed by {}, at least {} people", standard.reviews, standard.signers);
    });
    Ok(())
}

/// The standards that come with the program.
pub const BUNDLED: [(&str, &str); 4] = [
    ("baseline", include_str!("../../bundled/baseline.yaml")),
    ("payment", include_str!("../../bundled/payment.yaml")),
    ("personal", include_str!("../../bundled/personal.yaml")),
    ("health", include_str!("../../bundled/health.yaml")),
];

pub fn print(name: &str) -> Result<()> {
    match BUNDLED.iter().find(|(bundled, _)| *bundled == name) {
        Some((_, text)) => {
            print!("{text}");
            Ok(())
        }
        None => {
            bail!("no bundled standard `{name}`; there are baseline, payment, personal, health")
        }
    }
}

/// The act and the material of a standard.
pub fn published(standard: &Standard) -> (StandardPublished, Vec<u8>) {
    let bytes = canonical(standard);
    let (name, version) = (standard.name.clone(), standard.version);
    (StandardPublished { name, standard: Digest::of(&bytes), version }, bytes)
}

pub async fn publish(desk: &Desk, path: &Path) -> Result<()> {
    let (published, bytes) = published(&read(path)?);
    let materials = vec![(Kind::Standard, bytes)];
    act::propose(desk, Act::StandardPublished(published), Vec::new(), materials).await.map(|_| ())
}

pub async fn list(desk: &Desk) -> Result<()> {
    let all: Value = desk.client()?.get("/v1/standards").await?;
    desk.show.print(&all, || {
        let items = all.as_array().cloned().unwrap_or_default();
        table(&["standard", "version", "digest"], rows(&items, &["name", "version", "digest"]));
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verb::read_text;

    #[test]
    fn every_bundled_standard_can_be_measured_and_is_named_as_its_file() {
        for (name, text) in BUNDLED {
            let standard: Standard = read_text(text).unwrap();
            assert_eq!(standard.check(), Ok(()), "{name}");
            assert_eq!(standard.name, name);
        }
    }

    #[test]
    fn a_criterion_without_a_number_is_refused_with_a_hint() {
        let vague = BUNDLED[0].1.replacen("threshold: {is: true}", "", 1);
        let standard: Standard = read_text(&vague).unwrap();
        let refused = standard.check().unwrap_err();
        assert!(refused.has(domain::refusal::Code::NotMeasurable));
        assert!(refused.to_string().contains("at-least"), "{refused}");
    }
}
