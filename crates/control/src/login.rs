//! Login: an SSH signature over a challenge that is bound to this origin, once, within a minute.

use std::collections::HashMap;
use std::sync::Arc;

use domain::digest::Digest;
use domain::id::PersonId;
use domain::people::Key;
use domain::refusal::{Code, Refusal};
use domain::signature::LOGIN_NAMESPACE;
use domain::time::{Millis, Span};
use parking_lot::Mutex;
use serde::Serialize;

use crate::control::Control;
use crate::flow::Failure;

/// How long a session lasts.
pub const SESSION: Span = Span(8 * Span::HOUR.0);
const ANSWER_WITHIN: Span = Span::MINUTE;
const MOST_CHALLENGES: usize = 10_000;

/// The open challenges of this node, each good once.
#[derive(Default)]
pub struct Challenges(Mutex<HashMap<Digest, Millis>>);

/// What the client signs in the namespace `portcullis-login-v1` (RFC 8785 form).
#[derive(Serialize)]
struct Challenge<'a> {
    expires: Millis,
    /// The fingerprint of the key that shall sign.
    key: Digest,
    nonce: Digest,
    origin: &'a str,
    statement: &'static str,
}

/// A session: its bearer token is shown once and stored as a hash.
pub struct Session {
    pub expires: Millis,
    pub person: PersonId,
    pub token: String,
}

impl Control {
    /// A challenge for a key; it says nothing about whether the key is known.
    pub fn challenge(&self, key: Digest) -> Result<(Digest, Millis, Vec<u8>), Refusal> {
        let nonce = Digest(self.random()?);
        let now = (self.clock)();
        let expires = now.after(ANSWER_WITHIN);
        let mut open = self.challenges.0.lock();
        open.retain(|_, expires| *expires > now);
        if open.len() >= MOST_CHALLENGES {
            return Err(Refusal::new(Code::Invalid, "too many logins at once; try again shortly"));
        }
        open.insert(nonce, expires);
        Ok((nonce, expires, self.challenge_text(key, nonce, expires)))
    }

    fn challenge_text(&self, key: Digest, nonce: Digest, expires: Millis) -> Vec<u8> {
        let origin = self.origin.as_str();
        let challenge = Challenge { expires, key, nonce, origin, statement: "login" };
        domain::entry::canonical(&challenge)
    }

    /// Opens a session for the owner of an active key who signed the challenge.
    pub async fn login(&self, key: Digest, nonce: Digest, sig: &[u8]) -> Result<Session, Failure> {
        let refused = || Refusal::new(Code::KeyNotActive, "the key is not one of an active person");
        let expires = self.challenges.0.lock().remove(&nonce);
        let Some(expires) = expires.filter(|expires| *expires > (self.clock)()) else {
            let message = "the challenge is unknown, used or expired; start over";
            return Err(Refusal::new(Code::SignatureExpired, message).into());
        };
        let state = self.state();
        let known = state.keys.get(&key).filter(|key| key.retired.is_none()).ok_or_else(refused)?;
        state.active_person(known.person).map_err(|_| refused())?;
        known.public.verify(LOGIN_NAMESPACE, &self.challenge_text(key, nonce, expires), sig)?;
        let expires = (self.clock)().after(SESSION);
        let random = hex::encode(self.random()?);
        let token = format!("pcs_{random}.{}.{key}.{}", known.person, expires.0);
        self.journal.open_session(self.vault.mark(&token)?, known.person, expires).await?;
        Ok(Session { expires, person: known.person, token })
    }

    /// The person behind a session's token, while they are active.
    pub async fn authenticate(&self, token: &str) -> Result<PersonId, Failure> {
        let refused =
            || Refusal::new(Code::NotActive, "no session; log in with `portcullis login`");
        // INVARIANT: who a session is of stands in its token, under a mark that only this node's vault
        // makes. Whoever writes to the database can end sessions and make none.
        let (person, key) = holder(token).ok_or_else(refused)?;
        let session = self.journal.session(self.vault.mark(token)?, (self.clock)()).await?;
        session.filter(|(found, _)| *found == person).ok_or_else(refused)?;
        let state = self.state();
        state.active_person(person).map_err(|_| refused())?;
        let active = |key: &&Arc<Key>| key.person == person && key.retired.is_none();
        state.keys.get(&key).filter(active).ok_or_else(refused)?;
        Ok(person)
    }

    pub async fn logout(&self, token: &str) -> Result<(), Failure> {
        self.journal.close_session(self.vault.mark(token)?).await?;
        Ok(())
    }
}

/// The person and the key in a session's token.
fn holder(token: &str) -> Option<(PersonId, Digest)> {
    let mut parts = token.strip_prefix("pcs_")?.split('.').skip(1);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
