//! Who may act: people, keys, machines, settings, and the acts of authority that wait.

use std::path::PathBuf;

use clap::Subcommand;

use crate::verb::{machine, person, settings};

#[derive(Debug, Subcommand)]
pub enum ActVerb {
    /// The acts that wait
    #[command(after_help = "Example: portcullis act list")]
    List,
    /// Sign one as an operator; it is shown first
    #[command(after_help = "Example: portcullis act sign")]
    Sign {
        /// The act's id, as `act list` shows it; the only one that waits when left out
        act: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum PersonVerb {
    /// Bring somebody in; an operator signs
    #[command(after_help = "Example: portcullis person add 'Ada Lovelace' \
        --public-key ada.pub --role security")]
    Add(person::Add),
    /// Everybody
    #[command(after_help = "Example: portcullis --json person list | jq -r '.[].name'")]
    List,
    /// Somebody leaves: their keys, sessions and tokens end; an operator signs
    #[command(after_help = "Example: portcullis person offboard 'Ada Lovelace'")]
    Offboard {
        /// Their name or id
        person: String,
    },
    /// Set somebody's roles; an operator signs
    #[command(after_help = "Example: portcullis person roles 'Ada Lovelace' \
        --role security --role privacy")]
    Roles {
        /// Their name or id
        person: String,
        /// Each role; none takes all away
        #[arg(long)]
        role: Vec<String>,
    },
    /// Name who answers for a service account from now on; an operator signs
    #[command(after_help = "Example: portcullis person responsible build-agent 'Ada Lovelace'")]
    Responsible {
        /// The service account's name or id
        account: String,
        /// Their name or id
        person: String,
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
    #[command(after_help = "Example: portcullis person key add Rosa laptop.pub")]
    Add {
        /// Their name or id
        person: String,
        /// Their SSH public key: a file
        public_key: PathBuf,
    },
    /// The keys that sign
    #[command(after_help = "Example: portcullis person key list Rosa")]
    List {
        /// Only of this person, by name or id
        person: Option<String>,
    },
    /// A key signs and logs in no more, lost or replaced; an operator signs
    #[command(after_help = "Examples:\n  portcullis person key retire old.pub\n  \
        portcullis person key retire SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU")]
    Retire {
        /// The key: its file, or its fingerprint as `person key list` or `ssh-keygen -l` shows it
        #[arg(value_name = "KEY")]
        retired: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum MachineVerb {
    /// The enrolled nodes, gateways and runners
    #[command(after_help = "Example: portcullis machine list")]
    List,
    /// Print the public keys of this host's machines, for `machine enroll`
    #[command(after_help = "Example: portcullis machine identity >host.json")]
    Identity,
    /// Trust a machine of another host; an operator signs
    #[command(after_help = "Example: portcullis machine enroll runner host.json")]
    Enroll {
        /// Which of the host's machines
        kind: machine::Kind,
        /// What `machine identity` printed there
        file: PathBuf,
    },
    /// Trust a machine no more: nothing that it signs from now on counts; an operator signs
    #[command(after_help = "Example: portcullis machine retire gtw_01m80g9h83ecpbaxdp9500xr05")]
    Retire {
        /// Its id, as `machine list` shows it
        machine: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum SettingsVerb {
    /// Quorum and staleness bound
    #[command(after_help = "Example: portcullis settings show")]
    Show,
    /// Set either; an operator signs
    #[command(after_help = "Example: portcullis settings set --staleness 30s")]
    Set(settings::Set),
}
