//! The command line. Start reading at [`args`] (what it can do) and `run` (how it gets there).

#[macro_use]
pub mod print;

pub mod args;
pub mod client;
pub mod exit;
pub mod home;
pub mod names;
pub mod nearest;
pub mod scan;
pub mod show;
pub mod sign;
pub mod tour;
pub mod unseen;
pub mod up;
pub mod verb;
pub mod verify;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::FromArgMatches as _;

use args::{
    ActVerb, Args, KeyVerb, LedgerVerb, MachineVerb, PersonVerb, PolicyVerb, RequestVerb,
    ServiceVerb, SettingsVerb, StandardVerb, TicketVerb, TokenVerb, VendorVerb, Verb,
};
use exit::failed;
use home::Home;
use show::Show;
use verb::Desk;

/// Runs the program on its arguments.
pub fn main() -> ExitCode {
    let read = Args::from_arg_matches(&args::command().get_matches());
    let args = read.unwrap_or_else(|error| error.exit());
    if matches!(args.verb, Verb::ScanChild) {
        return scan::child();
    }
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let json = args.json;
    if let Verb::Scan { verb } = args.verb {
        return match verb::scan::scan(verb, Show { json }) {
            Ok(exit) => exit.into(),
            Err(error) => failed(&error, json),
        };
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into(), json),
    };
    let ended = match runtime.block_on(run(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error, json),
    };
    // What still runs has nothing to say any more: a server that was refused ends at once.
    runtime.shutdown_background();
    ended
}

async fn run(args: Args) -> Result<()> {
    let home = Home::find(args.config.as_deref())?;
    let show = Show { json: args.json };
    let desk = Desk { home, key: args.key, show, yes: args.yes, full: args.full };
    match args.verb {
        Verb::Up(options) => up::up(&desk.home, options, show).await,
        Verb::Tour(options) => tour::tour(options, show).await,
        Verb::Login { url } => verb::login::login(&desk, url.as_deref()).await,
        Verb::Logout => verb::login::logout(&desk).await,
        Verb::Whoami => verb::login::whoami(&desk).await,
        Verb::Act { verb } => act(&desk, verb).await,
        Verb::Person { verb } => person(&desk, verb).await,
        Verb::Machine { verb } => machine(&desk, verb).await,
        Verb::Settings { verb } => settings(&desk, verb).await,
        Verb::Vendor { verb } => vendor(&desk, verb).await,
        Verb::Standard { verb } => standard(&desk, verb).await,
        Verb::Policy { verb } => policy(&desk, verb).await,
        Verb::Ticket { verb } => ticket(&desk, verb).await,
        Verb::Service { verb } => service(&desk, verb).await,
        Verb::Request { verb } => request(&desk, verb).await,
        Verb::Token { verb } => token(&desk, verb).await,
        Verb::Ledger { verb } => ledger(&desk, verb).await,
        Verb::Backup { place, out } => verb::ledger::backup(&desk, place, &out).await,
        Verb::Restore { backup, place } => verb::ledger::restore(&desk, &backup, place).await,
        Verb::Openapi => {
            println!("{}", control::api::description().to_pretty_json().context("printing")?);
            Ok(())
        }
        // Run before there is a runtime.
        Verb::Scan { .. } | Verb::ScanChild => Ok(()),
    }
}

async fn act(desk: &Desk, verb: ActVerb) -> Result<()> {
    match verb {
        ActVerb::List => verb::act::list(desk).await,
        ActVerb::Sign { act } => verb::act::sign(desk, act.as_deref()).await,
    }
}

async fn person(desk: &Desk, verb: PersonVerb) -> Result<()> {
    match verb {
        PersonVerb::Add(add) => verb::person::add(desk, add).await,
        PersonVerb::List => verb::person::list(desk).await,
        PersonVerb::Offboard { person } => verb::person::offboard(desk, &person).await,
        PersonVerb::Roles { person, role } => verb::person::roles(desk, &person, role).await,
        PersonVerb::Responsible { account, person } => {
            verb::person::responsible(desk, &account, &person).await
        }
        PersonVerb::Key { verb } => key(desk, verb).await,
    }
}

async fn key(desk: &Desk, verb: KeyVerb) -> Result<()> {
    match verb {
        KeyVerb::Add { person, public_key } => {
            verb::person::key::add(desk, &person, &public_key).await
        }
        KeyVerb::List { person } => verb::person::key::list(desk, person.as_deref()).await,
        KeyVerb::Retire { retired } => verb::person::key::retire(desk, &retired).await,
    }
}

async fn machine(desk: &Desk, verb: MachineVerb) -> Result<()> {
    match verb {
        MachineVerb::List => verb::machine::list(desk).await,
        MachineVerb::Identity => verb::machine::identity(desk),
        MachineVerb::Enroll { kind, file } => verb::machine::enroll(desk, kind, &file).await,
        MachineVerb::Retire { machine } => verb::machine::retire(desk, &machine).await,
    }
}

