//! What a runner found: measured values and findings, each with the request that shows it again.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use domain::digest::Digest;
use domain::id::TicketId;
use domain::time::Millis;
use scanner::report::{Exchange, Finding, Report as Scanned, ShownResponse, Value as Measured};
use serde_json::{Value, json};

use crate::client::{Client, text};
use crate::exit::No;
use crate::show::{count, moment};
use crate::sign::{plain, texts};
use crate::verb::{Desk, find};

/// Lines of an answer that a terminal shows; `--out` has all that the runner kept.
const LINES: usize = 12;

#[derive(Debug, clap::Args)]
pub struct Report {
    /// The ticket, or its service's name
    pub ticket: String,
    /// Of this order; the newest that was answered when left out
    #[arg(long)]
    pub order: Option<String>,
    /// Put the report into this file, as the runner signed it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What the scan of this order found; an error says why it did not come about.
pub async fn of(client: &Client, ticket: TicketId, order: &str) -> Result<Scanned> {
    let all = client.list(&format!("/v1/tickets/{ticket}/probes")).await?;
    let found = all.iter().find(|found| text(found, "order") == order);
    let bytes = read(client, found.context("the order is gone")?).await?.bytes;
    let report: Value = serde_json::from_slice(&bytes)?;
    if let Some(why) = report.get("failed").and_then(Value::as_str) {
        bail!(
            "the scan did not come about: {}; see the server's log, and order it again",
            plain(why)
        );
    }
    Ok(serde_json::from_value(report)?)
}

/// An order with its answer and report, both read by their digests.
struct Read {
    order: Value,
    answer: domain::probe::Answer,
    bytes: Vec<u8>,
}

pub async fn report(desk: &Desk, wanted: Report) -> Result<()> {
    let client = desk.client()?;
    let ticket = find::ticket(&client, &wanted.ticket).await?;
    let all = client.list(&format!("/v1/tickets/{ticket}/probes")).await?;
    let mut answered = all.iter().filter(|order| !text(order, "answer").is_empty());
    let of = |order: &&Value| wanted.order.as_deref().is_none_or(|id| text(order, "order") == id);
    let Some(order) = answered.rfind(of) else {
        let next = format!("order one: `portcullis ticket probe {} --token FILE`", wanted.ticket);
        return Err(No::refused(format!("no probe of the ticket was answered; {next}")));
    };
    let read = read(&client, order).await?;
    if let Some(path) = &wanted.out {
        std::fs::write(path, &read.bytes)
            .with_context(|| No::Usage(format!("writing {}", path.display())))?;
    }
    let report: Value = serde_json::from_slice(&read.bytes).context("reading the report")?;
    let document = json!({ "order": read.order, "answer": read.answer, "report": report });
    desk.show.print(&document, || match &wanted.out {
        Some(path) => println!("the report is in {}", path.display()),
        None => print(&read, &all),
    });
    Ok(())
}

/// INVARIANT: what is shown is what the runner signed: the entry names the answer, the answer the report.
async fn read(client: &Client, order: &Value) -> Result<Read> {
    let named: Digest = text(order, "answer").parse()?;
    let answer: domain::probe::Answer =
        serde_json::from_slice(&texts::material(client, named).await?)?;
    if answer.order.to_string() != text(order, "order") {
        return Err(No::refused("the server shows the answer to another order"));
    }
    let bytes = texts::paper(client, answer.report).await?;
    Ok(Read { order: order.clone(), answer, bytes })
}

fn print(read: &Read, all: &[Value]) {
    let Read { order, answer, bytes } = read;
    let fact = |name: &str, value: String| println!("{name:>9}  {}", plain(&value));
    fact("order", text(order, "order").to_owned());
    fact("target", format!("{} ({})", answer.target, text(order, "environment")));
    fact("measured", format!("{} by {}", moment(answer.ended), text(order, "runner")));
    fact("signed", format!("answer {}", text(order, "answer")));
    fact("", format!("report {}", answer.report));
    match serde_json::from_slice::<Scanned>(bytes) {
        Ok(found) => scanned(&found, answer.started, answer.ended),
        Err(_) => {
            println!("\nThe scan did not come about:\n{}", plain(&String::from_utf8_lossy(bytes)))
        }
    }
    let others: Vec<_> = all.iter().map(|other| text(other, "order")).collect();
    let others: Vec<_> = others.into_iter().filter(|id| *id != text(order, "order")).collect();
    if !others.is_empty() {
        println!("\nother orders, for --order: {}", others.join(", "));
    }
}

fn scanned(found: &Scanned, started: Millis, ended: Millis) {
    let requests = count(found.requests_sent, "request", "requests");
    let seconds = started.until(ended).0.div_ceil(1_000);
    let tls = found.tls.as_deref().map(|tls| format!(", {tls}")).unwrap_or_default();
    println!("{:>9}  {requests} in {seconds} s{tls}", "effort");
    if let Some(certificate) = &found.certificate_sha256 {
        println!("{:>9}  certificate sha256 {certificate}", "");
    }
    println!("\nMeasured");
    for (name, value) in &found.values {
        let value = match value {
            Measured::Bool(flag) => flag.to_string(),
            Measured::Int(number) => number.to_string(),
            Measured::Text(word) => plain(word),
        };
        println!("  {name:<36} {value}");
    }
    println!("\n{}", count(found.findings.len(), "finding", "findings"));
    for (index, one) in found.findings.iter().enumerate() {
        finding(index + 1, one);
    }
    if !found.incomplete.is_empty() {
        println!("\nNot judged");
        for gap in &found.incomplete {
            println!("  {}: {}", gap.check, plain(&gap.detail));
        }
    }
    let replays = found.findings.iter().any(|finding| !finding.evidence.is_empty());
    if replays {
        println!("\nTo see it yourself, put the sandbox's credentials into A, B and the other");
        println!("variables that a command names, and run it.");
    }
}

fn finding(number: usize, finding: &Finding) {
    let (severity, sure) = (word(&finding.severity), word(&finding.confidence));
    println!("\n{number}. {severity}: {}", plain(&finding.title));
    let fact = |name: &str, value: &str| println!("   {name:<10} {}", plain(value));
    for operation in finding.places.iter().filter_map(|place| place.operation.as_ref()) {
        fact("operation", operation);
    }
    let class = format!("{}, CWE-{}; confidence {sure}", finding.owasp, finding.cwe);
    fact("check", &format!("{} ({class})", finding.check));
    fact("why", &finding.why);
    fact("fix", &finding.fix);
    for exchange in &finding.evidence {
        seen(exchange);
    }
    fact("replay", &finding.replay);
}

/// A code as its JSON spells it.
fn word(code: &impl serde::Serialize) -> String {
    let code = serde_json::to_value(code).unwrap_or_default();
    code.as_str().unwrap_or_default().to_owned()
}

/// A request and what came back.
fn seen(exchange: &Exchange) {
    println!("\n   > {}", plain(&exchange.request.line));
    for (name, value) in &exchange.request.headers {
        println!("   > {}", plain(&format!("{name}: {value}")));
    }
    if let Some(body) = &exchange.request.body {
        lines(">", body);
    }
    match &exchange.response {
        None => println!("   < no answer"),
        Some(ShownResponse { status, headers, excerpt, cut }) => {
            println!("   < {status}");
            for (name, value) in headers {
                println!("   < {}", plain(&format!("{name}: {value}")));
            }
            lines("<", excerpt);
            if *cut {
                println!("   < …");
            }
        }
    }
    println!("   $ {}\n", plain(&exchange.curl));
}

fn lines(mark: &str, text: &str) {
    println!("   {mark}");
    for line in text.lines().take(LINES) {
        println!("   {mark} {}", plain(line));
    }
    if text.lines().count() > LINES {
        println!("   {mark} …");
    }
}
