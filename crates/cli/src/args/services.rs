//! Bringing an API in: vendors, standards, tickets, services.

use std::path::PathBuf;

use clap::Subcommand;

use crate::verb::ticket::attach::Attach;
use crate::verb::ticket::probe::Probe;
use crate::verb::ticket::report::Report;
use crate::verb::ticket::review::Sign;

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
    #[command(after_help = "Example: portcullis vendor list")]
    List,
}

#[derive(Debug, Subcommand)]
pub enum StandardVerb {
    /// Whether every criterion of a file can be measured
    #[command(after_help = "Example: portcullis standard print > ours.yaml && \
        portcullis standard check ours.yaml")]
    Check { file: PathBuf },
    /// Publish a standard; an operator signs
    #[command(after_help = "Example: portcullis standard publish ours.yaml")]
    Publish { file: PathBuf },
    /// The published standards
    #[command(after_help = "Example: portcullis standard list")]
    List,
    /// Print a bundled standard, to start your own from
    #[command(alias = "baseline", after_help = "Example: portcullis standard print >ours.yaml")]
    Print {
        /// baseline, payment, personal or health
        #[arg(default_value = "baseline")]
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum TicketVerb {
    /// Open a ticket from a file
    #[command(after_help = "Example: portcullis ticket open parcel.yaml")]
    Open { file: PathBuf },
    /// Change what is asked for; evidence and reviews start over
    #[command(after_help = "Example: portcullis ticket amend parcel parcel.yaml")]
    Amend {
        /// The ticket, or its service's name
        ticket: String,
        file: PathBuf,
    },
    /// A ticket with every criterion
    #[command(after_help = "Example: portcullis ticket show parcel")]
    Show {
        /// The ticket, or its service's name: the open one, else the newest
        ticket: String,
    },
    /// All tickets
    #[command(after_help = "Example: portcullis ticket list")]
    List,
    /// Attack the sandbox, as the standard asks for
    #[command(after_help = "Example: portcullis ticket probe parcel --token sandbox-token.txt")]
    Probe(Probe),
    /// What the probes found, with requests that show it again
    #[command(after_help = "Examples:\n  portcullis ticket report parcel\n  \
        portcullis ticket report parcel --out report.json")]
    Report(Report),
    /// Everything that a reviewer signs, to read: documents, papers, reports
    #[command(after_help = "Example: portcullis ticket papers parcel --save parcel-papers")]
    Papers {
        /// The ticket, or its service's name
        ticket: String,
        /// Put the texts into this directory
        #[arg(long, value_name = "DIR")]
        save: Option<PathBuf>,
    },
    /// Hand in a document, or attest a value with your signature
    #[command(after_help = "Example: portcullis ticket attach parcel penetration-test \
        letter.pdf --value 0 --issued 2026-09-01")]
    Attach(Attach),
    /// Sign what goes to the reviewers
    #[command(after_help = "Example: portcullis ticket submit parcel")]
    Submit {
        /// The ticket, or its service's name
        ticket: String,
    },
    /// Review it: sign for it, or against it
    #[command(after_help = "Example: portcullis ticket sign parcel --role security")]
    Sign(Sign),
    /// End it
    #[command(after_help = "Example: portcullis ticket withdraw parcel")]
    Withdraw {
        /// The ticket, or its service's name
        ticket: String,
    },
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
    #[command(after_help = "Example: portcullis service list")]
    List,
    /// One with its environments and scopes
    #[command(after_help = "Example: portcullis service show parcel")]
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
    #[command(after_help = "Example: portcullis service suspend parcel")]
    Suspend { service: String },
}
