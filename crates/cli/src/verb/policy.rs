//! Policy: checked, tested on a folder of cases, published with operators' signatures.

use std::path::Path;

use anyhow::{Context as _, Result};
use domain::authority::Act;
use domain::digest::Digest;
use domain::id::{PersonId, ServiceId};
use domain::material::Kind;
use domain::people::Kind as PersonKind;
use domain::policy::{Facts, Outcome, PolicyPublished, Rules, ScopeFacts};
use domain::refusal::{Code, Refusal};
use domain::service::Release;
use domain::time::{Millis, Span};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Desk, act, read_bytes, read_file};
use crate::exit::{No, reading};
use crate::show::{count, facts};

/// Reads and type-checks a file of policies.
pub fn read(path: &Path) -> Result<(Vec<u8>, Rules)> {
    let bytes = read_bytes(path)?;
    let rules = Rules::read(&bytes)?;
    rules.validate()?;
    Ok((bytes, rules))
}

pub fn check(desk: &Desk, path: &Path) -> Result<()> {
    let (bytes, rules) = read(path)?;
    let ids: Vec<_> = rules.ids().collect();
    let done = json!({ "digest": Digest::of(&bytes).to_string(), "policies": ids });
    desk.show.print(&done, || {
        let fit = count(ids.len(), "policy fits", "policies fit");
        println!("{fit} the schema: {}", ids.join(", "));
    });
    Ok(())
}

pub async fn publish(desk: &Desk, path: &Path) -> Result<()> {
    let (bytes, _) = read(path)?;
    let client = desk.client()?;
    let in_force: Value = client.get("/v1/policy").await.unwrap_or_default();
    let version = in_force.get("version").and_then(Value::as_u64).unwrap_or_default() + 1;
    let published = PolicyPublished { policy: Digest::of(&bytes), version };
    let materials = vec![(Kind::Policy, bytes)];
    let act = Act::PolicyPublished(published);
    let then = "try it: `portcullis policy explain SERVICE -e ENVIRONMENT -s SCOPE --for 30d`";
    act::propose(desk, act, Vec::new(), materials, then).await.map(|_| ())
}

pub async fn show(desk: &Desk) -> Result<()> {
    let policy: Value = desk.client()?.get("/v1/policy").await?;
    desk.show.print(&policy, || {
        let fields = [
            ("digest", "digest"),
            ("version", "version"),
            ("since", "since"),
            ("engine", "engine"),
            ("policies", "policies"),
        ];
        facts(&policy, &fields);
    });
    Ok(())
}

/// One case of a policy's test folder: a request's facts and what must come of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub expect: Outcome,
    /// A policy that must be among the determining ones
    #[serde(default)]
    pub because: Option<String>,
    #[serde(default = "production")]
    pub environment: String,
    #[serde(default)]
    pub sandbox: bool,
    /// Scopes; one with an exclamation mark behind it is sensitive, with two it administers
    pub scopes: Vec<String>,
    /// Whether an operation among them may change something; if nothing is said, whether a name among
    /// them does not end in `:read`
    #[serde(default)]
    pub writes: Option<bool>,
    #[serde(rename = "for")]
    pub span: Span,
    #[serde(default)]
    pub data: Vec<domain::standard::DataClass>,
    #[serde(default)]
    pub roles: Vec<String>,
    #[serde(default)]
    pub workload: bool,
    #[serde(default)]
    pub per_minute: Option<u64>,
    #[serde(default)]
    pub addresses: bool,
    #[serde(default = "service")]
    pub service: String,
    /// The vendor's id
    #[serde(default = "vendor")]
    pub vendor: String,
    /// How far the service is released
    #[serde(default = "wide")]
    pub stage: Release,
    /// Whether the requester is a person of the tour
    #[serde(default)]
    pub demo: bool,
}

fn production() -> String {
    "production".to_owned()
}

fn service() -> String {
    "service".to_owned()
}

fn vendor() -> String {
    "vendor".to_owned()
}

fn wide() -> Release {
    Release::Wide
}

