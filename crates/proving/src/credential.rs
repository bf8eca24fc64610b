//! The credentials of the sandbox: clients of the token endpoint, and the API key.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::random;
use crate::scope::Scope;
use crate::vendor::VendorError;

/// A client of `POST /oauth/token` (RFC 6749 §4.4) that acts for one seeded customer.
#[derive(Clone)]
pub struct Client {
    /// The `client_id`.
    pub id: String,
    /// The `client_secret`; never printed by `Debug`.
    pub secret: String,
    /// The customer that its tokens name as `sub`.
    pub subject: String,
    pub(crate) scopes: Vec<Scope>,
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client")
            .field("id", &self.id)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// Everything that one instance accepts besides the access tokens it signs.
pub(crate) struct Credentials {
    pub api_key: String,
    pub clients: Vec<Client>,
}

impl Credentials {
    pub(crate) fn generate() -> Result<Self, VendorError> {
        let clients = vec![
            client("alice", Scope::of_customers())?,
            client("bob", Scope::of_customers())?,
            client("admin", Scope::ALL.to_vec())?,
        ];
        Ok(Self { api_key: format!("parcel_live_{}", random::hex::<24>()?), clients })
    }

    pub(crate) fn is_api_key(&self, presented: &str) -> bool {
        same(presented, &self.api_key)
    }

    /// The client with this id and this secret.
    pub(crate) fn client(&self, id: &str, secret: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id && same(secret, &client.secret))
    }

    /// Whether there is a client with this id.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.clients.iter().any(|client| client.id == id)
    }
}

fn client(subject: &str, scopes: Vec<Scope>) -> Result<Client, VendorError> {
    Ok(Client {
        id: format!("{subject}-sandbox"),
        secret: random::hex::<24>()?,
        subject: subject.to_owned(),
        scopes,
    })
}

/// Compares hashes in constant time, so that neither content nor length shows in the timing.
fn same(left: &str, right: &str) -> bool {
    let (left, right) = (digest(&SHA256, left.as_bytes()), digest(&SHA256, right.as_bytes()));
    verify_slices_are_equal(left.as_ref(), right.as_ref()).is_ok()
}

/// What follows `Bearer` in the only `Authorization` header (RFC 6750 §2.1).
pub(crate) fn presented(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, credential) = value.to_str().ok()?.split_once(' ')?;
    let credential = credential.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !credential.is_empty()).then_some(credential)
}

/// Id and secret of Basic authentication (RFC 7617 §2).
pub(crate) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
    pair.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_bearer_credential_is_taken() {
        let mut headers = HeaderMap::new();
        assert_eq!(presented(&headers), None);
        headers.append(header::AUTHORIZATION, "Basic abc".parse().unwrap());
        assert_eq!(presented(&headers), None);
        headers.insert(header::AUTHORIZATION, "bearer abc".parse().unwrap());
        assert_eq!(presented(&headers), Some("abc"));
        headers.append(header::AUTHORIZATION, "Bearer def".parse().unwrap());
        assert_eq!(presented(&headers), None);
    }

    #[test]
    fn a_client_is_found_by_its_secret_and_never_prints_it() {
        let credentials = Credentials::generate().unwrap();
        let alice = &credentials.clients[0];
        assert!(credentials.client(&alice.id, &alice.secret).is_some());
        assert!(credentials.client(&alice.id, &credentials.clients[1].secret).is_none());
        assert!(!format!("{alice:?}").contains(&alice.secret));
    }
}
