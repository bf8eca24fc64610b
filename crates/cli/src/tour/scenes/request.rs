//! Three requests: granted by policy, signed by people, denied with the smaller one that would pass.

use anyhow::{Context as _, Result};
use domain::id::TokenId;
use domain::people::Role;
use domain::review::{Subject, Verdict};
use domain::time::Span;
use domain::token::Secret;
use serde_json::Value;

use super::super::Narrator;
use super::super::stage::Stage;
use crate::client::text;
use crate::verb::request::{New, Wish, claim_with, make_with};
use crate::verb::ticket::review::review_with;

/// A token in its holder's hands.
pub struct Held {
    pub id: TokenId,
    pub secret: Secret,
    pub environment: &'static str,
}

fn wish(service: &str, environment: &str, scopes: &[&str], span: Span) -> New {
    let wish = Wish {
        service: service.to_owned(),
        environment: environment.to_owned(),
        scope: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        span,
        owner: None,
        rate: None,
        address: Vec::new(),
    };
    New { wish, reason: "the weekly shipping report".to_owned(), dry_run: false }
}

async fn claim(
    stage: &mut Stage,
    request: &Value,
    environment: &'static str,
) -> Result<(Held, Value)> {
    let (secret, view) = claim_with(&stage.dana.client, text(request, "id")).await?;
    let id = text(&view, "id").parse()?;
    Ok((Held { id, secret, environment }, view))
}

pub async fn low_risk(stage: &mut Stage, to: &mut Narrator, service: &str) -> Result<Held> {
    let mut new = wish(service, "sandbox", &["parcels:read"], Span::days(30));
    new.wish.rate = Some("5/m".parse()?);
    new.wish.owner = Some(format!("report{}-agent", stage.suffix));
    let (client, signer) = (&stage.dana.client, &stage.dana.signer);
    let made = make_with(client, signer, &new, |_| Ok(())).await?;
    let granted = text(&made, "status") == "granted";
    let policies = made.pointer("/decision/policies/0/id").and_then(Value::as_str);
    let detail = format!("because of the policy `{}`", policies.unwrap_or_default());
    let step = "dana asks for parcels:read in the sandbox, for report-agent: granted at once";
    stage.record(to, step, granted, &detail).await?;
    let (held, view) = claim(stage, &made, "sandbox").await?;
    let detail =
        format!("the secret was made here; the ledger has its hash\nit {}", text(&view, "why"));
    stage.done(to, "the token is claimed, and shown once", &detail).await?;
    Ok(held)
}

pub async fn sensitive(stage: &mut Stage, to: &mut Narrator, service: &str) -> Result<Held> {
    let wish = wish(service, "production", &["parcels:read", "parcels:write"], Span::days(60));
    let (client, signer) = (&stage.dana.client, &stage.dana.signer);
    let made = make_with(client, signer, &wish, |_| Ok(())).await?;
    let review = text(&made, "status") == "in review";
    let step = "writing in production: policy sends it to people";
    stage.record(to, step, review, text(&made, "next")).await?;
    let subject = Subject::Request(text(&made, "id").parse()?);
    let (client, signer) = (&stage.rosa.client, &stage.rosa.signer);
    let role = Role::new("security");
    let signed = review_with(client, signer, subject, role, Verdict::Approve, |_| Ok(())).await?;
    let decided = signed.get("decided").is_some_and(Value::is_u64);
    let (held, view) = claim(stage, &made, "production").await?;
    let detail = format!("it {}", text(&view, "why"));
    stage.record(to, "rosa signs; dana claims the token", decided, &detail).await?;
    Ok(held)
}

pub async fn too_wide(stage: &mut Stage, to: &mut Narrator, service: &str) -> Result<()> {
    let view = stage.dana.see(&format!("/v1/services/{service}")).await?;
    let scopes = view.get("scopes").and_then(Value::as_array).context("a service has scopes")?;
    let all: Vec<_> = scopes.iter().map(|scope| text(scope, "name")).collect();
    let wish = wish(service, "production", &all, Span::days(365));
    let (client, signer) = (&stage.dana.client, &stage.dana.signer);
    let made = make_with(client, signer, &wish, |_| Ok(())).await?;
    let smaller = made.pointer("/decision/smaller").is_some_and(Value::is_object);
    let denied = text(&made, "status") == "denied" && smaller;
    let policy = made.pointer("/decision/policies/0");
    let advice = policy.map(|policy| text(policy, "name")).unwrap_or_default();
    let detail = format!("{advice}\n{}", text(&made, "next"));
    stage.record(to, "everything, for a year: denied, with what would pass", denied, &detail).await
}
