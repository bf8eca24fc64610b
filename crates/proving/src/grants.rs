//! What was granted and may be taken back: codes, refresh tokens, and the access tokens of both.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;

use crate::random;
use crate::scope::Scope;
use crate::vendor::VendorError;
use crate::weakness::{Switches, Weakness};

/// How long a code can be redeemed, in seconds (RFC 6749 §4.1.2 allows ten minutes).
const CODE_SECONDS: i64 = 60;
/// How long a refresh token can be used, in seconds.
const REFRESH_SECONDS: i64 = 86_400;
/// The most codes and refresh tokens that are kept, so that a caller cannot fill the memory.
const MOST: usize = 10_000;

/// On whose behalf, for what, and through which client; none for who logged in with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub subject: String,
    pub scopes: Vec<Scope>,
    pub client: Option<String>,
    /// The name of everything that came from one consent or login.
    pub family: String,
}

/// A PKCE challenge (RFC 7636 §4.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    S256(String),
    Plain(String),
}

impl Challenge {
    fn is_met_by(&self, verifier: &str) -> bool {
        match self {
            Self::S256(challenge) => {
                BASE64URL.encode(digest(&SHA256, verifier.as_bytes())) == *challenge
            }
            Self::Plain(challenge) => verifier == challenge,
        }
    }
}

struct Code {
    grant: Grant,
    redirect_uri: String,
    challenge: Option<Challenge>,
    ends: i64,
    used: bool,
}

struct Refresh {
    grant: Grant,
    ends: i64,
    used: bool,
}

/// The token endpoint answers it with `invalid_grant` (RFC 6749 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InvalidGrant;

/// How a client redeems a code.
pub(crate) struct Redemption<'a> {
    pub code: &'a str,
    pub client: &'a str,
    pub redirect_uri: Option<&'a str>,
    pub verifier: Option<&'a str>,
}

pub(crate) struct Grants {
    switches: Switches,
    codes: HashMap<String, Code>,
    refreshes: HashMap<String, Refresh>,
    /// The `jti` and `exp` of the access tokens of each family.
    issued: HashMap<String, Vec<(String, i64)>>,
    /// The `jti` and `exp` of revoked access tokens.
    revoked: HashMap<String, i64>,
}

impl Grants {
    pub(crate) fn new(switches: Switches) -> Self {
        Self {
            switches,
            codes: HashMap::new(),
            refreshes: HashMap::new(),
            issued: HashMap::new(),
            revoked: HashMap::new(),
        }
    }

    /// A code that `client` may redeem once, soon.
    pub(crate) fn code(
        &mut self,
        grant: Grant,
        redirect_uri: String,
        challenge: Option<Challenge>,
        now: i64,
    ) -> Result<String, VendorError> {
        self.tidy(now);
        let code = random::hex::<24>()?;
        let kept = Code { grant, redirect_uri, challenge, ends: now + CODE_SECONDS, used: false };
        self.codes.insert(code.clone(), kept);
        Ok(code)
    }

    /// What a code grants. One that comes a second time was stolen from one of its two senders, so
    /// that everything it led to ends (RFC 6749 §4.1.2).
    pub(crate) fn redeem(
        &mut self,
        redemption: &Redemption<'_>,
        now: i64,
    ) -> Result<Grant, InvalidGrant> {
        let code = self.codes.get_mut(redemption.code).ok_or(InvalidGrant)?;
        let by_client = code.grant.client.as_deref() == Some(redemption.client);
        let at_client = redemption.redirect_uri == Some(code.redirect_uri.as_str());
        if code.ends <= now || !by_client || !at_client {
            return Err(InvalidGrant);
        }
        if code.used && !self.switches.has(Weakness::CodeReplayed) {
            let family = code.grant.family.clone();
            self.end(&family);
            return Err(InvalidGrant);
        }
        let met = match (&code.challenge, redemption.verifier) {
            (Some(challenge), Some(verifier)) => challenge.is_met_by(verifier),
            (None, Some(_)) => false,
            // Only a weak vendor hands out codes without a challenge.
            (_, None) => self.switches.has(Weakness::PkceDowngrade),
        };
        if !met {
            return Err(InvalidGrant);
        }
        code.used = true;
        Ok(code.grant.clone())
    }

    /// A refresh token for `grant`.
    pub(crate) fn refresh_token(&mut self, grant: Grant, now: i64) -> Result<String, VendorError> {
        self.tidy(now);
        let token = random::hex::<24>()?;
        let kept = Refresh { grant, ends: now + REFRESH_SECONDS, used: false };
        self.refreshes.insert(token.clone(), kept);
        Ok(token)
    }

    /// What a refresh token grants, once: its successor is issued with the access token. One that
    /// comes a second time ends its family (RFC 9700 §4.14.2).
    pub(crate) fn refresh(
        &mut self,
        token: &str,
        client: Option<&str>,
        now: i64,
    ) -> Result<Grant, InvalidGrant> {
        let kept = self.refreshes.get_mut(token).ok_or(InvalidGrant)?;
        if kept.ends <= now || kept.grant.client.as_deref() != client {
            return Err(InvalidGrant);
        }
        if kept.used && !self.switches.has(Weakness::RefreshReplayed) {
            let family = kept.grant.family.clone();
            self.end(&family);
            return Err(InvalidGrant);
        }
        kept.used = true;
        Ok(kept.grant.clone())
    }

    /// Notes an access token of a family.
    pub(crate) fn issued(&mut self, family: &str, jti: &str, exp: i64) {
        self.issued.entry(family.to_owned()).or_default().push((jti.to_owned(), exp));
    }

    /// Ends one access token.
    pub(crate) fn revoke(&mut self, jti: &str, exp: i64) {
        self.revoked.insert(jti.to_owned(), exp);
    }

    /// Whose refresh token this is.
    pub(crate) fn holder(&self, refresh_token: &str) -> Option<&Grant> {
        self.refreshes.get(refresh_token).map(|refresh| &refresh.grant)
    }

    /// Ends every token of a family.
    pub(crate) fn end(&mut self, family: &str) {
        self.refreshes.retain(|_, refresh| refresh.grant.family != family);
        self.revoked.extend(self.issued.remove(family).unwrap_or_default());
    }

    pub(crate) fn is_revoked(&self, jti: &str) -> bool {
        self.revoked.contains_key(jti)
    }

    /// Forgets what has ended, and the rest as well before it is too much.
    fn tidy(&mut self, now: i64) {
        self.codes.retain(|_, code| code.ends > now);
        self.refreshes.retain(|_, refresh| refresh.ends > now);
        self.revoked.retain(|_, exp| *exp > now);
        self.issued.retain(|_, tokens| tokens.iter().any(|(_, exp)| *exp > now));
        if self.codes.len() >= MOST {
            self.codes.clear();
        }
        if self.refreshes.len() >= MOST {
            self.refreshes.clear();
        }
    }
}
