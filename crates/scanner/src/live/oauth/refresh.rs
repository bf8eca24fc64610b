//! Refresh tokens of the code flow: exchanged once, and for no more than was granted.

use std::time::Duration;

use super::FLAW;
use super::code::{Granted, settle};
use super::flow::{Ask, Identity, Proof, Session, grants, member};
use crate::flaw::Flaw;
use crate::live::actor::{door_fields, registrations};
use crate::live::reply::Reply;
use crate::live::{Gap, Judgement};

/// Some servers take a refresh token again for some seconds, for clients that ask twice at once.
const GRACE: Duration = Duration::from_secs(11);

pub const REPLAYED: Flaw = Flaw {
    id: "oauth-refresh-replayed",
    title: "A refresh token of the code flow works again after it was exchanged",
    why: "A stolen refresh token gives access for as long as it lasts, and nobody notices that two \
          are using it.",
    fix: "Refuse a refresh token that was exchanged for another, and end all that came from it when \
          it comes again (RFC 9700 §4.14.2).",
    ..FLAW
};

pub const WIDENED: Flaw = Flaw {
    id: "refresh-widens-scope",
    title: "A refresh gives scopes that were never granted",
    why: "A client, or who has stolen its refresh token, takes rights that nobody gave it.",
    fix: "Compare `scope` with what the user granted and refuse anything more (RFC 6749 §6).",
    owasp: "API5:2023",
    cwe: 269,
    ..FLAW
};

pub async fn look(session: &Session<'_, '_>, granted: &Granted, judgement: &mut Judgement) {
    if let Err(gap) = widened(session, granted, judgement).await {
        judgement.gaps.push(gap);
    }
    if is_asked_elsewhere(session) {
        return;
    }
    if let Err(gap) = replayed(session, judgement).await {
        judgement.gaps.push(gap);
    }
}

/// True if logins of our own give refresh tokens for the same endpoint: then `token-lifecycle` asks.
fn is_asked_elsewhere(session: &Session<'_, '_>) -> bool {
    let document = &session.scan.document;
    let base = session.scan.client.target.base.as_str();
    let path = session.server.token.strip_prefix(base).unwrap_or(&session.server.token);
    let refreshes = document.operations.iter().any(|one| {
        one.path == path && door_fields(document, one).iter().any(|name| name == "refresh_token")
    });
    refreshes && !session.by_code && !registrations(document).is_empty()
}

/// A fresh grant, so that what happens to it spoils no other.
async fn fresh(session: &Session<'_, '_>) -> Result<Option<Reply>, Gap> {
    let ask = Ask::careful(session.client);
    let Some(code) = session.ask(&ask).await?.code() else { return Ok(None) };
    let proof = Proof::Verifier(&ask.verifier);
    let reply = session.redeem(&code, &ask, proof, Identity::Genuine).await?;
    Ok(grants(&reply).then_some(reply))
}

async fn exchange(
    session: &Session<'_, '_>,
    token: &str,
    scope: Option<&str>,
) -> Result<Reply, Gap> {
    let mut pairs = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    pairs.extend(scope.map(|scope| ("scope", scope)));
    session.at_token(&pairs, Identity::Genuine).await
}

async fn replayed(session: &Session<'_, '_>, judgement: &mut Judgement) -> Result<(), Gap> {
    let Some(grant) = fresh(session).await? else { return Ok(()) };
    let Some(token) = member(&grant, "refresh_token") else { return Ok(()) };
    let first = exchange(session, &token, None).await?;
    let rotated = member(&first, "refresh_token").is_some_and(|next| next != token);
    // Without a new one the old one is meant to be used again.
    if !grants(&first) || !rotated {
        return Ok(());
    }
    let mut again = exchange(session, &token, None).await?;
    if grants(&again) {
        let budget = &session.scan.client.budget;
        budget.pause(GRACE).await.map_err(|spent| Gap::from(&spent.into()))?;
        again = exchange(session, &token, None).await?;
    }
    let told = (&REPLAYED, "oauth.refresh_single_use");
    settle(told, grants(&again), "", &[&first, &again], judgement);
    Ok(())
}

async fn widened(
    session: &Session<'_, '_>,
    granted: &Granted,
    judgement: &mut Judgement,
) -> Result<(), Gap> {
    let Some(scope) = member(&granted.reply, "scope") else { return Ok(()) };
    let held: Vec<_> = scope.split(' ').collect();
    let more = session.server.scopes.iter().find(|one| !held.contains(&one.as_str()));
    let (Some(more), Some(grant)) = (more, fresh(session).await?) else { return Ok(()) };
    let Some(token) = member(&grant, "refresh_token") else { return Ok(()) };
    let reply = exchange(session, &token, Some(&format!("{scope} {more}"))).await?;
    let got = member(&reply, "scope").unwrap_or_default();
    let taken = grants(&reply) && got.split(' ').any(|one| one == more);
    let what = format!("`{more}` was not granted and came with the refresh.");
    let shown = [&granted.asked.reply, &granted.reply, &reply];
    settle((&WIDENED, "oauth.refresh_scope_kept"), taken, &what, &shown, judgement);
    Ok(())
}
