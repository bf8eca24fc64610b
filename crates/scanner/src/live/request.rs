//! A request before it is sent, in two renderings: the true one, and the one that evidence shows.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::api::Method;
use crate::live::target::Target;
use crate::order::Placement;
use crate::report::ShownRequest;
use crate::secret::Secret;

/// What may stand unescaped in a path segment or a query value (RFC 3986 §2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Characters of a request body that evidence shows.
const SHOWN_BODY: usize = 2_000;

/// A credential with the shell expression that stands for it in evidence, for instance `$A`.
#[derive(Debug, Clone)]
pub struct Presented {
    pub value: Secret,
    pub shown: String,
    pub origin: Origin,
    /// Where this one goes; none: where the scan's first credential goes.
    pub placement: Option<Placement>,
    /// What a session in a cookie needs for changes.
    pub beside: Option<Beside>,
}

/// A value that goes in a header beside a cookie, and perhaps in a second cookie.
#[derive(Debug, Clone)]
pub struct Beside {
    pub header: String,
    pub value: Secret,
    pub cookie: Option<(String, Secret)>,
    /// The shell expression that stands for both in evidence.
    pub shown: String,
}

impl Beside {
    fn add(&self, headers: &mut Vec<(String, String)>, value: &str, cookie: &str) {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case(&self.header));
        headers.push((self.header.clone(), value.to_owned()));
        if let Some((name, _)) = &self.cookie {
            with_cookie(headers, name, cookie);
        }
    }

    fn add_true(&self, headers: &mut Vec<(String, String)>) {
        let cookie = self.cookie.as_ref().map_or("", |(_, value)| value.expose());
        self.add(headers, self.value.expose(), cookie);
    }

    fn add_shown(&self, headers: &mut Vec<(String, String)>) {
        self.add(headers, &self.shown, &self.shown);
    }
}

impl Presented {
    /// A credential that goes where the scan's first one goes.
    pub fn new(value: Secret, shown: impl Into<String>, origin: Origin) -> Self {
        Self { value, shown: shown.into(), origin, placement: None, beside: None }
    }

    fn place<'p>(&'p self, usual: &'p Placement) -> &'p Placement {
        self.placement.as_ref().unwrap_or(usual)
    }
}

/// What a presented credential is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A's valid credential, unchanged.
    Genuine,
    /// Another credential, or one made out of them: a stranger must not have it.
    Derived,
    /// Made up by us; anyone may see it.
    Invented,
}

/// A request to the target.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    /// Path and query, the target's base included.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
    pub credential: Option<Presented>,
    /// `METHOD /path` of the documented operation, if it is one.
    pub operation: Option<String>,
}

impl Request {
    /// A GET without headers, body or credential, of no documented operation.
    pub fn get(path: String) -> Self {
        let (headers, body, credential, operation) = (Vec::new(), None, None, None);
        Self { method: Method::Get, path, headers, body, credential, operation }
    }

    /// The same request with this credential, or with none.
    pub fn with(&self, credential: Option<Presented>) -> Self {
        Self { credential, ..self.clone() }
    }

    /// Path, query and headers as they go on the wire.
    pub(crate) fn on_wire(&self, placement: &Placement) -> (String, Vec<(String, String)>) {
        let Some(presented) = &self.credential else {
            return (self.path.clone(), self.headers.clone());
        };
        let value = presented.value.expose();
        let mut headers = self.headers.clone();
        if let Some(beside) = &presented.beside {
            beside.add_true(&mut headers);
        }
        match presented.place(placement) {
            Placement::Query { name } => {
                return (with_query(&self.path, name, &escape(value)), headers);
            }
            Placement::Bearer => headers.push(authorization(format!("Bearer {value}"))),
            Placement::Basic => {
                headers.push(authorization(format!("Basic {}", STANDARD.encode(value))));
            }
            Placement::Header { name } => headers.push((name.clone(), value.to_owned())),
            Placement::Cookie { name } => with_cookie(&mut headers, name, value),
        }
        (self.path.clone(), headers)
    }

    /// The request as a reviewer sees it.
    pub fn shown(&self, target: &Target, placement: &Placement) -> ShownRequest {
        let mut headers = vec![("Host".to_owned(), target.authority())];
        headers.extend(self.headers.clone());
        let mut path = self.path.clone();
        if let Some(presented) = &self.credential {
            let shown = &presented.shown;
            if let Some(beside) = &presented.beside {
                beside.add_shown(&mut headers);
            }
            match presented.place(placement) {
                Placement::Query { name } => path = with_query(&path, name, shown),
                Placement::Bearer => headers.push(authorization(format!("Bearer {shown}"))),
                Placement::Basic => headers.push(authorization(format!("Basic base64({shown})"))),
                Placement::Header { name } => headers.push((name.clone(), shown.clone())),
                Placement::Cookie { name } => with_cookie(&mut headers, name, shown),
            }
        }
        let body = self
            .body
            .as_ref()
            .map(|body| String::from_utf8_lossy(body).chars().take(SHOWN_BODY).collect::<String>());
        ShownRequest { line: format!("{} {path} HTTP/1.1", self.method.name()), headers, body }
    }

