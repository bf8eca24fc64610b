//! The vendor's answer on its way back: hop-by-hop fields go, the credential is masked.

use domain::admission::Left;
use domain::limit::Rate;
use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderName, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderValue, StatusCode};
use pingora::Result;
use pingora::http::ResponseHeader;

use crate::mask::{self, Patience, Spellings};
use crate::problem::limits;

/// Between the vendor and the gateway only (RFC 9110 §7.6.1), and what would bind the caller to the
/// vendor or change how the caller reaches the gateway. A vendor's session cookie would be a
/// credential of ours in the caller's hands. In the order of the alphabet.
const DROPPED: [&str; 9] = [
    "alt-svc",
    "clear-site-data",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "set-cookie",
    "strict-transport-security",
    "te",
    "trailer",
];
/// Which end the body has, and which it is: a nomination does not change that.
const KEPT: [HeaderName; 3] = [CONTENT_LENGTH, TRANSFER_ENCODING, CONTENT_ENCODING];

/// Makes a vendor's header into the one for the caller; `false` when the body is in a coding that
/// cannot be searched for the credential.
pub fn clean(
    header: &mut ResponseHeader,
    spellings: &Spellings,
    left: Option<(Rate, Left)>,
    bodiless: bool,
) -> Result<bool> {
    // The vendor's own words for the status may quote the credential.
    header.set_reason_phrase(None)?;
    let upgraded = header.status == StatusCode::SWITCHING_PROTOCOLS;
    for name in nominated(header) {
        if !(KEPT.contains(&name) || upgraded && name == UPGRADE) {
            header.remove_header(&name);
        }
    }
    let dropped = |name: &&HeaderName| DROPPED.binary_search(&name.as_str()).is_ok();
    let dropped: Vec<_> = header.headers.keys().filter(dropped).cloned().collect();
    dropped.iter().for_each(|name| drop(header.remove_header(name)));
    if !upgraded {
        header.remove_header(&CONNECTION);
        header.remove_header(&UPGRADE);
    }
    mask_header(header, spellings)?;
    if header.status.is_informational() {
        return Ok(true);
    }
    if let Some((rate, left)) = left {
        limits(rate, left, header)?;
    }
    let empty =
        bodiless || matches!(header.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    Ok(empty || header.headers.get_all(CONTENT_ENCODING).iter().all(is_plain))
}

/// How the body of an answer with this header is waited for.
pub fn patience(header: &ResponseHeader) -> Patience {
    if header.status == StatusCode::SWITCHING_PROTOCOLS {
        Patience::Dialogue
    } else if header.headers.contains_key(CONTENT_LENGTH) {
        Patience::Whole
    } else {
        Patience::Stream
    }
}

fn is_plain(coding: &HeaderValue) -> bool {
    coding.is_empty() || coding.as_bytes().eq_ignore_ascii_case(b"identity")
}

fn nominated(header: &ResponseHeader) -> Vec<HeaderName> {
    let values = header.headers.get_all(CONNECTION).iter();
    let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    names.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok()).collect()
}

/// The engine keeps the spelling of names beside the fields, so they are changed through it.
fn mask_header(header: &mut ResponseHeader, spellings: &Spellings) -> Result<()> {
    for (name, values) in masked(&header.headers, spellings) {
        header.remove_header(&name);
        for value in values {
            header.append_header(name.clone(), value)?;
        }
    }
    Ok(())
}

/// Masks the credential in the fields.
pub fn mask(fields: &mut HeaderMap, spellings: &Spellings) {
    for (name, values) in masked(fields, spellings) {
        fields.remove(&name);
        for value in values {
            fields.append(&name, value);
        }
    }
}

/// The fields that hold the credential, with all their values masked.
fn masked(fields: &HeaderMap, spellings: &Spellings) -> Vec<(HeaderName, Vec<HeaderValue>)> {
    let mut names = Vec::new();
    for (name, value) in fields {
        if spellings.find(value.as_bytes()).next().is_some() && !names.contains(name) {
            names.push(name.clone());
        }
    }
    let clean = |value: &HeaderValue| match mask::masked(spellings, value.as_bytes()) {
        Some(text) => {
            HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
        }
        None => value.clone(),
    };
    let values = |name: &HeaderName| fields.get_all(name).iter().map(clean).collect();
    names.into_iter().map(|name| (name.clone(), values(&name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_searched() {
        assert!(DROPPED.is_sorted());
    }
}
