//! A gateway with many tokens, for `bench/gateway/run.py`: prints one JSON line when it is ready and
//! runs until it is ended.
//!
//! Reads `BENCH_UPSTREAM` (base URL on loopback), `BENCH_CREDENTIAL` (the whole Authorization value)
//! and `BENCH_TOKENS` (how many tokens).

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use control::control::Control;
use domain::digest::{Digest, paper};
use domain::evidence::Value as Measured;
use domain::id::{PersonId, RequestId, ServiceId, TicketId, TokenId};
use domain::limit::Rate;
use domain::people::Role;
use domain::policy::PolicyPublished;
use domain::request::Asked;
use domain::review::{Subject, Verdict};
use domain::time::Span;
use domain::token::Secret;
use portcullis::client::{encode, text};
use portcullis::home::Home;
use portcullis::scan::clock;
use portcullis::sign::Signer;
use portcullis::tour::cast::{Player, bring_in};
use portcullis::up::limits::Limits;
use portcullis::up::{Running, UpOptions, start};
use portcullis::verb::act::propose_with;
use portcullis::verb::ticket::attach::{Attachment, attach_with};
use portcullis::verb::ticket::review::{review_with, submit_with};
use portcullis::verb::{new_id, random, read_text};
use serde_json::{Value, json};

/// Whoever asks gets it, without a limit of policy's.
const POLICY: &str = r#"@id("bench") permit(principal, action == Action::"grant", resource);"#;

/// One attested criterion: this measures the gateway and no vendor.
const STANDARD: &str = "
name: bench
version: 1
title: For the benchmark
reassess_after: 30d
reviews: {role: {role: security, count: 1}}
signers: 1
checkpoints:
  - id: bench
    title: Bench
    criteria:
      - id: loopback
        title: The upstream is on loopback
        verify: {attestation: security}
        measure: loopback
        threshold: {is: true}
        valid_for: 30d
";

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(folder.path()))
}

async fn serve(folder: &Path) -> Result<()> {
    let variable = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let count: usize = variable("BENCH_TOKENS")?.parse()?;
    let server = server(folder).await?;
    let url = &server.url;
    let signer = Signer::load(&folder.join("config").join("operator_ed25519"))?;
    let operator = Player::enter(url, signer).await?;
    let dana = bring_in(&operator, folder, url, "dana", &[]).await?;
    let rosa = bring_in(&operator, folder, url, "rosa", &["security"]).await?;
    let service = approved(&operator, &dana, &rosa, &variable("BENCH_UPSTREAM")?).await?;
    let credential = json!({ "credential": variable("BENCH_CREDENTIAL")? });
    let path = "/v1/services/bench/credentials/sandbox";
    let _: Value = operator.client.put(path, &credential).await?;
    for stage in ["canary", "wide"] {
        let path = "/v1/services/bench/release";
        let _: Value = operator.client.post(path, &json!({ "stage": stage })).await?;
    }
    let me = dana.see("/v1/whoami").await?;
    let tokens = tokens(&server.control, text(&me, "id").parse()?, service, count).await?;
    let limited = token(&server.control, text(&me, "id").parse()?, service, Some("1/m")).await?;
    let call = format!("{}/bench/sandbox/api/items/7", server.gateway_url);
    followed(&server).await?;
    println!(
        "{}",
        json!({
            "url": call,
            "good_token": tokens.first(),
            "good_tokens": tokens,
            "limited_token": limited,
            "bad_token": Secret::new(TokenId(new_id()), &random()?).expose(),
        })
    );
    let mut ended = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    ended.recv().await;
    server.stop().await
}

async fn server(folder: &Path) -> Result<Running> {
    let home = Home { config: folder.join("config") };
    let any = ([127, 0, 0, 1], 0).into();
    let key = home.config.join("operator_ed25519");
    portcullis::home::private_dir(&home.config)?;
    portcullis::up::genesis::make_ssh_key(&key)?;
    let options = UpOptions {
        data: Some(folder.join("data")),
        database: None,
        listen: any,
        gateway: any,
        url: None,
        gateway_url: None,
        origin: Some("bench.portcullis.local".to_owned()),
        operator_key: Some(key.with_extension("pub")),
        operator: Some("olga".to_owned()),
        demo: true,
        limits: Limits::default(),
    };
    start(&home, &options).await
}