    /// One `curl` command that repeats the request with the credential from the environment.
    pub fn curl(&self, target: &Target, placement: &Placement) -> String {
        let mut words = vec!["curl -sS -i --max-redirs 0 --path-as-is".to_owned()];
        match self.method {
            Method::Head => words.push("--head".to_owned()),
            method => words.push(format!("-X {}", method.name())),
        }
        let beside = self.credential.as_ref().and_then(|one| one.beside.as_ref());
        for (name, value) in &self.headers {
            words.push(format!("-H {}", quote(&format!("{name}: {value}"))));
        }
        if let Some(Beside { header, shown, cookie, .. }) = beside {
            words.push(format!("-H {}\"{shown}\"", quote(&format!("{header}: "))));
            if let Some((name, _)) = cookie {
                words.push(format!("-H {}\"{shown}\"", quote(&format!("Cookie: {name}="))));
            }
        }
        let mut url = quote(&format!("{}{}", target.origin(), self.path));
        if let Some(presented) = &self.credential {
            let shown = format!("\"{}\"", presented.shown);
            match presented.place(placement) {
                Placement::Cookie { name } => {
                    words.push(format!("-H {}{shown}", quote(&format!("Cookie: {name}="))));
                }
                Placement::Bearer => words.push(format!("-H 'Authorization: Bearer '{shown}")),
                Placement::Basic => words.push(format!("-u {shown}")),
                Placement::Header { name } => {
                    words.push(format!("-H {}{shown}", quote(&format!("{name}: "))));
                }
                Placement::Query { name } => {
                    let start = with_query(&self.path, name, "");
                    url = format!("{}{shown}", quote(&format!("{}{start}", target.origin())));
                }
            }
        }
        if let Some(body) = &self.body {
            words.push(format!("--data-binary {}", quote(&String::from_utf8_lossy(body))));
        }
        words.push(url);
        words.join(" ")
    }
}

/// Percent-encodes everything but unreserved characters.
pub fn escape(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// `path` with one more query parameter; `value` is already escaped.
pub fn with_query(path: &str, name: &str, value: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{}={value}", escape(name))
}

/// Cookies are one header, also where the request has some of its own (RFC 6265 §5.4).
fn with_cookie(headers: &mut Vec<(String, String)>, name: &str, value: &str) {
    match headers.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case("cookie")) {
        Some((_, cookies)) => *cookies = format!("{cookies}; {name}={value}"),
        None => headers.push(("Cookie".to_owned(), format!("{name}={value}"))),
    }
}

fn authorization(value: String) -> (String, String) {
    ("Authorization".to_owned(), value)
}

/// A word of POSIX shell that means exactly this text, whatever a document put into it.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented() -> Option<Presented> {
        let value = Secret::new("user:pa ss".to_owned());
        Some(Presented::new(value, "$A", Origin::Genuine))
    }

    fn target() -> Target {
        Target::read("https://a.example", &[]).expect("readable")
    }

    #[test]
    fn each_placement_carries_the_credential_in_its_place() {
        let request = Request::get("/x?a=1".to_owned()).with(presented());
        let (path, _) = request.on_wire(&Placement::Query { name: "key".to_owned() });
        assert_eq!(path, "/x?a=1&key=user%3Apa%20ss");
        let (_, headers) = request.on_wire(&Placement::Basic);
        assert_eq!(headers, [authorization("Basic dXNlcjpwYSBzcw==".to_owned())]);
        let (_, headers) = request.on_wire(&Placement::Header { name: "X-Key".to_owned() });
        assert_eq!(headers, [("X-Key".to_owned(), "user:pa ss".to_owned())]);
    }

    #[test]
    fn evidence_and_commands_never_hold_the_credential() {
        let request = Request::get("/x".to_owned()).with(presented());
        let placements = [
            Placement::Bearer,
            Placement::Basic,
            Placement::Query { name: "key".to_owned() },
            Placement::Header { name: "X-Key".to_owned() },
            Placement::Cookie { name: "sid".to_owned() },
        ];
        for placement in placements {
            let shown = format!("{:?}", request.shown(&target(), &placement));
            let curl = request.curl(&target(), &placement);
            for text in [shown, curl] {
                assert!(text.contains("$A"), "{text}");
                assert!(!text.contains("pa ss") && !text.contains("dXNlcj"), "{text}");
            }
        }
    }

    #[test]
    fn a_hostile_path_cannot_leave_its_quotes() {
        let request = Request::get("/x';touch /tmp/y;'".to_owned());
        let curl = request.curl(&target(), &Placement::Bearer);
        assert!(curl.ends_with(r"'https://a.example/x'\'';touch /tmp/y;'\'''"), "{curl}");
    }
}
