//! How a verb ends: four exit codes, and whose no it was.

use std::process::ExitCode;

use domain::follow::Broken;
use domain::refusal::Refusal;

use crate::client::Refused;

/// A verb's end, as its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    /// A rule, a reviewer or you said no; nothing was changed.
    Refused = 1,
    /// The arguments, or a file that they name, cannot be used.
    Usage = 2,
    /// Something that should work did not: network, disk, server.
    Failed = 3,
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
        let ruled = || {
            let rule = |cause: &(dyn std::error::Error + 'static)| {
                cause.is::<Refused>() || cause.is::<Refusal>() || cause.is::<Broken>()
            };
            error.chain().any(rule)
        };
        match error.downcast_ref::<No>() {
            Some(No::Usage(_)) => Exit::Usage,
            Some(No::Refused(_)) => Exit::Refused,
            None if ruled() => Exit::Refused,
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
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

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
