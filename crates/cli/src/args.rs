//! What the command line can do, in the order in which a new user needs it.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use domain::id::TokenId;
use domain::time::Span;

use crate::tour::TourOptions;
use crate::up::UpOptions;
use crate::verb::person;
use crate::verb::request::New;
use crate::verb::ticket::{Attach, Probe, Sign};
use crate::verb::token::{List, Revoke};
use crate::verify::Verify;

/// Decides which APIs an organisation may use and which tokens may call them, and enforces exactly
/// that decision on every call.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 done, 1 refused, 2 usage, 3 failure.\n\n\
    First steps:\n  portcullis tour                       the whole story in one terminal\n  \
    portcullis up                         start a server\n  \
    portcullis login http://127.0.0.1:7400"
)]
pub struct Args {
    /// Print one JSON document (for the tour, one a step)
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// The directory of keys and session, one a person [default: ~/.config/portcullis]
    #[arg(
        long,
        global = true,
        env = "PORTCULLIS_CONFIG",
        value_name = "DIR",
        help_heading = "Global options"
    )]
    pub config: Option<PathBuf>,
    /// The SSH key to log in and sign with [default: operator_ed25519 of --config, then ~/.ssh]
    #[arg(
        long,
        global = true,
        env = "PORTCULLIS_KEY",
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub key: Option<PathBuf>,
    /// Sign without asking
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub yes: bool,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start a server: control, gateway and jobs in one process
    #[command(after_help = "Example: portcullis up --data /srv/portcullis")]
    Up(UpOptions),
    /// The whole story against two bundled vendors, narrated
    #[command(after_help = "Example: portcullis tour --json | jq -r .step")]
    Tour(TourOptions),
    /// Log in with your SSH key
    #[command(after_help = "Example: portcullis login http://127.0.0.1:7400")]
    Login {
        /// The server's address
        #[arg(default_value = "http://127.0.0.1:7400", env = "PORTCULLIS_URL")]
        url: String,
    },
    /// End the session
    Logout,
    /// Who is logged in
    Whoami,
    /// Acts of authority that wait for more operators
    Act {
        #[command(subcommand)]
        verb: ActVerb,
    },
    /// People and service accounts
    Person {
        #[command(subcommand)]
        verb: PersonVerb,
    },
    /// Vendors
    Vendor {
        #[command(subcommand)]
        verb: VendorVerb,
    },
    /// Standards: measurable criteria under checkpoints
    Standard {
        #[command(subcommand)]
        verb: StandardVerb,
    },
    /// Policies: who gets what without people, and who signs the rest
    Policy {
        #[command(subcommand)]
        verb: PolicyVerb,
    },
    /// Tickets: bring a vendor's API in
    Ticket {
        #[command(subcommand)]
        verb: TicketVerb,
    },
    /// Approved services
    Service {
        #[command(subcommand)]
        verb: ServiceVerb,
    },
    /// Requests: bring a token out
    Request {
        #[command(subcommand)]
        verb: RequestVerb,
    },
    /// Tokens
    Token {
        #[command(subcommand)]
        verb: TokenVerb,
    },
    /// The ledger: read it, verify it
    Ledger {
        #[command(subcommand)]
        verb: LedgerVerb,
    },
    /// Copy a server's data, consistent and verified, without its keys
    #[command(after_help = "Example: portcullis backup --data /srv/portcullis /backups/today")]
    Backup {
        #[command(flatten)]
        place: Place,
        /// A new directory
        out: PathBuf,
    },
    /// Copy a backup into an empty data directory or database, and verify it there
    #[command(
        after_help = "Example: portcullis restore /backups/today --data /srv/portcullis \\\n           \
            --database postgres://portcullis@db.example/portcullis"
    )]
    Restore {
        /// The backup
        backup: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Print the description of the HTTP API (OpenAPI 3.1)
    Openapi,
    #[command(hide = true)]
    ScanChild,
}

