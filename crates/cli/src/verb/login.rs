//! `login`, `logout`, `whoami`.

use anyhow::Result;
use serde_json::{Value, json};

use super::Desk;
use crate::client::Client;
use crate::exit::No;
use crate::show::{facts, next};

/// Where `portcullis up` listens unless it is told otherwise.
const HERE: &str = "http://127.0.0.1:7400";

/// Logs in at `url`; where none is named, at the server of the session before.
pub async fn login(desk: &Desk, url: Option<&str>) -> Result<()> {
    let before = desk.home.session().ok().flatten();
    let url = url.or(before.as_ref().map(|before| before.url.as_str())).unwrap_or(HERE);
    desk.show.note(&format!("logging in at {url}"));
    let (client, session) = Client::login(url, &desk.signer()?).await?;
    if let Some(before) = &before
        && before.url == session.url
        && before.genesis != session.genesis
    {
        return Err(No::refused(format!(
            "the server at {url} has another ledger than before (genesis {}, was {}); if that is \
             meant, `portcullis logout` first",
            session.genesis, before.genesis
        )));
    }
    desk.home.save_session(&session)?;
    let me: Value = client.get("/v1/whoami").await?;
    desk.show.print(&me, || {
        facts(&me, &[("person", "id"), ("name", "name"), ("roles", "roles")]);
        println!("\nlogged in for eight hours");
        next("`portcullis ticket list`, `request list` and `act list` show what waits");
    });
    Ok(())
}

pub async fn logout(desk: &Desk) -> Result<()> {
    if let Some(session) = desk.home.session()? {
        let http = reqwest::Client::new();
        let url = format!("{}/v1/login", session.url.trim_end_matches('/'));
        http.delete(url).bearer_auth(&session.session).send().await?;
    }
    desk.home.forget_session()?;
    desk.show.print(&json!({ "session": null }), || println!("logged out"));
    Ok(())
}

pub async fn whoami(desk: &Desk) -> Result<()> {
    let me: Value = desk.client()?.get("/v1/whoami").await?;
    desk.show.print(&me, || {
        let fields = [("person", "id"), ("name", "name"), ("kind", "kind"), ("roles", "roles")];
        facts(&me, &fields);
    });
    Ok(())
}
