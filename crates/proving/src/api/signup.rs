//! Signing up and logging in with a name and a password.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::api::token::session;
use crate::grants::Grant;
use crate::input::{Body, Bounded, Limits, TEXT_CHARS, check_id, check_text};
use crate::limiter::Counted;
use crate::password;
use crate::problem::Problem;
use crate::random;
use crate::scope::Role;
use crate::site::{Site, now};
use crate::weakness::Weakness;

/// The fewest characters of a password.
pub(crate) const PASSWORD_CHARS: usize = 8;

/// A name and a password. `role` is nobody's to choose: only `signup-takes-role` reads it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCustomer {
    name: String,
    password: String,
    role: Option<Role>,
}

impl Bounded for NewCustomer {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        check_id("name", &self.name)?;
        check_text("password", &self.password, limits.text(TEXT_CHARS))?;
        if self.password.chars().count() < PASSWORD_CHARS {
            return Err(Problem::malformed("check constraint `password`"));
        }
        Ok(())
    }
}

pub(crate) async fn sign_up(
    State(site): State<Arc<Site>>,
    Body(new): Body<NewCustomer>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let role = match new.role {
        Some(role) if site.has(Weakness::SignupTakesRole) => role,
        Some(_) => return Err(Problem::malformed("unknown field `role`")),
        None => Role::Customer,
    };
    let hash = password::hash(&new.password)?;
    let mut store = site.store();
    let customer = store.sign_up(&new.name, hash, role, now())?;
    Ok((StatusCode::CREATED, Json(store.shown(&customer)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    name: String,
    password: String,
}

impl Bounded for Login {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        check_id("name", &self.name)?;
        check_text("password", &self.password, limits.text(TEXT_CHARS))
    }
}

/// A session for who knows the password. An unknown name is answered like a wrong password, as
/// late and as often.
pub(crate) async fn log_in(
    State(site): State<Arc<Site>>,
    Body(login): Body<Login>,
) -> Result<Json<Value>, Problem> {
    let counted = Counted::Customer(login.name.clone());
    let wait = site.logins.wait(&counted, Instant::now());
    if let Some(wait) = wait.filter(|_| !site.has(Weakness::LoginUnlimited)) {
        return Err(Problem::TooManyTries { seconds: wait.as_secs().max(1) });
    }
    let hash = site.store().password_hash(&login.name);
    let known = hash.is_some();
    if !password::fits(&login.password, &hash.unwrap_or_default()) {
        site.logins.take(counted, Instant::now());
        return Err(match (known, site.has(Weakness::LoginEnumerates)) {
            (_, false) => Problem::LoginRefused,
            (true, true) => Problem::WrongPassword,
            (false, true) => Problem::UnknownName,
        });
    }
    opened(&site, login.name)
}

/// The login of before, which forgot the password.
pub(crate) async fn log_in_by_name(
    State(site): State<Arc<Site>>,
    Body(login): Body<Login>,
) -> Result<Json<Value>, Problem> {
    opened(&site, login.name)
}

fn opened(site: &Site, subject: String) -> Result<Json<Value>, Problem> {
    let role = site.store().customers.get(&subject).map(|customer| customer.role);
    let scopes = role.ok_or(Problem::LoginRefused)?.scopes();
    let family = random::hex::<8>()?;
    Ok(Json(session(site, Grant { subject, scopes, client: None, family })?))
}
