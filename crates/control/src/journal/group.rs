//! A group: the commands that waited together, run one after the other on one draft.

use std::collections::VecDeque;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use domain::id::NodeId;
use domain::refusal::Refusal;
use domain::signature::Seen;
use domain::state::State;
use domain::step::Draft;
use domain::time::Millis;
use tokio::sync::oneshot;

use super::desk::{Added, Desk, MAX_ENTRIES};
use super::{CommitError, Committed, Outage};

/// A command and whoever waits for it, whatever it answers.
pub(super) trait Job: Send {
    /// Runs it, anew each time, and says whether what it did is to be kept.
    fn run(&mut self, desk: &mut Desk) -> bool;
    /// Tells the outcome of the last run, which is durable now.
    fn finish(self: Box<Self>, published: &Published, entries: Range<u64>);
    fn fail(self: Box<Self>, outage: Outage);
}

/// What readers see after a group.
pub(super) struct Published {
    pub state: Arc<State>,
    pub seen: Seen,
}

/// The one implementation of [`Job`].
pub(super) struct Waiting<T, F> {
    pub command: F,
    pub outcome: Option<Result<T, Refusal>>,
    pub answer: oneshot::Sender<Result<Committed<T>, CommitError>>,
}

impl<T, F> Job for Waiting<T, F>
where
    T: Send + 'static,
    F: FnMut(&mut Desk) -> Result<T, Refusal> + Send + 'static,
{
    fn run(&mut self, desk: &mut Desk) -> bool {
        let outcome = self.outcome.insert((self.command)(desk));
        outcome.is_ok()
    }

    fn finish(self: Box<Self>, published: &Published, entries: Range<u64>) {
        let Waiting { command, outcome, answer: asker } = *self;
        // What it held is free when it is answered.
        drop(command);
        let answer = match outcome {
            Some(Ok(value)) => {
                let state = published.state.clone();
                Ok(Committed { value, entries, seen: published.seen, state })
            }
            Some(Err(refusal)) => Err(CommitError::Refused(refusal)),
            None => Err(CommitError::Unavailable(Outage::Panicked)),
        };
        // Whoever has stopped waiting finds the entries in the state.
        let _ = asker.send(answer);
    }

    fn fail(self: Box<Self>, outage: Outage) {
        let Waiting { command, answer, .. } = *self;
        drop(command);
        let _ = answer.send(Err(CommitError::Unavailable(outage)));
    }
}

/// What a group would append, and who waits for it.
pub(super) struct Group {
    pub draft: Draft,
    pub added: Added,
    pub ran: Vec<(Box<dyn Job>, Range<u64>)>,
}

/// Runs waiting commands until none is left or the next one's entries would not fit the batch; those
/// stay in `waiting`.
pub(super) fn run(
    state: &State,
    waiting: &mut VecDeque<Box<dyn Job>>,
    node: NodeId,
    now: Millis,
) -> Group {
    let mut group = Group { draft: Draft::on(state), added: Added::default(), ran: Vec::new() };
    while let Some(mut job) = waiting.pop_front() {
        let mut desk = Desk::new(group.draft.clone(), node, now);
        // A command that panics is the only one to notice: its desk is gone and nothing else moved.
        let Ok(keep) = catch_unwind(AssertUnwindSafe(|| job.run(&mut desk))) else {
            job.fail(Outage::Panicked);
            continue;
        };
        let from = group.draft.state().size();
        if !keep {
            group.ran.push((job, from..from));
            continue;
        }
        let (draft, added) = desk.clear();
        if group.added.entries.len() + added.entries.len() > MAX_ENTRIES {
            waiting.push_front(job);
            break;
        }
        group.ran.push((job, from..draft.state().size()));
        group.draft = draft;
        group.added.take(added);
    }
    group
}
