//! `login`, `logout`, `whoami`.

use anyhow::Result;
use serde_json::{Value, json};

use super::Desk;
use crate::client::Client;
use crate::exit::No;
use crate::show::{facts, next};

pub async fn login(desk: &Desk, url: &str) -> Result<()> {
    let (client, session) = Client::login(url, &desk.signer()?).await?;
    if let Ok(Some(before)) = desk.home.session()
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
