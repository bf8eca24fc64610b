//! Injecting: the caller's token goes, wherever it stood; the vendor's credential comes in.

use domain::catalog::Placement;
use http::HeaderValue;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, HOST, HeaderName};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use pingora::Result;
use pingora::http::RequestHeader;
use zeroize::Zeroizing;

use crate::admit::{decoded, holds_token, is_token, pairs};
use crate::lease::Lease;
use crate::listener::Target;
use crate::route::Route;

/// Never passed on, whatever they hold: the vendor sees one identity, the injected one, and nothing of
/// where the caller says that it comes from; nor what makes some frameworks run another operation than
/// the one that was admitted, nor what would let an answer come in pieces or codings that cannot be
/// searched. An expectation was answered by the gateway. In the order of the alphabet.
const DROPPED: [&str; 23] = [
    "authorization",
    "cookie",
    "expect",
    "forwarded",
    "if-range",
    "proxy-authorization",
    "range",
    "sec-websocket-extensions",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
];

/// Makes a caller's header into the one for the vendor.
///
/// INVARIANT: afterwards no header field and no parameter of the query holds a token of ours, and in
/// every place where this vendor looks for a credential there is the leased one or nothing.
pub fn inject(
    header: &mut RequestHeader,
    route: &Route,
    lease: &Lease,
    target: Target<'_>,
) -> Result<()> {
    let dropped: Vec<HeaderName> = header
        .headers
        .iter()
        .filter(|(name, value)| is_dropped(name.as_str(), route) || is_token(value.as_bytes()))
        .map(|(name, _)| name.clone())
        .collect();
    dropped.iter().for_each(|name| drop(header.remove_header(name)));
    // An answer in a coding could not be searched for the credential.
    header.insert_header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))?;
    header.insert_header(HOST, route.authority.clone())?;
    if let Some(value) = lease.header.clone() {
        match &route.placement {
            Placement::Header { name } => header.insert_header(name.clone(), value)?,
            _ => header.insert_header(AUTHORIZATION, value)?,
        }
    }
    header.set_raw_path(&path(route, lease, target))
}

/// Whether a field goes by its name: never passed on, or a place of this vendor's for a credential.
fn is_dropped(name: &str, route: &Route) -> bool {
    let placed =
        |place: &Placement| matches!(place, Placement::Header { name: place } if place == name);
    DROPPED.binary_search(&name).is_ok() || route.places.iter().any(placed)
}

/// The upstream's base path, the rest of the call's path, and its query without tokens.
fn path(route: &Route, lease: &Lease, target: Target<'_>) -> Zeroizing<Vec<u8>> {
    let mut path = Zeroizing::new(Vec::with_capacity(256));
    path.extend_from_slice(route.upstream.base_path().as_bytes());
    path.extend_from_slice(target.rest.as_bytes());
    let mut separator = b'?';
    let parts = target.query.unwrap_or_default().split('&');
    for part in parts.filter(|part| !part.is_empty() && passes(part, &route.places)) {
        path.push(separator);
        path.extend_from_slice(part.as_bytes());
        separator = b'&';
    }
    if let Placement::Query { name } = &route.placement {
        path.push(separator);
        path.extend(percent_encode(name.as_bytes(), NON_ALPHANUMERIC).flat_map(str::bytes));
        path.push(b'=');
        path.extend(percent_encode(&lease.secret, NON_ALPHANUMERIC).flat_map(str::bytes));
    }
    path
}

/// Whether a parameter is neither in a credential's place nor a token.
fn passes(part: &str, places: &[Placement]) -> bool {
    pairs(part).all(|(key, value)| {
        let key = decoded(key);
        let placed = places.iter().any(
            |place| matches!(place, Placement::Query { name } if name.as_bytes() == key.as_slice()),
        );
        !placed && !holds_token(&key) && !holds_token(&decoded(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_searched() {
        assert!(DROPPED.is_sorted());
    }
}
