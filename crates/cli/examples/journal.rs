//! Measures the journal: acknowledged durable commands a second by clients, beside one fsync.
//!
//! `target/release/examples/journal [DIR]` after `make bench` built it; DIR lies on the disk to
//! measure. Measured twice: on the disk as it is, and in a process whose every fsync is followed by a real
//! wait, which stands for a slower disk: there it shows how far commands that wait together share a
//! commit.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use control::control::{Control, Profile};
use portcullis::home::Home;
use portcullis::up::limits::Limits;
use portcullis::up::{UpOptions, start};

/// As in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LENGTH: Duration = Duration::from_secs(4);
const ROUNDS: usize = 3;
const CLIENTS: usize = 64;

/// What 64 clients do beside one, where an fsync costs at least [`SLOW`].
const GOAL: f64 = 20.0;
const SLOW: Duration = Duration::from_millis(2);
const SLOW_DISK: &str = include_str!("../../../bench/journal/slow_disk.c");
/// Set in the process that has [`SLOW_DISK`] in front of it.
const SLOWED: &str = "PORTCULLIS_BENCH_SLOWED";
/// The kernel counts processor time in hundredths of a second, on every architecture.
const TICK: Duration = Duration::from_millis(10);

fn main() -> Result<()> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let disk = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let slowed = std::env::var_os(SLOWED).is_some();
    if !slowed {
        println!("on this disk, as it is");
    }
    let folder = tempfile::tempdir_in(&disk)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(folder.path()))?;
    if !slowed {
        println!(
            "\non the same disk, a real wait of {SLOW:?} behind each fsync: a slower disk's stand-in"
        );
        if let Err(error) = again_slowly(&disk) {
            println!("not measured: {error:#}");
        }
    }
    Ok(())
}

/// The same in a process of its own, with the wait between it and the disk.
fn again_slowly(disk: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (source, library) = (folder.path().join("slow.c"), folder.path().join("slow.so"));
    std::fs::write(&source, SLOW_DISK)?;
    let wait = format!("-DWAIT={}", SLOW.as_micros());
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", &wait, "-o"]).arg(&library).arg(&source).arg("-ldl");
    let made = compiler.status().context("running `cc`")?;
    ensure!(made.success(), "`cc` failed");
    let me = std::env::current_exe()?;
    let again = Command::new(me).arg(disk).env("LD_PRELOAD", &library).env(SLOWED, "1").status()?;
    ensure!(again.success(), "the slowed process failed");
    Ok(())
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
        origin: Some("bench.portcullis.local".to_owned()),
        operator_key: None,
        operator: Some("bench".to_owned()),
        demo: true,
        limits: Limits::default(),
    };
    let server = start(&home, &options).await?;
    let fsync = fsync(&folder.join("fsync"))?;
    println!("  one fsync: {:.2} ms", fsync.as_secs_f64() * 1e3);
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one.push(commands(&server.control, 1).await?);
        many.push(commands(&server.control, CLIENTS).await?);
    }
    let (one, many) = (median(one), median(many));
    println!("  clients   commands/s   ms from asked to durable   CPU us/command");
    for (clients, Rate { speed, cpu }) in [(1, &one), (CLIENTS, &many)] {
        let wait = clients as f64 / speed * 1e3;
        println!(
            "  {clients:>7}   {speed:>10.0}   {wait:>24.2}   {:>14.0}",
            cpu.as_secs_f64() * 1e6
        );
    }
    println!("  {CLIENTS} clients do {:.1} times what one does", many.speed / one.speed);
    if fsync >= SLOW {
        println!("  the goal, where an fsync costs {SLOW:?} or more: {GOAL} times");
    }
    server.stop().await
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

/// Acknowledged commands a second, and the processor time of the whole process for each: clients, server
/// and the gateway that follows.
#[derive(Clone, Copy)]
struct Rate {
    speed: f64,
    cpu: Duration,
}

fn median(mut rates: Vec<Rate>) -> Rate {
    rates.sort_by(|one, other| one.speed.total_cmp(&other.speed));
    rates.get(rates.len() / 2).copied().unwrap_or(Rate { speed: 0.0, cpu: Duration::ZERO })
}

/// Each command adds a vendor: one entry, one paper, acknowledged once it is durable.
async fn commands(control: &Arc<Control>, clients: usize) -> Result<Rate> {
    let who = *control.state().people.keys().next().context("an operator")?;
    let done = Arc::new(AtomicU64::new(0));
    let run = control.state().size();
    let (begun, busy) = (Instant::now(), cpu()?);
    let mut tasks = tokio::task::JoinSet::new();
    for client in 0..clients {
        let (control, done) = (control.clone(), done.clone());
        tasks.spawn(async move {
            // A name is taken once, also over several runs.
            for number in 0_u64.. {
                if begun.elapsed() >= LENGTH {
                    break;
                }
                let name = format!("vendor {run} {client} {number}");
                let profile = Profile { name, contact: String::new() };
                control.add_vendor(who, profile).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, control::flow::Failure>(())
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    let done = done.load(Ordering::Relaxed);
    let cpu = (cpu()? - busy) / u32::try_from(done.max(1))?;
    Ok(Rate { speed: done as f64 / begun.elapsed().as_secs_f64(), cpu })
}

/// The processor time of this process so far, of all its threads (proc(5), `utime` and `stime`).
fn cpu() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').context("no name")?.1.split_whitespace();
    let ticks: Vec<u32> = fields.skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(TICK * ticks.iter().sum())
}
