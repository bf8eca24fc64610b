//! Refuses, before anything else is asked, requests that two servers could read in two ways.

use http::header::{CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use pingora::http::{RequestHeader, Version};
use pingora::proxy::Session;

use crate::problem::Form;

const LARGEST: usize = 64 * 1024;
const MOST_FIELDS: usize = 100;

/// A target in origin form, apart: `/service/environment/rest?query`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    pub service: &'a str,
    pub environment: &'a str,
    /// With its leading slash, encoded as received.
    pub rest: &'a str,
    pub query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// `None` when it names no service and environment.
    pub fn read(target: &'a str) -> Option<Target<'a>> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let (service, rest) = path.strip_prefix('/')?.split_once('/')?;
        let place = rest.find('/').unwrap_or(rest.len());
        let (environment, rest) = rest.split_at_checked(place)?;
        let named = !service.is_empty() && !environment.is_empty();
        let rest = if rest.is_empty() { "/" } else { rest };
        named.then_some(Target { service, environment, rest, query })
    }
}

/// Looks at the form of a request, at what was received and not at what was made of it.
pub fn screen(session: &Session) -> Result<(), Form> {
    let header = session.req_header();
    if let Some(session) = session.as_http1() {
        lines(&session.get_headers_raw_bytes())?;
        framing(header)?;
    }
    if header.headers.len() > MOST_FIELDS {
        return Err(Form::Large);
    }
    target(header)?;
    host(header)?;
    expectation(header)
}

/// The raw header section: its size, its line ends, and framing fields that the parser drops.
fn lines(raw: &[u8]) -> Result<(), Form> {
    if raw.len() > LARGEST {
        return Err(Form::Large);
    }
    let (mut lengths, mut codings) = (0, 0);
    let mut rest = raw;
    while let Some(place) = memchr::memchr(b'\n', rest) {
        let (line, next) = rest.split_at(place + 1);
        let Some(line) = line.strip_suffix(b"\r\n") else { return Err(Form::Lines) };
        if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            return Err(Form::Lines);
        }
        let named = |name: &[u8]| {
            line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        lengths += usize::from(named(b"content-length"));
        codings += usize::from(named(b"transfer-encoding"));
        rest = next;
    }
    match lengths + codings <= 1 {
        true => Ok(()),
        false => Err(Form::Framing),
    }
}

fn framing(header: &RequestHeader) -> Result<(), Form> {
    if let Some(length) = header.headers.get(CONTENT_LENGTH) {
        let digits = length.as_bytes();
        if digits.is_empty() || digits.len() > 19 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(Form::Framing);
        }
    }
    match header.headers.get(TRANSFER_ENCODING) {
        Some(coding) if !coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Err(Form::Framing),
        Some(_) if header.version != Version::HTTP_11 => Err(Form::Framing),
        _ => Ok(()),
    }
}

fn target(header: &RequestHeader) -> Result<(), Form> {
    let target = header.raw_path();
    let plain = target.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#');
    let rooted = target.first() == Some(&b'/') && target.get(1) != Some(&b'/');
    if plain && rooted { Ok(()) } else { Err(Form::Target) }
}

fn host(header: &RequestHeader) -> Result<(), Form> {
    let mut hosts = header.headers.get_all(HOST).iter();
    let named = hosts.next().map(http::HeaderValue::as_bytes);
    if hosts.next().is_some() {
        return Err(Form::Host);
    }
    let authority = header.uri.authority().map(|authority| authority.as_str().as_bytes());
    let fits = |host: &[u8]| {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(byte);
        !host.is_empty() && host.len() <= 255 && host.iter().all(plain)
    };
    match (named, authority) {
        (Some(host), Some(authority)) if host != authority => Err(Form::Host),
        (Some(host), _) | (None, Some(host)) if fits(host) => Ok(()),
        (None, None) if header.version == Version::HTTP_10 => Ok(()),
        _ => Err(Form::Host),
    }
}

fn expectation(header: &RequestHeader) -> Result<(), Form> {
    let known = header
        .headers
        .get_all(EXPECT)
        .iter()
        .all(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    if known { Ok(()) } else { Err(Form::Expectation) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_come_apart_without_being_decoded() {
        let target = Target::read("/parcels/sandbox/v1/a%20b?x=/y?z").unwrap();
        assert_eq!((target.service, target.environment), ("parcels", "sandbox"));
        assert_eq!((target.rest, target.query), ("/v1/a%20b", Some("x=/y?z")));
        assert_eq!(Target::read("/parcels/sandbox").unwrap().rest, "/");
        assert_eq!(Target::read("/parcels/sandbox/").unwrap().rest, "/");
        for text in ["/", "/parcels", "/parcels/", "//sandbox/x", "/?/a/b", "parcels/sandbox/"] {
            assert_eq!(Target::read(text), None, "{text}");
        }
    }

    #[test]
    fn raw_lines_are_read_as_received() {
        let with = |fields: &str| lines(format!("GET / HTTP/1.1\r\n{fields}\r\n").as_bytes());
        assert_eq!(with("Host: a\r\nContent-Length: 5\r\n"), Ok(()));
        assert_eq!(with("Content-Length: 5\r\ncontent-length: 5\r\n"), Err(Form::Framing));
        assert_eq!(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), Err(Form::Framing));
        assert_eq!(with("Host: a\n"), Err(Form::Lines));
        assert_eq!(with("Host: a\r\n b\r\n"), Err(Form::Lines));
        assert_eq!(with(&format!("A: {}\r\n", "x".repeat(LARGEST))), Err(Form::Large));
    }
}
