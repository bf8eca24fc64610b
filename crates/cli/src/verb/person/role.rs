//! Roles that nothing asks for: a misspelt one would do nothing, so it is named before anybody signs for it.

use std::collections::BTreeSet;

use anyhow::Result;
use domain::people::Role;
use domain::standard::{Standard, Verify};
use serde_json::Value;

use crate::client::{Client, text};
use crate::nearest::hint;
use crate::sign::texts;
use crate::verb::standard::BUNDLED;
use crate::verb::{Desk, read_text};

/// Roles that this program's own rules know.
const OURS: [&str; 3] = [Role::OPERATOR, "security", "auditor"];
/// Where a policy names roles: up to the next closing parenthesis, in quotes.
const IN_POLICY: [&str; 2] = ["@reviewers(", "principal.roles"];

/// Notes every role that no newest standard and no policy asks for, with the nearest that one does; `held`
/// are left. No more than a note: an older standard may ask for it, or one that is to come.
pub async fn note_unknown(desk: &Desk, roles: &[String], held: &[&str]) -> Result<()> {
    let new: Vec<_> = roles.iter().filter(|role| !held.contains(&role.as_str())).collect();
    if new.is_empty() {
        return Ok(());
    }
    let known = known(&desk.client()?).await?;
    let all = || known.iter().map(String::as_str);
    let unknown = new.into_iter().filter(|role| !known.contains(*role));
    let said: Vec<_> = unknown
        .map(|role| format!("nothing asks for the role `{role}`{}", hint(role, all())))
        .collect();
    if !said.is_empty() {
        desk.show.note(&format!(
            "note: {}\n  standards and policy ask for {}",
            said.join("\n  "),
            all().collect::<Vec<_>>().join(", ")
        ));
    }
    Ok(())
}

async fn known(client: &Client) -> Result<BTreeSet<String>> {
    let mut known: BTreeSet<_> = OURS.map(str::to_owned).into();
    for (_, text) in BUNDLED {
        known.extend(of_standard(&read_text(text)?));
    }
    for published in client.list("/v1/standards").await? {
        let standard = published.get("standard").cloned().unwrap_or_default();
        known.extend(of_standard(&serde_json::from_value(standard)?));
    }
    // There may be none.
    let policy: Result<Value> = client.get("/v1/policy").await;
    if let Some(digest) = policy.ok().and_then(|policy| text(&policy, "digest").parse().ok()) {
        known.extend(of_policy(&String::from_utf8(texts::material(client, digest).await?)?));
    }
    Ok(known)
}

fn of_standard(standard: &Standard) -> BTreeSet<String> {
    let reviewers = standard.reviews.roles().into_iter().map(ToString::to_string);
    let attesting = standard.criteria().filter_map(|criterion| match &criterion.verify {
        Verify::Attestation(role) => Some(role.to_string()),
        Verify::Probe(_) | Verify::Document(_) => None,
    });
    reviewers.chain(attesting).collect()
}

/// Its reviewers, and the roles that its conditions look for.
fn of_policy(policy: &str) -> BTreeSet<String> {
    let places = IN_POLICY.iter().flat_map(|mark| policy.split(mark).skip(1));
    let quoted = places.flat_map(|place| {
        let list = place.split(')').next().unwrap_or_default();
        list.split('"').skip(1).step_by(2)
    });
    let words = quoted.flat_map(|text| text.split([',', ' ']));
    let is_role = |word: &&str| word.starts_with(|first: char| first.is_ascii_lowercase());
    words.filter(is_role).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_roles_as_reviewers_and_in_conditions() {
        let policy = r#"
            @id("one") @reviewers("2 security, privacy") @advice("ask a steward")
            permit (principal, action == Action::"review", resource)
            when { principal.roles.containsAny(["data-team", "finance"]) && context.days > 2 };
        "#;
        let wanted = ["data-team", "finance", "privacy", "security"].map(str::to_owned);
        assert_eq!(of_policy(policy), wanted.into());
        assert_eq!(of_policy(crate::up::genesis::POLICY), ["security".to_owned()].into());
    }
}
