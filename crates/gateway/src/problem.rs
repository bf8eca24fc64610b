//! Refusals of the gateway, and their form on the wire: problem details (RFC 9457).

use std::fmt;

use bytes::Bytes;
use domain::admission::{Denied, Left};
use domain::limit::Rate;
use domain::time::Span;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use pingora::Result;
use pingora::http::ResponseHeader;
use serde::Serialize;

const LIMIT: &str = "ratelimit";
const POLICY: &str = "ratelimit-policy";

/// Why the gateway answers a call itself. The list is closed and its codes are stable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Admission says no. `shown` is whether the caller showed any token of ours.
    Denied {
        denied: Denied,
        shown: bool,
    },
    /// The request can be read in more than one way, or has a form that is never passed on.
    Form(Form),
    /// The path names no service and environment.
    NoSuchPath,
    /// No credential of the vendor is leased, and none came in time.
    NoCredential,
    /// The call could not be recorded, so it was not forwarded.
    NoSpool,
    /// The body of the request comes too slowly.
    TooSlow,
    /// There are too many connections, together or from the caller's address.
    TooMany,
    Upstream(Upstream),
}

/// In what form a request is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Where its body ends can be read in two ways (RFC 9112 §6.3, §11.2).
    Framing,
    /// A header field is folded, or a line does not end in CR LF (RFC 9112 §2.2, §5.2).
    Lines,
    /// Not the origin form `/service/environment/…` (RFC 9112 §3.2.1).
    Target,
    /// Not exactly one well-formed `Host` (RFC 9112 §3.2).
    Host,
    /// The header section is too large (RFC 6585 §5).
    Large,
    /// The method is not one that an operation can have.
    Method,
    /// An expectation other than `100-continue` (RFC 9110 §10.1.1).
    Expectation,
}

/// What is wrong between the gateway and the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upstream {
    /// The host's name has no address.
    Unresolved,
    /// The environment may not be at any of the host's addresses.
    Address,
    Unreachable,
    /// Its certificate is not one that is trusted for this environment.
    Certificate,
    Timeout,
    /// Its answer cannot be understood, or its coding cannot be searched for the credential.
    Answer,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    code: &'a str,
}

impl Refused {
    pub fn code(&self) -> &'static str {
        match self {
            Refused::Denied { denied, .. } => denied.code(),
            Refused::Form(Form::Framing) => "ambiguous-framing",
            Refused::Form(Form::Lines) => "ambiguous-lines",
            Refused::Form(Form::Target) => "ambiguous-target",
            Refused::Form(Form::Host) => "ambiguous-host",
            Refused::Form(Form::Large) => "header-too-large",
            Refused::Form(Form::Method) => "method-refused",
            Refused::Form(Form::Expectation) => "expectation-failed",
            Refused::NoSuchPath => "no-such-path",
            Refused::NoCredential => "no-credential",
            Refused::NoSpool => "no-spool",
            Refused::TooSlow => "body-too-slow",
            Refused::TooMany => "too-many-connections",
            Refused::Upstream(Upstream::Unresolved) => "upstream-unresolved",
            Refused::Upstream(Upstream::Address) => "upstream-address",
            Refused::Upstream(Upstream::Unreachable) => "upstream-unreachable",
            Refused::Upstream(Upstream::Certificate) => "upstream-certificate",
            Refused::Upstream(Upstream::Timeout) => "upstream-timeout",
            Refused::Upstream(Upstream::Answer) => "upstream-answer",
        }
    }

    /// The HTTP status (RFC 9110 §15).
    pub fn status(&self) -> u16 {
        match self {
            Refused::Denied { denied, .. } => denied.status(),
            Refused::Form(Form::Large) => 431,
            Refused::Form(Form::Method) => 405,
            Refused::Form(Form::Expectation) => 417,
            Refused::Form(_) => 400,
            Refused::NoSuchPath => 404,
            Refused::TooSlow => 408,
            Refused::NoCredential | Refused::NoSpool | Refused::TooMany => 503,
            Refused::Upstream(Upstream::Timeout) => 504,
            Refused::Upstream(_) => 502,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Refused::Denied { .. } => "the call is denied",
            Refused::Form(_) => "the request is not passed on in this form",
            Refused::NoSuchPath => "the path names no service and environment",
            Refused::NoCredential => "the vendor's credential is not at hand",
            Refused::NoSpool => "the call cannot be recorded",
            Refused::TooSlow => "the request takes too long",
            Refused::TooMany => "there are too many connections",
            Refused::Upstream(_) => "the vendor did not answer as it should",
        }
    }

    /// The whole answer in HTTP/1.1, for a connection that is closed behind it.
    pub fn raw(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Ok((header, body)) = self.answer() {
            let status = header.status;
            bytes.extend_from_slice(
                format!("HTTP/1.1 {status}\r\nConnection: close\r\n").as_bytes(),
            );
            header.header_to_h1_wire(&mut bytes);
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(&body);
        }
        bytes
    }

    /// Header and body of the answer.
    pub fn answer(&self) -> Result<(ResponseHeader, Bytes)> {
        let status = self.status();
        let document = Document {
            r#type: format!("urn:portcullis:problem:{}", self.code()),
            title: self.title(),
            status,
            detail: self.to_string(),
            code: self.code(),
        };
        let mut body = serde_json::to_vec(&document).unwrap_or_default();
        // Whoever reads it in a terminal gets their prompt on the next line.
        body.push(b'\n');
        let body = Bytes::from(body);
        let mut header = ResponseHeader::build_no_case(status, Some(8))?;
        header.insert_header(CONTENT_TYPE, "application/problem+json")?;
        header.insert_header(CACHE_CONTROL, "no-store")?;
        header.set_content_length(body.len())?;
        if let Refused::Denied { denied, shown } = self {
            explain(denied, *shown, &mut header)?;
        }
        if status == 503 {
            header.insert_header(RETRY_AFTER, "5")?;
        }
        if status == 405 {
            header.insert_header(
                http::header::ALLOW,
                "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
            )?;
        }
        Ok((header, body))
    }
}

