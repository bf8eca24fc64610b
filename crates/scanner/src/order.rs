//! What a scan is asked to do: the target, its document, the checks, the credentials, the bounds.

use std::str::FromStr;

use domain::address::Reach;
use serde::{Deserialize, Serialize};

use crate::live::CheckId;
use crate::secret::Secret;

/// Where the vendor expects its credential.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Placement {
    /// `Authorization: Bearer …` (RFC 6750 §2.1).
    #[default]
    Bearer,
    /// A header of this name whose whole value is the credential.
    Header { name: String },
    /// A query parameter of this name.
    Query { name: String },
    /// `Authorization: Basic …` (RFC 7617); the credential is `user:password`.
    Basic,
    /// A cookie of this name (RFC 6265 §5.4).
    Cookie { name: String },
}

/// The name and the password of an account of the sandbox.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The user name or mail address.
    pub name: String,
    pub password: Secret,
}

/// Accounts that the scan may log in to, where the order has no credential of that identity.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logins {
    #[serde(default)]
    pub a: Option<Login>,
    #[serde(default)]
    pub b: Option<Login>,
    #[serde(default)]
    pub admin: Option<Login>,
}

/// A client that is registered at the sandbox's authorization server (RFC 6749 §2).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthClient {
    pub client_id: String,
    /// None of a public client (RFC 6749 §2.1).
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// As it is registered, letter for letter.
    pub redirect_uri: String,
    /// What is asked for; nothing in particular where it is empty.
    #[serde(default)]
    pub scope: String,
}

/// How much a scan may do to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intensity {
    /// Reads, and creates objects of its own.
    Gentle,
    #[default]
    Normal,
    /// More attempts of each kind.
    Thorough,
}

/// The sandbox credentials that a scan may use. Each one that is missing leaves the questions that
/// need it unanswered, never guessed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// A credential that the sandbox accepts now: the first plain user, A.
    #[serde(default)]
    pub token: Option<Secret>,
    /// The same of a second plain user, B, who owns nothing of the first.
    #[serde(default)]
    pub second: Option<Secret>,
    /// The same of an administrator.
    #[serde(default)]
    pub admin: Option<Secret>,
    /// A credential that was valid once and has expired.
    #[serde(default)]
    pub expired: Option<Secret>,
    /// A credential of the same issuer, made for another audience.
    #[serde(default)]
    pub wrong_audience: Option<Secret>,
    /// A credential of the same issuer whose `nbf` lies in the future.
    #[serde(default)]
    pub not_yet_valid: Option<Secret>,
    /// A credential that names another issuer.
    #[serde(default)]
    pub wrong_issuer: Option<Secret>,
    /// A client of the sandbox's authorization server.
    #[serde(default)]
    pub oauth: Option<OAuthClient>,
    /// Where the credentials above go. What the scan logs in for itself goes where the document and
    /// the answers say.
    #[serde(default)]
    pub placement: Placement,
    #[serde(default)]
    pub logins: Logins,
}

/// How far a scan may go. Every bound holds for the scan as a whole, except the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Connections or requests, whichever is more; every probe counts.
    pub max_requests: u32,
    /// Requests begun in one second, the rate-limit check's burst included.
    pub per_second: u32,
    /// Wall time of the scan in seconds.
    pub seconds: u32,
    /// Bytes of one answer's body that are read; what lies beyond is dropped with the connection.
    pub max_answer_bytes: u64,
}

/// One scan, as ordered. It can be read from JSON and not written back, because it holds secrets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Chosen by whoever orders; the answer carries it back.
    pub nonce: String,
    /// Base URL of the sandbox, `https://host:port` or `http://…`; documented paths follow it.
    pub target: String,
    /// Where the target's addresses may lie; a scan connects to no other.
    pub reach: Reach,
    /// The OpenAPI 3.x description.
    pub document: serde_json::Value,
    pub checks: Vec<CheckId>,
    pub credentials: Credentials,
    /// Extra certificate authorities in PEM, beside the system's.
    #[serde(default)]
    pub trust: Vec<String>,
    /// A port of the same host that must not answer in plain HTTP either. Port 80 is asked anyway
    /// where the target is on 443, and so is every `http` server of this host in the document.
    #[serde(default)]
    pub plaintext_port: Option<u16>,
    #[serde(default)]
    pub intensity: Intensity,
    pub bounds: Bounds,
}

