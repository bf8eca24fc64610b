//! What the command line can do, in the order in which a new user needs it.

mod grouped;
mod people;
mod scan;
mod services;
mod tokens;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::tour::TourOptions;
use crate::up::UpOptions;
use crate::verify::Verify;

pub use grouped::command;
pub use people::{ActVerb, KeyVerb, MachineVerb, PersonVerb, SettingsVerb};
pub use scan::{
    Asked, Document, FailOn, HandOver, Identities, Live, Manners, Replay, ScanVerb, Show,
};
pub use services::{ServiceVerb, StandardVerb, TicketVerb, VendorVerb};
pub use tokens::{PolicyVerb, RequestVerb, TokenVerb};

/// Decides which APIs an organisation may use and which tokens may call them, and enforces exactly
/// that decision on every call.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 done; 1 refused, by a rule, a reviewer or you, or a scan found \
    something; 2 arguments or files that cannot be used; 3 failure; 4 a scan could not judge \
    everything; 141 nobody reads the output any more.\n\n\
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
    /// Show the statement in full, not only its summary, before you sign
    #[arg(long, global = true, help_heading = "Global options")]
    pub full: bool,
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
        /// The server's address [default: where the last session was, else http://127.0.0.1:7400]
        #[arg(env = "PORTCULLIS_URL")]
        url: Option<String>,
    },
    /// End the session
    #[command(after_help = "Example: portcullis logout")]
    Logout,
    /// Who is logged in
    #[command(after_help = "Example: portcullis whoami")]
    Whoami,
    /// Judge an API by its description, or attack its sandbox; needs no server
    #[command(after_help = "Example: portcullis scan document api.yaml")]
    Scan {
        #[command(subcommand)]
        verb: ScanVerb,
    },
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
    /// Control nodes, gateways and runners
    Machine {
        #[command(subcommand)]
        verb: MachineVerb,
    },
    /// How many operators sign, how stale a gateway may be
    Settings {
        #[command(subcommand)]
        verb: SettingsVerb,
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
    #[command(after_help = "Example: portcullis openapi >portcullis.json")]
    Openapi,
    #[command(hide = true)]
    ScanChild,
}

#[derive(Debug, Subcommand)]
pub enum LedgerVerb {
    /// Print entries, the newest by default
    #[command(after_help = "Examples:\n  portcullis ledger show --count 10\n  \
        portcullis --json ledger show --from 0 --count 1000000 >ledger.json")]
    Show {
        /// The first entry
        #[arg(long)]
        from: Option<u64>,
        /// How many
        #[arg(long, default_value_t = 50)]
        count: u64,
    },
    /// Verify a data directory or backup from genesis, offline
    #[command(after_help = "Examples:\n  portcullis ledger verify\n  \
        portcullis ledger verify /backups/today --genesis HASH")]
    Verify(Verify),
    /// Delete the snapshots that starts rest on: the next one reads every entry
    #[command(after_help = "Example: portcullis ledger drop-snapshots --data /srv/portcullis")]
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
