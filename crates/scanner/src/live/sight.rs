//! What a scan remembers of every answer: how long it took, how it ended, which cookies it set.

use std::time::Duration;

use crate::live::reply::Reply;
use crate::live::request::Request;

/// Answers that are remembered; a scan beyond that has seen enough.
const MOST: usize = 20_000;
/// Cookies of one answer that are remembered.
const MOST_COOKIES: usize = 12;

/// One answer, without its content.
#[derive(Debug, Clone)]
pub struct Sight {
    pub operation: Option<String>,
    pub status: u16,
    pub took: Duration,
    /// The cookies that it set.
    pub cookies: Vec<Cookie>,
}

/// A cookie as it was set, without its value (RFC 6265 §4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    pub name: String,
    /// Length of the value: a session is no short word.
    pub length: usize,
    pub http_only: bool,
    pub secure: bool,
    /// The value of `SameSite`, in lower case.
    pub same_site: Option<String>,
}

/// The answers of one scan.
#[derive(Debug, Default)]
pub struct Sights(Vec<Sight>);

impl Sights {
    pub fn note(&mut self, sight: Sight) {
        if self.0.len() < MOST {
            self.0.push(sight);
        }
    }

    pub fn all(&self) -> Vec<Sight> {
        self.0.clone()
    }
}

impl Sight {
    pub fn of(request: &Request, reply: &Reply) -> Self {
        let set = reply.headers.iter().filter(|(name, _)| name == "set-cookie");
        let cookies = set.filter_map(|(_, value)| Cookie::read(value)).take(MOST_COOKIES);
        Self {
            operation: request.operation.clone(),
            status: reply.status,
            took: reply.took,
            cookies: cookies.collect(),
        }
    }
}

impl Cookie {
    /// Reads a `Set-Cookie` header; `None` if it sets nothing (or deletes).
    pub fn read(header: &str) -> Option<Self> {
        let mut parts = header.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let value = value.trim().trim_matches('"');
        let mut cookie = Self {
            name: name.trim().to_owned(),
            length: value.len(),
            http_only: false,
            secure: false,
            same_site: None,
        };
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key.trim().to_ascii_lowercase().as_str() {
                "httponly" => cookie.http_only = true,
                "secure" => cookie.secure = true,
                "samesite" => cookie.same_site = Some(value.trim().to_ascii_lowercase()),
                _ => {}
            }
        }
        (!value.is_empty() && !cookie.name.is_empty()).then_some(cookie)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_read_with_their_attributes_and_without_their_value() {
        let cookie = Cookie::read("sid=abcdef; Path=/; HttpOnly; SameSite=Lax").expect("a cookie");
        assert_eq!((cookie.name.as_str(), cookie.length), ("sid", 6));
        assert!(cookie.http_only && !cookie.secure);
        assert_eq!(cookie.same_site.as_deref(), Some("lax"));
        assert!(!format!("{cookie:?}").contains("abcdef"));
        assert_eq!(Cookie::read("sid=; Max-Age=0"), None);
    }
}
