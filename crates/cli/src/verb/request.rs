//! Requests: asked, decided, signed where people decide, claimed as a token.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use control::flow::statement::Wanted;
use domain::address::Cidr;
use domain::digest::{Digest, paper};
use domain::id::{RequestId, TokenId};
use domain::limit::Rate;
use domain::people::Role;
use domain::request::Asked;
use domain::time::Span;
use domain::token::Secret;
use serde_json::{Value, json};

use super::{Desk, find, new_id, random};
use crate::client::{Client, Meant, encode, text};
use crate::exit::No;
use crate::home::{must_take, write_private};
use crate::scan::clock;
use crate::show::{facts, next, rows, table};
use crate::sign::{self, Shown, Signer};

/// What a request asks for.
#[derive(Debug, Args)]
pub struct Wish {
    /// The service's name
    pub service: String,
    /// The environment to call
    #[arg(long, short)]
    pub environment: String,
    /// A scope; repeat it for more. `portcullis service show NAME` lists them
    #[arg(long, short, required = true)]
    pub scope: Vec<String>,
    /// For how long: 30d, 12h
    #[arg(long = "for", value_name = "SPAN")]
    pub span: Span,
    /// The service account that will hold the token; yourself when left out
    #[arg(long)]
    pub owner: Option<String>,
    /// At most so many calls: 60/m
    #[arg(long)]
    pub rate: Option<Rate>,
    /// Only from this network; repeat it for more
    #[arg(long)]
    pub address: Vec<Cidr>,
}

#[derive(Debug, Args)]
pub struct New {
    #[command(flatten)]
    pub wish: Wish,
    /// Why, in a sentence that a reviewer understands
    #[arg(long)]
    pub reason: String,
    /// Only say what policy would decide
    #[arg(long)]
    pub dry_run: bool,
}

/// What is asked for; `reason` is the digest of the paper that says why.
async fn asked(client: &Client, wish: &Wish, reason: Digest) -> Result<Asked> {
    let service = find::service(client, &wish.service).await?;
    let owner = match &wish.owner {
        Some(owner) => find::person(client, owner).await?,
        None => {
            let me: Value = client.get("/v1/whoami").await?;
            text(&me, "id").parse()?
        }
    };
    let mut scopes = wish.scope.clone();
    scopes.sort();
    scopes.dedup();
    Ok(Asked {
        addresses: wish.address.clone(),
        environment: wish.environment.clone(),
        owner,
        rate: wish.rate,
        reason,
        request: RequestId(new_id()),
        scopes: scopes.into(),
        service: service.parse()?,
        until: clock().after(wish.span),
    })
}

/// Signs the request and sends it.
pub async fn make_with(
    client: &Client,
    signer: &Signer,
    new: &New,
    confirm: impl FnOnce(&Shown) -> Result<()>,
) -> Result<Value> {
    let salt = random()?;
    let asked = asked(client, &new.wish, paper(&salt, new.reason.as_bytes())).await?;
    let statement = client.statement(&Wanted::Ask(Box::new(asked.clone()))).await?;
    let me = client.holder.as_ref().map(|holder| holder.person.clone());
    let fields = vec![("asked", json!(asked)), ("requester", json!(me)), ("decision", Value::Null)];
    let role = Role::REQUESTER;
    let meant = Meant { statement: "request", role, verdict: Some("request"), fields };
    let document = statement.must_be(client, &meant)?;
    confirm(&sign::request(client, &statement, document, Some(&new.reason)).await?)?;
    let wish = json!({
        "asked": asked,
        "reason": new.reason,
        "salt": encode(&salt),
        "signature": statement.sign(signer)?,
    });
    client.post("/v1/requests", &wish).await
}

pub async fn new(desk: &Desk, new: New) -> Result<()> {
    if new.dry_run {
        return explain(desk, &new.wish).await;
    }
    let client = desk.client()?;
    let confirm = |shown: &Shown| desk.confirm(shown);
    let made = make_with(&client, &desk.signer()?, &new, confirm).await?;
    desk.show.print(&made, || print(&made, text(&made, "id")));
    match text(&made, "status") {
        "denied" => Err(domain::refusal::Refusal::new(
            domain::refusal::Code::PolicyDenied,
            "policy denies the request",
        )
        .into()),
        _ => Ok(()),
    }
}

/// What policy would decide, whatever the reason.
pub async fn explain(desk: &Desk, wish: &Wish) -> Result<()> {
    let client = desk.client()?;
    let asked = asked(&client, wish, Digest::of(b"")).await?;
    let decision: Value = client.post("/v1/policy/explain", &asked).await?;
    desk.show.print(&decision, || print_decision(&decision));
    Ok(())
}