#[derive(Debug, Subcommand)]
pub enum ActVerb {
    /// The acts that wait
    List,
    /// Sign one as an operator
    Sign {
        /// The act's id, as `act list` shows it
        act: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum PersonVerb {
    /// Bring somebody in; an operator signs
    #[command(after_help = "Example: portcullis person add 'Ada Lovelace' \
        --public-key ada.pub --role security")]
    Add(person::Add),
    /// Everybody
    List,
    /// Somebody leaves: their keys, sessions and tokens end; an operator signs
    Offboard {
        /// Their name or id
        person: String,
    },
    /// Set somebody's roles; an operator signs
    Roles {
        /// Their name or id
        person: String,
        /// Each role; none takes all away
        #[arg(long)]
        role: Vec<String>,
    },
    /// Keys of people
    Key {
        #[command(subcommand)]
        verb: KeyVerb,
    },
}

#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// Give somebody one more key; an operator signs
    Add {
        /// Their name or id
        person: String,
        /// Their SSH public key: a file
        public_key: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub enum VendorVerb {
    /// Add a vendor
    #[command(
        after_help = "Example: portcullis vendor add 'Parcel Ltd' --contact api@parcel.example"
    )]
    Add {
        /// The name that tickets call it by
        name: String,
        /// An e-mail address or whatever reaches them
        #[arg(long, default_value = "")]
        contact: String,
    },
    /// All vendors
    List,
}

#[derive(Debug, Subcommand)]
pub enum StandardVerb {
    /// Whether every criterion of a file can be measured
    #[command(after_help = "Example: portcullis standard print > ours.yaml && \
        portcullis standard check ours.yaml")]
    Check { file: PathBuf },
    /// Publish a standard; an operator signs
    Publish { file: PathBuf },
    /// The published standards
    List,
    /// Print a bundled standard, to start your own from
    #[command(alias = "baseline")]
    Print {
        /// baseline, payment, personal or health
        #[arg(default_value = "baseline")]
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// Whether a file of policies fits the schema
    Check { file: PathBuf },
    /// Put a file of policies into force; an operator signs
    Publish { file: PathBuf },
    /// Run a folder of cases against a file of policies
    #[command(after_help = "Example: portcullis policy test policy.cedar cases/")]
    Test {
        /// The policies (Cedar)
        file: PathBuf,
        /// A folder of `*.yaml`, each a request's facts and what must come of it
        cases: PathBuf,
    },
    /// What the policy in force says to a request
    Explain(New),
    /// The policy in force
    Show,
    /// Print the policy that a new ledger starts with
    Default,
}

#[derive(Debug, Subcommand)]
pub enum TicketVerb {
    /// Open a ticket from a file
    #[command(after_help = "Example: portcullis ticket open parcel.yaml")]
    Open { file: PathBuf },
    /// Change what is asked for; evidence and reviews start over
    Amend { ticket: String, file: PathBuf },
    /// A ticket with every criterion
    Show { ticket: String },
    /// All tickets
    List,
    /// Attack the sandbox, as the standard asks for
    #[command(after_help = "Example: portcullis ticket probe tkt_… --token sandbox-token.txt")]
    Probe(Probe),
    /// Hand in a document, or attest a value with your signature
    #[command(after_help = "Example: portcullis ticket attach tkt_… penetration-test \
        letter.pdf --value 0 --issued 2026-09-01")]
    Attach(Attach),
    /// Sign what goes to the reviewers
    Submit { ticket: domain::id::TicketId },
    /// Review it: sign for it, or against it
    #[command(after_help = "Example: portcullis ticket sign tkt_… --role security")]
    Sign(Sign),
    /// End it
    Withdraw { ticket: String },
    /// Release an approved service: canary, then wide
    #[command(after_help = "Example: portcullis ticket release parcel canary")]
    Release {
        /// The service's name
        service: String,
        /// canary (few callers, low limits) or wide
        stage: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum ServiceVerb {
    /// All approved services
    List,
    /// One with its environments and scopes
    Show { service: String },
    /// Store the vendor's credential, read from standard input or a file
    #[command(after_help = "Example: portcullis service credential parcel production < key.txt")]
    Credential {
        /// The service's name
        service: String,
        /// The environment, as the ticket names it
        environment: String,
        /// Read it from this file; for basic authentication it is `user:password`
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Stop it at once, until another ticket for it is approved
    Suspend { service: String },
}

#[derive(Debug, Subcommand)]
pub enum RequestVerb {
    /// Ask for a token
    #[command(after_help = "Example: portcullis request new parcel -e production \
        -s parcels:read --for 30d --reason 'shipping report'")]
    New(New),
    /// One request
    Show { request: String },
    /// All requests
    List,
    /// Review it: sign for it, or against it
    Sign(Sign),
    /// Make the token of a granted request; it is shown once
    #[command(after_help = "Example: portcullis request claim req_… --out token.txt")]
    Claim {
        request: String,
        /// Put it into this file (mode 0600) in place of printing it
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum TokenVerb {
    /// All tokens
    List(List),
    /// When a token ends, because of what, and what to do
    Why { token: TokenId },
    /// Make a successor; the old token lives on for the overlap
    #[command(after_help = "Example: portcullis token rotate tok_… --overlap 1h --out token.txt")]
    Rotate {
        /// The token that gets a successor
        token: TokenId,
        /// How long the old one lives on, at most 1d
        #[arg(long, default_value = "1h")]
        overlap: Span,
        /// Put the new one into this file (mode 0600) in place of printing it
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// End tokens at once, everywhere
    #[command(after_help = "Examples:\n  portcullis token revoke tok_…\n  \
        portcullis token revoke --vendor 'Parcel Ltd' --reason compromised --dry-run")]
    Revoke(Revoke),
}

#[derive(Debug, Subcommand)]
pub enum LedgerVerb {
    /// Print entries
    Show {
        /// The first entry
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// How many
        #[arg(long, default_value_t = 50)]
        count: usize,
    },
    /// Verify a data directory or backup from genesis, offline
    #[command(after_help = "Example: portcullis ledger verify /srv/portcullis")]
    Verify(Verify),
    /// Delete the snapshots that starts rest on: the next one reads every entry
    DropSnapshots {
        #[command(flatten)]
        place: Place,
    },
}

/// Where a server keeps its ledger.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// The server's data directory; by default ~/.local/share/portcullis
    #[arg(long, env = "PORTCULLIS_DATA")]
    pub data: Option<PathBuf>,
    /// The server's database, if it is PostgreSQL; the usage lies in its data directory
    #[arg(long, env = "PORTCULLIS_DATABASE")]
    pub database: Option<String>,
}
