//! Judges the live scan on the services of `tests/services`: what it finds against what is there.
//!
//! `judge [SERVICE …] [--flaws none|all|each|CODE,…] [--checks CODE,…] [--alone] [--show]
//! [--folder FOLDER]`, from the root of the repository. `--alone` gives the scan no credential: it has to register and log in by
//! itself; `--show` prints every finding. Another folder than `tests/services` needs a `truth.json` of the same form.
//! Prints what was missed and what was reported without being there, and a table of recall and precision.

#[path = "../tests/judged/service.rs"]
mod service;
#[path = "../tests/judged/truth.rs"]
mod truth;

use std::error::Error;

use scanner::report::Finding;
use scanner::{CheckId, Report};
use truth::{Service, Tally, Truth};

struct Wanted {
    services: Vec<String>,
    flaws: String,
    checks: Vec<CheckId>,
    alone: bool,
    show: bool,
    folder: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let wanted = wanted()?;
    let truth = Truth::read(&wanted.folder)?;
    let mut whole = Tally::default();
    for (name, service) in &truth.services {
        if !wanted.services.is_empty() && !wanted.services.contains(name) {
            continue;
        }
        for flaws in forms(service, &wanted.flaws) {
            let report = scan(&truth, service, &flaws, &wanted).await?;
            let tally = truth.compare(service, &flaws, &report, &wanted.checks);
            print(name, &flaws, &report, &tally);
            if wanted.show {
                report.findings.iter().for_each(show);
            }
            whole.add(tally);
        }
    }
    println!("\n{}", whole.line());
    Ok(())
}

fn wanted() -> Result<Wanted, Box<dyn Error>> {
    let mut wanted = Wanted {
        services: Vec::new(),
        flaws: "all".to_owned(),
        checks: CheckId::ALL.to_vec(),
        alone: false,
        show: false,
        folder: truth::SERVICES.to_owned(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--flaws" => wanted.flaws = arguments.next().ok_or("--flaws needs a value")?,
            "--show" => wanted.show = true,
            "--alone" => wanted.alone = true,
            "--folder" => wanted.folder = arguments.next().ok_or("--folder needs a value")?,
            "--checks" => {
                let codes = arguments.next().ok_or("--checks needs a value")?;
                let read: Result<Vec<_>, _> = codes.split(',').map(str::parse).collect();
                wanted.checks = read?;
            }
            name => wanted.services.push(name.to_owned()),
        }
    }
    Ok(wanted)
}

/// The forms to start, by the word of the command line.
fn forms(service: &Service, flaws: &str) -> Vec<String> {
    match flaws {
        "each" => service.flaws.iter().map(|flaw| flaw.code.clone()).collect(),
        other => vec![other.to_owned()],
    }
}

async fn scan(
    truth: &Truth,
    service: &Service,
    flaws: &str,
    wanted: &Wanted,
) -> Result<Report, Box<dyn Error>> {
    let running = service::Running::start(service, flaws)?;
    let order = truth.order(service, &running.url, &wanted.checks, wanted.alone)?;
    let order = serde_json::from_value(order)?;
    let clock = || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    };
    Ok(scanner::live::run(&order, clock).await?)
}

fn show(one: &Finding) {
    let places: Vec<_> = one.places.iter().filter_map(|place| place.operation.as_deref()).collect();
    println!("  {:?}\t{} [{}] {}", one.severity, one.flaw, one.shape, places.join(", "));
}

fn print(name: &str, flaws: &str, report: &Report, tally: &Tally) {
    let seconds = report.ended.saturating_sub(report.started) / 1_000;
    println!(
        "{name} --flaws {flaws}: {} requests, {seconds} s; {}",
        report.requests_sent,
        tally.line()
    );
    for missed in &tally.missed {
        println!("  missed  {missed}");
    }
    for wrong in &tally.wrong {
        println!("  wrong   {wrong}");
    }
    for gap in &report.incomplete {
        println!("  gap     {}: {}", gap.check, gap.detail.chars().take(200).collect::<String>());
    }
}
