//! Jobs: due work without input, safe to repeat. What ends by a deadline needs none; these only tidy.

use std::sync::Arc;
use std::time::Duration;

use domain::request::Status;
use tokio::sync::watch;

use crate::control::Control;

const EVERY: Duration = Duration::from_secs(60);

/// Decides again what a new policy or table of operations overtook, forgets expired sessions and answers, until it is stopped.
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

/// Requests that were sent to people under a policy or a table that is not in force any more are
/// decided again.
async fn decide_again(control: &Control) {
    let state = control.state();
    let overtaken = state.requests.iter().filter(|(_, request)| {
        matches!(request.status, Status::InReview { .. }) && request.is_overtaken(&state)
    });
    for (id, _) in overtaken {
        if let Err(error) = control.decide_again(*id).await {
            tracing::warn!(request = %id, %error, "a request is not decided again yet");
        }
    }
}

async fn tidy(control: &Control) {
    decide_again(control).await;
    control.trials.tidy(&control.state(), control.now());
    if let Err(error) = control.journal.sweep((control.clock)()).await {
        tracing::warn!(%error, "expired sessions are still there");
    }
}
