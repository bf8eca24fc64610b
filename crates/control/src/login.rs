//! Login: an SSH signature over a challenge that is bound to this origin, once, within a minute.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::constant_time::verify_slices_are_equal;
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

/// The challenges of this node. A challenge is kept nowhere: its nonce holds its end and this node's
/// mark. Only those that were answered well are remembered until they expire, each good once.
#[derive(Default)]
pub struct Challenges {
    answered: Mutex<HashMap<Digest, Millis>>,
    /// Made anew with every start: what an earlier run has forgotten counts no more.
    run: OnceLock<Digest>,
}

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
    pub fn challenge(&self, key: Digest) -> Result<(Digest, Millis, Vec<u8>), Failure> {
        let expires = (self.clock)().after(ANSWER_WITHIN);
        let (chance, _) = numbers(&Digest(self.random()?));
        let nonce = self.nonce(key, expires, chance)?;
        Ok((nonce, expires, self.challenge_text(key, nonce, expires)))
    }

    /// Eight bytes each of end and chance, then as many of this node's mark over them as fit.
    fn nonce(&self, key: Digest, expires: Millis, chance: u64) -> Result<Digest, Failure> {
        let run = match self.challenges.run.get() {
            Some(run) => *run,
            None => {
                let made = Digest(self.random()?);
                *self.challenges.run.get_or_init(|| made)
            }
        };
        let mark = self.vault.mark(&format!("login {run} {key} {} {chance}", expires.0))?;
        let bytes = expires.0.to_be_bytes().into_iter().chain(chance.to_be_bytes()).chain(mark.0);
        let mut nonce = Digest([0; 32]);
        nonce.0.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        Ok(nonce)
    }

    /// When the challenge ends, if this run of this node gave it for this key.
    fn given(&self, key: Digest, nonce: Digest) -> Result<Option<Millis>, Failure> {
        let (expires, chance) = numbers(&nonce);
        let ours = self.nonce(key, Millis(expires), chance)?;
        Ok(verify_slices_are_equal(&ours.0, &nonce.0).is_ok().then_some(Millis(expires)))
    }

    fn challenge_text(&self, key: Digest, nonce: Digest, expires: Millis) -> Vec<u8> {
        let origin = self.origin.as_str();
        let challenge = Challenge { expires, key, nonce, origin, statement: "login" };
        domain::entry::canonical(&challenge)
    }

    /// Opens a session for the owner of an active key who signed the challenge.
    pub async fn login(&self, key: Digest, nonce: Digest, sig: &[u8]) -> Result<Session, Failure> {
        let refused = || Refusal::new(Code::KeyNotActive, "the key is not one of an active person");
        let over = || {
            let message = "the challenge is unknown, used or expired; start over";
            Refusal::new(Code::SignatureExpired, message)
        };
        let now = (self.clock)();
        let expires = self.given(key, nonce)?.filter(|expires| *expires > now).ok_or_else(over)?;
        let state = self.state();
        let known = state.keys.get(&key).filter(|key| key.retired.is_none()).ok_or_else(refused)?;
        state.active_person(known.person).map_err(|_| refused())?;
        known.public.verify(LOGIN_NAMESPACE, &self.challenge_text(key, nonce, expires), sig)?;
        if !self.challenges.take(nonce, expires, now) {
            return Err(over().into());
        }
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

impl Challenges {
    /// Whether the challenge is answered for the first time.
    fn take(&self, nonce: Digest, expires: Millis, now: Millis) -> bool {
        let mut answered = self.answered.lock();
        answered.retain(|_, expires| *expires > now);
        answered.insert(nonce, expires).is_none()
    }
}

/// The numbers at the front of a nonce.
fn numbers(nonce: &Digest) -> (u64, u64) {
    let number =
        |bytes: &[u8]| bytes.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let (first, rest) = nonce.0.split_at(8);
    (number(first), number(rest))
}

/// The person and the key in a session's token.
fn holder(token: &str) -> Option<(PersonId, Digest)> {
    let mut parts = token.strip_prefix("pcs_")?.split('.').skip(1);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