/// A service of one read and one delete operation on the upstream, approved.
async fn approved(
    operator: &Player,
    dana: &Player,
    rosa: &Player,
    upstream: &str,
) -> Result<ServiceId> {
    let standard = read_text(STANDARD)?;
    let (published, bytes) = portcullis::verb::standard::published(&standard);
    let act = domain::authority::Act::StandardPublished(published);
    let materials = vec![(domain::material::Kind::Standard, bytes)];
    propose_with(&operator.client, &operator.signer, act, Vec::new(), materials, |_| Ok(()))
        .await?;
    let policy = PolicyPublished { policy: Digest::of(POLICY.as_bytes()), version: 2 };
    let act = domain::authority::Act::PolicyPublished(policy);
    let materials = vec![(domain::material::Kind::Policy, POLICY.as_bytes().to_vec())];
    propose_with(&operator.client, &operator.signer, act, Vec::new(), materials, |_| Ok(()))
        .await?;
    let vendor: Value = dana.client.post("/v1/vendors", &json!({ "name": "bench" })).await?;
    let parameter = json!([{ "name": "id", "in": "path", "required": true, "schema": {} }]);
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "bench", "version": "1" },
        "paths": { "/api/items/{id}": {
            "parameters": parameter,
            "get": { "tags": ["items"], "responses": {} },
            "delete": { "tags": ["items"], "responses": {} },
        } },
    });
    let terms = json!({
        "credential": { "kind": "header", "name": "authorization" },
        "document": encode(&serde_json::to_vec(&document)?),
        "environments": { "sandbox": { "sandbox": true, "upstream": upstream } },
        "intake": { "why": "to measure", "budget": "none" },
    });
    let wish = json!({
        "name": "bench", "vendor": text(&vendor, "id"), "standard": "bench", "terms": terms,
    });
    let opened: Value = dana.client.post("/v1/tickets", &wish).await?;
    let ticket: TicketId = text(&opened, "id").parse()?;
    let attachment = Attachment {
        criterion: "loopback",
        content: b"it is",
        value: Measured::Flag(true),
        issued: clock(),
        expires: None,
        role: Some(Role::new("security")),
    };
    attach_with(&rosa.client, &rosa.signer, ticket, attachment, |_| Ok(())).await?;
    submit_with(&dana.client, &dana.signer, ticket, |_| Ok(())).await?;
    let (subject, role) = (Subject::Ticket(ticket), Role::new("security"));
    review_with(&rosa.client, &rosa.signer, subject, role, Verdict::Approve, |_| Ok(())).await?;
    Ok(text(&opened, "service").parse()?)
}

/// Many requests that policy grants at once, each claimed.
async fn tokens(
    control: &Arc<Control>,
    who: PersonId,
    service: ServiceId,
    count: usize,
) -> Result<Vec<String>> {
    let mut tasks = tokio::task::JoinSet::new();
    let mut made = Vec::new();
    for _ in 0..count {
        if tasks.len() >= 128 {
            made.push(tasks.join_next().await.context("a task")???);
        }
        let control = control.clone();
        tasks.spawn(async move { token(&control, who, service, Some("60000/s")).await });
    }
    while let Some(task) = tasks.join_next().await {
        made.push(task??);
    }
    Ok(made)
}

async fn token(
    control: &Arc<Control>,
    who: PersonId,
    service: ServiceId,
    rate: Option<&str>,
) -> Result<String> {
    let salt = random()?;
    let asked = Asked {
        addresses: Vec::new(),
        environment: "sandbox".to_owned(),
        owner: who,
        rate: rate.map(str::parse::<Rate>).transpose()?,
        reason: paper(&salt, b"benchmark"),
        request: RequestId(new_id()),
        scopes: BTreeSet::from(["items:read".to_owned()]).into_iter().collect(),
        service,
        until: clock().after(Span::days(10)),
    };
    let request = control.make_request(who, asked, None, (salt, b"benchmark".to_vec())).await?;
    let state = control.state();
    let found = state.grants.iter().find(|(_, grant)| grant.request == request);
    let grant = *found.context("policy grants it")?.0;
    let id = TokenId(new_id());
    let secret = Secret::new(id, &random()?);
    let hash = secret.presented().context("a new token is readable")?.hash;
    control.claim(who, grant, id, hash).await?;
    Ok(secret.expose().to_owned())
}

/// Waits until the gateway has followed to the last token.
async fn followed(server: &Running) -> Result<()> {
    let size = server.control.state().size();
    let mut pause = tokio::time::interval(std::time::Duration::from_millis(50));
    for _ in 0..1_200 {
        pause.tick().await;
        let report = server.gateway.health();
        if report.ready && report.size >= size {
            return Ok(());
        }
    }
    anyhow::bail!("the gateway has not followed to the last token within a minute")
}
