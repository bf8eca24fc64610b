//! How the program says no: what went wrong, whose no it is, and what to do next.

use std::process::ExitCode;
use std::sync::Arc;

use control::journal::JournalError;
use domain::follow::Broken;
use domain::refusal::Refusal;
use serde_json::json;

use crate::client::Refused;
use crate::verify::Changed;

/// Exit codes: 0 done, 1 refused, 2 usage, 3 failure.
const REFUSED: u8 = 1;
const FAILED: u8 = 3;

/// Says what went wrong.
pub fn failed(error: &anyhow::Error, json: bool) -> ExitCode {
    let no = is_no(error);
    match (json, error.downcast_ref::<Refused>()) {
        (true, Some(Refused(problem))) => println!("{}", json!({ "problem": problem })),
        (true, None) => println!("{}", json!({ "problem": { "detail": said(error) } })),
        (false, _) if no => eprintln!("refused: {}", said(error)),
        (false, _) => eprintln!("failed: {}", said(error)),
    }
    ExitCode::from(if no { REFUSED } else { FAILED })
}

/// Whether somebody or some rule said no; everything else is a failure, and may go away by itself.
fn is_no(error: &anyhow::Error) -> bool {
    let journal = |error: &JournalError| error.rule().is_some();
    error.chain().any(|cause| {
        cause.is::<Refused>()
            || cause.is::<Refusal>()
            || cause.is::<Broken>()
            || cause.is::<Changed>()
            || cause.downcast_ref::<JournalError>().is_some_and(journal)
            || cause.downcast_ref::<Arc<JournalError>>().is_some_and(|error| journal(error))
    })
}

/// Every cause once: an error may repeat the one that it came from in its own words.
fn said(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain().map(ToString::to_string) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once_and_a_broken_rule_is_a_no() {
        let broken = || JournalError::from(Broken::Backwards { ends: 24, seen: 29 });
        let error = anyhow::Error::from(broken()).context("starting");
        assert_eq!(said(&error).matches("went backwards").count(), 1, "{}", said(&error));
        assert!(said(&error).starts_with("starting: the ledger does not hold"), "{}", said(&error));
        let shared = Arc::new(JournalError::Tiles("tile 0/0 was changed".to_owned()));
        for no in [error, broken().into(), shared.into(), Changed("usage".to_owned()).into()] {
            assert!(is_no(&no), "{no}");
        }
        let closed = JournalError::NoSuchSize(7);
        assert!(!is_no(&closed.into()), "nobody said no");
    }
}