/// The challenge of a 401 (RFC 6750 §3), the wait of a 429.
fn explain(denied: &Denied, shown: bool, header: &mut ResponseHeader) -> Result<()> {
    match denied {
        Denied::Unknown | Denied::Expired { .. } | Denied::Revoked | Denied::NoResponsible => {
            let challenge = match shown {
                false => "Bearer realm=\"portcullis\"".to_owned(),
                true => format!(
                    "Bearer realm=\"portcullis\", error=\"invalid_token\", \
                     error_description=\"{}\"",
                    denied.code()
                ),
            };
            header.insert_header(WWW_AUTHENTICATE, challenge)
        }
        Denied::OutOfScope { .. } | Denied::Address => header.insert_header(
            WWW_AUTHENTICATE,
            "Bearer realm=\"portcullis\", error=\"insufficient_scope\"",
        ),
        Denied::Limited { rate, wait } => {
            header.insert_header(RETRY_AFTER, seconds(*wait).to_string())?;
            limits(*rate, Left { calls: 0, reset: *wait }, header)
        }
        Denied::Stale => Ok(()),
    }
}

/// What is left of a rate, as `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers).
pub fn limits(rate: Rate, left: Left, header: &mut ResponseHeader) -> Result<()> {
    let Rate { count, per } = rate;
    header.insert_header(POLICY, format!("\"grant\";q={count};w={}", seconds(per)))?;
    header.insert_header(LIMIT, format!("\"grant\";r={};t={}", left.calls, seconds(left.reset)))
}

fn seconds(span: Span) -> u64 {
    span.0.div_ceil(1000)
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Refused::Denied { denied, .. } => return denied.fmt(f),
            Refused::Form(Form::Framing) => {
                "one `Content-Length` of digits or `Transfer-Encoding: chunked`, and never both"
            }
            Refused::Form(Form::Lines) => {
                "header lines end in CR LF and are not continued on the next line"
            }
            Refused::Form(Form::Target) => {
                "the target is a path of printable ASCII: `/service/environment/…`"
            }
            Refused::Form(Form::Host) => "there is exactly one `Host`: a name or address, a port",
            Refused::Form(Form::Large) => "the header section has at most 100 fields and 64 KB",
            Refused::Form(Form::Method) => "the method is not one that an operation can have",
            Refused::Form(Form::Expectation) => "the only expectation known is `100-continue`",
            Refused::NoSuchPath => {
                "write `/service/environment/` in front of the path of the vendor's API"
            }
            Refused::NoCredential => {
                "the gateway has no lease of the vendor's credential for this environment yet"
            }
            Refused::NoSpool => "the gateway forwards nothing that it cannot record",
            Refused::TooSlow => "the body of the request came too slowly, or not at all",
            Refused::TooMany => {
                "the gateway has as many connections open as it takes, together or from your \
                 address; keep connections and use them again"
            }
            Refused::Upstream(Upstream::Unresolved) => "the vendor's host has no address",
            Refused::Upstream(Upstream::Address) => {
                "the vendor's host is at an address where this environment may not be"
            }
            Refused::Upstream(Upstream::Unreachable) => "the vendor's host cannot be reached",
            Refused::Upstream(Upstream::Certificate) => {
                "the vendor's host shows no certificate that is trusted for this environment"
            }
            Refused::Upstream(Upstream::Timeout) => "the vendor's host took too long",
            Refused::Upstream(Upstream::Answer) => "the vendor's answer cannot be passed on",
        };
        f.write_str(text)
    }
}
