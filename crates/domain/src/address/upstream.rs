//! The declared URL of an upstream, read strictly: one spelling for one place.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::catalog::{Unmatchable, decode_path};

const LONGEST: usize = 2_000;

/// Where the calls of an environment go. On the wire its text, `https://api.example.com/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Upstream {
    scheme: Scheme,
    host: Host,
    port: u16,
    base_path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    Http,
    Https,
}

/// A name to resolve, or an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// In lower case and ASCII; other scripts in their `xn--` form (RFC 5891).
    Name(String),
    Address(IpAddr),
}

/// Whether an environment may have upstreams without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    Never,
    /// `http` to `localhost` or a loopback address, for trials.
    ToLoopback,
}

/// Why a text is no upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum UpstreamError {
    #[error("an upstream is at most 2000 bytes long")]
    TooLong,
    #[error("an upstream starts with `https://`")]
    Scheme,
    #[error(
        "an upstream has no space, control character, backslash or letter beyond ASCII: write other scripts in their `xn--` form"
    )]
    Character,
    #[error(
        "an upstream without TLS (`http://`) is only for loopback, where the environment says so: use `https://`"
    )]
    Plain,
    #[error("an upstream has no user or password before its host: the credential is leased")]
    UserInfo,
    #[error("an upstream has no query and no fragment")]
    QueryOrFragment,
    #[error("the host is no name: labels of `a-z 0-9 -`, at most 63 bytes each and 253 in all")]
    HostName,
    #[error("the host looks like a number but is not four decimal ones: write `192.0.2.1`")]
    OddAddress,
    #[error("the host in brackets is no IPv6 address without a zone: write `[2001:db8::1]`")]
    Ipv6,
    #[error("the port is a number from 1 to 65535")]
    Port,
    #[error("the base path cannot be joined to calls: {0}")]
    BasePath(Unmatchable),
}

impl Upstream {
    /// Reads a declared URL (RFC 3986 §3). A trailing slash is dropped.
    ///
    /// # Errors
    /// Whatever two programs could read differently, and `http` unless `plain` allows it.
    pub fn parse(text: &str, plain: Plain) -> Result<Self, UpstreamError> {
        if text.len() > LONGEST {
            return Err(UpstreamError::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err(UpstreamError::Character);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UpstreamError::Scheme)?;
        let scheme = Scheme::parse(scheme)?;
        if rest.contains(['?', '#']) {
            return Err(UpstreamError::QueryOrFragment);
        }
        let (authority, path) = match rest.find('/') {
            Some(place) => rest.split_at_checked(place).unwrap_or((rest, "")),
            None => (rest, ""),
        };
        if authority.contains('@') {
            return Err(UpstreamError::UserInfo);
        }
        let (host, port) = split_port(authority)?;
        let host = Host::parse(host)?;
        if scheme == Scheme::Http && (plain == Plain::Never || !host.is_loopback()) {
            return Err(UpstreamError::Plain);
        }
        let port = port.map_or(Ok(scheme.default_port()), parse_port)?;
        Ok(Self { scheme, host, port, base_path: base_path(path)? })
    }

    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub fn host(&self) -> &Host {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Empty, or a path that starts with `/` and does not end with one; as declared, encoded.
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// `host`, or `host:port` where the port is not the scheme's own (RFC 9110 §7.2).
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl Scheme {
    fn parse(text: &str) -> Result<Self, UpstreamError> {
        [Self::Http, Self::Https]
            .into_iter()
            .find(|scheme| scheme.as_str().eq_ignore_ascii_case(text))
            .ok_or(UpstreamError::Scheme)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Host {
    fn parse(text: &str) -> Result<Self, UpstreamError> {
        if let Some(open) = text.strip_prefix('[') {
            let inner = open.strip_suffix(']').ok_or(UpstreamError::Ipv6)?;
            let address: Ipv6Addr = inner.parse().map_err(|_| UpstreamError::Ipv6)?;
            return Ok(Self::Address(IpAddr::V6(address).to_canonical()));
        }
        if ends_in_a_number(text) {
            let address: Ipv4Addr = text.parse().map_err(|_| UpstreamError::OddAddress)?;
            return Ok(Self::Address(IpAddr::V4(address)));
        }
        let name = text.to_ascii_lowercase();
        let fits = name.len() <= 253 && name.split('.').all(is_label);
        if fits { Ok(Self::Name(name)) } else { Err(UpstreamError::HostName) }
    }

    /// Whether the declared host itself can only be this machine.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::Address(address) => address.is_loopback(),
        }
    }
}

/// Whether resolvers may take the host for an IPv4 address in one of its odd spellings: `127.1`,
/// `2130706433`, `0x7f.1`, `0177.0.0.1`, also with a final dot (URL Standard, "ends in a number").
fn ends_in_a_number(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let digits = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    digits || hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A label of letters, digits and hyphens (RFC 1123 §2.1), already in lower case.
fn is_label(label: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&label.len())
        && label.bytes().all(fits)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// The host, with its brackets, and what stands behind its colon.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), UpstreamError> {
    if !authority.starts_with('[') {
        return Ok(match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        });
    }
    let end = authority.find(']').ok_or(UpstreamError::Ipv6)?;
    let (host, rest) = authority.split_at_checked(end + 1).ok_or(UpstreamError::Ipv6)?;
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(UpstreamError::Ipv6),
    }
}

fn parse_port(text: &str) -> Result<u16, UpstreamError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain).ok_or(UpstreamError::Port)
}

/// The same refusals as for the path of a call, so that joining the two cannot make a third.
fn base_path(path: &str) -> Result<String, UpstreamError> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if !path.is_empty() {
        decode_path(path).map_err(UpstreamError::BasePath)?;
    }
    if path.ends_with('/') {
        return Err(UpstreamError::BasePath(Unmatchable::EmptySegment));
    }
    Ok(path.to_owned())
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(formatter, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]"),
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}{}", self.scheme.as_str(), self.authority(), self.base_path)
    }
}

/// What was once declared is read again; whether `http` was allowed was asked when it was declared.
impl TryFrom<String> for Upstream {
    type Error = UpstreamError;

    fn try_from(text: String) -> Result<Self, UpstreamError> {
        Self::parse(&text, Plain::ToLoopback)
    }
}

impl From<Upstream> for String {
    fn from(upstream: Upstream) -> Self {
        upstream.to_string()
    }
}

#[cfg(test)]
mod tests;
