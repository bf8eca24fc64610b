//! Measures the journal: acknowledged durable commands a second by clients, beside one fsync.
//!
//! `cargo run --release -p portcullis --example journal [-- DIR]`; DIR lies on the disk to measure.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use control::control::{Control, Profile};
use portcullis::home::Home;
use portcullis::up::limits::Limits;
use portcullis::up::{UpOptions, start};

const LENGTH: Duration = Duration::from_secs(4);
const ROUNDS: usize = 4;

fn main() -> Result<()> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = match std::env::args().nth(1) {
        Some(path) => tempfile::tempdir_in(path)?,
        None => tempfile::tempdir()?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(folder.path()))
}

async fn measure(folder: &Path) -> Result<()> {
    let home = Home { config: folder.join("config") };
    let any = ([127, 0, 0, 1], 0).into();
    let options = UpOptions {
        data: Some(folder.join("data")),
        database: std::env::var("PORTCULLIS_DATABASE").ok(),
        listen: any,
        gateway: any,
        url: None,
        gateway_url: None,
        origin: "bench.portcullis.local".to_owned(),
        operator_key: None,
        operator: Some("bench".to_owned()),
        demo: true,
        limits: Limits::default(),
    };
    let server = start(&home, &options).await?;
    let fsync = fsync(&folder.join("fsync"))?;
    println!("one fsync on this disk: {:.2} ms", fsync.as_secs_f64() * 1e3);
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one.push(commands(&server.control, 1).await?);
        many.push(commands(&server.control, 64).await?);
    }
    let (one, many) = (median(one), median(many));
    println!("clients   commands/s   us/command");
    println!("      1   {one:>10.0}   {:>10.1}", 1e6 / one);
    println!("     64   {many:>10.0}   {:>10.1}", 1e6 / many);
    println!("64 clients do {:.1} times what one does", many / one);
    server.stop().await
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The cost of making 4 KB durable, the median of 50.
fn fsync(path: &PathBuf) -> Result<Duration> {
    let mut file = std::fs::File::create(path)?;
    let mut times = Vec::new();
    for _ in 0..50 {
        file.write_all(&[7; 4096])?;
        let begun = Instant::now();
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    times.sort();
    times.get(times.len() / 2).copied().context("fifty times")
}

/// Each command adds a vendor: one entry, one paper, acknowledged once it is durable.
async fn commands(control: &Arc<Control>, clients: usize) -> Result<f64> {
    let who = *control.state().people.keys().next().context("an operator")?;
    let done = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (control, done) = (control.clone(), done.clone());
        tasks.spawn(async move {
            while begun.elapsed() < LENGTH {
                let profile = Profile { name: "vendor".to_owned(), contact: String::new() };
                control.add_vendor(who, profile).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, control::flow::Failure>(())
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}
