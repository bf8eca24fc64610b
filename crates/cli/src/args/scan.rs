//! The arguments of `scan`.

use std::path::PathBuf;

use clap::Subcommand;
use scanner::report::{Form, Severity, Threshold};

#[derive(Debug, Subcommand)]
pub enum ScanVerb {
    /// Show a report again, in any form; or explain one of its findings
    #[command(after_help = "Examples:\n  portcullis scan show report.json --out report.html\n  \
        portcullis scan show report.json key-in-query-1f3a90c2")]
    Show(Show),
    /// The checks, or one of them with what it may find
    #[command(after_help = "Examples:\n  portcullis scan checks\n  \
        portcullis scan checks token-validation")]
    Checks {
        /// The check
        id: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub struct Document {
    /// The description: a file in JSON or YAML, or an https address
    #[arg(value_name = "FILE|URL")]
    pub source: String,
    /// Only these checks, with commas between them
    #[arg(long, value_delimiter = ',', value_name = "CHECK,…")]
    pub checks: Vec<String>,
    /// All checks but these
    #[arg(long, value_delimiter = ',', value_name = "CHECK,…")]
    pub without: Vec<String>,
    /// Fetch what references of the document name elsewhere; otherwise that is not judged
    #[arg(long)]
    pub allow_remote: bool,
    #[command(flatten)]
    pub hand_over: HandOver,
}

#[derive(Debug, clap::Args)]
pub struct Show {
    /// A report in its JSON form
    pub report: PathBuf,
    /// The id of one finding, or its beginning
    pub finding: Option<String>,
    #[command(flatten)]
    pub hand_over: HandOver,
}

/// What becomes of a finished report.
#[derive(Debug, clap::Args)]
pub struct HandOver {
    /// What is printed: text, json, sarif, junit, markdown or html [default: text]
    #[arg(long, value_parser = form)]
    pub format: Option<Form>,
    /// Put the report into this file, in the form of its ending: txt, json, sarif, xml (JUnit), md or
    /// html. May be given several times
    #[arg(long, value_name = "FILE")]
    pub out: Vec<PathBuf>,
    /// The least severity that fails the scan: critical, high, medium, low, info or never
    #[arg(long, default_value = "high", value_parser = threshold, value_name = "SEVERITY")]
    pub fail_on: FailOn,
    /// Leave out what this baseline knows
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Put all that was found into this baseline, to be known from now on
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// Print every finding and every place
    #[arg(long)]
    pub all: bool,
    /// Print nothing; files are written, and the exit code says the rest
    #[arg(long, short)]
    pub quiet: bool,
}

/// A threshold as an argument, with a name of its own so that no option means `never`, not absent.
#[derive(Debug, Clone, Copy)]
pub struct FailOn(pub Threshold);

fn form(text: &str) -> Result<Form, String> {
    let found = Form::ALL.into_iter().find(|form| form.code() == text);
    found.ok_or_else(|| format!("one of {}", Form::ALL.map(Form::code).join(", ")))
}

fn threshold(text: &str) -> Result<FailOn, String> {
    if text == "never" {
        return Ok(FailOn(None));
    }
    let found = Severity::ALL.into_iter().find(|severity| severity.code() == text);
    let codes = || Severity::ALL.map(Severity::code).join(", ");
    found.map(|least| FailOn(Some(least))).ok_or_else(|| format!("one of {}, never", codes()))
}