/// What policy decided, and why.
pub fn print_decision(decision: &Value) {
    let fields = [
        ("policy says", "outcome"),
        ("reviewers", "reviewers"),
        ("longest life", "longest_life"),
        ("rate", "rate"),
    ];
    facts(decision, &fields);
    for policy in decision.get("policies").and_then(Value::as_array).into_iter().flatten() {
        let line = format!("  because of `{}` {}", text(policy, "id"), text(policy, "name"));
        println!("{}", line.trim_end());
    }
    if let Some(smaller) = decision.get("smaller").filter(|smaller| !smaller.is_null()) {
        println!("this would pass:");
        let fields = [
            ("environment", "environment"),
            ("scopes", "scopes"),
            ("until", "until"),
            ("outcome", "outcome"),
        ];
        facts(smaller, &fields);
    }
}

/// The request in lines; `what` is what its user calls it.
fn print(request: &Value, what: &str) {
    let fields = [
        ("request", "id"),
        ("service", "service"),
        ("environment", "environment"),
        ("scopes", "scopes"),
        ("owner", "owner.name"),
        ("requester", "requester.name"),
        ("until", "until"),
        ("status", "status"),
    ];
    facts(request, &fields);
    if let Some(decision) = request.get("decision").filter(|decision| !decision.is_null()) {
        print_decision(decision);
    }
    next(&text(request, "next").replace(text(request, "id"), what));
}

pub async fn show(desk: &Desk, what: &str) -> Result<()> {
    let client = desk.client()?;
    let id = find::request(&client, what, find::Wanted::Any).await?;
    let request: Value = client.get(&format!("/v1/requests/{id}")).await?;
    desk.show.print(&request, || print(&request, what));
    Ok(())
}

pub async fn list(desk: &Desk) -> Result<()> {
    let all = desk.client()?.all("/v1/requests").await?;
    desk.show.print(&all, || {
        let head = ["request", "service", "environment", "scopes", "owner", "status"];
        let fields = ["id", "service", "environment", "scopes", "owner.name", "status"];
        table(&head, rows(&all, &fields));
    });
    Ok(())
}

/// Makes the token's secret here, sends its hash, and gives the secret to its holder once.
pub async fn claim_with(client: &Client, request: &str) -> Result<(Secret, Value)> {
    let found: Value = client.get(&format!("/v1/requests/{request}")).await?;
    let grant = found.get("grant").filter(|grant| !grant.is_null());
    let Some(grant) = grant else {
        return Err(No::refused(text(&found, "next")));
    };
    let token = TokenId(new_id());
    let secret = Secret::new(token, &random()?);
    let hash = secret.presented().context("a new token is readable")?.hash;
    let wish = json!({ "token": token, "hash": hash });
    let path = format!("/v1/grants/{}/claim", text(grant, "id"));
    let view: Value = client.post(&path, &wish).await?;
    Ok((secret, view))
}

pub async fn claim(desk: &Desk, what: &str, out: Option<PathBuf>) -> Result<()> {
    let client = desk.client()?;
    let request = find::request(&client, what, find::Wanted::Claim).await?;
    out.as_deref().map_or(Ok(()), must_take)?;
    let (secret, view) = claim_with(&client, &request.to_string()).await?;
    give(desk, &secret, view, out)
}

/// Prints the secret once, or puts it into a file that only its owner reads.
pub fn give(desk: &Desk, secret: &Secret, mut view: Value, out: Option<PathBuf>) -> Result<()> {
    match &out {
        Some(path) => {
            let written = write_private(path, format!("{}\n", secret.expose()).as_bytes());
            written.with_context(|| {
                let id = text(&view, "id");
                format!("the token lives and its secret is lost, rotate it: `portcullis token rotate {id}`")
            })?;
        }
        None => {
            if let Some(view) = view.as_object_mut() {
                view.insert("secret".to_owned(), json!(secret.expose()));
            }
        }
    }
    desk.show.print(&view, || {
        match &out {
            Some(path) => println!("the token is in {}", path.display()),
            None => println!("{}\n(shown once: keep it where secrets belong)", secret.expose()),
        }
        let fields = [("token", "id"), ("call", "base_url"), ("scopes", "scopes"), ("why", "why")];
        facts(&view, &fields);
        let token = match &out {
            Some(path) => format!("$(cat {})", path.display()),
            None => "$TOKEN".to_owned(),
        };
        let header = format!("authorization: Bearer {token}");
        println!("\ntry: curl -H \"{header}\" {}/…", text(&view, "base_url"));
    });
    Ok(())
}
