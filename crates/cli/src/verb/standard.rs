//! Standards: checked before they are published, published with operators' signatures.

mod names;

use std::path::Path;

use anyhow::{Context as _, Result};
use domain::authority::Act;
use domain::digest::Digest;
use domain::entry::canonical;
use domain::material::Kind;
use domain::standard::{Standard, StandardPublished};
use serde_json::{Value, json};

use super::{Desk, act, read_value};
use crate::exit::{No, reading};
use crate::nearest::hint;
use crate::show::{count, rows, table};

/// Reads a standard; whatever cannot be measured is refused with a hint.
pub fn read(path: &Path) -> Result<Standard> {
    let text = std::fs::read_to_string(path).with_context(|| reading(path))?;
    let wrong = || No::Usage(format!("{} is not as it should be", path.display()));
    parse(&text).with_context(wrong)?
}

/// What is written wrongly comes back as an error, what cannot be measured as a refusal in the result.
fn parse(text: &str) -> Result<Result<Standard>> {
    let document = read_value(text)?;
    if let Err(refusal) = names::check(&document, text) {
        return Ok(Err(refusal.into()));
    }
    let standard: Standard = serde_json::from_value(document)?;
    Ok(standard.check().map(|()| standard).map_err(Into::into))
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
        let criteria = count(criteria, "criterion", "criteria");
        println!("{} {}: {criteria}, all measurable", standard.name, standard.version);
        let people = count(standard.signers, "person", "people");
        println!("reviewed by {}, at least {people}", standard.reviews);
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
            let all: Vec<_> = BUNDLED.iter().map(|(bundled, _)| *bundled).collect();
            let hint = hint(name, all.iter().copied());
            Err(No::usage(format!(
                "no bundled standard `{name}`; there are {}{hint}",
                all.join(", ")
            )))
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
    let then = format!("name it in a ticket's file: `standard: {}`", published.name);
    let act = Act::StandardPublished(published);
    act::propose(desk, act, Vec::new(), materials, &then).await.map(|_| ())
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

    #[test]
    fn every_bundled_standard_can_be_measured_and_is_named_as_its_file() {
        for (name, text) in BUNDLED {
            let standard = parse(text).unwrap().unwrap();
            assert_eq!(standard.name, name);
        }
    }

    #[test]
    fn a_criterion_without_a_number_is_refused_with_a_hint() {
        let vague = BUNDLED[0].1.replacen("threshold: {is: true}", "", 1);
        let refused = parse(&vague).unwrap().unwrap_err();
        assert_eq!(crate::exit::Exit::of(&refused), crate::exit::Exit::Refused);
        assert!(refused.to_string().contains("at-least"), "{refused}");
    }
}
