//! Bringing a token out: policy, requests, tokens.

use std::path::PathBuf;

use clap::Subcommand;
use domain::time::Span;

use crate::verb::request::{New, Wish};
use crate::verb::ticket::review::Sign;
use crate::verb::token::{List, Revoke};

#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// Whether a file of policies fits the schema
    #[command(after_help = "Example: portcullis policy check policy.cedar")]
    Check { file: PathBuf },
    /// Put a file of policies into force; an operator signs
    #[command(after_help = "Example: portcullis policy publish policy.cedar")]
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
    #[command(after_help = "Example: portcullis policy explain parcel -e production \
        -s parcels:read --for 30d")]
    Explain(Wish),
    /// The policy in force
    #[command(after_help = "Example: portcullis policy show")]
    Show,
    /// Print the policy that a new ledger starts with
    #[command(after_help = "Example: portcullis policy default >policy.cedar")]
    Default,
}

#[derive(Debug, Subcommand)]
pub enum RequestVerb {
    /// Ask for a token
    #[command(after_help = "Example: portcullis request new parcel -e production \
        -s parcels:read --for 30d --reason 'shipping report'")]
    New(New),
    /// One request
    #[command(after_help = "Example: portcullis request show parcel")]
    Show {
        /// The request, or its service's name if that can mean one alone
        request: String,
    },
    /// All requests
    #[command(after_help = "Example: portcullis request list")]
    List,
    /// Review it: sign for it, or against it
    #[command(after_help = "Example: portcullis request sign parcel --role privacy")]
    Sign(Sign),
    /// Make the token of a granted request; it is shown once
    #[command(after_help = "Example: portcullis request claim parcel --out token.txt")]
    Claim {
        /// The request, or its service's name if one of yours waits there
        request: String,
        /// Put it into this file (mode 0600) in place of printing it
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum TokenVerb {
    /// All tokens
    #[command(after_help = "Example: portcullis token list --service parcel")]
    List(List),
    /// When a token ends, because of what, and what to do
    #[command(after_help = "Example: portcullis token why parcel")]
    Why {
        /// The token, or its service's name if one alone lives there
        token: String,
    },
    /// Make a successor; the old token lives on for the overlap
    #[command(after_help = "Example: portcullis token rotate parcel --overlap 1h --out token.txt")]
    Rotate {
        /// The token that gets a successor, or its service's name
        token: String,
        /// How long the old one lives on, at most 1d
        #[arg(long, default_value = "1h")]
        overlap: Span,
        /// Put the new one into this file (mode 0600) in place of printing it
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// End tokens at once, everywhere
    #[command(after_help = "Examples:\n  portcullis token revoke parcel\n  \
        portcullis token revoke --vendor 'Parcel Ltd' --reason compromised --dry-run")]
    Revoke(Revoke),
}
