//! One answer: what was read of it, and what of that a reviewer may see.

use std::time::Duration;

use serde_json::Value;

use crate::live::mask::Mask;
use crate::report::{Exchange, ShownResponse};
use crate::secret::Secret;

/// Characters of a body that evidence shows.
const SHOWN_BODY: usize = 2_000;
/// Headers, and characters of one, that evidence shows.
const SHOWN_HEADERS: usize = 40;
const SHOWN_HEADER: usize = 400;
/// When a body was cut, its last characters may be the first half of a credential.
const UNSAFE_TAIL: usize = 4_096;

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    Size,
    Time,
    Broken,
}

/// An answer as it came, bounded.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub cut: Option<Cut>,
    /// From the request's first byte to the last of the answer that was read.
    pub took: Duration,
    pub exchange: Exchange,
}

impl Reply {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The media type without parameters, in lower case; empty if there is none.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON, if it is JSON, whatever the media type claims.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// True for 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// True if nothing of the answer is hidden from us. An event stream has no end by nature: what
    /// came in the time allowed is all that there is to see.
    pub fn is_read_whole(&self) -> bool {
        let stream = self.cut == Some(Cut::Time) && self.media_type() == "text/event-stream";
        let plain = self
            .header("content-encoding")
            .is_none_or(|coding| coding.trim().eq_ignore_ascii_case("identity"));
        plain && (self.cut.is_none() || stream)
    }

    /// The answer for evidence: masked first, then cut, without control characters.
    pub fn shown(&self, mask: &Mask, forged: Option<(&Secret, &str)>) -> ShownResponse {
        let clean = |text: &str, most: usize| -> String {
            mask.apply(text, forged).chars().take(most).map(printable).collect()
        };
        let text = self.text();
        let safe = match self.cut {
            Some(_) => text.chars().count().saturating_sub(UNSAFE_TAIL),
            None => usize::MAX,
        };
        let kept: String = mask.apply(&text, forged).chars().take(safe).collect();
        let headers = self.headers.iter().take(SHOWN_HEADERS);
        ShownResponse {
            status: self.status,
            headers: headers
                .map(|(name, value)| (name.clone(), clean(value, SHOWN_HEADER)))
                .collect(),
            cut: self.cut.is_some() || kept.chars().nth(SHOWN_BODY).is_some(),
            excerpt: kept.chars().take(SHOWN_BODY).map(printable).collect(),
        }
    }
}

fn printable(character: char) -> char {
    match character {
        '\n' | '\t' => character,
        other if other.is_control() => char::REPLACEMENT_CHARACTER,
        // Overrides of writing direction could make evidence read differently from what it is.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        other => other,
    }
}

#[cfg(test)]
pub(crate) mod made {
    use super::*;
    use crate::report::ShownRequest;

    /// A reply for tests of judgements.
    pub fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let line = "GET / HTTP/1.1".to_owned();
        let request = ShownRequest { line, headers: Vec::new(), body: None };
        let exchange = Exchange { request, response: None, curl: "curl".to_owned() };
        Reply {
            status,
            headers,
            body: body.as_bytes().to_vec(),
            cut: None,
            took: Duration::ZERO,
            exchange,
        }
    }

    /// The same with a JSON media type.
    pub fn json(status: u16, body: &str) -> Reply {
        reply(status, &[("content-type", "application/json")], body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{Credentials, Placement};

    fn mask() -> Mask {
        let token = Some(Secret::new("sesame-open-now".to_owned()));
        let placement = Placement::Bearer;
        Mask::new(&Credentials { token, placement, ..Credentials::default() })
    }

    #[test]
    fn evidence_is_masked_before_it_is_cut() {
        let body = format!("{}sesame-open-now", "x".repeat(SHOWN_BODY - 3));
        let shown = made::reply(200, &[("x-a", "sesame-open-now")], &body).shown(&mask(), None);
        assert!(shown.cut && shown.excerpt.ends_with("xx$A") || shown.excerpt.ends_with("x$A"));
        assert_eq!(shown.headers[0].1, "$A");
    }

    #[test]
    fn half_a_credential_at_the_end_of_a_cut_body_is_not_shown() {
        let mut reply = made::reply(200, &[], "sesame-op");
        reply.cut = Some(Cut::Size);
        assert_eq!(reply.shown(&mask(), None).excerpt, "");
    }

    #[test]
    fn terminals_are_not_driven_by_evidence() {
        let shown = made::reply(200, &[], "\u{1b}[2Jhi\u{202e}\n").shown(&mask(), None);
        assert_eq!(shown.excerpt, "\u{fffd}[2Jhi\u{fffd}\n");
    }

    #[test]
    fn an_event_stream_that_goes_on_counts_as_read() {
        let mut reply = made::reply(200, &[("content-type", "text/event-stream")], "data: 1\n\n");
        reply.cut = Some(Cut::Time);
        assert!(reply.is_read_whole());
        reply.cut = Some(Cut::Size);
        assert!(!reply.is_read_whole());
    }
}
