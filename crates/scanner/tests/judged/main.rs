//! The services of `tests/services`, whose flaws are known and proved by their own self-test, scanned
//! in their safe and in their weak form: what is found against what is there.
//!
//! The checks that ask who may do what run here; `make judge` runs all of them, which takes a while.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a judgement without its services has failed"
)]

mod service;
mod truth;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::{StreamExt, stream};
use scanner::{CheckId, Report};

use truth::{Service, Tally, Truth};

/// The checks whose answers do not hang on time.
const CHECKS: [CheckId; 9] = [
    CheckId::Authentication,
    CheckId::ObjectAuthorisation,
    CheckId::FunctionAuthorisation,
    CheckId::MassAssignment,
    CheckId::DataExposure,
    CheckId::TokenValidation,
    CheckId::CrossOrigin,
    CheckId::CredentialEcho,
    CheckId::Methods,
];

/// Flaws that are known to be missed, each with the reason.
const MISSED: &str = "tests/services/missed.tsv";

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_is_found_and_nothing_else() {
    at_the_root();
    let truth = Truth::read(truth::SERVICES).expect("truth.json");
    let forms = truth
        .services
        .iter()
        .flat_map(|(name, service)| ["none", "all"].map(|form| (name.as_str(), service, form)));
    let judged = stream::iter(forms).map(|(name, service, form)| {
        let truth = &truth;
        async move {
            let report = scan(truth, service, form).await;
            let report = report.unwrap_or_else(|error| panic!("{name} --flaws {form}: {error}"));
            (name, form, truth.compare(service, form, &report, &CHECKS))
        }
    });
    let judged: Vec<_> = judged.buffer_unordered(2).collect().await;
    let known = known();
    let mut whole = Tally::default();
    let (mut missed, mut wrong) = (Vec::new(), Vec::new());
    for (name, form, tally) in judged {
        println!("{name:11} {form:5} {}", tally.line());
        let line = |one: &String| format!("{name} --flaws {form}: {one}");
        wrong.extend(tally.wrong.iter().map(line));
        let of = |one: &&String| {
            let code = one.split(' ').next().unwrap_or_default();
            !known.contains_key(&(name.to_owned(), code.to_owned()))
        };
        missed.extend(tally.missed.iter().filter(of).map(line));
        whole.add(tally);
    }
    println!("\n{:24} {:>5} {:>5}", "class", "there", "found");
    for (class, (there, found)) in &whole.classes {
        println!("{class:24} {there:5} {found:5}");
    }
    println!("{}", whole.line());
    assert!(wrong.is_empty(), "reported and not there:\n{}", wrong.join("\n"));
    assert!(missed.is_empty(), "there and not reported:\n{}", missed.join("\n"));
}

#[test]
fn the_services_are_as_their_truth_says() {
    at_the_root();
    let told = Command::new("python3").arg("tests/services/selftest.py").output().expect("python3");
    let text = String::from_utf8_lossy(&told.stdout);
    let error = String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "{text}\n{error}");
}

#[test]
fn what_is_known_to_be_missed_exists() {
    at_the_root();
    let truth = Truth::read(truth::SERVICES).expect("truth.json");
    for (service, code) in known().into_keys() {
        let there = truth
            .services
            .get(&service)
            .is_some_and(|one| one.flaws.iter().any(|flaw| flaw.code == code));
        assert!(there, "{MISSED}: `{service}` has no flaw `{code}`");
    }
}

/// The commands of the truth start at the root of the repository.
fn at_the_root() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::set_current_dir(root).expect("the root");
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

fn known() -> BTreeMap<(String, String), String> {
    let text = std::fs::read_to_string(MISSED).expect(MISSED);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let read = |line: &str| {
        let mut parts = line.split('\t').map(str::to_owned);
        let (service, code) = (parts.next()?, parts.next()?);
        Some(((service, code), parts.next().filter(|why| !why.is_empty())?))
    };
    lines.map(|line| read(line).unwrap_or_else(|| panic!("{MISSED}: `{line}`"))).collect()
}

async fn scan(truth: &Truth, service: &Service, flaws: &str) -> Result<Report, Failure> {
    let running = service::Running::start(service, flaws).map_err(|error| error.to_string())?;
    let order = truth.order(service, &running.url, &CHECKS, false);
    let order = serde_json::from_value(order.map_err(|error| error.to_string())?)?;
    let clock = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    };
    Ok(scanner::live::run(&order, clock).await?)
}