impl Case {
    fn facts(&self) -> Facts {
        let scope = |text: &String| {
            let name = text.trim_end_matches('!');
            ScopeFacts {
                name: name.to_owned(),
                administration: text.ends_with("!!"),
                sensitive: text.ends_with('!'),
                writes: self.writes.unwrap_or(!name.ends_with(":read")),
            }
        };
        let now = Millis(1_800_000_000_000);
        Facts {
            addresses: self.addresses,
            demo: self.demo,
            kind: PersonKind::Human,
            owner: if self.workload { PersonKind::Workload } else { PersonKind::Human },
            person: PersonId(1),
            roles: self.roles.clone(),
            per_minute: self.per_minute,
            environment: self.environment.clone(),
            sandbox: self.sandbox,
            service: ServiceId(1),
            name: self.service.clone(),
            vendor: self.vendor.clone(),
            stage: self.stage.name(),
            data: self.data.iter().map(|class| class.name()).collect(),
            scopes: self.scopes.iter().map(scope).collect(),
            now,
            until: now.after(self.span),
            sandboxes: Vec::new(),
        }
    }
}

/// Runs every `*.yaml` of the folder against the policies; refused when one comes out otherwise.
pub fn test(desk: &Desk, path: &Path, folder: &Path) -> Result<()> {
    let (bytes, rules) = read(path)?;
    let digest = Digest::of(&bytes);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| reading(folder))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "yaml" || e == "json"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(No::usage(format!("{} holds no case: no *.yaml, no *.json", folder.display())));
    }
    let mut results = Vec::new();
    for file in &files {
        let case: Case = read_file(file)?;
        let decision = rules.decide(digest, &case.facts())?;
        let because = case.because.as_ref().is_none_or(|id| decision.policies.contains(id));
        let passed = decision.outcome == case.expect && because;
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        results.push(json!({
            "case": name, "passed": passed, "expected": case.expect,
            "outcome": decision.outcome, "policies": decision.policies,
        }));
    }
    let failed = results.iter().filter(|r| r.get("passed") == Some(&json!(false))).count();
    desk.show.print(&results, || {
        for result in &results {
            let mark = if result.get("passed") == Some(&json!(true)) { "✓" } else { "✗" };
            let outcome = result.get("outcome").and_then(Value::as_str).unwrap_or_default();
            let policies = result.get("policies").cloned().unwrap_or_default();
            println!("{mark} {}: {outcome} {policies}", crate::client::text(result, "case"));
        }
        println!("{}, {failed} failed", count(results.len(), "case", "cases"));
    });
    match failed {
        0 => Ok(()),
        _ => {
            let cases = count(failed, "case comes", "cases come");
            let message = format!("{cases} out otherwise than expected");
            Err(Refusal::new(Code::DecisionDiffers, message).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verb::read_text;

    /// What the policy of a case says.
    fn outcome(policy: &str, case: &str) -> Outcome {
        let rules = Rules::read(policy.as_bytes()).unwrap();
        let case: Case = read_text(case).unwrap();
        rules.decide(Digest([0; 32]), &case.facts()).unwrap().outcome
    }

    #[test]
    fn a_case_says_stage_vendor_and_demo() {
        let policy = r#"
            @id("wide") permit (principal, action == Action::"grant", resource)
            when { resource.stage == "wide" && resource.vendor == "vnd_1" && !principal.demo };
        "#;
        let case = "{expect: grant, scopes: [a:read], for: 2w, vendor: vnd_1";
        assert_eq!(outcome(policy, &format!("{case}}}")), Outcome::Grant);
        for other in ["stage: canary", "demo: true"] {
            assert_eq!(outcome(policy, &format!("{case}, {other}}}")), Outcome::Review, "{other}");
        }
        let other = case.replace("vnd_1", "vnd_2");
        assert_eq!(outcome(policy, &format!("{other}}}")), Outcome::Review);
    }

    /// Outside a sandbox, what changes something goes to people, whatever its scope is called.
    #[test]
    fn the_policy_of_a_new_ledger_lets_nobody_write_in_production_alone() {
        let policy = crate::up::genesis::POLICY;
        let place = "expect: grant, for: 30d";
        let say = |more: &str| outcome(policy, &format!("{{{place}, {more}}}"));
        assert_eq!(say("scopes: [orders:read]"), Outcome::Grant);
        assert_eq!(say("scopes: [orders], writes: false"), Outcome::Grant);
        assert_eq!(
            say("scopes: [orders:write], environment: sandbox, sandbox: true"),
            Outcome::Grant
        );
        for asked in ["orders:write", "orders", "orders:read, orders:write", "orders:read!"] {
            assert_eq!(say(&format!("scopes: [{asked}]")), Outcome::Review, "{asked}");
        }
        assert_eq!(say("scopes: [orders:read], writes: true"), Outcome::Review);
    }
}
