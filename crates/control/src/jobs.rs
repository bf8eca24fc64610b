//! Jobs: due work without input, safe to repeat. What ends by a deadline needs none; these only tidy.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::control::Control;

const EVERY: Duration = Duration::from_secs(60);

/// Forgets expired sessions and answers, until it is stopped.
pub async fn run(control: Arc<Control>, mut stopped: watch::Receiver<bool>) {
    let mut due = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = ended(&mut stopped) => return,
            _ = due.tick() => tidy(&control).await,
        }
    }
}

async fn ended(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn tidy(control: &Control) {
    if let Err(error) = control.journal.sweep((control.clock)()).await {
        tracing::warn!(%error, "expired sessions are still there");
    }
}
