//! A token as its owner sees it: alive until when, because of what, and what to do next.

use domain::id::TokenId;
use domain::refusal::Refusal;
use domain::service::Release;
use domain::state::State;
use domain::time::{Millis, Span};
use domain::token::Token;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Ends, Named};
use crate::control::Control;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    pub id: String,
    pub grant: String,
    pub request: String,
    pub owner: Named,
    pub service: String,
    pub environment: String,
    pub scopes: Vec<String>,
    pub rate: Option<String>,
    /// `active`, `rotating`, `expired` or `revoked`.
    pub status: String,
    pub ends: Ends,
    /// *ends on … because …*, and the next step.
    pub why: String,
    /// Where to call with it.
    pub base_url: String,
}

impl Control {
    pub async fn token_view(&self, id: TokenId) -> Result<TokenView, Refusal> {
        let (state, now) = (self.state(), self.now());
        let token = state.token(id)?;
        let grant = state.grant(token.grant)?;
        let asked = &state.request(grant.request)?.asked;
        let service = state.service(asked.service)?;
        let status = status(&state, id, token, now);
        Ok(TokenView {
            id: id.to_string(),
            grant: token.grant.to_string(),
            request: grant.request.to_string(),
            owner: self.named(asked.owner).await,
            service: service.name.clone(),
            environment: asked.environment.clone(),
            scopes: asked.scopes.to_vec(),
            rate: grant.rate.map(|rate| rate.to_string()),
            status: status.to_owned(),
            ends: Ends::from(&token.fuse),
            why: why(id, token, status, now),
            base_url: format!("{}/{}/{}", self.gateway, service.name, asked.environment),
        })
    }
}

/// Whether the token admits calls now.
pub fn status(state: &State, id: TokenId, token: &Token, now: Millis) -> &'static str {
    let grant = state.grants.get(&token.grant);
    let request = grant.and_then(|grant| state.requests.get(&grant.request));
    let service = request.and_then(|request| state.services.get(&request.asked.service));
    let revoked = token.revoked.is_some()
        || grant.is_none_or(|grant| grant.revoked.is_some())
        || service.is_none_or(|service| service.release == Release::Suspended);
    let burnt = token.fuse.is_burnt(now) || service.is_some_and(|s| s.fuse.is_burnt(now));
    match () {
        () if revoked => "revoked",
        () if burnt => "expired",
        () if grant.is_some_and(|grant| grant.token != Some(id)) => "rotating",
        () => "active",
    }
}

fn why(id: TokenId, token: &Token, status: &str, now: Millis) -> String {
    let life = token.issued.until(token.fuse.until);
    let due = token.issued.after(Span(life.0 / 3 * 2));
    match status {
        "revoked" => "revoked: it admits nothing any more; make a new request".to_owned(),
        "expired" => format!("{}: make a new request", token.fuse),
        "rotating" => format!("{}: use its successor", token.fuse),
        _ if now >= due => format!("{}: rotate it now, `portcullis token rotate {id}`", token.fuse),
        _ => format!("{}: rotate it from {due} on, `portcullis token rotate {id}`", token.fuse),
    }
}
