//! How a verb ends: five exit codes, whose no it was, and how it is said.

use std::process::ExitCode;
use std::sync::Arc;

use control::journal::JournalError;
use domain::follow::Broken;
use domain::refusal::{Reason, Refusal};
use serde_json::json;

use crate::client::Refused;
use crate::show;
use crate::verify::Changed;

/// A verb's end, as its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    /// A rule, a reviewer or you said no, and nothing was changed; or a scan found something.
    Refused = 1,
    /// The arguments, or a file that they name, cannot be used.
    Usage = 2,
    /// Something that should work did not: network, disk, server.
    Failed = 3,
    /// A scan could not judge everything, and found nothing in what it judged.
    Incomplete = 4,
}

/// A no of the command line's own, before the server is asked or after it answered.
#[derive(Debug)]
pub enum No {
    Refused(String),
    Usage(String),
}

impl No {
    pub fn refused(text: impl Into<String>) -> anyhow::Error {
        No::Refused(text.into()).into()
    }

    pub fn usage(text: impl Into<String>) -> anyhow::Error {
        No::Usage(text.into()).into()
    }
}

impl std::fmt::Display for No {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            No::Refused(text) | No::Usage(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for No {}

/// Reading a file that the user named.
pub fn reading(path: &std::path::Path) -> No {
    No::Usage(format!("reading {}", path.display()))
}

impl Exit {
    /// Whose no an error is.
    pub fn of(error: &anyhow::Error) -> Exit {
        match error.downcast_ref::<No>() {
            Some(No::Usage(_)) => Exit::Usage,
            Some(No::Refused(_)) => Exit::Refused,
            None if error.chain().any(is_rule) => Exit::Refused,
            None => Exit::Failed,
        }
    }

    /// What stands in front of the message.
    pub fn word(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Refused => "refused",
            Exit::Usage => "usage",
            Exit::Failed => "failed",
            Exit::Incomplete => "incomplete",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Says what went wrong, and whose no it is.
pub fn failed(error: &anyhow::Error, json: bool) -> ExitCode {
    let exit = Exit::of(error);
    match (json, error.downcast_ref::<Refused>()) {
        (true, Some(Refused(problem))) => println!("{}", json!({ "problem": problem })),
        (true, None) => println!("{}", json!({ "problem": { "detail": said(error) } })),
        (false, _) => eprintln!("{}: {}", exit.word(), show::prose(&said(error))),
    }
    exit.into()
}

/// Whether a rule, here or at the server, said no; anything else may go away by itself.
fn is_rule(cause: &(dyn std::error::Error + 'static)) -> bool {
    let journal = |error: &JournalError| error.rule().is_some();
    cause.is::<Refused>()
        || cause.is::<Refusal>()
        || cause.is::<Broken>()
        || cause.is::<Changed>()
        || cause.downcast_ref::<JournalError>().is_some_and(journal)
        || cause.downcast_ref::<Arc<JournalError>>().is_some_and(|error| journal(error))
}

/// Every cause once: an error may repeat the one that it came from in its own words.
fn said(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain().map(words) {
        if said.contains(&cause) {
            continue;
        }
        if !said.is_empty() {
            said.push_str(": ");
        }
        said.push_str(&cause);
    }
    said
}

/// A cause as it says itself; a refusal with a line for each reason, as the server's are said.
fn words(cause: &(dyn std::error::Error + 'static)) -> String {
    let Some(refusal) = cause.downcast_ref::<Refusal>() else { return cause.to_string() };
    let reason = |reason: &Reason| format!("{} [{}]", reason.message, reason.code);
    refusal.reasons.iter().map(reason).collect::<Vec<_>>().join("\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn a_cause_is_said_once_and_a_broken_rule_is_a_no() {
        let broken = || JournalError::from(Broken::Backwards { ends: 24, seen: 29 });
        let error = anyhow::Error::from(broken()).context("starting");
        assert_eq!(said(&error).matches("went backwards").count(), 1, "{}", said(&error));
        assert!(said(&error).starts_with("starting: the ledger does not hold"), "{}", said(&error));
        let shared = Arc::new(JournalError::Tiles("tile 0/0 was changed".to_owned()));
        for no in [error, broken().into(), shared.into(), Changed("usage".to_owned()).into()] {
            assert_eq!(Exit::of(&no), Exit::Refused, "{no}");
        }
        assert_eq!(Exit::of(&JournalError::NoSuchSize(7).into()), Exit::Failed, "nobody said no");
    }

    #[test]
    fn a_no_keeps_its_code_under_whatever_is_said_about_it() {
        let missing = std::fs::read("/nowhere/at/all").context(reading("/nowhere".as_ref()));
        let missing = missing.context("opening a ticket").unwrap_err();
        assert_eq!(Exit::of(&missing), Exit::Usage);
        let unknown = Err::<(), _>(No::refused("nothing is called `x`")).context("add it first");
        assert_eq!(Exit::of(&unknown.unwrap_err()), Exit::Refused);
        assert_eq!(Exit::of(&anyhow::anyhow!("the disk is full")), Exit::Failed);
    }
}
