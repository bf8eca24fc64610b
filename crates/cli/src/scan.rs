//! The scanning child: limits itself before any thread starts, reads one order, writes one answer.

use std::process::ExitCode;

use domain::time::Millis;

/// Runs as the child process that judges one sandbox.
pub fn child() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(3)
        }
    }
}

fn serve() -> anyhow::Result<()> {
    scanner::child::confine()?;
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let clock = || clock().0;
    runtime.block_on(scanner::child::serve(tokio::io::stdin(), tokio::io::stdout(), clock))?;
    Ok(())
}

/// The edge's clock.
pub fn clock() -> Millis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.as_millis());
    Millis(u64::try_from(millis).unwrap_or(u64::MAX)).min(Millis::MAX)
}
