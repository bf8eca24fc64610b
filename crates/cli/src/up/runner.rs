//! The embedded runner: carries out probe orders in a confined child process, signs what it measured.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use aws_lc_rs::signature::Ed25519KeyPair;
use control::control::Control;
use control::flow::probe::{Job, Measured};
use control::keys::{KeyDirectory, Use};
use domain::catalog::Placement;
use domain::evidence::{Value, Values};
use domain::id::RunnerId;
use domain::time::Millis;
use scanner::{Bounds, Report};
use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Gentle enough for a sandbox, enough for every check.
const BOUNDS: Bounds =
    Bounds { max_requests: 4_000, per_second: 60, seconds: 120, max_answer_bytes: 256 * 1024 };

/// Starts the runner: it looks for orders whenever the ledger grows.
pub fn start(
    control: Arc<Control>,
    keys: &KeyDirectory,
    mut stopped: watch::Receiver<bool>,
) -> Result<JoinHandle<()>> {
    let key = keys.load(Use::Runner)?;
    let runner: RunnerId = key.name.parse()?;
    let pair = Ed25519KeyPair::from_seed_unchecked(key.bytes.as_slice());
    let pair = Arc::new(pair.ok().context("the runner's key is unreadable")?);
    let mut size = control.journal.watch();
    Ok(tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => return,
                () = work(&control, runner, &pair) => {}
            }
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => return,
                changed = size.changed() => if changed.is_err() { return },
            }
        }
    }))
}

/// Carries out whatever waits.
async fn work(control: &Control, runner: RunnerId, pair: &Ed25519KeyPair) {
    let jobs = match control.jobs(runner).await {
        Ok(jobs) => jobs,
        Err(error) => {
            tracing::error!(%error, "the runner cannot read its orders");
            return;
        }
    };
    for job in jobs {
        let order = job.order.order;
        let measured = match measure(&job).await {
            Ok(measured) => measured,
            Err(error) => {
                tracing::warn!(%order, error = format!("{error:#}"), "a probe failed");
                nothing(&job, &error)
            }
        };
        let sign = |message: &[u8]| pair.sign(message).as_ref().to_vec();
        if let Err(error) = control.answer(order, measured, sign).await {
            tracing::error!(%order, %error, "an answer was not accepted");
        }
    }
}

async fn measure(job: &Job) -> Result<Measured> {
    let order = serde_json::from_value(order(job)?)?;
    let program = std::env::current_exe().context("finding the program itself")?;
    let answer = scanner::child::run(&program, ["scan-child"], &order, |_| ()).await?;
    measured(&answer)
}

/// The scanner's order. What it does not know as a check is left out and stays unmeasured.
fn order(job: &Job) -> Result<Json> {
    let known = |check: &&String| check.parse::<scanner::CheckId>().is_ok();
    let checks: Vec<_> = job.order.checks.iter().filter(known).collect();
    let placement = match &job.placement {
        Placement::Bearer => json!({ "in": "bearer" }),
        Placement::Basic => json!({ "in": "basic" }),
        Placement::Header { name } => json!({ "in": "header", "name": name }),
        Placement::Query { name } => json!({ "in": "query", "name": name }),
    };
    let secret = |text: &Option<control::flow::probe::Zeroed>| {
        text.as_ref().map(|text| text.0.as_str().to_owned())
    };
    let document: Json = serde_json::from_slice(&job.document)?;
    let trust: Vec<_> = job.authorities.iter().collect();
    Ok(json!({
        "nonce": job.order.nonce.to_string(),
        "target": job.order.target,
        "reach": job.order.reach,
        "document": document,
        "checks": checks,
        "credentials": {
            "token": secret(&job.trial.token),
            "second": secret(&job.trial.second),
            "admin": secret(&job.trial.admin),
            "expired": secret(&job.trial.expired),
            "wrong_audience": secret(&job.trial.wrong_audience),
            "placement": placement,
        },
        "trust": trust,
        "bounds": BOUNDS,
    }))
}

fn measured(answer: &Report) -> Result<Measured> {
    let value = |value: &scanner::Value| match value {
        scanner::Value::Bool(flag) => Value::Flag(*flag),
        scanner::Value::Int(number) => Value::Number(*number),
        scanner::Value::Text(word) => Value::Word(word.clone()),
    };
    let values = answer.values.iter().map(|(name, found)| (name.clone(), value(found)));
    let mut certificate = [0; 32];
    let shown = match &answer.certificate_sha256 {
        Some(text) => hex::decode_to_slice(text, &mut certificate).is_ok(),
        None => false,
    };
    Ok(Measured {
        certificate: shown.then_some(certificate),
        ended: Millis(answer.ended),
        report: serde_json::to_vec_pretty(answer)?,
        started: Millis(answer.started),
        values: values.collect(),
    })
}

/// A scan that did not come about measured nothing, and says why.
fn nothing(job: &Job, error: &anyhow::Error) -> Measured {
    let now = crate::scan::clock();
    let report = json!({ "target": job.order.target, "failed": format!("{error:#}") });
    Measured {
        certificate: None,
        ended: now,
        report: report.to_string().into_bytes(),
        started: now,
        values: Values::new(),
    }
}
