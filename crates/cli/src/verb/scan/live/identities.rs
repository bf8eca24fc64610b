//! The credentials of a live scan, from files, the environment, or whoever sits at the terminal.

use std::path::Path;

use anyhow::{Context as _, Result};
use scanner::api::{Api, Operation, SchemeKind};
use scanner::order::{Login, Logins};
use scanner::{Credentials, Placement, Secret};
use zeroize::Zeroizing;

use crate::args::Identities;
use crate::exit::{No, reading};
use crate::unseen;

type Text = Zeroizing<String>;

/// Reads what was named. With `dry` nobody is asked.
///
/// # Errors
/// A file cannot be read, a credential is empty, or an account has no colon.
pub fn credentials(wanted: &Identities, api: &Api<'_>, dry: bool) -> Result<Credentials> {
    let ask = |who: &str| match wanted.ask && !dry {
        true => unseen::text(&format!("The credential of user {who}:")).map(Some),
        false => Ok(None),
    };
    let a = given(wanted.a.as_deref(), "PORTCULLIS_SCAN_A")?.map_or_else(|| ask("A"), one)?;
    let b = given(wanted.b.as_deref(), "PORTCULLIS_SCAN_B")?.map_or_else(|| ask("B"), one)?;
    let admin = given(wanted.admin.as_deref(), "PORTCULLIS_SCAN_ADMIN")?;
    let expired = given(wanted.expired.as_deref(), "PORTCULLIS_SCAN_EXPIRED")?;
    let other = given(wanted.wrong_audience.as_deref(), "PORTCULLIS_SCAN_WRONG_AUDIENCE")?;
    let mut all = Credentials {
        expired: expired.map(secret),
        wrong_audience: other.map(secret),
        placement: wanted.placement.clone().unwrap_or_else(|| documented(api)),
        ..Credentials::default()
    };
    if wanted.log_in {
        let account = |text: Option<Text>| text.map(|text| login(&text)).transpose();
        all.logins = Logins { a: account(a)?, b: account(b)?, admin: account(admin)? };
    } else {
        (all.token, all.second, all.admin) = (a.map(secret), b.map(secret), admin.map(secret));
    }
    Ok(all)
}

/// Where the scheme that most operations ask for puts its credential; a bearer token if none says.
fn documented(api: &Api<'_>) -> Placement {
    let asked = |name: &str| {
        let names = |operation: &&Operation<'_>| {
            operation.security.named().any(|(scheme, _)| *scheme == name)
        };
        api.operations.iter().filter(names).count()
    };
    let scheme = api.schemes.iter().max_by_key(|scheme| asked(scheme.name));
    let Some(scheme) = scheme else { return Placement::Bearer };
    match scheme.kind {
        SchemeKind::Basic => Placement::Basic,
        SchemeKind::Key { name, put: "header" } => Placement::Header { name: name.to_owned() },
        SchemeKind::Key { name, put: "query" } => Placement::Query { name: name.to_owned() },
        SchemeKind::Key { name, put: "cookie" } => Placement::Cookie { name: name.to_owned() },
        _ => Placement::Bearer,
    }
}

fn one(text: Text) -> Result<Option<Text>> {
    Ok(Some(text))
}

fn given(path: Option<&Path>, variable: &str) -> Result<Option<Text>> {
    let text = match path {
        Some(path) => Some(std::fs::read_to_string(path).with_context(|| reading(path))?),
        None => std::env::var(variable).ok(),
    };
    let Some(text) = text.map(Zeroizing::new) else { return Ok(None) };
    let trimmed = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    match (trimmed.is_empty(), path) {
        (false, _) => Ok(Some(trimmed)),
        (true, Some(path)) => Err(No::usage(format!("{} is empty", path.display()))),
        (true, None) => Err(No::usage(format!("`{variable}` is empty; unset it"))),
    }
}

fn secret(text: Text) -> Secret {
    Secret::new(text.as_str().to_owned())
}

fn login(text: &Text) -> Result<Login> {
    let parts = text.split_once(':').filter(|(name, word)| !name.is_empty() && !word.is_empty());
    let missing = || No::usage("an account is a name and a password with a colon between them");
    let (name, password) = parts.ok_or_else(missing)?;
    Ok(Login { name: name.to_owned(), password: Secret::new(password.to_owned()) })
}
