//! The one address that a scan may talk to.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use crate::order::OrderError;

/// Where the sandbox is, taken apart once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub tls: bool,
    /// Host name or address, without the brackets of IPv6.
    pub host: String,
    pub port: u16,
    /// What documented paths are appended to: empty, or `/v1` without a slash at the end.
    pub base: String,
}

impl Target {
    /// Reads `https://host[:port][/path]` or `http://…`.
    ///
    /// A target without a path takes the path of the document's first server entry that is relative
    /// or names the same origin; other entries describe other places.
    ///
    /// # Errors
    /// Another scheme, no host, or a user, query or fragment.
    pub fn read(text: &str, servers: &[&str]) -> Result<Self, OrderError> {
        let refused = || OrderError::Target(without_user(text));
        let url = Url::parse(text).map_err(|_| refused())?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(refused()),
        };
        let (Some(host), Some(port), true) = (url.host(), url.port_or_known_default(), plain)
        else {
            return Err(refused());
        };
        let host = match host {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let own = url.path().trim_end_matches('/');
        let base = if own.is_empty() { documented_base(&url, servers) } else { own.to_owned() };
        Ok(Self { tls, host, port, base })
    }

    /// `host:port` as the `Host` header wants it.
    pub fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let default = if self.tls { 443 } else { 80 };
        if self.port == default { host } else { format!("{host}:{}", self.port) }
    }

    /// `host:port`, with the port in any case.
    pub fn endpoint(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{host}:{}", self.port)
    }

    /// `https://host:port`.
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }

    /// Looks the host up, once per scan: the scan then stays with that address, so a name that
    /// changes its mind cannot lead it elsewhere. IPv4 is tried first.
    ///
    /// # Errors
    /// The resolver's, or an empty answer.
    pub async fn resolve(&self) -> std::io::Result<Vec<SocketAddr>> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
        let mut addresses: Vec<_> = found.collect();
        addresses.sort_by_key(SocketAddr::is_ipv6);
        match addresses.is_empty() {
            true => Err(std::io::Error::other("the host has no address")),
            false => Ok(addresses),
        }
    }

    /// Plain HTTP ports of the same host: what the order names, 80 beside 443, and what the
    /// document's `servers` declare.
    pub fn plaintext_ports(&self, ordered: Option<u16>, servers: &[&str]) -> Vec<u16> {
        let declared = servers.iter().filter_map(|text| {
            let url = Url::parse(text).ok().filter(|url| url.scheme() == "http")?;
            let same = url.host_str()?.trim_matches(['[', ']']).eq_ignore_ascii_case(&self.host);
            same.then(|| url.port_or_known_default()).flatten()
        });
        let beside = (self.port == 443).then_some(80);
        let mut ports: Vec<u16> = ordered.into_iter().chain(beside).chain(declared).collect();
        ports.sort_unstable();
        ports.dedup();
        ports.retain(|port| *port != self.port);
        ports
    }
}

/// True if nobody stands between us and this address.
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn documented_base(target: &Url, servers: &[&str]) -> String {
    let path = servers.iter().find_map(|text| {
        let url = target.join(text).ok()?;
        (url.origin() == target.origin()).then(|| url.path().trim_end_matches('/').to_owned())
    });
    path.filter(|path| !path.contains(['{', '%'])).unwrap_or_default()
}

/// A refusal must not repeat a password that somebody put into the URL.
fn without_user(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_taken_apart() {
        let target = Target::read("https://sandbox.example/v2/", &[]).expect("readable");
        assert_eq!((target.tls, target.port, target.base.as_str()), (true, 443, "/v2"));
        assert_eq!(target.origin(), "https://sandbox.example");
        let target = Target::read("http://[::1]:8080", &[]).expect("readable");
        assert_eq!(target.authority(), "[::1]:8080");
    }

    #[test]
    fn only_clean_http_urls_are_targets() {
        for text in ["ftp://a", "https://a?x=1", "https://a#f", "a", "file:///etc/passwd"] {
            assert!(matches!(Target::read(text, &[]), Err(OrderError::Target(_))), "{text}");
        }
    }

    #[test]
    fn a_refused_target_does_not_repeat_its_password() {
        let refused = Target::read("https://user:hunter2@host/", &[]).expect_err("refused");
        assert!(!refused.to_string().contains("hunter2"));
    }

    #[test]
    fn the_documents_path_counts_only_for_the_same_origin() {
        let base =
            |servers: &[&str]| Target::read("https://a.example", servers).expect("readable").base;
        assert_eq!(base(&["https://other.example/v1"]), "");
        assert_eq!(base(&["https://other.example/v1", "https://a.example/v3"]), "/v3");
        assert_eq!(base(&["/v1/"]), "/v1");
        assert_eq!(base(&["https://a.example/{version}"]), "");
    }

    #[test]
    fn plaintext_ports_are_those_of_the_same_host() {
        let target = Target::read("https://a.example", &[]).expect("readable");
        let servers = ["http://a.example:8080", "http://b.example:9090", "https://a.example:7"];
        assert_eq!(target.plaintext_ports(None, &servers), [80, 8080]);
        let target = Target::read("https://a.example:8443", &[]).expect("readable");
        assert_eq!(target.plaintext_ports(Some(81), &[]), [81]);
    }
}