/// An order that cannot be carried out as it stands.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error(
        "`target` `{0}` must be `https://host[:port][/path]` or `http://…` without user, query or fragment"
    )]
    Target(String),
    #[error("`document`: {0}")]
    Document(#[from] crate::api::ApiError),
    #[error("`checks` is empty: name at least one check")]
    NoChecks,
    #[error("`{0}` is no check: see the list of checks")]
    UnknownCheck(String),
    #[error("`bounds.{0}` must be at least 1")]
    Bounds(&'static str),
    #[error("`credentials.placement` names `{0}`, which is no header name or query parameter name")]
    Placement(String),
    #[error("`credentials.{0}` holds characters that the placement cannot carry")]
    Credential(&'static str),
    #[error("`credentials.logins.{0}` needs a name and a password")]
    Login(&'static str),
    #[error("`trust[{0}]` is not one or more certificates in PEM")]
    Trust(usize),
    #[error("the TLS library could not be set up: {0}")]
    Tls(String),
}

impl OrderError {
    /// The stable code of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Target(_) => "target-unreadable",
            Self::Document(_) => "document-unreadable",
            Self::NoChecks => "no-checks",
            Self::UnknownCheck(_) => "unknown-check",
            Self::Bounds(_) => "bounds-empty",
            Self::Placement(_) => "placement-unusable",
            Self::Credential(_) => "credential-unusable",
            Self::Login(_) => "login-unusable",
            Self::Trust(_) => "trust-unreadable",
            Self::Tls(_) => "tls-unavailable",
        }
    }
}

impl Order {
    /// Looks at everything that can be judged without a network.
    ///
    /// # Errors
    /// The first of the fields that cannot be used.
    pub(crate) fn validate(&self) -> Result<(), OrderError> {
        if self.checks.is_empty() {
            return Err(OrderError::NoChecks);
        }
        self.bounds.validate()?;
        self.credentials.validate()
    }
}

impl Bounds {
    fn validate(self) -> Result<(), OrderError> {
        let fields = [
            ("max_requests", u64::from(self.max_requests)),
            ("per_second", u64::from(self.per_second)),
            ("seconds", u64::from(self.seconds)),
            ("max_answer_bytes", self.max_answer_bytes),
        ];
        match fields.into_iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(OrderError::Bounds(name)),
            None => Ok(()),
        }
    }
}

impl Credentials {
    fn validate(&self) -> Result<(), OrderError> {
        match &self.placement {
            Placement::Header { name } if hyper::header::HeaderName::from_str(name).is_err() => {
                return Err(OrderError::Placement(name.clone()));
            }
            Placement::Query { name } if name.is_empty() => {
                return Err(OrderError::Placement(name.clone()));
            }
            Placement::Cookie { name } if !is_cookie_name(name) => {
                return Err(OrderError::Placement(name.clone()));
            }
            _ => {}
        }
        for (field, secret) in self.named() {
            let text = secret.expose();
            let visible = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
            if text.is_empty() || !visible {
                return Err(OrderError::Credential(field));
            }
        }
        let logins = [("a", &self.logins.a), ("b", &self.logins.b), ("admin", &self.logins.admin)];
        for (field, login) in logins {
            if login
                .as_ref()
                .is_some_and(|one| one.name.is_empty() || one.password.expose().is_empty())
            {
                return Err(OrderError::Login(field));
            }
        }
        Ok(())
    }

    /// The credentials that are there, by field name.
    pub(crate) fn named(&self) -> Vec<(&'static str, &Secret)> {
        let all = [
            ("token", &self.token),
            ("second", &self.second),
            ("admin", &self.admin),
            ("expired", &self.expired),
            ("wrong_audience", &self.wrong_audience),
            ("not_yet_valid", &self.not_yet_valid),
            ("wrong_issuer", &self.wrong_issuer),
        ];
        all.into_iter().filter_map(|(name, secret)| secret.as_ref().map(|s| (name, s))).collect()
    }
}

/// A token (RFC 6265 §4.1.1), so that it cannot end the cookie before it.
fn is_cookie_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order(change: impl FnOnce(&mut serde_json::Value)) -> Result<(), OrderError> {
        let mut value = json!({
            "nonce": "n", "target": "https://localhost:1", "reach": "loopback", "document": {}, "checks": ["transport"],
            "credentials": {"token": "abcdefgh", "placement": {"in": "bearer"}},
            "bounds": {"max_requests": 1, "per_second": 1, "seconds": 1, "max_answer_bytes": 1}
        });
        change(&mut value);
        serde_json::from_value::<Order>(value).expect("the order parses").validate()
    }

    #[test]
    fn a_complete_order_is_accepted() {
        assert!(order(|_| {}).is_ok());
    }

    #[test]
    fn every_bound_must_be_at_least_one() {
        for name in ["max_requests", "per_second", "seconds", "max_answer_bytes"] {
            let refused = order(|value| value["bounds"][name] = json!(0));
            assert!(matches!(refused, Err(OrderError::Bounds(field)) if field == name));
        }
    }

    #[test]
    fn a_credential_cannot_smuggle_a_header() {
        let refused = order(|value| value["credentials"]["token"] = json!("a\r\nX-Evil: 1"));
        assert!(matches!(refused, Err(OrderError::Credential("token"))));
    }

    #[test]
    fn a_placement_must_be_a_name() {
        let refused = order(|value| {
            value["credentials"]["placement"] = json!({"in": "header", "name": "bad name"});
        });
        assert!(matches!(refused, Err(OrderError::Placement(_))));
    }

    #[test]
    fn codes_read_back() {
        for id in CheckId::ALL {
            assert_eq!(id.code().parse::<CheckId>().expect("known"), id);
            assert_eq!(serde_json::to_value(id).expect("json"), json!(id.code()));
        }
    }
}