async fn settings(desk: &Desk, verb: SettingsVerb) -> Result<()> {
    match verb {
        SettingsVerb::Show => verb::settings::show(desk).await,
        SettingsVerb::Set(set) => verb::settings::set(desk, set).await,
    }
}

async fn vendor(desk: &Desk, verb: VendorVerb) -> Result<()> {
    match verb {
        VendorVerb::Add { name, contact } => verb::service::add_vendor(desk, &name, &contact).await,
        VendorVerb::List => verb::service::vendors(desk).await,
    }
}

async fn standard(desk: &Desk, verb: StandardVerb) -> Result<()> {
    match verb {
        StandardVerb::Check { file } => verb::standard::check(desk, &file),
        StandardVerb::Publish { file } => verb::standard::publish(desk, &file).await,
        StandardVerb::List => verb::standard::list(desk).await,
        StandardVerb::Print { name } => verb::standard::print(&name),
    }
}

async fn policy(desk: &Desk, verb: PolicyVerb) -> Result<()> {
    match verb {
        PolicyVerb::Check { file } => verb::policy::check(desk, &file),
        PolicyVerb::Publish { file } => verb::policy::publish(desk, &file).await,
        PolicyVerb::Test { file, cases } => verb::policy::test(desk, &file, &cases),
        PolicyVerb::Explain(wish) => verb::request::explain(desk, &wish).await,
        PolicyVerb::Show => verb::policy::show(desk).await,
        PolicyVerb::Default => {
            print!("{}", up::genesis::POLICY);
            Ok(())
        }
    }
}

async fn ticket(desk: &Desk, verb: TicketVerb) -> Result<()> {
    match verb {
        TicketVerb::Open { file } => verb::ticket::open(desk, &file).await,
        TicketVerb::Amend { ticket, file } => verb::ticket::amend(desk, &ticket, &file).await,
        TicketVerb::Show { ticket } => verb::ticket::show(desk, &ticket).await,
        TicketVerb::List => verb::ticket::list(desk).await,
        TicketVerb::Probe(probe) => verb::ticket::probe::probe(desk, probe).await,
        TicketVerb::Report(report) => verb::ticket::report::report(desk, report).await,
        TicketVerb::Papers { ticket, save } => {
            verb::ticket::papers::papers(desk, &ticket, save).await
        }
        TicketVerb::Attach(attach) => verb::ticket::attach::attach(desk, attach).await,
        TicketVerb::Submit { ticket } => verb::ticket::review::submit(desk, &ticket).await,
        TicketVerb::Sign(sign) => verb::ticket::review::ticket(desk, sign).await,
        TicketVerb::Withdraw { ticket } => verb::ticket::withdraw(desk, &ticket).await,
        TicketVerb::Release { service, stage } => {
            verb::service::release(desk, &service, &stage).await
        }
    }
}

async fn service(desk: &Desk, verb: ServiceVerb) -> Result<()> {
    match verb {
        ServiceVerb::List => verb::service::list(desk).await,
        ServiceVerb::Show { service } => verb::service::show(desk, &service).await,
        ServiceVerb::Credential { service, environment, file } => {
            verb::service::credential(desk, &service, &environment, file.as_deref()).await
        }
        ServiceVerb::Suspend { service } => verb::service::suspend(desk, &service).await,
    }
}

async fn request(desk: &Desk, verb: RequestVerb) -> Result<()> {
    match verb {
        RequestVerb::New(new) => verb::request::new(desk, new).await,
        RequestVerb::Show { request } => verb::request::show(desk, &request).await,
        RequestVerb::List => verb::request::list(desk).await,
        RequestVerb::Sign(sign) => verb::ticket::review::request(desk, sign).await,
        RequestVerb::Claim { request, out } => verb::request::claim(desk, &request, out).await,
    }
}

async fn token(desk: &Desk, verb: TokenVerb) -> Result<()> {
    match verb {
        TokenVerb::List(list) => verb::token::list(desk, list).await,
        TokenVerb::Why { token } => verb::token::why(desk, &token).await,
        TokenVerb::Rotate { token, overlap, out } => {
            verb::token::rotate(desk, &token, overlap, out).await
        }
        TokenVerb::Revoke(revoke) => verb::token::revoke(desk, revoke).await,
    }
}

async fn ledger(desk: &Desk, verb: LedgerVerb) -> Result<()> {
    match verb {
        LedgerVerb::Show { from, count } => verb::ledger::show(desk, from, count).await,
        LedgerVerb::Verify(verify) => verify::verify(verify, desk.show).await,
        LedgerVerb::DropSnapshots { place } => verb::ledger::drop_snapshots(desk, place).await,
    }
}
