//! The arguments of `scan`.

use std::path::PathBuf;

use clap::Subcommand;
use scanner::Placement;
use scanner::order::Intensity;
use scanner::report::{Form, Severity, Threshold};

#[derive(Debug, Subcommand)]
pub enum ScanVerb {
    /// Judge an API by its description: OpenAPI 2.0, 3.0 and 3.1, JSON and YAML
    #[command(after_help = "Examples:\n  portcullis scan document api.yaml\n  \
        portcullis scan document api.yaml --out report.sarif --fail-on medium\n\n\
        Exit codes: 0 nothing at or above --fail-on; 1 something; 2 arguments or files that cannot be\n\
        used; 3 failure; 4 nothing, but not everything could be judged.")]
    Document(Document),
    /// Attack a sandbox: tokens, objects, functions, inputs, limits, transport
    #[command(
        after_help = "Examples:\n  portcullis scan live --document api.yaml --target http://127.0.0.1:8080\n  \
        PORTCULLIS_SCAN_A=… PORTCULLIS_SCAN_B=… portcullis scan live --document api.yaml \\\n      \
        --target https://sandbox.example.com --i-own-this\n  \
        portcullis scan live --document api.yaml --target http://127.0.0.1:8080 --dry-run\n\n\
        Without credentials the scan registers two users where the document allows it.\n\
        Exit codes: as of `scan document`."
    )]
    Live(Live),
    /// Look again whether a finding of a live scan is still there
    #[command(
        after_help = "Example: portcullis scan replay report.json token-unsigned-accepted-e3b0c442"
    )]
    Replay(Replay),
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
    #[command(flatten)]
    pub asked: Asked,
    #[command(flatten)]
    pub hand_over: HandOver,
}

/// What is asked of an API, and how much of its description is read.
#[derive(Debug, clap::Args)]
pub struct Asked {
    /// Only these checks, with commas between them
    #[arg(long, value_delimiter = ',', value_name = "CHECK,…")]
    pub checks: Vec<String>,
    /// All checks but these
    #[arg(long, value_delimiter = ',', value_name = "CHECK,…")]
    pub without: Vec<String>,
    /// Fetch what references of the document name elsewhere; otherwise that is not judged
    #[arg(long)]
    pub allow_remote: bool,
}

#[derive(Debug, clap::Args)]
pub struct Live {
    /// The description: a file in JSON or YAML, or an https address
    #[arg(long, value_name = "FILE|URL")]
    pub document: String,
    /// The sandbox: `https://host[:port][/path]` or `http://…`
    #[arg(long, value_name = "URL")]
    pub target: String,
    #[command(flatten)]
    pub asked: Asked,
    #[command(flatten)]
    pub identities: Identities,
    #[command(flatten)]
    pub manners: Manners,
    #[command(flatten)]
    pub hand_over: HandOver,
}

#[derive(Debug, clap::Args)]
pub struct Replay {
    /// A report of a live scan in its JSON form
    pub report: PathBuf,
    /// The id of one finding, or its beginning
    pub finding: String,
    /// The description, if it is no longer where the report says
    #[arg(long, value_name = "FILE|URL")]
    pub document: Option<String>,
    /// The sandbox, if it is no longer where the report says
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
    #[command(flatten)]
    pub identities: Identities,
    #[command(flatten)]
    pub manners: Manners,
    #[command(flatten)]
    pub hand_over: HandOver,
}

/// In whose names a live scan asks. A credential comes from the environment, from a file, or from
/// whoever sits at the terminal; never from an argument, which every process of the machine can read.
#[derive(Debug, clap::Args)]
pub struct Identities {
    /// A file with the credential of a first plain user [env: PORTCULLIS_SCAN_A]
    #[arg(long, value_name = "FILE", help_heading = "Identities")]
    pub a: Option<PathBuf>,
    /// A file with the credential of a second one, who owns nothing of the first [env: PORTCULLIS_SCAN_B]
    #[arg(long, value_name = "FILE", help_heading = "Identities")]
    pub b: Option<PathBuf>,
    /// A file with an administrator's [env: PORTCULLIS_SCAN_ADMIN]
    #[arg(long, value_name = "FILE", help_heading = "Identities")]
    pub admin: Option<PathBuf>,
    /// A file with one that has expired [env: PORTCULLIS_SCAN_EXPIRED]
    #[arg(long, value_name = "FILE", help_heading = "Identities")]
    pub expired: Option<PathBuf>,
    /// A file with one of the same issuer for another audience [env: PORTCULLIS_SCAN_WRONG_AUDIENCE]
    #[arg(long, value_name = "FILE", help_heading = "Identities")]
    pub wrong_audience: Option<PathBuf>,
    /// The credentials are accounts to log in with: each a name and a password with a colon between them
    #[arg(long, help_heading = "Identities")]
    pub log_in: bool,
    /// Ask for the first and the second credential, and show nothing of what is typed
    #[arg(long, help_heading = "Identities")]
    pub ask: bool,
    /// Where the credentials go: bearer, basic, header:NAME, query:NAME or cookie:NAME [default: where
    /// the document says]
    #[arg(long, value_parser = placement, help_heading = "Identities")]
    pub placement: Option<Placement>,
}

/// How far a live scan goes.
#[derive(Debug, clap::Args)]
pub struct Manners {
    /// gentle: reads and objects of its own; normal; thorough: more attempts of each kind
    #[arg(long, default_value = "normal", value_parser = intensity, help_heading = "Manners")]
    pub intensity: Intensity,
    /// Requests at most
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Manners")]
    pub requests: u32,
    /// Requests in one second at most
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Manners")]
    pub rate: u32,
    /// Seconds at most
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Manners")]
    pub seconds: u32,
    /// The target is neither this machine nor a sandbox that the document declares, and you may attack it
    #[arg(long, help_heading = "Manners")]
    pub i_own_this: bool,
    /// A private network that the target may lie in, as 10.1.0.0/16; several may be given
    #[arg(long, value_name = "CIDR", help_heading = "Manners")]
    pub network: Vec<domain::address::Cidr>,
    /// More certificate authorities to trust, in PEM; several files may be given
    #[arg(long, value_name = "FILE", help_heading = "Manners")]
    pub trust: Vec<PathBuf>,
    /// Say what would be sent, and send nothing
    #[arg(long, help_heading = "Manners")]
    pub dry_run: bool,
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

fn intensity(text: &str) -> Result<Intensity, String> {
    match text {
        "gentle" => Ok(Intensity::Gentle),
        "normal" => Ok(Intensity::Normal),
        "thorough" => Ok(Intensity::Thorough),
        _ => Err("one of gentle, normal, thorough".to_owned()),
    }
}

fn placement(text: &str) -> Result<Placement, String> {
    let named = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
    let found = match text.split_once(':') {
        None if text == "bearer" => Some(Placement::Bearer),
        None if text == "basic" => Some(Placement::Basic),
        Some(("header", name)) => named(name).map(|name| Placement::Header { name }),
        Some(("query", name)) => named(name).map(|name| Placement::Query { name }),
        Some(("cookie", name)) => named(name).map(|name| Placement::Cookie { name }),
        _ => None,
    };
    found.ok_or_else(|| "one of bearer, basic, header:NAME, query:NAME, cookie:NAME".to_owned())
}
